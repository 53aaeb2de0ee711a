"""The results file of a bench, parsed with distrust: every line must be one that a bench writes, and the last one its own.

| line | meaning |
|---|---|
| ``D cycle last data`` | an output beat was taken |
| ``H cycle beat last data last data`` | an offered beat changed while it waited: before, after |
| ``P cycle``, then ``M word`` lines | ``done``, then the memory from the first output on |
| ``V what cycle count count [address]`` | a rule of the interface was broken; the run ended |
| ``W cycle address`` | a write was accepted; only in benches that dump waves |
| ``END nonce reason cycle count count count first`` | the run ended |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple


class Beat(NamedTuple):
    """An output beat as the bench saw it."""

    cycle: int
    last: str
    """``0``, ``1``, ``x`` or ``z``."""
    data: str
    """Hexadecimal; ``x`` or ``z`` digits are undefined, capital ones partly so."""


class Change(NamedTuple):
    """An offered beat that changed before it was taken."""

    cycle: int
    beat: int
    """Which output beat it is, from 0."""
    before: tuple[str, str]
    """``m_last`` and ``m_data``."""
    after: tuple[str, str]


class Violation(NamedTuple):
    """A broken rule; the counts are of beats taken and given, or of reads and writes."""

    what: str
    cycle: int
    first: int
    second: int
    address: str = ""


class Ending(NamedTuple):
    """How a run ended; the counts are beats taken, beats given and stalls, or reads, writes and cycles without a request."""

    reason: str
    cycle: int
    first: int
    second: int
    third: int
    first_output: int
    """Cycle of the first output beat or write; 0 if there was none."""


class Problem(NamedTuple):
    """A finished problem of the memory profile."""

    cycles: int
    words: list[str]
    """Memory from the first output on, hexadecimal."""


@dataclass
class Trace:
    """What a bench wrote."""

    beats: list[Beat] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    writes: list[tuple[int, int]] = field(default_factory=list)
    """Cycle and address of accepted writes, where the bench tells them."""
    violation: Violation | None = None
    ending: Ending | None = None
    """None if the run was stopped from outside; then the rest is what it wrote until shortly before."""


_HEX = "[0-9a-fxzXZ]+"
_LINE = re.compile(
    rf"D (?P<D>\d+ [01xz] {_HEX})|H (?P<H>\d+ \d+ [01xz] {_HEX} [01xz] {_HEX})|P (?P<P>\d+)|W (?P<W>\d+ \d+)|M (?P<M>{_HEX})"
    rf"|V (?P<V>[a-z_]+ \d+ \d+ \d+(?: (?:[0-9xX]+))?)|END (?P<END>[0-9a-f]+ [a-z]+(?: -?\d+){{5}})"
)


def parse(content: bytes, nonce: str, *, complete: bool) -> Trace:
    """The trace of a run; without ``complete`` the run was killed, and a last line that is cut off is left out.
    ValueError if any line is not a bench's, or the end is missing or not this run's."""
    lines = content.decode("ascii").split("\n")
    if lines.pop() and complete:
        raise ValueError("the results do not end with a line")
    trace = Trace()
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or trace.ending is not None:
            raise ValueError(f"unexpected line in the results: {line[:80]!r}")
        _take(trace, str(match.lastgroup), match[match.lastgroup or 0].split(), nonce)
    if complete and trace.ending is None:
        raise ValueError("the results have no end")
    return trace


def _take(trace: Trace, kind: str, words: list[str], nonce: str) -> None:
    match kind:
        case "D":
            trace.beats.append(Beat(int(words[0]), words[1], words[2]))
        case "H":
            trace.changes.append(Change(int(words[0]), int(words[1]), (words[2], words[3]), (words[4], words[5])))
        case "P":
            trace.problems.append(Problem(int(words[0]), []))
        case "W":
            trace.writes.append((int(words[0]), int(words[1])))
        case "M":
            if not trace.problems:
                raise ValueError("memory words before the end of a problem")
            trace.problems[-1].words.append(words[0])
        case "V":
            cycle, first, second = map(int, words[1:4])
            trace.violation = Violation(words[0], cycle, first, second, *words[4:])
        case "END":
            if words[0] != nonce:
                raise ValueError("the results are those of another run")
            trace.ending = Ending(words[1], *map(int, words[2:]))


def known_bits(digits: str) -> tuple[int, int]:
    """A hexadecimal number with undefined digits: its value with those as 0, and a mask of the undefined bits. A digit that is
    only partly undefined counts as undefined."""
    if re.fullmatch("[0-9a-f]+", digits):
        return int(digits, 16), 0
    value = re.sub("[xzXZ]", "0", digits)
    unknown = re.sub("[xzXZ]", "f", re.sub("[0-9a-f]", "0", digits))
    return int(value, 16), int(unknown, 16)
