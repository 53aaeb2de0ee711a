"""`checked`: the words of definition files refuse what they cannot take, where it is written, and say what would be right.

The annotations of a word's parameters are the rules: ``pointer: Memory | None`` refuses ``pointer="x"``. An annotation
``Annotated[T, "words"]`` says in words what is right.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, wraps
from pathlib import Path
from types import FrameType, NoneType, UnionType
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from backends.isa.errors import DefinitionError
from harness.errors import did_you_mean

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_OURS = {__name__, "backends.isa.define", "backends.isa.definition"}
_RIGHT = {
    "NoneType": "None", "int": "an integer", "float": "a number", "bool": "True or False", "str": "text",
    "Expr": "an expression of parameters", "Param": "what isa.param(...) returned",
    "DTypeParam": "what isa.dtype_param(...) returned", "DType": "a storage type such as u32",
    "Memory": "what isa.registers(...), isa.register(...) or isa.memory(...) returned",
    "PendingEncoding": "a format with its fixed fields, such as R(opcode=1)",
}  # fmt: skip
"""What is right, by the name of a type; other types are called by their name."""


def author() -> FrameType:
    """The frame of the definition that is being read."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__") in _OURS:
        frame = frame.f_back
    return frame


def place() -> str:
    """File and line of the definition that is being read."""
    frame = author()
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def checked(word: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The word, which raises a `DefinitionError` for arguments that its parameters do not take."""
    name = word.__qualname__.removesuffix(".__init__").removesuffix(".__call__").replace("Isa.", "isa.")
    signature = inspect.signature(word)

    @cache
    def rules() -> dict[str, Any]:
        return get_type_hints(word, include_extras=True)

    @wraps(word)
    def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise _unbound(name, signature, kwargs, error) from None
        kinds = rules()
        for parameter, label, value in _arguments(bound):
            if parameter in kinds and not _fits(value, kinds[parameter]):
                other = "" if type(value).__module__ == "builtins" else f", not a {type(value).__name__}"
                right = f"{label} is {_right(kinds[parameter])}{other}"
                raise DefinitionError(f"{name}({label}={_shown(value)})", right, where=place())
        return word(*args, **kwargs)

    return call


def _unbound(name: str, signature: inspect.Signature, keywords: Mapping[str, Any], error: TypeError) -> DefinitionError:
    """What to say where arguments and parameters do not match."""
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values() if p.name != "self"]
    shown = inspect.Signature(parameters)
    unknown = next((word for word in keywords if word not in shown.parameters), None)
    if unknown is not None and "unexpected" in str(error):
        close = did_you_mean(unknown, shown.parameters).removeprefix("; ")
        return DefinitionError(f"{name} has no {unknown}=", close, where=place())
    return DefinitionError(f"{name}: {error}", f"{name}{shown}", where=place())


def _arguments(bound: inspect.BoundArguments) -> Iterator[tuple[str, str, Any]]:
    """Parameter, what the argument is called, and its value."""
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            yield from ((name, name, item) for item in value)
        elif kind is inspect.Parameter.VAR_KEYWORD:
            yield from ((name, key, item) for key, item in value.items())
        else:
            yield name, name, value


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of the type that an annotation says."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any or isinstance(kind, TypeVar):
        return True
    if origin is Annotated:
        return _fits(value, parts[0])
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    if origin is tuple:
        return isinstance(value, tuple | list) and len(value) == len(parts) and all(map(_fits, value, parts))
    if origin is Sequence:
        return isinstance(value, Sequence) and all(_fits(item, parts[0]) for item in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(_fits(k, parts[0]) and _fits(v, parts[1]) for k, v in value.items())
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float) if kind is float else isinstance(value, origin or kind)


def _right(kind: Any) -> str:
    """What an annotation takes, in words."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return str(parts[1])
    if origin in (Union, UnionType):
        return " or ".join(_right(part) for part in parts if part is not NoneType)
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if origin is Sequence:
        return f"a list; each item is {_right(parts[0])}"
    if origin is Mapping:
        return f"a dictionary; each key is {_right(parts[0])}, each value {_right(parts[1])}"
    name = getattr(kind, "__name__", str(kind))
    return _RIGHT.get(name, f"a {name}")


def _shown(value: Any) -> str:
    """A value as its author knows it: what has a name by its name."""
    text = getattr(value, "__name__", None) or (repr(value) if isinstance(value, str) else getattr(value, "name", None))
    return str(text or repr(value))
