"""Checks a tool call's arguments against the tool's JSON schema, with errors that a model can act on.

Only what tools need is understood: an object of properties with ``type``, ``enum``, ``minimum`` and ``maximum``. Other keywords
are left to the tool, which sees the arguments too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import did_you_mean

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "object": (dict,), "array": (list,),
    "null": (type(None),),
}  # fmt: skip
"""JSON types and the Python types that hold them; a Python bool is a boolean and nothing else."""


class ArgumentError(ValueError):
    """A value that fits the schema and still cannot be used; the message is for the model."""


def problems(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the arguments, one sentence each."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in arguments:
            yield f"the argument {name!r} ({describe(properties.get(name, {}))}) is missing"
    for name, value in arguments.items():
        if name in properties:
            yield from value_problems(name, value, properties[name])
        else:
            yield f"there is no argument {name!r}{did_you_mean(name, properties)}"


def value_problems(name: str, value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one value."""
    found = json_type(value)
    wanted = schema.get("type", found)
    if not any(is_a(value, kind) for kind in ([wanted] if isinstance(wanted, str) else wanted)):
        yield f"the argument {name!r} is {shorten(value)} ({found}); it must be {describe(schema)}"
    elif ("enum" in schema and value not in schema["enum"]) or (is_a(value, "number") and not in_range(value, schema)):
        yield f"the argument {name!r} is {shorten(value)}; it must be {describe(schema)}"
    elif isinstance(value, str) and not is_unicode(value):
        yield f"the argument {name!r} holds half of a surrogate pair, which is no character"


def is_a(value: Any, kind: str) -> bool:
    """Whether a value is of a JSON type."""
    return isinstance(value, TYPES.get(kind, (object,))) and (not isinstance(value, bool) or kind == "boolean")


def in_range(value: float, schema: Mapping[str, Any]) -> bool:
    """Whether a number keeps to ``minimum`` and ``maximum``."""
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def is_unicode(text: str) -> bool:
    """Whether the text can be encoded: JSON escapes can smuggle in lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def json_type(value: Any) -> str:
    """The JSON name of a value's type."""
    return next((kind for kind in TYPES if is_a(value, kind)), type(value).__name__)


def describe(schema: Mapping[str, Any]) -> str:
    """What a property wants, in words: ``an integer, at least 1``."""
    if "enum" in schema:
        return "one of " + ", ".join(map(repr, schema["enum"]))
    kind = schema.get("type", "value")
    kind = kind if isinstance(kind, str) else " or ".join(kind)
    text = ("an " if kind[0] in "aeiou" else "a ") + kind
    text += f", at least {schema['minimum']}" if "minimum" in schema else ""
    return text + (f", at most {schema['maximum']}" if "maximum" in schema else "")


def shorten(value: Any, length: int = 60) -> str:
    """The value by `repr`, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= length else text[: length - 3] + "..."
