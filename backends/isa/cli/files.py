"""Memory images on the command line: ``SPACE=FILE[@OFFSET]`` in, ``SPACE[:START:END]=FILE`` out.

Files are raw elements in little endian, of the memory's own storage type unless its definition names another type for images.
Where programs have symbols, ``SYMBOL=FILE[@OFFSET]`` and ``SYMBOL..SYMBOL=FILE`` name bytes in their memory, as a host does; a
symbol is meant before a space of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backends.isa.architecture import Architecture, BoundMemory
from backends.isa.dtypes import Elements
from backends.isa.engine import Engine
from backends.isa.view import space
from harness.errors import UsageError, unknown
from harness.files import write_atomically

LARGEST = 1 << 30
"""Most bytes that one ``--dump`` writes."""
_PLACE = re.compile(r"\s*(.+?)\s*(?:([+-])\s*(\w+)\s*)?\Z")


@dataclass(frozen=True)
class Loaded:
    """Initial values of part of a memory."""

    memory: BoundMemory
    start: int
    data: Elements


@dataclass(frozen=True)
class Dumped:
    """A part of a memory and the file that it goes to."""

    memory: BoundMemory
    start: int
    end: int
    path: Path


def parse_load(architecture: Architecture, text: str, symbols: Mapping[str, int] = {}) -> Loaded:
    """Reads the file of ``SPACE=FILE[@OFFSET]`` or ``SYMBOL=FILE[@OFFSET]``. UsageError for an unknown place, a file that is
    missing or does not fit."""
    name, equals, rest = text.partition("=")
    if not equals or not rest:
        raise UsageError(f"--load {text!r} is not SPACE=FILE[@OFFSET]")
    memory, base = _named(architecture, name, symbols)
    file, at, offset = rest.rpartition("@")
    # A file name may contain @ itself; only what looks like a number is an offset.
    if not at or not _is_number(offset):
        file, offset = rest, "0"
    start = base + int(offset, 0)
    data = _elements(text, file, memory)
    if start + len(data) > memory.size:
        raise UsageError(
            f"--load {text!r}: {len(data)} elements from {start} on end at {start + len(data)}",
            f"{memory.name} has {memory.size} elements of type {memory.dtype.name}",
        )
    if not memory.has(start, len(data), write=False):
        there = ", ".join(f"{region.name} {region.start:#x} to {region.start + region.size:#x}" for region in memory.regions)
        raise UsageError(f"--load {text!r}: {len(data)} bytes from {start:#x} on are not all there", f"there is {there}")
    return Loaded(memory, start, data)


def _elements(text: str, file: str, memory: BoundMemory) -> Elements:
    """The content of a file as elements of the memory."""
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"--load {text!r}: {error.strerror}: {file!r}") from None
    stored = memory.image or memory.dtype
    if len(content) % stored.bytes:
        raise UsageError(f"--load {text!r}: {len(content)} bytes are no whole number of {stored.name} elements of {stored.bytes}")
    data = np.frombuffer(content, stored.numpy.newbyteorder("<") if stored.bytes > 1 else stored.numpy)
    if stored == memory.dtype:
        return data
    with np.errstate(all="ignore"):
        return data.astype(np.float32 if stored.is_float else data.dtype).astype(memory.dtype.numpy)


def _named(architecture: Architecture, name: str, symbols: Mapping[str, int]) -> tuple[BoundMemory, int]:
    """The memory that a name stands for, and where in it."""
    if name in symbols:
        dialect = architecture.definition.dialect
        assert dialect is not None  # or there are no symbols
        return architecture.memories[dialect.memory], symbols[name]
    if symbols and name not in architecture.memories:
        raise unknown("symbol or space", name, [*symbols, *architecture.memories])
    return space(architecture, name), 0


def parse_dump(architecture: Architecture, text: str, symbols: Mapping[str, int] = {}) -> Dumped:
    """``SPACE[:START:END]=FILE``; the whole memory without a range. In a dialect's programs also ``SYMBOL..SYMBOL=FILE``, bytes
    between two symbols, each with ``+BYTES`` or not. UsageError for what does not exist or is too large."""
    what, equals, file = text.partition("=")
    if ".." in what:
        what = _between(architecture, text, what, symbols)
    name, *bounds = what.split(":")
    if not equals or not file or len(bounds) not in (0, 2):
        raise UsageError(f"--dump {text!r} is not SPACE[:START:END]=FILE")
    memory = space(architecture, name)
    if not all(not bound or _is_number(bound) for bound in bounds):
        raise UsageError(f"--dump {text!r}: START and END are numbers")
    start, end = (int(bound or default, 0) for bound, default in zip(bounds or ("", ""), ("0", str(memory.size)), strict=True))
    if not 0 <= start < end <= memory.size:
        raise UsageError(f"--dump {text!r}: {start} to {end} is no part of it", f"{memory.name} goes from 0 to {memory.size}")
    if (end - start) * memory.dtype.bytes > LARGEST:
        raise UsageError(
            f"--dump {text!r} would write {(end - start) * memory.dtype.bytes:,} bytes", f"name a range: {name}:0:4096"
        )
    return Dumped(memory, start, end, Path(file))


def _between(architecture: Architecture, text: str, what: str, symbols: Mapping[str, int]) -> str:
    """``SPACE:START:END`` for two symbols."""
    dialect = architecture.definition.dialect
    if dialect is None:
        raise UsageError(f"--dump {text!r} names symbols", f"{architecture.name} has none; write SPACE:START:END=FILE")
    first, _, last = what.partition("..")
    return f"{dialect.memory}:{_address(text, first, symbols)}:{_address(text, last, symbols)}"


def _address(text: str, place: str, symbols: Mapping[str, int]) -> int:
    """The address of ``SYMBOL`` or ``SYMBOL+BYTES``."""
    match = _PLACE.match(place)
    if place not in symbols and match is not None and match[3] is not None and _is_number(match[3]):
        offset = int(match[3], 0)
        return _address(text, match[1], symbols) + (offset if match[2] == "+" else -offset)
    if place not in symbols:
        raise unknown("symbol", place, symbols, f"--dump {text!r}")
    return symbols[place]


def write_dump(engine: Engine, dump: Dumped) -> None:
    """Writes the elements to the file. UsageError where the disk refuses."""
    data = np.ascontiguousarray(engine.read(dump.memory.name, dump.start, dump.end - dump.start))
    try:
        write_atomically(dump.path, data.tobytes(), durable=False)
    except OSError as error:
        raise UsageError(f"--dump {dump.memory.name}: {error.strerror}: {str(dump.path)!r}") from None


def _is_number(text: str) -> bool:
    try:
        return int(text, 0) >= 0
    except ValueError:
        return False
