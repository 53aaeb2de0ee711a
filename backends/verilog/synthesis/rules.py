"""What an elaborated design may be made of: the netlist gate.

Cells from an allow-list; state on the rising edge of ``clk`` and nothing else; ``clk`` a clock and nothing else; one driver a
net; no high impedance; within the limits of size. Loops are found by yosys itself (`backends.verilog.synthesis.netlist`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from backends.verilog.classes import Failure
from backends.verilog.synthesis.design import NOWHERE, Bit, Cell, Design, Place
from backends.verilog.synthesis.limits import DesignLimits

REGISTERS = frozenset({"$dff", "$dffe", "$sdff", "$sdffe", "$sdffce"})
"""Registers with one clock; enable and reset are synchronous."""
ASYNCHRONOUS = frozenset({"$adff", "$adffe", "$aldff", "$aldffe", "$dffsr", "$dffsre"})
"""Registers that something other than the clock can change."""
LATCHES = frozenset({"$dlatch", "$adlatch", "$dlatchsr", "$sr"})
"""State without a clock."""
MEMORY = "$mem_v2"
"""An array with all its ports."""
# fmt: off
LOGIC = frozenset((
    "$not", "$pos", "$neg", "$and", "$or", "$xor", "$xnor", "$reduce_and", "$reduce_or", "$reduce_xor", "$reduce_xnor",
    "$reduce_bool", "$shl", "$shr", "$sshl", "$sshr", "$shift", "$shiftx", "$lt", "$le", "$eq", "$ne", "$eqx", "$nex",
    "$ge", "$gt", "$add", "$sub", "$mul", "$div", "$mod", "$divfloor", "$modfloor", "$pow", "$logic_not", "$logic_and",
    "$logic_or", "$mux", "$pmux", "$bmux", "$bwmux", "$demux", "$concat", "$slice", "$lut", "$sop", "$alu", "$fa", "$lcu",
    "$macc", "$macc_v2", "$buf",
))
# fmt: on
"""Operators without state."""
ALLOWED = LOGIC | REGISTERS | {MEMORY}
"""All that a kernel may become."""
CLOCKS = frozenset({"CLK", "RD_CLK", "WR_CLK"})
"""Ports of cells where a clock belongs."""
CLOCK = "clk"
"""The one clock."""
_EDGE = "write all state as: always @(posedge clk) if (rst) ... else ..."
_COMPLETE = "give every signal a value on every path: a default at the top of the block, or an else and a default branch"
_FORBIDDEN = {
    "$tribuf": ("drives a signal to high impedance", "select with a multiplexer; there is no bus to share"),
    "$print": ("prints", "remove it: hardware has no console"),
    "$check": ("has an assertion", "remove it: only hardware is accepted"),
    "$ff": ("has a register without a clock", _EDGE),
}


class Problem(NamedTuple):
    """A reason to refuse a design."""

    failure: Failure
    message: str
    """With the signal or cell, and what would be right."""
    hint: str
    """What to write instead."""
    place: Place = NOWHERE


class Size(NamedTuple):
    """How large a design is, in the units of `DesignLimits`."""

    cells: int
    flip_flops: int
    memory_bits: int
    multipliers: int


def size(design: Design) -> Size:
    """Counts a design."""
    return Size(
        len(design.cells),
        sum(cell.number("WIDTH") for cell in design.cells if cell.type in REGISTERS | ASYNCHRONOUS | LATCHES),
        sum(cell.number("WIDTH") * cell.number("SIZE") for cell in design.cells if cell.type == MEMORY),
        sum(multipliers(cell) for cell in design.cells),
    )


def multipliers(cell: Cell) -> int:
    """18 x 18 bit multipliers that a cell takes; none if a factor is a power of two."""
    if cell.type != "$mul" or any(_is_power_of_two(cell.connections[port]) for port in "AB"):
        return 0
    a, b = (-(-_significant(cell.connections[port]) // 18) for port in "AB")
    return a * b


def check(design: Design, limits: DesignLimits) -> Iterator[Problem]:
    """All reasons to refuse a design, the most telling first."""
    for rule in _RULES:
        yield from rule(design)
    yield from _sizes(design, limits)


def _forbidden(design: Design) -> Iterator[Problem]:
    for cell in design.cells:
        if cell.type in LATCHES:
            name = design.name(cell.connections["Q"])
            message = f"{name!r} is a latch: some path through its block leaves it unassigned, so that it must remember"
            yield Problem(Failure.latch, message, _COMPLETE, _place(design, cell, "Q"))
        elif cell.type not in ALLOWED | ASYNCHRONOUS:
            what, hint = _FORBIDDEN.get(cell.type, ("cannot be made of gates", "use operators, always blocks and arrays"))
            yield Problem(Failure.not_synthesizable, f"the design {what} (cell {cell.type!r})", hint, cell.place)


def _drivers(design: Design) -> Iterator[Problem]:
    driven: set[Bit] = set(design.port_bits("input"))
    for cell in design.cells:
        for _, bits in cell.outputs():
            again = [bit for bit in bits if bit in driven or isinstance(bit, str)]
            if again:
                message = f"{design.name(again)!r} has more than one driver"
                hint = "assign each signal in one always block, or by one assign; an input cannot be assigned"
                yield Problem(Failure.not_synthesizable, message, hint, cell.place)
            driven.update(bits)


def _impedance(design: Design) -> Iterator[Problem]:
    for name, port in design.ports.items():
        if port["direction"] == "inout" or "z" in port["bits"]:
            yield _floating(f"port {name!r}", NOWHERE)
    for cell in design.cells:
        if any("z" in bits for bits in cell.connections.values()):
            yield _floating(repr(design.name(bit for _, bits in cell.outputs() for bit in bits)), cell.place)


def _floating(what: str, place: Place) -> Problem:
    hint = "write 0 where a value does not matter, and select with a multiplexer"
    return Problem(
        Failure.not_synthesizable, f"{what} can be high-impedance (z); inside a chip there is no such value", hint, place
    )


def _clocks(design: Design) -> Iterator[Problem]:
    clock = _clock(design)
    for cell in design.cells:
        if cell.type in ASYNCHRONOUS:
            yield _asynchronous(design, cell)
        elif cell.type in REGISTERS:
            yield from _edge(design, cell, "CLK", 0, cell.number("CLK_POLARITY"), clock)
        elif cell.type == MEMORY:
            yield from _memory(design, cell, clock)


def _asynchronous(design: Design, cell: Cell) -> Problem:
    name = design.name(cell.connections["Q"])
    ports = [port for port in ("ARST", "ALOAD", "SET", "CLR") if port in cell.connections]
    by = design.name(bit for port in ports for bit in cell.connections[port])
    message = f"register {name!r} is changed by {by!r} without the clock; resets must be synchronous"
    return Problem(Failure.clock, message, "write always @(posedge clk), without a second edge", cell.place)


def _memory(design: Design, cell: Cell, clock: Bit | None) -> Iterator[Problem]:
    """Write ports must be clocked; a read port may be (yosys has not merged registers into it here)."""
    for kind in ("WR", "RD"):
        enabled, edges = (cell.parameters.get(f"{kind}_CLK_{name}", "")[::-1] for name in ("ENABLE", "POLARITY"))
        for port in range(cell.number(f"{kind}_PORTS")):
            if enabled[port] == "1":
                yield from _edge(design, cell, f"{kind}_CLK", port, int(edges[port] == "1"), clock)
            elif kind == "WR":
                message = f"array {_array(cell)!r} is written outside a clocked block, so that it is made of latches"
                yield Problem(Failure.latch, message, "write arrays only in always @(posedge clk)", cell.place)


def _edge(design: Design, cell: Cell, port: str, index: int, rising: int, clock: Bit | None) -> Iterator[Problem]:
    bit = cell.connections[port][index]
    what = f"array {_array(cell)!r}" if cell.type == MEMORY else f"register {design.name(cell.connections['Q'])!r}"
    if bit != clock:
        by = repr(design.name([bit])) if isinstance(bit, int) else f"the constant {bit}"
        message = f"{what} is clocked by {by}; the only clock is {CLOCK!r}"
        yield Problem(Failure.clock, message, "clock it by clk and make the condition an enable: if (enable) q <= d", cell.place)
    elif not rising:
        message = f"{what} is clocked by the falling edge of {CLOCK!r}; only the rising edge is a clock"
        yield Problem(Failure.clock, message, "write always @(posedge clk)", cell.place)


def _clock_as_data(design: Design) -> Iterator[Problem]:
    clock = _clock(design)
    if clock is None:
        return
    for name, port in design.ports.items():
        if port["direction"] == "output" and clock in port["bits"]:
            yield _data(f"output {name!r}", NOWHERE)
    for cell in design.cells:
        if any(clock in bits for port, bits in cell.inputs() if port not in CLOCKS):
            yield _data(repr(design.name(bit for _, bits in cell.outputs() for bit in bits)), cell.place)


def _data(what: str, place: Place) -> Problem:
    message = f"{CLOCK!r} is used as a value, by {what}; it may only stand in @(posedge clk)"
    return Problem(Failure.clock, message, "count or compare registered values instead", place)


def _sizes(design: Design, limits: DesignLimits) -> Iterator[Problem]:
    found = size(design)
    for what, hint, have, most in (
        ("word-level cells", "use fewer parallel units, and time", found.cells, limits.cells),
        ("register bits", "keep large state in arrays with one write port", found.flip_flops, limits.flip_flops),
        ("bits of arrays", "buffer less; stream through", found.memory_bits, limits.memory_bits),
        ("18x18 multipliers", "use fewer multipliers over more cycles", found.multipliers, limits.multipliers),
    ):
        if have > most:
            yield Problem(Failure.too_large, f"the design has {have} {what}; the limit is {most}", hint)


def undriven(design: Design) -> Iterator[Problem]:
    """Named signals that are used and never given a value: undefined in simulation, so a mistake if anything depends on them."""
    driven = set(design.port_bits("input")) | {bit for cell in design.cells for _, bits in cell.outputs() for bit in bits}
    used = [*design.port_bits("output"), *(bit for cell in design.cells for _, bits in cell.inputs() for bit in bits)]
    names = {design.name([bit]): bit for bit in reversed(used) if isinstance(bit, int) and bit not in driven}
    for name, bit in names.items():
        hint = "assign it, or remove it"
        yield Problem(Failure.not_synthesizable, f"{name!r} is used but has no driver", hint, design.place([bit]))


_RULES: tuple[Callable[[Design], Iterator[Problem]], ...] = (_forbidden, _drivers, _impedance, _clocks, _clock_as_data)


def _clock(design: Design) -> Bit | None:
    port = design.ports.get(CLOCK)
    return port["bits"][0] if port else None


def _array(cell: Cell) -> str:
    """Yosys keeps an array's name as text in a parameter: a leading backslash and the hierarchical name."""
    return cell.parameters.get("MEMID", "").removeprefix("\\")


def _place(design: Design, cell: Cell, port: str) -> Place:
    """A latch's own place is the process it was inferred in; where yosys lost that, the declaration of the signal."""
    return cell.place if cell.place.line is not None else design.place(cell.connections[port])


def _significant(bits: list[Bit]) -> int:
    """Bits of a factor without its extension: Verilog extends both to the width of the result before it multiplies."""
    width = len(bits)
    while width > 1 and bits[width - 1] in ("0", bits[width - 2]):
        width -= 1
    return width


def _is_power_of_two(bits: list[Bit]) -> bool:
    return all(isinstance(bit, str) for bit in bits) and sum(bit == "1" for bit in bits) <= 1
