"""One instruction as a C function: its body, then everything that takes effect when it completes.

``op_N`` returns 0 (the next word follows), 1 (it trapped, nothing happened), 2 (``*next`` follows) or 3 (the program ends).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from backends.isa.architecture import Instruction
from backends.isa.definition import Access
from backends.isa.dtypes import MX
from backends.isa.language import ir
from backends.isa.native.cgen.expressions import operands, parts, walk
from backends.isa.native.cgen.lane_loops import LaneStore
from backends.isa.native.cgen.lanes import Lanes, find_lanes
from backends.isa.native.cgen.layout import C_TYPES, Layout, Place
from backends.isa.native.cgen.statements import BodyWriter, Effect, Store, is_written
from backends.isa.native.cgen.windows import WindowWriter

PARAMETERS = "struct machine *m, const struct insn *in, uint64_t n, int64_t *next, uint64_t *earliest"
"""Of an instruction's function."""
INLINE_STATEMENTS = 24
"""Bodies without windows and loops, and with at most so many statements, become part of the dispatch loop."""


@dataclass(frozen=True)
class InstructionCode:
    """A translated instruction, and what the dispatch loop needs to know of it."""

    number: int
    text: str
    """The body of its function."""
    traps: bool
    jumps: bool
    halts: bool
    reloads: bool
    """Whether it may move the deadline: loops, and memories whose written pages are counted."""
    heavy: bool
    """Whether it is a function of its own."""
    works: bool
    """Whether its body says its amount of work."""
    plain: str = ""
    """What takes over where loops over lanes cannot do it: the body of a function with the same parameters."""


def write_instruction(layout: Layout, instruction: Instruction) -> InstructionCode:
    """Translates one instruction."""
    lanes = list(find_lanes(layout, instruction.body.statements))
    plain = _write(layout, instruction, [])
    return replace(plain, text=_write(layout, instruction, lanes).text, plain=plain.text) if lanes else plain


def _write(layout: Layout, instruction: Instruction, lanes: Iterable[Lanes]) -> InstructionCode:
    statements = instruction.body.statements
    direct = direct_windows(layout, instruction)
    writer = BodyWriter(layout, instruction, direct, lanes)
    clear_at = {_first_mention(statements, opened): opened for opened in direct if opened.direction == "out"}
    for index, statement in enumerate(statements):
        opened = clear_at.get(index)
        if opened is not None and not fully_written(statements, opened):
            writer.clear_direct(opened.name)
        writer.statement(statement)
    commit = _commit(writer, instruction)
    lines = [*_head(writer, instruction), *writer.lines, "commit:;", *commit, "return flow;", "}"]
    heavy = any(isinstance(s, ir.For | ir.Open) for s in walk(statements)) or len(list(walk(statements))) > INLINE_STATEMENTS
    marks = any(not _place(effect).embedded for effect, _ in writer.effects)
    traps = any("return trap(" in line for line in lines)
    return InstructionCode(
        instruction.number, "\n".join(lines), traps,
        writer.jumps, writer.halts, bool(writer.loop_calls) or marks, heavy, writer.works,
    )  # fmt: skip


class _HandlerWriter(BodyWriter):
    """Writes the handler of exceptions, which finds in the machine what it is about."""

    def pc(self) -> str:
        """Address of the instruction that trapped."""
        return "((int64_t)m->handled_pc)"

    def operand(self, name: str) -> str:
        """The code or the value."""
        assert self.instruction is not None
        code = self.instruction.operands[0].name
        return f"((uint32_t)m->handled_{'code' if name == code else 'value'})"


def write_handler(layout: Layout) -> str:
    """Translates the handler of exceptions: ``handle(...)`` does as an instruction does; "" if there is none."""
    handler = layout.architecture.handler
    if handler is None:
        return ""
    instruction = replace(layout.architecture.instructions[0], operands=handler.operands, body=handler.body)
    writer = _HandlerWriter(layout, instruction)
    writer.block(handler.body.statements)
    commit = _commit(writer, instruction)
    lines = [*_head(writer, instruction), *writer.lines, "commit:;", *commit, "return flow;", "}"]
    return "\n".join([f"NEVER int handle({PARAMETERS}) {{", *lines])


def _head(writer: BodyWriter, instruction: Instruction) -> list[str]:
    lines = [
        *writer.declarations,
        "int flow = 0; uint64_t work = 1, late = 0, pending = 0;",
        "(void)n; (void)next; (void)earliest; (void)work;",
    ]
    lines.append("(void)late; (void)pending; (void)in;")
    # Read once: for the compiler, anything written to the machine may change what lies in memory.
    lines += [f"const uint64_t r{number} = in->r{number}; (void)r{number};" for number in writer.slots.registers.values()]
    for index, type_ in enumerate(instruction.body.result_types):
        lines.append(f"{C_TYPES[type_]} result{index} = 0;")
    if writer.layout.in_order and writer.clock:
        for operand in instruction.operands:
            if operand.file and writer.layout.places[operand.file].memory.lanes == 1:
                lines += writer.clock.touch_register(writer.layout.places[operand.file], writer.operand_index(operand.name))
    return lines


def _commit(writer: BodyWriter, instruction: Instruction) -> list[str]:
    """Everything that takes effect at the end: memory in program order, registers last, then loops."""
    assert writer.clock is not None
    lines = writer.clock.issue(writer.works)
    done: set[int] = set()
    for effect, loop in writer.effects:
        if loop in writer.ordered:
            if loop not in done:
                lines += _ordered(writer, loop)
            done.add(loop)
        else:
            lines += _commit_all(writer, effect)
    for index, name in enumerate(instruction.body.results):
        operand = instruction.operand(name)
        assert is_written(operand)
        place, number = writer.layout.places[operand.file], writer.operand_index(name)
        lines.append(f"{place.elements}[{number}] = store_{place.memory.dtype.name}(result{index});")
        if place.memory.zero is not None:
            lines.append(f"{place.elements}[{place.memory.zero}] = 0;")
        if writer.layout.in_order:
            lines += writer.clock.produce_register(place, number)
    for method, k in writer.loop_calls:
        arguments = {"push": f"a{k}, b{k}, n + 1", "restart": f"a{k}, n + 1", "remove": f"a{k}"}[method]
        lines.append(f"if (c{k}) loops_{method}(m, {arguments});")
    return lines


def _place(effect: Effect) -> Place:
    return effect.window.place if isinstance(effect, WindowWriter) else effect.place


def _commit_all(writer: BodyWriter, effect: Effect) -> list[str]:
    if isinstance(effect, WindowWriter | LaneStore):
        return effect.commit()
    k, many = effect.number, effect.slots > 1
    if many:
        return [f"for (uint32_t k = 0; k < c{k}; k++) {{", *_commit_store(writer, effect, "k"), "}"]
    return [f"if (c{k}) {{", *_commit_store(writer, effect, ""), "}"]


def _commit_store(writer: BodyWriter, store: Store, slot: str) -> list[str]:
    assert writer.clock is not None
    place, index = store.place, f"[{slot}]" if slot else ""
    at, unit = f"a{store.number}{index}", f"{store.place.memory.dtype.bytes}"
    lines = [f"{place.elements}[{at}] = b{store.number}{index};"]
    if store.bytes:
        unit = f"u{store.number}{index}"
        lines = [f"store_bytes({place.elements} + {at}, b{store.number}{index}, {unit});"]
    if not place.embedded:
        lines.append(f"mark(m, {place.number}, {at} * {1 if store.bytes else unit}, {unit});")
    if place.memory.zero is not None:
        lines.append(f"{place.elements}[{place.memory.zero}] = 0;")
    return lines + (writer.clock.produce(place, at, unit if store.bytes else "1") if writer.layout.in_order else [])


def _ordered(writer: BodyWriter, loop: int) -> list[str]:
    """Effects of one loop that meet in a memory, as they came."""
    total = 0
    cases: list[str] = []
    for number, (effect, its_loop) in enumerate(writer.effects):
        if its_loop != loop or isinstance(effect, LaneStore):
            continue
        slots = effect.slots if isinstance(effect, Store) else effect.window.slots
        total += slots
        slot = f"q{number}" if slots > 1 else ""
        one = _commit_store(writer, effect, slot) if isinstance(effect, Store) else effect.commit_one(slot or "0")
        writer.declarations.append(f"uint32_t q{number} = 0;")
        cases += [f"case {number}: {{", *one, f"q{number}++; break; }}"]
    writer.buffer(f"order{loop}", "uint16_t", total)
    writer.declarations.append(f"uint32_t ordered{loop} = 0;")
    return [f"for (uint32_t k = 0; k < ordered{loop}; k++) switch (order{loop}[k]) {{", *cases, "}"]


# Windows that are written in place


def direct_windows(layout: Layout, instruction: Instruction) -> list[ir.Open]:
    """Windows whose buffer nobody would miss: alone in their memory, and first written when nothing can trap any more."""
    statements = instruction.body.statements
    last_trap = max((i for i, s in enumerate(statements) if any(_can_trap(layout, inner) for inner in walk([s]))), default=-1)
    found = []
    for opened in statements:
        whole = isinstance(opened, ir.Open) and opened.length is None
        if not isinstance(opened, ir.Open) or not whole or opened.direction == "in" or isinstance(opened.dtype, MX):
            continue
        memory = layout.places[opened.memory].memory
        if opened.dtype.bits == 4 or _accesses(instruction, opened.memory) != 1:
            continue
        mention = _first_mention(statements, opened)
        first_write = next((i for i, s in enumerate(statements) if any(_stores(x, opened.name) for x in walk([s]))), None)
        begin = mention if opened.direction == "out" else first_write
        returns = any(isinstance(x, ir.Return) for s in statements[: begin or 0] for x in walk([s]))
        if first_write is not None and begin is not None and begin > last_trap and memory.zero is None and not returns:
            found.append(opened)
    return found


def fully_written(statements: Sequence[ir.Stmt], opened: ir.Open) -> bool:
    """Whether the first statement that mentions the window is a loop nest that assigns each element, once, in order."""
    first = _first_mention(statements, opened)
    node = statements[first] if first is not None else None
    loops: list[tuple[str, int]] = []
    while isinstance(node, ir.For):
        start, stop = node.start, node.stop
        if not isinstance(start, ir.Const) or not isinstance(stop, ir.Const) or start.value != 0 or node.step != 1:
            return False
        loops.append((node.variable, int(stop.value)))
        inside = list(walk(node.body))
        if any(isinstance(s, ir.Break | ir.Continue | ir.Return) for s in inside) or _reads(inside, opened.name):
            return False
        store = next((s for s in node.body if _stores(s, opened.name)), None)
        if isinstance(store, ir.WindowStore):
            return _row_major(store.index, loops) == opened.size
        node = next((s for s in node.body if isinstance(s, ir.For) and any(_stores(x, opened.name) for x in walk([s]))), None)
    return False


def _row_major(index: ir.Expr, loops: Sequence[tuple[str, int]]) -> int:
    """Elements that a loop nest covers if the index is their row-major number; else 0."""
    name, count = loops[-1]
    rest = loops[:-1]
    if not rest:
        return count if index == ir.Local("int", name) else 0
    if not isinstance(index, ir.Binary) or index.op != "+" or index.right != ir.Local("int", name):
        return 0
    left = index.left
    if not isinstance(left, ir.Binary) or left.op != "*" or left.right != ir.Const("int", count):
        return 0
    return _row_major(left.left, rest) * count


def _accesses(instruction: Instruction, memory: str) -> int:
    """Windows of a memory, and other ways to touch it."""
    found = 0
    for operand in instruction.operands:
        found += isinstance(operand.kind, Access) and operand.file == memory
    for statement in walk(instruction.body.statements):
        found += isinstance(statement, ir.Open | ir.StateStore) and statement.memory == memory
        found += sum(isinstance(e, ir.StateLoad) and e.memory == memory for e in _all_expressions(statement))
    return found


def _first_mention(statements: Sequence[ir.Stmt], opened: ir.Open) -> int | None:
    for index, statement in enumerate(statements):
        inside = list(walk([statement]))
        if any(_stores(s, opened.name) for s in inside) or _reads(inside, opened.name):
            return index
    return None


def _reads(statements: Sequence[ir.Stmt], window: str) -> bool:
    return any(isinstance(e, ir.WindowLoad) and e.window == window for s in statements for e in _all_expressions(s))


def _stores(statement: ir.Stmt, window: str) -> bool:
    return isinstance(statement, ir.WindowStore) and statement.window == window


def _can_trap(layout: Layout, statement: ir.Stmt) -> bool:
    if isinstance(statement, ir.Open):
        past_the_end = layout.places[statement.memory].memory.beyond == "zero" and statement.direction == "in"
        return not past_the_end or statement.align > 1 or statement.scales is not None
    if isinstance(statement, ir.Require) or (isinstance(statement, ir.StateStore) and not statement.proven):
        return True
    if isinstance(statement, ir.LoopsCall) and statement.method == "push":
        return True
    return any(isinstance(e, ir.StateLoad) and not e.proven for e in _all_expressions(statement))


def _all_expressions(statement: ir.Stmt) -> Iterator[ir.Expr]:
    """Every expression of a statement itself, without those of statements inside it."""
    for value in operands(statement):
        yield from parts(value)
