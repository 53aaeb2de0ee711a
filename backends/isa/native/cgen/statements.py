"""Bodies in C: statements, and what names mean in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from backends.isa.architecture import BoundOperand, Instruction
from backends.isa.definition import Access, Immediate
from backends.isa.dtypes import ValueType
from backends.isa.errors import DefinitionError
from backends.isa.language import ir
from backends.isa.language.scope import immediate_type
from backends.isa.native.cgen.expressions import cast, expression, walk
from backends.isa.native.cgen.lane_loops import LaneStore, LoopWriter
from backends.isa.native.cgen.lanes import Lanes
from backends.isa.native.cgen.layout import C_TYPES, Layout, Place, storage_type
from backends.isa.native.cgen.nests import contiguous
from backends.isa.native.cgen.products import ProductWriter, find_product
from backends.isa.native.cgen.timing import Clock
from backends.isa.native.cgen.windows import Window, WindowWriter

STACK_BYTES = 4096
"""Buffers above this lie in the machine's scratch memory."""


@dataclass(frozen=True)
class Store:
    """One ``mem[i] = x`` of a body."""

    number: int
    place: Place
    slots: int
    """Most times that it happens in one instruction."""
    bytes: bool = False
    """Whether it writes some bytes of a number, which it notes."""


Effect = WindowWriter | Store | LaneStore


@dataclass
class Slots:
    """Where the operands of an instruction lie once it is decoded."""

    registers: dict[str, int] = field(default_factory=dict)
    immediates: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, instruction: Instruction) -> Slots:
        """Registers and immediates, each numbered in the operands' order."""
        made = cls()
        for operand in instruction.operands:
            group = made.registers if operand.file else made.immediates
            group[operand.name] = len(group)
        return made


class BodyWriter:
    """Writes the statements of one body or helper; `lines` and `declarations` hold the result."""

    def __init__(
        self, layout: Layout, instruction: Instruction | None, direct: Iterable[ir.Open] = (), lanes: Iterable[Lanes] = ()
    ) -> None:
        self.layout, self.instruction = layout, instruction
        self._lanes = {id(loop.loop): loop for loop in lanes}
        self.lane_elements: dict[int, str] = {}
        self.eager = False
        self.clock = Clock(layout, instruction) if instruction else None
        self.slots = Slots.of(instruction) if instruction else Slots()
        self.lines: list[str] = []
        self.declarations: list[str] = []
        self.effects: list[tuple[Effect, int]] = []
        """What is written at the end, in the order of the text, each with the number of its outermost loop (0: none)."""
        self.loop_calls: list[tuple[str, int]] = []
        """Loop operations: method and number."""
        self.works = False
        self.jumps = self.halts = False
        self._direct = {id(opened) for opened in direct}
        self._windows: dict[str, Window] = {}
        self._arrays: dict[str, str] = {}
        self._variables: dict[tuple[str, ValueType], str] = {}
        self._types: dict[str, ValueType] = {}
        self._trips: list[int] = []
        self._outermost = 0
        self.ordered: set[int] = set()
        """Outermost loops in which several effects meet in one memory: their order is kept."""
        self._count = 0
        self._scratch = 0
        self.results = 0

    # What expressions ask for

    @property
    def in_loop(self) -> bool:
        """Whether the statement stands in a ``for``."""
        return bool(self._trips)

    def line(self, text: str) -> None:
        """Writes a line."""
        self.lines.append(text)

    def number(self) -> int:
        """A number for a new C name."""
        self._count += 1
        return self._count

    def variable(self, name: str, type_: ValueType | None = None) -> str:
        """C name of a variable of the body; ``type_`` where it gets a value."""
        type_ = type_ or self._types[name]
        self._types[name] = type_
        if (name, type_) not in self._variables:
            self._variables[name, type_] = made = f"v{self.number()}"
            self.declarations.append(f"{C_TYPES[type_]} {made} = 0;")
        return self._variables[name, type_]

    def fresh(self, type_: str, value: str) -> str:
        """A new C variable with a value."""
        made = f"x{self.number()}"
        self.declarations.append(f"{type_} {made} = 0;")
        self.line(f"{made} = {value};")
        return made

    def pc(self) -> str:
        """Address of this instruction."""
        return "((int64_t)(in - m->program))"

    def operand(self, name: str) -> str:
        """Value of a register or immediate."""
        if name in self.slots.immediates:
            assert self.instruction is not None
            kind = self.instruction.operand(name).kind
            assert isinstance(kind, Immediate)
            return f"(({C_TYPES[immediate_type(kind)]})in->i{self.slots.immediates[name]})"
        place = self.register_place(name)
        return f"load_{place.memory.dtype.name}({place.elements}[{self.operand_index(name)}])"

    def operand_index(self, name: str) -> str:
        """Number of a register."""
        return f"r{self.slots.registers[name]}"

    def register_place(self, name: str) -> Place:
        """The file of a register operand, or that of the pointer of a window."""
        assert self.instruction is not None
        return self.layout.places[self.instruction.operand(name).file]

    def array(self, name: str) -> str:
        """C name of a local array."""
        return self._arrays[name]

    def window_element(self, window: str, index: str) -> str:
        """Value of an element of a window."""
        return self._windows[window].load(index)

    def array_element(self, array: str, index: str) -> str:
        """Element of a local array."""
        return f"{self._arrays[array]}[{index}]"

    def state_element(self, load: ir.StateLoad, index: str, count: str | None) -> str:
        """Value of an element of a memory, or of some bytes, with its check and its wait."""
        if id(load) in self.lane_elements:
            return self.lane_elements[id(load)]
        place = self.layout.places[load.memory]
        dtype = place.memory.dtype
        at, units = index, "1"
        if not load.proven or self.layout.in_order:
            at = self.fresh("uint64_t", f"(uint64_t){index}")
        value = f"load_{dtype.name}({place.elements}[{at}])"
        if count is not None:
            units = self._units(load.bytes, count)
            value = f"load_bytes({place.elements} + {at}, {units})"
        wait = self.clock.touch(place, at, units) if self.clock and self.layout.in_order else []
        if load.proven:
            self.lines += wait
            return value
        inside = place.inside(at, units, write=False)
        if place.memory.beyond == "zero":
            result = self.fresh(C_TYPES[load.type], "0")
            self.lines += [f"if ({inside}) {{", *wait, f"{result} = {value};", "}"]
            return result
        self._check(inside, place.memory.fault(write=False), load.memory, at, load.index.type, place.memory.limit)
        self.lines += wait
        return self.fresh(C_TYPES[load.type], value)

    def _units(self, node: ir.Expr | None, count: str) -> str:
        """A number of bytes as a C number, or a variable that holds it."""
        return str(node.value) if isinstance(node, ir.Const) else self.fresh("uint64_t", f"(uint64_t){count}")

    # Statements

    def block(self, statements: Iterable[ir.Stmt]) -> None:
        """Writes statements."""
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ir.Stmt) -> None:
        """Writes one statement."""
        match node:
            case ir.Assign(name=name, value=value):
                written = expression(self, value)
                self.line(f"{self.variable(name, value.type)} = {written};")
            case ir.NewArray():
                self._new_array(node)
            case ir.ArrayStore(array=array, index=index, value=value):
                written, at = expression(self, value), expression(self, index)  # in Python's order
                self.line(f"{self._arrays[array]}[{at}] = {written};")
            case ir.WindowStore(window=window, index=index, value=value):
                written, at = expression(self, value), expression(self, index)
                self.line(self._windows[window].store(at, written))
            case ir.StateStore():
                self._state_store(node)
            case ir.Open():
                self._open(node)
            case ir.For():
                self._for(contiguous(node))
            case ir.If(condition=condition, then=then, orelse=orelse):
                self.line(f"if ({expression(self, condition)}) {{")
                self.block(then)
                if orelse:
                    self.line("} else {")
                    self.block(orelse)
                self.line("}")
            case ir.Break():
                self.line("break;")
            case ir.Continue():
                self.line("continue;")
            case ir.Return():
                self._return(node)
            case ir.Require():
                self._require(node)
            case ir.Jump(target=target):
                self.jumps = True
                self.lines += [f"*next = (int64_t){expression(self, target)};", "flow = flow == 3 ? 3 : 2;"]
            case ir.Halt():
                self.halts = True
                self.line("flow = 3;")
            case ir.Work():
                self._work(node)
            case ir.LoopsCall():
                self._loops_call(node)

    def _work(self, node: ir.Work) -> None:
        value, type_ = self.wide(node.amount)
        amount = f"min_u64({value}, UINT32_MAX)" if type_ == "u64" else f"(uint64_t)min_i64(max_i64({value}, 0), UINT32_MAX)"
        if node.part is None:
            self.works = True
            self.line(f"work = {amount};")
        elif self.layout.architecture.machine.timing.pipeline:
            self.line(f"m->parts[{expression(self, node.part)}] = {amount};")

    def wide(self, node: ir.Expr) -> tuple[str, ValueType]:
        """An integer in 64 bits; u64 values that a cast to `int` stands around keep their sign."""
        if isinstance(node, ir.Cast) and node.type == "int" and node.value.type == "u64":
            node = node.value
        written = expression(self, node)
        return (written, "u64") if node.type == "u64" else (cast("i64", node.type, written), "i64")

    def _new_array(self, node: ir.NewArray) -> None:
        name = f"t{self.number()}"
        self._arrays[node.name] = name
        self.buffer(name, C_TYPES[node.type], node.size)
        self.line(f"memset({name}, 0, {node.size} * sizeof(*{name}));")

    def buffer(self, name: str, type_: str, size: int) -> None:
        """Declares an array: on the stack, or in scratch memory if it is large."""
        bytes_ = size * {"float": 4, "int": 4}.get(type_, int("".join(filter(str.isdigit, type_)) or 32) // 8)
        if bytes_ <= STACK_BYTES:
            self.declarations.append(f"{type_} {name}[{size}] ALIGNED;")
        elif self.instruction is None:
            self.declarations.append(f"static _Thread_local {type_} {name}[{size}] ALIGNED;")
        else:
            self.declarations.append(f"{type_} *const {name} = ({type_} *)(m->scratch + {self._scratch});")
            self._scratch += -(-bytes_ // 64) * 64
            self.layout.scratch = max(self.layout.scratch, self._scratch)

    def _slots(self) -> int:
        product = 1
        for trips in self._trips:
            product *= max(trips, 1)
        return product

    def _open(self, node: ir.Open) -> None:
        assert self.clock is not None
        slots = node.slots if node.direction != "in" else 1
        window = Window(self.number(), node, self.layout.places[node.memory], slots, id(node) in self._direct)
        writer = WindowWriter(window, self.layout, self.clock)
        at, at_type = self.wide(node.at)
        length = expression(self, node.length) if node.length is not None else None
        scales = self.wide(node.scales)[0] if node.scales is not None else None
        self.declarations += writer.declarations()
        if window.buffered:
            self.buffer(f"b{window.number}", window.buffer_type, node.size * slots)
        self.lines += writer.open(at, at_type, length, scales)
        self._windows[node.name] = window
        if node.direction != "in":
            self._effect(writer)

    def clear_direct(self, name: str) -> None:
        """Zeros of an out window that is written in place."""
        assert self.clock is not None
        self.lines += WindowWriter(self._windows[name], self.layout, self.clock).clear()

    def _state_store(self, node: ir.StateStore) -> None:
        assert self.clock is not None
        place = self.layout.places[node.memory]
        store = Store(self.number(), place, self._slots(), node.bytes is not None)
        value = expression(self, node.value)
        at = self.fresh("uint64_t", f"(uint64_t){expression(self, node.index)}")
        units = self._units(node.bytes, expression(self, node.bytes)) if node.bytes is not None else "1"
        if not node.proven:
            inside = place.inside(at, units, write=True)
            self._check(inside, place.memory.fault(write=True), node.memory, at, node.index.type, place.memory.limit)
        if self.layout.in_order:
            self.lines += self.clock.touch(place, at, units)
        k, many = store.number, store.slots > 1
        index = f"[c{k}]" if many else ""
        self.declarations.append(f"uint32_t c{k} = 0;")
        parts = [("a", "uint64_t"), ("b", "uint32_t" if store.bytes else storage_type(place.memory.dtype))]
        if store.bytes:
            parts.append(("u", "uint8_t"))
            self.lines.append(f"u{k}{index} = (uint8_t){units};")
        for prefix, type_ in parts:
            if many:
                self.buffer(f"{prefix}{k}", type_, store.slots)
            else:
                self.declarations.append(f"{type_} {prefix}{k} = 0;")
        stored = value if store.bytes else f"store_{place.memory.dtype.name}({value})"
        self.lines += [f"a{k}{index} = {at};", f"b{k}{index} = {stored};"]
        self.line(f"c{k}++;" if many else f"c{k} = 1;")
        self._effect(store)

    def _effect(self, effect: Effect) -> None:
        if self._outermost in self.ordered:
            self.line(f"order{self._outermost}[ordered{self._outermost}++] = {len(self.effects)};")
        self.effects.append((effect, self._outermost))

    def _for(self, node: ir.For) -> None:
        if id(node) in self._lanes:
            loop = LoopWriter(self, self._lanes[id(node)])
            loop.write()
            self.effects += [(store, 0) for store in loop.stores.values()]
            return
        if (product := find_product(node)) is not None:
            ProductWriter(self, product).write()
            return
        start, stop = expression(self, node.start), expression(self, node.stop)
        outer = self._outermost
        if not outer:
            self._outermost = self.number()
            effects = [s for s in walk(node.body) if isinstance(s, ir.StateStore | ir.Open)]
            places = [effect.memory for effect in effects if getattr(effect, "direction", "") != "in"]
            if len(places) > len(set(places)):
                self.ordered.add(self._outermost)
        variable, i = self.variable(node.variable, "int"), f"k{self.number()}"
        end = f"e{self.number()}"
        compare = "<" if node.step > 0 else ">"
        self.lines += [
            "{",
            f"const int64_t {end} = {stop};",
            f"for (int64_t {i} = {start}; {i} {compare} {end}; {i} += {node.step}) {{",
            f"{variable} = {i};",
        ]
        self._trips.append(node.trips)
        self.block(node.body)
        self._trips.pop()
        self.lines += ["}", "}"]
        self._outermost = outer

    def _return(self, node: ir.Return) -> None:
        values = [expression(self, value) for value in node.values]
        if self.instruction is None:
            self.line(f"return {values[0]};")
            return
        self.lines += [f"result{index} = {value};" for index, value in enumerate(values)]
        self.line("goto commit;")

    def _require(self, node: ir.Require) -> None:
        # Only a trap evaluates what it reports, but a trap in that evaluation comes first in both engines: it stands before.
        condition = expression(self, node.condition)
        address, limit = (self.wide(part) if part is not None else None for part in (node.address, node.limit))
        site = self.layout.site(node.trap, node.operand, address and address[1], limit and limit[1])
        values = ", ".join(f"(uint64_t){part[0]}" if part else "0" for part in (address, limit))
        self.line(f"if (UNLIKELY(!{condition})) return trap(m, {site}, {values});")

    def _loops_call(self, node: ir.LoopsCall) -> None:
        if self._trips:
            raise DefinitionError("a loop operation inside of a for", "loops.push, restart and remove stand outside of for loops")
        k = self.number()
        arguments = [expression(self, argument) for argument in node.arguments]
        if node.method == "push":
            loops = self.layout.architecture.loops
            assert loops is not None
            site = self.layout.site("loop_depth", "", None, "int")
            self.line(f"if (UNLIKELY(m->depth + pending >= {loops.depth}u)) return trap(m, {site}, 0, {loops.depth});")
            self.line("pending++;")
        elif node.method == "remove":
            self.line("pending--;")
        self.declarations.append(f"int c{k} = 0;")
        for prefix, value in zip("ab", arguments, strict=False):
            self.declarations.append(f"int64_t {prefix}{k} = 0;")
            self.line(f"{prefix}{k} = {value};")
        self.line(f"c{k} = 1;")
        self.loop_calls.append((node.method, k))

    def _check(self, inside: str, cause: str, operand: str, address: str, type_: ValueType, limit: int | None) -> None:
        site = self.layout.site(cause, operand, "u64" if type_ == "u64" else "i64", None if limit is None else "int")
        self.line(f"if (UNLIKELY(!({inside}))) return trap(m, {site}, {address}, {limit or 0});")


def is_written(operand: BoundOperand) -> bool:
    """Whether an operand is a register that gets a new value."""
    access = operand.kind
    return isinstance(access, Access) and access.direction != "in" and access.target.is_registers
