"""`bind`: a definition and a machine make an `Architecture`, or a list of what its author must put right."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from math import prod
from typing import Any

from backends.isa.architecture import Architecture, BoundHandler, BoundLoops, BoundMemory, BoundOperand, BoundRegion, Instruction
from backends.isa.define import Isa
from backends.isa.definition import (
    Access,
    Definition,
    Encoding,
    Field,
    Handler,
    Helper,
    Immediate,
    Loops,
    Memory,
    Op,
    Operand,
    PendingEncoding,
    Region,
)
from backends.isa.dtypes import MX, ValueType
from backends.isa.errors import DefinitionError
from backends.isa.expression import Size, Values, evaluate, evaluate_dtype
from backends.isa.language import ir
from backends.isa.language.check import check_body, check_helper
from backends.isa.language.scope import Context, MemoryShape, Operands, immediate_type
from backends.isa.language.typed import Typed, full
from backends.isa.machine import Machine, load_machine
from harness.errors import did_you_mean

MOST_BYTES = 1 << 40
"""Of a memory: engines reserve its addresses, and take pages of it as they are touched."""
_MNEMONIC = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")


def load(
    isa: Isa | Definition, profile: str | None = None, timing: str | None = None, overrides: Mapping[str, int | str] = {}
) -> Architecture:
    """The architecture of a definition at a profile and timing of the ``machine.toml`` beside it, its defaults unless named."""
    definition = isa.definition if isinstance(isa, Isa) else isa
    return bind(
        definition, load_machine(definition.folder / "machine.toml", profile, timing, {**definition.overrides, **overrides})
    )


def bind(definition: Definition, machine: Machine) -> Architecture:
    """Gives every size its value and checks every body. DefinitionError with everything that is wrong, one paragraph each."""
    binder = _Binder(definition, machine)
    problems = list(machine.undeclared(definition))
    instructions: list[Instruction] = []
    for op in definition.ops:
        if op.when is not None and not evaluate(op.when, machine.values):
            continue
        try:
            instructions.append(binder.instruction(op, len(instructions)))
        except DefinitionError as error:
            problems.append(error)
    handler = None
    try:
        handler = binder.handler(definition.handler) if definition.handler else None
    except DefinitionError as error:
        problems.append(error)
    problems += _mnemonics(definition, instructions)
    problems += _overlaps(definition, instructions)
    if problems:
        said = dict.fromkeys(map(str, problems))  # what is wrong with a procedure is wrong wherever it is used
        raise problems[0] if len(said) == 1 else DefinitionError("\n".join(said))
    return Architecture(
        definition=definition, machine=machine, values=machine.values, memories=binder.memories, loops=binder.loops,
        traps=_traps(definition, binder.memories, instructions), instructions=tuple(instructions), functions=binder.functions,
        procedures=binder.context.procedures, handler=handler, digest=_digest(definition, machine.values, instructions),
    )  # fmt: skip


class _Binder:
    """What binding one definition shares between its instructions."""

    def __init__(self, definition: Definition, machine: Machine) -> None:
        self.definition, self.machine = definition, machine
        self.values: Values = machine.values
        self.memories = {name: self.memory(memory) for name, memory in definition.memories.items()}
        stack = definition.loops
        self.loops = self.stack(stack) if stack else None
        self.functions: dict[str, ir.Function] = {}
        self.helpers: dict[str, Helper] = {}
        self.checking: set[str] = set()
        shapes = {
            m.name: MemoryShape(m.name, m.dtype, m.size, m.align, m.single, m.is_registers, m.regions)
            for m in self.memories.values()
        }
        self.context = Context(self.values, shapes, stack, self.helper)

    def helper(self, helper: Helper) -> ir.Function:
        where = f"{self.definition.file.name}: {helper.name}"
        known = self.helpers.setdefault(helper.name, helper)
        if known.function is not helper.function:
            raise DefinitionError("two helpers have this name", "helpers of one definition have different names", where=where)
        if helper.name not in self.functions:
            if helper.name in self.checking:
                raise DefinitionError("a helper that calls itself", "write a for with a known number of passes", where=where)
            self.checking.add(helper.name)
            try:
                self.functions[helper.name] = check_helper(helper, self.context)
            finally:
                self.checking.discard(helper.name)
        return self.functions[helper.name]

    def number(self, what: str, size: Size, where: str, least: int, most: int | None = None) -> int:
        """The value of a size. DefinitionError if it is no integer of this range."""
        return _integer(what, evaluate(size, self.values), where, least, most)

    def stack(self, loops: Loops) -> BoundLoops:
        where = self.definition.file.name
        depth = self.number(f"{loops.name!r}: depth", loops.depth, where, 1)
        limit = self.number(f"{loops.name!r}: limit", loops.limit, where, 0)
        return BoundLoops(loops.name, depth, limit, loops.doc)

    def memory(self, memory: Memory) -> BoundMemory:
        where, dtype = memory.where, evaluate_dtype(memory.dtype, self.values)
        what, amount = f"{memory.name!r}:", "count" if memory.is_registers else "size"
        lanes = self.number(f"{what} lanes", memory.lanes, where, 1)
        size = self.number(f"{what} {amount}", memory.size, where, 1, MOST_BYTES // dtype.bytes)
        align = self.number(f"{what} align", memory.align, where, 1)
        granule = self.number(f"{what} granule", memory.granule, where, 0)
        if memory.zero is not None:
            self.number(f"{what} zero", memory.zero, where, 0, size // lanes - 1)
            if lanes > 1:
                raise DefinitionError(f"{what} zero={memory.zero} of registers with lanes", "leave it out", where=where)
        if not dtype.is_float:
            _integer(f"reset of {memory.name!r}, which stores {dtype}:", memory.reset, where, *dtype.range)
        if memory.pointer:
            self.check_pointer(memory)
        return BoundMemory(
            memory.name, dtype, size, memory.doc, memory.pointer, align, granule or size, memory.beyond, memory.reset,
            memory.is_registers, memory.zero, memory.single, memory.preload, memory.image,
            tuple(self.region(memory, region, size) for region in memory.regions), lanes,
        )  # fmt: skip

    def check_pointer(self, memory: Memory) -> None:
        file = self.definition.memories.get(memory.pointer)
        numbered = file is not None and file.is_registers and not file.single and file.lanes == 1
        if file is None or not numbered or evaluate_dtype(file.dtype, self.values).is_float:
            raise DefinitionError(
                f"{memory.name!r}: pointer={memory.pointer}",
                "a file of integer registers of this definition, such as isa.registers('x', u32, 16)",
                where=memory.where,
            )

    def region(self, memory: Memory, region: Region, size: int) -> BoundRegion:
        start, count = evaluate(region.start, self.values), evaluate(region.size, self.values)
        if not 0 <= start <= start + count <= size:
            raise DefinitionError(
                f"region {region.name!r} of {memory.name!r}: {start} to {start + count}", f"{memory.name} has {size} elements",
                where=memory.where,
            )  # fmt: skip
        return BoundRegion(region.name, start, count, region.writable, region.doc)

    def instruction(self, op: Op, number: int) -> Instruction:
        where = op.where
        if op.unit not in self.machine.units:
            raise DefinitionError(
                f"unit {op.unit!r}", f"machine.toml has no such unit{did_you_mean(op.unit, self.machine.units)}", where=where
            )
        if op.timing not in self.machine.timing.costs:
            costs = self.machine.timing.costs
            raise DefinitionError(
                f"cost class {op.timing!r}",
                f"timing.{self.machine.timing.name} has none{did_you_mean(op.timing, costs)}",
                where=where,
            )
        encoding = self.encoding(op, op.encoding, where, complete=True)
        compat = self.encoding(op, op.compat, where, complete=False) if op.compat else None
        operands = tuple(self.operand(operand, encoding.operands.get(operand.name), where) for operand in op.operands)
        scope, windows = self.operands(operands, where)
        body = check_body(op.function, self.context, scope, windows)
        match = sum(field.insert(value) for field, value in encoding.fixed)
        mask = sum(field.mask for field, _ in encoding.fixed)
        return Instruction(
            number, op.key, op.mnemonic, operands, op.syntax, encoding, compat, match, mask, op.unit, op.timing, op.function,
            body, op.doc, op.offered, op.example, op.line,
        )  # fmt: skip

    def handler(self, handler: Handler) -> BoundHandler:
        names = tuple(inspect.signature(handler.function).parameters)
        timing, where = self.machine.timing, f"{self.definition.file.name}: {handler.function.__name__}"
        if len(names) != 2:
            raise DefinitionError(
                f"a handler with {len(names)} parameters", "code and value: def f(code: u32, value: u32)", where=where
            )
        varies = any(c.interval.per or c.latency.per for c in timing.costs.values())
        if timing.in_order or (timing.blocking and varies):
            raise DefinitionError(
                "a handler", "so far not with in-order timing, nor with blocking costs that depend on work", where=where
            )
        kind = Immediate()
        code, value = (BoundOperand(name, kind, None, 0, (1 << 32) - 1) for name in names)
        values = {operand.name: full(ir.OperandValue("u32", operand.name)) for operand in (code, value)}
        body = check_body(handler.function, self.context, Operands(values), {})
        return BoundHandler(handler.function, body, (code, value), dict(handler.codes))

    def encoding(self, op: Op, pending: PendingEncoding, where: str, *, complete: bool) -> Encoding:
        """Fields of the word, fixed and for operands. ``complete`` wants a place or a default for every operand."""
        names = {operand.name for operand in op.operands}
        fields = pending.format.fields
        numbers: dict[str, int] = {}
        placed = {name: fields[name] for name in names & fields.keys() if name not in pending.uses}
        for name, use in pending.uses.items():
            if isinstance(use, str) and name in names and use in fields:
                placed[name] = fields[use]
            elif use is None and name in names:
                continue
            elif use is not None and not isinstance(use, str) and name in fields:
                value = evaluate(use, self.values)
                if not 0 <= value < 1 << fields[name].width:
                    raise DefinitionError(
                        f"{name}={value:#x} does not fit its {fields[name].width} bits",
                        "a smaller value or a wider field",
                        where=where,
                    )
                numbers[name] = value
            else:
                raise DefinitionError(
                    f"{name}={use!r} in the encoding",
                    f"a field of {pending.format.name} ({', '.join(fields)}) with a number, or an operand with a field",
                    where=where,
                )
        for operand in op.operands:
            optional = isinstance(operand.kind, Immediate) and operand.kind.default is not None
            if complete and operand.name not in placed and not optional:
                raise DefinitionError(
                    f"operand {operand.name!r} has no field",
                    f'say {operand.name}="FIELD"; {pending.format.name} has {", ".join(fields)}',
                    where=where,
                )
        used = [*((name, fields[name]) for name in numbers), *placed.items()]
        for (one, field), (other, its) in combinations(used, 2):
            if shared := field.mask & its.mask:
                bits = ", ".join(str(bit) for bit in range(shared.bit_length()) if shared >> bit & 1)
                raise DefinitionError(f"{one} and {other} share bit {bits} of the word", "one bit, one use", where=where)
        fixed = tuple((fields[name], value) for name, value in numbers.items())
        return Encoding(fixed, {o.name: placed[o.name] for o in op.operands if o.name in placed})

    def operand(self, operand: Operand, field: Field | None, where: str) -> BoundOperand:
        kind = operand.kind
        if isinstance(kind, Access):
            file = kind.target.name if kind.target.is_registers else kind.target.pointer
            count = self.memories[file].size // self.memories[file].lanes
            if field is not None and count > 1 << field.width:
                raise DefinitionError(
                    f"operand {operand.name!r}: {count} registers {file!r} in a field of {field.width} bits",
                    f"a field of {(count - 1).bit_length()} bits, or at most {1 << field.width} registers",
                    where=where,
                )
            return BoundOperand(operand.name, kind, field, 0, count - 1, file, count)
        _integer(f"operand {operand.name!r}: scale", kind.scale, where, 1)
        bits = field.width if field else 0
        low, high = (-(1 << bits >> 1), (1 << bits >> 1) - 1) if kind.signed else (0, (1 << bits) - 1)
        low, high = low * kind.scale, high * kind.scale
        least = low if kind.low is None else evaluate(kind.low, self.values)
        most = high if kind.high is None else evaluate(kind.high, self.values)
        default = kind.default
        if field is not None and not low <= least <= most <= high:
            raise DefinitionError(f"operand {operand.name!r}: {least} to {most}", f"its field holds {low} to {high}", where=where)
        named = [(f"value {name!r}", value) for name, value in kind.names]
        for what, value in ([("default", default)] if default is not None else []) + named:
            if field is not None and (not least <= value <= most or value % kind.scale):
                right = f"it is {least} to {most}" + (f", a multiple of {kind.scale}" if kind.scale > 1 else "")
                raise DefinitionError(f"operand {operand.name!r}: {what} {value}", right, where=where)
        return BoundOperand(operand.name, kind, field, least, most)

    def operands(self, operands: tuple[BoundOperand, ...], where: str) -> tuple[Operands, dict[str, ir.Open]]:
        """The operands as their body sees them, and its windows."""
        values: dict[str, Typed] = {}
        registers: dict[str, int] = {}
        results: list[tuple[str, ValueType]] = []
        windows: dict[str, ir.Open] = {}
        for operand in operands:
            if isinstance(operand.kind, Immediate):
                values[operand.name] = _immediate(operand)
                continue
            registers[operand.name] = operand.high
            dtype = self.memories[operand.file].dtype
            if self.memories[operand.file].lanes > 1:
                continue
            if operand.kind.target.is_registers:
                if operand.kind.direction != "out":
                    values[operand.name] = full(ir.OperandValue(dtype.compute, operand.name))
                if operand.kind.direction != "in":
                    results.append((operand.name, dtype.compute))
            else:
                windows[operand.name] = self.window(operand, ir.OperandValue(dtype.compute, operand.name), where)
        return Operands(values, registers, tuple(results)), windows

    def window(self, operand: BoundOperand, pointer: ir.Expr, where: str) -> ir.Open:
        access = operand.kind
        assert isinstance(access, Access)
        memory = self.memories[access.target.name]
        dtype = access.dtype or memory.dtype
        shape = tuple(evaluate(extent, self.values) for extent in access.shape)
        align = memory.align if access.align is None else evaluate(access.align, self.values)
        if isinstance(dtype, MX) or (dtype != memory.dtype and memory.dtype.name != "u8"):
            raise DefinitionError(
                f"operand {operand.name!r}: {dtype.name} in {memory.name!r}, which stores {memory.dtype}",
                "only u8 memories hold other types; MX windows are opened in the body, with scales=",
                where=where,
            )
        if not shape or not all(isinstance(number, int) and number > 0 for number in (*shape, align)):
            raise DefinitionError(
                f"operand {operand.name!r}: shape {list(shape)}, align {align}", "positive sizes, at least one", where=where
            )
        if access.length is None and not (access.direction == "in" and memory.beyond == "zero"):
            _check_fits(operand.name, access, memory, -(-prod(shape) * dtype.bits // memory.dtype.bits), where)
        length = None
        if access.length is not None:
            kind = self.memories[access.length.name].dtype.compute
            if not access.length.single or kind == "f32":
                raise DefinitionError(
                    f"operand {operand.name!r}: length={access.length.name}", "a single integer register", where=where
                )
            length = ir.Cast("int", ir.StateLoad(kind, access.length.name, ir.Const("int", 0), proven=True))
        compute: ValueType = "f32" if isinstance(dtype, MX) else dtype.compute
        return ir.Open(
            operand.name,
            access.direction,
            memory.name,
            dtype,
            compute,
            shape,
            ir.Cast("int", pointer),
            align,
            operand.name,
            length,
        )


def _integer(what: str, value: float, where: str, least: int, most: int | None = None) -> int:
    if not isinstance(value, int) or value < least or (most is not None and value > most):
        right = f"an integer, {least} or more" if most is None else f"an integer from {least} to {most}"
        raise DefinitionError(f"{what} {value}", right, where=where)
    return value


def _check_fits(name: str, access: Access, memory: BoundMemory, units: int, where: str) -> None:
    """A window that never lies in its memory is a mistake."""
    regions = [region.size for region in memory.regions if region.writable or access.direction == "in"]
    most = max(regions, default=0) if memory.regions else memory.size
    if units > most:
        raise DefinitionError(
            f"operand {name!r}: {units} elements of {memory.name!r}", f"at most {most}: it is never in range", where=where
        )


def _immediate(operand: BoundOperand) -> Typed:
    """An immediate as bodies see it. Words made elsewhere may hold what the assembler refuses: its range is the field's."""
    kind: Any = operand.kind
    value = ir.OperandValue(immediate_type(kind), operand.name)
    if kind.label:
        return Typed(value, -(1 << 33), 1 << 33)
    bits = operand.field.width if operand.field else 0
    low, high = (-(1 << bits >> 1), (1 << bits >> 1) - 1) if kind.signed else (0, (1 << bits) - 1)
    default = kind.default or 0
    if operand.field is None and kind.high is not None:
        high = operand.high  # the same for all instructions of a family, which then have one body
    return Typed(value, min(low * kind.scale, default), max(high * kind.scale, default))


def _mnemonics(definition: Definition, instructions: list[Instruction]) -> Iterator[DefinitionError]:
    """Names that the assembler cannot read, would take for something else, or has twice."""
    files = [m.name for m in definition.memories.values() if m.is_registers and not m.single]
    register = re.compile(rf"({'|'.join(files)})[0-9]+")
    places = {op.key: op.where for op in definition.ops}
    taken: dict[str, Instruction] = {}
    for instruction in instructions:
        name, where = instruction.mnemonic, places[instruction.key]
        marker = next((marker for marker in definition.comments if marker in name), None)
        other = taken.setdefault(name.casefold(), instruction)  # the manual has one page for names that differ only in case
        if not _MNEMONIC.match(name):
            yield DefinitionError(f"mnemonic {name!r}", "letters A to Z, digits, _ and ., and no digit or . first", where=where)
        elif marker is not None:
            yield DefinitionError(f"mnemonic {name!r} contains {marker!r}", "which begins a comment: choose another", where=where)
        elif (files and register.fullmatch(name)) or (definition.dialect and name in definition.dialect.registers):
            yield DefinitionError(f"mnemonic {name!r} is the name of a register", "choose another", where=where)
        elif other is not instruction:
            hint = f"{places[other.key]} has {other.mnemonic!r}; give every instruction its own name"
            yield DefinitionError(f"mnemonic {name!r} is taken", hint, where=where)


def _overlaps(definition: Definition, instructions: list[Instruction]) -> Iterator[DefinitionError]:
    """Pairs of instructions that one word could be."""
    for one, other in combinations(instructions, 2):
        if not (one.mask & other.mask) & (one.match ^ other.match):
            where = next(op.where for op in definition.ops if op.key == other.key)
            yield DefinitionError(
                f"the encoding overlaps that of {one.key}", f"line {one.line}; give one of them another opcode", where=where
            )


def _traps(definition: Definition, memories: Mapping[str, BoundMemory], instructions: list[Instruction]) -> dict[str, str]:
    """Every cause, with what is legal."""
    found = {trap.name: trap.doc for trap in definition.traps.values()}
    windows = [opened for instruction in instructions for opened in _windows(instruction.body.statements)]
    for memory in memories.values():
        if memory.single:
            continue
        aligns = sorted({w.align for w in windows if w.memory == memory.name and w.align > 1})
        if aligns:
            one_of = " or ".join(map(str, aligns)) + (", as the instruction says" if len(aligns) > 1 else "")
            found[f"{memory.name}_misaligned"] = f"addresses of {memory.name} are multiples of {one_of}"
        if memory.regions:
            readable = ", ".join(_span(region) for region in memory.regions)
            found[memory.fault(write=False)] = f"what is read lies in one of {readable}"
            writable = ", ".join(_span(region) for region in memory.regions if region.writable)
            found[memory.fault(write=True)] = f"what is written lies in one of {writable}"
            continue
        unit = "registers" if memory.is_registers and memory.lanes == 1 else "elements"
        found[f"{memory.name}_out_of_range"] = f"{memory.name} has {memory.size} {unit}"
    found["register_out_of_range"] = "register numbers stay below the size of their file"
    found["invalid_opcode"] = "the word is one of the instructions of this profile"
    found["memory_limit"] = "the pages of memory that a program writes stay within what the simulator may use"
    found["pc_out_of_range"] = "execution stays inside the program"
    if definition.loops is not None:
        found["loop_limit"] = "an iteration of a loop executes a limited number of instructions"
        found["loop_depth"] = "a limited number of loops is open at once"
    return found


def _span(region: BoundRegion) -> str:
    return f"{region.name} ({region.start:#x} to {region.start + region.size - 1:#x})"


def _windows(statements: tuple[ir.Stmt, ...]) -> Iterator[ir.Open]:
    """Every window that a body opens."""
    for statement in statements:
        match statement:
            case ir.Open():
                yield statement
            case ir.For(body=body):
                yield from _windows(body)
            case ir.If(then=then, orelse=orelse):
                yield from _windows((*then, *orelse))


def _digest(definition: Definition, values: Values, instructions: list[Instruction]) -> str:
    """Of the text of the definition's folder, the profile's values, and what a transformation may have made of the table."""
    table = [(i.key, i.mnemonic, i.operands, i.syntax, i.encoding, i.compat, i.unit, i.timing, i.offered) for i in instructions]
    digest = hashlib.sha256(repr((sorted((name, str(value)) for name, value in values.items()), table)).encode())
    for path in sorted(definition.folder.glob("*.py")):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()
