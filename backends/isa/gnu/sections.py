"""Sections: bytes at addresses, and what waits in them for symbols that come later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from backends.isa.architecture import Architecture, BoundMemory
from backends.isa.assembler.diagnostics import Mistake, Place, near, quote
from backends.isa.dialect import Dialect, Link

MOST_BYTES = 1 << 24
"""What all sections of a text may have together."""
UNKNOWN = 1 << 48
"""Sections whose address is not known yet are laid out from here on, each at another multiple."""
ALIGN = 16
"""Sections start at multiples of this."""


@dataclass
class Section:
    """One section."""

    name: str
    base: int
    room: int
    """Bytes that it may have: those to the end of its region."""
    content: bytearray = field(default_factory=bytearray)
    lines: dict[int, int] = field(default_factory=dict)
    """Source lines by offset, of whatever an instruction or a word of the program begins with."""

    @property
    def end(self) -> int:
        """The address behind its last byte."""
        return self.base + len(self.content)


@dataclass(frozen=True)
class Waiting:
    """Bytes that can be made when all symbols are known."""

    section: Section
    offset: int
    place: Place
    make: Callable[[], bytes]
    """May raise `Mistake`."""


class Sections:
    """The sections of a text; ``sizes`` are those of an earlier reading, from which the addresses follow."""

    def __init__(self, dialect: Dialect, architecture: Architecture, sizes: dict[str, int], link: Link) -> None:
        memory = architecture.memories[dialect.memory]
        bases = _bases(dialect, architecture, sizes, link)
        self._made = {name: Section(name, base, _room(memory, base)) for name, base in bases.items()}
        self.code = next(iter(self._made.values()))
        """The section of instructions."""
        self.current = self.code
        self._total = 0

    def __iter__(self) -> Iterator[Section]:
        return iter(self._made.values())

    def open(self, name: str) -> None:
        """Goes on with a section; ``.text.hot`` is part of ``.text``. `Mistake` if there is none of that name."""
        found = self._made.get(name) or next((s for s in self._made.values() if name.startswith(s.name + ".")), None)
        if found is None:
            raise Mistake("data_space", f"there is no section {quote(name)}", near(name, self._made, ", ".join(self._made)))
        self.current = found

    def add(self, content: bytes, line: int) -> None:
        """Appends bytes to the current section. `Mistake` if there are too many."""
        self._total += len(content)
        if self._total > MOST_BYTES:
            raise Mistake("too_large", f"more than {MOST_BYTES} bytes", "compute large tables in the program")
        section = self.current
        if len(section.content) + len(content) > section.room:
            raise Mistake("too_large", f"section {section.name} is longer than the {section.room} bytes that there are from "
                          f"{section.base:#x} on", "make it shorter")  # fmt: skip
        section.lines.setdefault(len(section.content), line)
        section.content += content

    def sizes(self) -> dict[str, int]:
        """Bytes by section."""
        return {section.name: len(section.content) for section in self._made.values()}


def _room(memory: BoundMemory, base: int) -> int:
    """Bytes from an address to the end of its region; no limit where the address is not known yet."""
    if base >= UNKNOWN:
        return MOST_BYTES
    ends = [region.start + region.size for region in memory.regions if region.start <= base <= region.start + region.size]
    return max(ends, default=memory.size) - base


def _bases(dialect: Dialect, architecture: Architecture, sizes: dict[str, int], link: Link) -> dict[str, int]:
    bases: dict[str, int] = {}
    ends: dict[int | str, int] = {}
    for number, (name, place) in enumerate(dialect.sections.items()):
        start = link.origins.get(place, place if isinstance(place, int) else architecture.values[place])
        assert isinstance(start, int)
        if place not in ends:
            bases[name] = start
        else:
            bases[name] = -(-ends[place] // ALIGN) * ALIGN if sizes else UNKNOWN * (number + 1)
        ends[place] = bases[name] + sizes.get(name, 0)
    return bases
