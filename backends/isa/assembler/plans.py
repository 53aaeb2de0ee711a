"""How to turn the operands of one mnemonic into bits of its word: made once, used for every line."""

from __future__ import annotations

from dataclasses import dataclass, field

from backends.isa.architecture import Architecture, BoundOperand, Instruction
from backends.isa.assembler.diagnostics import Mistake, near, quote
from backends.isa.assembler.expressions import Number
from backends.isa.assembler.symbols import Registers
from backends.isa.definition import Encoding, Field, Immediate

_MOST_CACHED = 1 << 16


@dataclass
class Slot:
    """One part of an instruction's syntax. ``cache``: bits by text, where they depend on nothing else."""

    cache: dict[str, int] = field(default_factory=dict)

    def remember(self, text: str, bits: int) -> None:
        """Keeps the bits of a text."""
        if len(self.cache) < _MOST_CACHED:
            self.cache[text] = bits


@dataclass
class LiteralSlot(Slot):
    """Text that is written as it is."""

    text: str = ""

    def bits(self, text: str, mnemonic: str) -> int:
        """No bits. `Mistake` if another text is there."""
        if text != self.text:
            raise Mistake("operand_literal", f"{quote(text)} where {mnemonic} has a fixed {self.text!r}", f"write {self.text}")
        return 0


@dataclass
class RegisterSlot(Slot):
    """A register."""

    operand: str = ""
    file: str = ""
    count: int = 0
    where: Field | None = None
    zero: int | None = None
    """Number that must not be written here, as it always reads as 0."""

    def number(self, text: str, mnemonic: str, registers: Registers) -> int:
        """The register's number. `Mistake` if it is not one of this file."""
        legal = f"{self.file}0 to {self.file}{self.count - 1}" if self.count > 1 else f"{self.file}0"
        found = registers.find(text)
        if found is None:
            what = f"{quote(text)} is not a register" if text else "an operand is missing"
            lower = registers.find(text.lower()) if text.lower() != text else None
            hint = f"registers are lower case: {text.lower()}" if lower else f"write a register {legal}"
            raise Mistake("register_class", f"{what}; operand {self.operand!r} of {mnemonic} is one of {legal}", hint)
        if found[0] != self.file:
            raise Mistake("register_class", f"{quote(text)} is of the wrong class; operand {self.operand!r} of {mnemonic} "
                          f"is one of {legal}", f"write a register {legal}")  # fmt: skip
        if found[1] >= self.count:
            raise Mistake(
                "register_range", f"register {quote(text)} does not exist; there is {legal}", f"write a register {legal}"
            )
        return found[1]

    def bits(self, number: int) -> int:
        """The bits of a register."""
        return self.where.insert(number) if self.where else 0


@dataclass
class ImmediateSlot(Slot):
    """A number."""

    operand: str = ""
    kind: Immediate = field(default_factory=Immediate)
    low: int = 0
    high: int = 0
    where: Field | None = None

    def bits(self, value: Number, text: str, here: int, mnemonic: str) -> int:
        """The bits of a value at an address. `Mistake` if it is not legal."""
        shown = str(value) if text == str(value) else f"{quote(text)} = {value}"
        if isinstance(value, float):
            raise Mistake(
                "immediate_range", f"{shown} is not an integer; operand {self.operand!r} of {mnemonic} is", "write an integer"
            )
        stored, what = value, f"operand {self.operand!r} of {mnemonic}"
        if self.kind.relative:
            stored = value - here
            shown, what = f"{shown} is {stored} words away, which", f"the distance of {mnemonic}"
        if not self.low <= stored <= self.high:
            hint = "it is unsigned" if self.low >= 0 and stored < 0 else f"write a value from {self.low} to {self.high}"
            raise Mistake("immediate_range", f"{shown} is out of range: {what} is {self.low} to {self.high}",
                          "jump over a shorter distance" if self.kind.relative else hint)  # fmt: skip
        if stored % self.kind.scale:
            raise Mistake("immediate_multiple", f"{shown} is no multiple of {self.kind.scale}, which {what} must be",
                          f"write {stored // self.kind.scale * self.kind.scale}")  # fmt: skip
        return self.where.insert(stored // self.kind.scale) if self.where else 0


class PlainNumbers(dict[str, int]):
    """Bits of an immediate by its text, made when first asked for where it is a decimal number; KeyError for other texts."""

    def __init__(self, slot: ImmediateSlot) -> None:
        super().__init__()
        self._slot = slot

    def __missing__(self, raw: str) -> int:
        slot, text = self._slot, raw.strip()
        if slot.kind.relative or len(text) >= 20 or not (text.isascii() and text.isdecimal()):
            raise KeyError(raw)
        value = int(text)
        if not slot.low <= value <= slot.high or value % slot.kind.scale:
            raise KeyError(raw)
        bits = slot.where.insert(value // slot.kind.scale) if slot.where else 0
        slot.remember(raw, bits)
        return bits


AnySlot = LiteralSlot | RegisterSlot | ImmediateSlot


@dataclass
class Plan:
    """An instruction, ready to assemble."""

    instruction: Instruction
    slots: list[AnySlot]
    fixed: int
    """Bits that are the same in every word, defaults of operands that are not written included."""
    defaults: list[int]
    """Bits of the slots that may be left out, which are the last ones."""
    caches: list[dict[str, int]]
    lenient: bool
    """Whether more operands than there are do no harm: the other toolchain ignores them where there are none."""

    @property
    def syntax(self) -> str:
        """``V_ADD_VV rd, rs1, rs2``, for messages."""
        return f"{self.instruction.mnemonic} {', '.join(self.instruction.syntax)}".rstrip()

    def check_count(self, count: int) -> None:
        """`Mistake` if an instruction cannot have this many operands."""
        most, least = len(self.slots), len(self.slots) - len(self.defaults)
        if least <= count <= most or (self.lenient and count > most):
            return
        takes = f"{most}" if most == least else f"{least} to {most}"
        raise Mistake("operand_count", f"{self.instruction.mnemonic} takes {takes} operand{'s' * (takes != '1')}, not {count}",
                      f"syntax: {self.syntax}")  # fmt: skip


class Plans:
    """Plans by mnemonic, made on first use."""

    def __init__(self, architecture: Architecture, registers: Registers, compat: bool) -> None:
        self.known = {instruction.mnemonic: instruction for instruction in architecture.instructions}
        self._architecture, self._registers, self._compat = architecture, registers, compat
        self._made: dict[str, Plan] = {}

    def find(self, mnemonic: str) -> Plan:
        """The plan of a mnemonic. `Mistake` if there is no such instruction."""
        plan = self._made.get(mnemonic)
        if plan is None:
            if mnemonic not in self.known:
                raise self._unknown(mnemonic)
            plan = self._made[mnemonic] = self._make(self.known[mnemonic])
        return plan

    def _unknown(self, mnemonic: str) -> Mistake:
        if mnemonic.endswith(":"):
            return Mistake("syntax", f"{quote(mnemonic[:-1])} is not a name for a label", "letters, digits, _ . and $")
        offered = [name for name, instruction in self.known.items() if instruction.offered]
        hint = near(mnemonic, offered, "the manual lists the instructions")
        if any(op.mnemonic == mnemonic for op in self._architecture.definition.ops):
            profile = self._architecture.machine.profile
            return Mistake("unknown_mnemonic", f"{quote(mnemonic)} does not exist in profile {profile!r} of this machine", hint)
        return Mistake("unknown_mnemonic", f"unknown mnemonic {quote(mnemonic)}", hint)

    def _make(self, instruction: Instruction) -> Plan:
        encoding = instruction.compat if self._compat and instruction.compat else instruction.encoding
        operands = {operand.name: operand for operand in instruction.operands}
        slots = [self._slot(operands.get(part), part, encoding) for part in instruction.syntax]
        fixed = sum(where.insert(value) for where, value in encoding.fixed)
        for name, operand in operands.items():
            where = encoding.operands.get(name)
            if name not in instruction.syntax and where is not None and isinstance(operand.kind, Immediate):
                fixed |= where.insert((operand.kind.default or 0) // operand.kind.scale)
        defaults: list[int] = []
        for slot in reversed(slots):
            if not isinstance(slot, ImmediateSlot) or slot.kind.default is None:
                break
            defaults.insert(0, slot.where.insert(slot.kind.default // slot.kind.scale) if slot.where else 0)
        lenient = self._compat and not slots
        return Plan(instruction, slots, fixed, defaults, [slot.cache for slot in slots], lenient)

    def _slot(self, operand: BoundOperand | None, part: str, encoding: Encoding) -> AnySlot:
        if operand is None:
            return LiteralSlot(text=part)
        where, kind = encoding.operands.get(operand.name), operand.kind
        if isinstance(kind, Immediate):
            slot = ImmediateSlot(operand=part, kind=kind, low=operand.low, high=operand.high, where=where)
            slot.cache = PlainNumbers(slot)
            return slot
        written = kind.target.is_registers and kind.direction != "in"
        zero = self._registers.files[operand.file].zero if written else None
        return RegisterSlot(operand=part, file=operand.file, count=operand.count, where=where, zero=zero)
