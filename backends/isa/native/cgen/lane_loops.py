"""Writes loops over lanes; see `lanes`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from backends.isa.dtypes import ValueType
from backends.isa.language import ir
from backends.isa.native.cgen.expressions import Variables, expression, operands, parts
from backends.isa.native.cgen.lanes import BLOCK, Lane, Lanes, mentions
from backends.isa.native.cgen.layout import Place


@dataclass(frozen=True)
class LaneStore:
    """A store of all passes of a loop, which takes effect at the end."""

    number: int
    lane: Lane
    source: str
    """Array of what is stored."""
    copy: bool
    """Whether it holds elements as they lie in memory, else lanes."""
    mask: str
    """Array that says which passes store something; "" if all do."""

    @property
    def place(self) -> Place:
        """The memory."""
        return self.lane.place

    def declarations(self) -> list[str]:
        """Variables of the function: address, size and number of elements."""
        return [f"uint64_t a{self.number} = 0, u{self.number} = 1, c{self.number} = 0;"]

    def commit(self) -> list[str]:
        """Writes the elements."""
        k, place, number = self.number, self.place, self.place.number
        to = f"{place.elements} + a{k}"
        dense = [f"memcpy({to}, {self.source}, c{k} * u{k});" if self.copy else f"write_lanes({to}, {self.source}, c{k}, u{k});"]
        some = [f"{'copy' if self.copy else 'write'}_some_lanes({to}, {self.source}, {self.mask}, c{k}, u{k});"]
        if not place.embedded:
            dense.append(f"mark(m, {number}, a{k}, c{k} * u{k});")
            some.append(f"for (uint64_t i = 0; i < c{k}; i++) if ({self.mask}[i]) mark(m, {number}, a{k} + i * u{k}, u{k});")
        if not self.mask:
            return [f"if (c{k}) {{", *dense, "}"]
        return [f"if (c{k} && all_{self.mask}) {{", *dense, f"}} else if (c{k}) {{", *some, "}"]


class Writer(Variables, Protocol):
    """What is asked of a writer of bodies."""

    declarations: list[str]
    lane_elements: dict[int, str]
    """C expressions of loads that are lanes, by identity."""
    eager: bool

    def number(self) -> int:
        """A number for a new C name."""

    def buffer(self, name: str, type_: str, size: int) -> None:
        """Declares an array."""

    def variable(self, name: str, type_: ValueType | None = None) -> str:
        """C name of a variable; ``type_`` where it gets a value."""

    def array(self, name: str) -> str:
        """C name of a local array."""


class LoopWriter:
    """Writes one loop; `stores` is then what takes effect at the end."""

    def __init__(self, writer: Writer, lanes: Lanes) -> None:
        self.writer, self.lanes = writer, lanes
        k = writer.number()
        self.passes, self.pass_ = f"passes{k}", f"i{k}"
        self.mask = f"g{k}" if lanes.branch else ""
        self.copies = lanes.copies
        self.arrays: dict[int, str] = {}
        """Where the elements of loads lie, by identity."""
        self.stores: dict[int, LaneStore] = {}
        self.size = -(-max(lanes.loop.trips, 1) // BLOCK) * BLOCK

    def write(self) -> None:
        """The loop."""
        writer, loop, branch = self.writer, self.lanes.loop, self.lanes.branch
        straight = loop.body[:-1] if branch else loop.body
        writer.line("{")
        stop = writer.fresh("int64_t", expression(writer, loop.stop))
        writer.line(f"const uint64_t {self.passes} = {stop} > 0 ? (uint64_t){stop} : 0;")
        late = self._only_masks()
        for key, (node, lane) in self.lanes.accesses.items():
            if isinstance(node, ir.StateLoad) and key not in late:
                self._read(node, lane)
        for node, lane in self.lanes.accesses.values():
            if isinstance(node, ir.StateStore):
                self._open(node, lane)
        writer.eager = True
        if branch:
            self._mask_loop(straight, branch.condition, late)
        variable = self._head()
        self._block(straight, "")
        if branch:
            self._block(branch.then, f"(all_{self.mask} | {self.mask}[{self.pass_}])")
        writer.line("}")
        writer.eager = False
        writer.line(f"if ({self.passes}) {variable} = (int64_t){self.passes} - 1;")
        for store in self.stores.values():
            writer.line(f"c{store.number} = {self.passes};")
        writer.line("}")

    def _head(self) -> str:
        """The start of a loop over blocks of lanes; the C name of its variable."""
        i, end = self.pass_, f"(int32_t)(({self.passes} + {BLOCK - 1}) / {BLOCK} * {BLOCK})"
        variable = self.writer.variable(self.lanes.loop.variable, "int")
        self.writer.line(f"for (int32_t {i} = 0; {i} < {end}; {i}++) {{")
        self.writer.line(f"{variable} = {i};")
        return variable

    def _only_masks(self) -> set[int]:
        """Loads that only the condition of the ``if`` needs."""
        branch = self.lanes.branch
        if branch is None:
            return set()
        needed, found = mentions(branch.then), set[int]()
        for node in reversed(self.lanes.loop.body[:-1]):
            loads = {id(part) for value in operands(node) for part in parts(value)} & self.lanes.accesses.keys()
            if isinstance(node, ir.Assign) and node.name not in needed and node.name not in self.lanes.kept:
                found |= loads
            else:
                needed += mentions([node])
        return found | ({id(part) for part in parts(branch.condition)} & self.lanes.accesses.keys())

    def _mask_loop(self, straight: Iterable[ir.Stmt], condition: ir.Expr, late: Iterable[int]) -> None:
        """Which passes take part; nothing to be done where the same condition holds for all of them."""
        writer, always = self.writer, self.lanes.always
        writer.buffer(self.mask, "uint32_t", self.size)
        writer.declarations.append(f"uint32_t all_{self.mask} = 0;")
        if always is not None:
            writer.line(f"all_{self.mask} = {expression(writer, always)};")
        writer.line(f"if (!all_{self.mask}) {{")
        for key in late:
            node, lane = self.lanes.accesses[key]
            assert isinstance(node, ir.StateLoad)
            self._read(node, lane)
        self._head()
        self._block([node for node in straight if isinstance(node, ir.Assign)], "")
        writer.line(f"{self.mask}[{self.pass_}] = {expression(writer, condition)};")
        writer.line("}")
        writer.line("}")

    def _range(self, lane: Lane, k: int, write: bool) -> None:
        """Variables for the address and the size, and their check."""
        writer, declare = self.writer, "" if write else "const uint64_t "
        writer.line(f"{declare}a{k} = (uint64_t){expression(writer, lane.base)};")
        writer.line(f"{declare}u{k} = (uint64_t){expression(writer, lane.bytes)};")
        units = f"(({self.passes} + 7) / 8)" if lane.bits else f"({self.passes} * u{k})"
        writer.line(f"if (UNLIKELY(!{lane.place.inside(f'a{k}', units, write=write)})) return PLAIN(m, in, n, next, earliest);")

    def _read(self, node: ir.StateLoad, lane: Lane) -> None:
        """Reads the elements of a load, as lanes unless they are only copied."""
        writer, k = self.writer, self.writer.number()
        writer.buffer(f"l{k}", "uint32_t", self.size)
        self.arrays[id(node)] = f"l{k}"
        writer.lane_elements[id(node)] = f"l{k}[{self.pass_}]"
        self._range(lane, k, write=False)
        source = f"l{k}, {lane.place.elements} + a{k}"
        if id(node) in self.copies.values():
            writer.line(f"memcpy({source}, {self.passes} * u{k});")
        elif lane.bits:
            writer.line(f"read_bits({source}, {self.passes});")
        else:
            writer.line(f"read_{'lanes' if lane.place.embedded else 'far_lanes'}({source}, {self.passes}, u{k});")

    def _open(self, node: ir.StateStore, lane: Lane) -> None:
        """Checks the range of a store."""
        writer, k, branch = self.writer, self.writer.number(), self.lanes.branch
        copy = self.copies.get(id(node))
        mask = self.mask if branch and any(node is other for other in branch.then) else ""
        store = LaneStore(k, lane, f"b{k}" if copy is None else self.arrays[copy], copy is not None, mask)
        self.stores[id(node)] = store
        writer.declarations += store.declarations()
        if copy is None:
            writer.buffer(store.source, "uint32_t", self.size)
        self._range(lane, k, write=True)

    def _block(self, statements: Iterable[ir.Stmt], condition: str) -> None:
        """Statements that take effect where ``condition`` holds; empty: everywhere."""
        writer, i = self.writer, self.pass_
        inside = f"({i} < (int32_t){self.passes})"
        counts = f"({inside} & {condition})" if condition else inside
        for node in statements:
            match node:
                case ir.Assign(name=name, value=value):
                    written, variable = expression(writer, value), writer.variable(name, value.type)
                    # Nobody sees what a variable holds in a pass that does not count, unless it is kept.
                    kept = name in self.lanes.kept
                    writer.line(f"{variable} = {f'{counts} ? {written} : {variable}' if kept else written};")
                case ir.StateStore(value=value) if id(node) not in self.copies:
                    writer.line(f"{self.stores[id(node)].source}[{i}] = {expression(writer, value)};")
                case ir.ArrayStore(array=array, index=index, value=value):
                    written, at = expression(writer, value), expression(writer, index)
                    writer.line(f"if ({counts}) {writer.array(array)}[{at}] = {written};")
