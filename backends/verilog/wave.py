"""A waveform as text, from the value changes (VCD) that a bench dumped around some cycles."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_DIGITS = 16
"""Hexadecimal digits shown of a value; of longer ones, the lowest."""
_CHANGE = re.compile(r"b([01xzXZ]+) (\S+)|([01xzXZ])(\S+)")


@dataclass(frozen=True)
class Signal:
    """A signal of a dump."""

    name: str
    """Its path below the top module, such as ``fifo.head``."""
    width: int
    """Bits."""


@dataclass(frozen=True)
class Wave:
    """Values of signals, cycle by cycle."""

    signals: tuple[Signal, ...]
    """In the order of the dump, the kernel's ports first."""
    cycles: tuple[int, ...]
    """Which cycles."""
    values: Mapping[str, Sequence[str]]
    """For each signal, its value in each cycle, in binary digits with ``x`` and ``z``."""


def read(vcd: str, instance: str) -> Wave:
    """The signals of an instance of the dumped bench, as they are in the middle of each cycle. ValueError if the bench's own
    clock or cycle counter is missing."""
    header, _, body = vcd.partition("$enddefinitions $end")
    codes, signals, clock, counter = _declared(header, instance)
    current: dict[str, str] = {}
    cycles: list[int] = []
    columns: list[dict[str, str]] = []
    for step in re.split(r"^#\d+$", body, flags=re.MULTILINE)[1:]:
        before = current.get(clock)
        for bits, code, bit, other in _CHANGE.findall(step):
            current[code or other] = bits or bit
        if before != "0" and current.get(clock) == "0":
            cycles.append(int(_extended(current.get(counter, "x"), 32).replace("x", "0"), 2))
            columns.append(dict(current))
    values = {
        signal.name: [_extended(column.get(codes[signal.name], "x"), signal.width) for column in columns] for signal in signals
    }
    return Wave(tuple(signals), tuple(cycles), values)


def _declared(header: str, instance: str) -> tuple[dict[str, str], list[Signal], str, str]:
    """Codes by signal, the signals, and the codes of the bench's clock and cycle counter."""
    scopes: list[str] = []
    codes: dict[str, str] = {}
    signals: list[Signal] = []
    own: dict[str, str] = {}
    for kind, scope, width, code, name in re.findall(
        r"\$(scope|upscope|var)(?:\s+(?:module|begin|task|function|fork)\s+(\S+)|\s+\w+\s+(\d+)\s+(\S+)\s+(\S+))?[^$]*\$end",
        header,
    ):
        if kind == "scope":
            scopes.append(scope)
        elif kind == "upscope":
            scopes.pop()
        elif len(scopes) == 1:
            own[name] = code
        elif scopes[1] == instance:
            path = ".".join([*scopes[2:], name])
            if path not in codes:
                codes[path] = code
                signals.append(Signal(path, int(width)))
    if not {"clk", "cycle"} <= own.keys():
        raise ValueError("the dump has no clock and no cycle counter")
    return codes, signals, own["clk"], own["cycle"]


def choose(wave: Wave, wanted: Sequence[str], ports: Sequence[str], most: int) -> list[Signal]:
    """The signals that match one of the patterns (``*`` and ``?``), in that order; without patterns the ports, then the other
    signals of the top module, as many as there is room for. ValueError names a pattern that matches nothing."""
    named = {signal.name: signal for signal in wave.signals}
    chosen: dict[str, Signal] = {}
    for pattern in wanted:
        found = fnmatch.filter(named, pattern)
        if not found:
            raise ValueError(f"no signal matches {pattern!r}; there is {', '.join(list(named)[:40])}")
        chosen |= {name: named[name] for name in found}
    if not wanted:
        top = [name for name in named if "." not in name and name not in ports and name != "clk"]
        chosen = {name: named[name] for name in (*ports, *top) if name in named}
    return list(chosen.values())[:most]


def render(wave: Wave, signals: Sequence[Signal], first: int, last: int) -> str:
    """Rows of values in hexadecimal, a column for each cycle from ``first`` to ``last``; ``.`` is the value before, ``x`` and
    ``z`` digits are undefined. Of the cycles of reset, which are all number 0, the last is shown."""
    latest = {cycle: index for index, cycle in enumerate(wave.cycles) if first <= cycle <= last}
    chosen = list(latest.values())
    rows = [["cycle", *(str(wave.cycles[index]) for index in chosen)]]
    for signal in signals:
        shown = [_digits(wave.values[signal.name][index]) for index in chosen]
        label = signal.name + (f"[{signal.width - 1}:0]" if signal.width > 1 else "")
        rows.append([label, *("." if n and text == shown[n - 1] else text for n, text in enumerate(shown))])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    )


def _extended(bits: str, width: int) -> str:
    """A value's leading digits as the format implies them: zeros, or more of an undefined first digit."""
    bits = bits.lower()
    return bits.rjust(width, bits[0] if bits[0] in "xz" else "0")


def _digits(bits: str) -> str:
    if len(bits) == 1:
        return bits
    padded = bits.rjust(-(-len(bits) // 4) * 4, bits[0] if bits[0] in "xz" else "0")
    digits = [_digit(padded[at : at + 4]) for at in range(0, len(padded), 4)]
    return ("~" if len(digits) > MAX_DIGITS else "") + "".join(digits[-MAX_DIGITS:])


def _digit(bits: str) -> str:
    if set(bits) <= {"0", "1"}:
        return f"{int(bits, 2):x}"
    return "z" if set(bits) == {"z"} else "x"
