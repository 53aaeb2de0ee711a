"""The longest combinational path of a word-level design, in levels of logic.

A level is about one LUT with its wiring. What each operator takes is a rough figure for an ECP5 (`levels`): a guide for where to
put a register, not a clock rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from backends.verilog.synthesis.design import Bit, Cell, Design

MULTIPLIER = "multiplier_18x18"
"""The cell that a multiplier has become."""
_CARRY_BITS = 16
_ADDERS = frozenset(("$alu", "$add", "$sub", "$neg", "$macc_v2", "$lt", "$le", "$ge", "$gt"))
_DIVIDERS = frozenset(("$div", "$mod", "$divfloor", "$modfloor", "$pow"))
_WIDE = frozenset(("$eq", "$ne", "$reduce_and", "$reduce_or", "$reduce_xor", "$reduce_xnor", "$reduce_bool", "$logic_not"))
_CHOICES = frozenset(("$pmux", "$bmux", "$demux", "$shl", "$shr", "$sshl", "$sshr", "$shift", "$shiftx"))
_NAMES = {
    MULTIPLIER: "multiplier", "$mem_v2": "memory read", "$mux": "multiplexer", "$bwmux": "multiplexer", "$pmux": "multiplexer",
    "$bmux": "multiplexer", "$demux": "decoder", "$eq": "comparison", "$ne": "comparison", "$shl": "shift", "$shr": "shift",
    "$sshl": "shift", "$sshr": "shift", "$shift": "variable index", "$shiftx": "variable index",
}  # fmt: skip
_CLOCKED_PORTS = ("CLK", "WR_", "RD_CLK", "RD_EN", "RD_ARST", "RD_SRST")


@dataclass(frozen=True)
class LongestPath:
    """The longest way from a register or input to a register or output."""

    levels: int
    """Levels of logic, rounded up; 0 if there is none."""
    begin: str
    """The signal it starts at."""
    end: str
    """The signal it ends at."""
    through: tuple[str, ...]
    """What lies on it, in order: ``multiplier``, ``32-bit adder``, ``2 multiplexers``, ``logic``."""
    lines: tuple[int, ...]
    """Lines of the kernel that this comes from, in order."""


def longest_path(design: Design) -> LongestPath:
    """Of a design without combinational loops."""
    graph = _Graph(design)
    end = max(graph.ends(), key=lambda item: graph.arrival(item[0]), default=None)
    if end is None or graph.arrival(end[0]) == 0:
        return LongestPath(0, "", "", (), ())
    bit, named = end
    cells = list(graph.trace(bit))
    lines = tuple(dict.fromkeys(cell.place.line for cell in cells if cell.place.line is not None))
    begin = design.name([graph.before(cells[0])])
    return LongestPath(math.ceil(graph.arrival(bit)), begin, design.name(named), tuple(_describe(cells)), lines)


def levels(cell: Cell) -> float:
    """What an operator adds to a path: a carry chain one level and one more for each 16 bits, a multiplier four, the read of a
    memory two, a comparison with all bits of its input the depth of its tree, one of n values half a level for each doubling,
    a two-input operator half a level, as two of them fit into a LUT, a divider one adder for each bit."""
    width = len(cell.connections.get("Y", ()))
    if cell.type == MULTIPLIER:
        return 4
    if cell.type == "$mem_v2":
        return 2
    if cell.type in _ADDERS:
        return 1 + max(width, *(len(cell.connections.get(port, ())) for port in "AB")) // _CARRY_BITS
    if cell.type in _DIVIDERS:
        return width * (1 + width // _CARRY_BITS)
    if cell.type in _WIDE:
        bits = sum(isinstance(bit, int) for bit in _inputs(cell))
        return max(0.5, math.ceil(math.log(max(bits, 1), 4)))
    if cell.type in _CHOICES:
        selector = cell.connections.get("S", []) or cell.connections.get("B", [])
        bits = sum(isinstance(bit, int) for bit in selector)
        return 0.5 + 0.5 * (math.ceil(math.log2(bits + 1)) if cell.type == "$pmux" else min(bits, 10))
    return 0.5


class _Graph:
    """Arrival times, computed without recursion: designs are deep."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._driver: dict[Bit, Cell] = {}
        for cell in design.cells:
            if not is_register(cell):
                for _, bits in cell.outputs():
                    self._driver.update(dict.fromkeys(bits, cell))
        self._arrivals: dict[int, float] = {}
        self._critical: dict[int, Bit] = {}

    def ends(self) -> Iterator[tuple[Bit, list[Bit]]]:
        """Where paths end: a bit, and the bits to name it by."""
        for port in self._design.ports.values():
            if port["direction"] == "output":
                yield from ((bit, [bit]) for bit in port["bits"])
        for cell in self._design.cells:
            if is_register(cell):
                named = cell.connections["Q"]
                yield from ((bit, named) for port, bits in cell.inputs() if port not in ("CLK", "C") for bit in bits)
            elif cell.type == "$mem_v2":
                ports = (bits for port, bits in cell.inputs() if port.startswith("WR_") and port != "WR_CLK")
                yield from ((bit, [bit]) for bits in ports for bit in bits)

    def arrival(self, bit: Bit) -> float:
        """Levels until a bit is settled."""
        cell = self._driver.get(bit)
        return 0 if cell is None else self._settle(cell)

    def before(self, cell: Cell) -> Bit:
        """The input of a cell that settles last."""
        return self._critical[id(cell)]

    def trace(self, bit: Bit) -> Iterator[Cell]:
        """The cells of the longest path to a bit, from its beginning."""
        cells: list[Cell] = []
        while (cell := self._driver.get(bit)) is not None and cell not in cells[-1:]:
            cells.append(cell)
            bit = self.before(cell)
        return reversed(cells)

    def _settle(self, cell: Cell) -> float:
        stack = [cell]
        while stack:
            top = stack[-1]
            waiting = (
                [] if id(top) in self._arrivals else [found for found in self._feeding(top) if id(found) not in self._arrivals]
            )
            if waiting and id(top) not in self._critical:
                self._critical[id(top)] = "x"  # seen: an adder whose bits feed each other through LUTs is no loop
                stack += waiting
                continue
            stack.pop()
            if id(top) not in self._arrivals:
                self._finish(top)
        return self._arrivals[id(cell)]

    def _finish(self, cell: Cell) -> None:
        best, latest = 0.0, next(iter(_inputs(cell)), "x")
        for bit in _inputs(cell):
            driver = self._driver.get(bit)
            when = 0.0 if driver is None else self._arrivals.get(id(driver), 0.0)
            if when > best or (driver is None and isinstance(latest, str) and isinstance(bit, int)):
                best, latest = max(best, when), bit
        self._arrivals[id(cell)], self._critical[id(cell)] = best + levels(cell), latest

    def _feeding(self, cell: Cell) -> Iterator[Cell]:
        return (self._driver[bit] for bit in _inputs(cell) if bit in self._driver)


def is_register(cell: Cell) -> bool:
    """Whether a cell is a flip-flop, of a word or of a bit."""
    return "DFF" in cell.type.upper()


def _inputs(cell: Cell) -> Iterator[Bit]:
    return (bit for port, bits in cell.inputs() if not port.startswith(_CLOCKED_PORTS) for bit in bits)


def _describe(cells: list[Cell]) -> Iterator[str]:
    for name, group in groupby(map(_name, cells)):
        count = len(list(group))
        yield name if count == 1 or name == "logic" else f"{count} {name}s"


def _name(cell: Cell) -> str:
    if cell.type in _ADDERS:
        return f"{len(cell.connections['Y'])}-bit adder" if len(cell.connections["Y"]) > 1 else "comparison"
    if cell.type in _DIVIDERS:
        return f"{len(cell.connections['Y'])}-bit divider"
    return _NAMES.get(cell.type, "logic")
