"""Values as compressed chunks: a page of 10,000 trials holds them all and unpacks only those that are looked at."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any, NamedTuple

CHUNK = 256 * 1024
"""JSON characters of a chunk, about: small enough to unpack at once, large enough that similar trials share a dictionary."""
_BLOCK = re.compile(r"(?m)^(?=#{1,3} )")
"""Prompts are cut before their headings: the manual of a target is in every prompt, and is stored once."""


class Place(NamedTuple):
    """Where a packed value lies."""

    chunk: int
    """Index of the chunk."""
    item: int
    """Position in the chunk's list."""


def encode(text: str) -> str:
    """Text, compressed (zlib, which browsers call ``deflate``), as base64."""
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")


def compact(value: Any) -> str:
    """JSON without spaces. ASCII, so that lone surrogates survive as escapes; what is not finite is the string that `Record`
    writes."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)


def script_json(value: Any) -> str:
    """JSON that may stand inside a ``script`` element: no text in it can end the element."""
    return compact(value).replace("<", "\\u003c")


class Packer:
    """Fills chunks with values, in order."""

    def __init__(self, size: int = CHUNK) -> None:
        self.chunks: list[str] = []
        """Finished chunks, encoded."""
        self._size = size
        self._open: list[str] = []
        self._length = 0

    def add(self, value: Any) -> Place:
        """Takes a value; where it will lie."""
        place, text = Place(len(self.chunks), len(self._open)), compact(value)
        self._open.append(text)
        self._length += len(text)
        if self._length >= self._size:
            self.close()
        return place

    def close(self) -> list[str]:
        """Finishes the open chunk; all chunks."""
        if self._open:
            self.chunks.append(encode(f"[{','.join(self._open)}]"))
            self._open, self._length = [], 0
        return self.chunks


class Texts:
    """Long texts in blocks, each stored once however often it appears."""

    def __init__(self, packer: Packer) -> None:
        self._packer = packer
        self._known: dict[str, Place] = {}

    def add(self, text: str) -> list[Place]:
        """The places of the text's blocks; joined they are the text."""
        return [self._place(block) for block in _BLOCK.split(text) if block]

    def _place(self, block: str) -> Place:
        if block not in self._known:
            self._known[block] = self._packer.add(block)
        return self._known[block]


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
