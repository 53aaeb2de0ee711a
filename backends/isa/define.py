"""What a definition file writes: `Isa` collects its declarations and turns them into a `Definition`.

A definition is a module with one `Isa`; its functions are the instructions::

    isa = Isa("toy", title="A vector machine of one page")
    LANES = isa.param("LANES", "elements of a vector")
    x = isa.registers("x", u32, 8, zero=0)
    mem = isa.memory("mem", f32, 1024, pointer=x)
    R = isa.format("R", opcode=(0, 6), rd=(6, 3), rs1=(9, 3), rs2=(12, 3))

    @isa.op("VADD", R(opcode=1), unit="vector")
    def vadd(rd: Out(mem, LANES), rs1: In(mem, LANES), rs2: In(mem, LANES)):
        "Elementwise sum."
        for lane in range(LANES):
            rd[lane] = rs1[lane] + rs2[lane]

`backends.isa.language` says what a body may contain.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from backends.isa.checked import author, checked, place
from backends.isa.definition import (
    Access,
    Definition,
    Field,
    Format,
    Handler,
    Helper,
    Immediate,
    Loops,
    Memory,
    Op,
    Operand,
    PendingEncoding,
    Procedure,
    Region,
    Trap,
)
from backends.isa.dialect import Dialect
from backends.isa.dtypes import DType, Storage
from backends.isa.errors import DefinitionError
from backends.isa.expression import DTypeParam, Param, Size

Function = TypeVar("Function", bound=Callable[..., Any])
Declared = TypeVar("Declared", Param, DTypeParam, Memory, Trap)
Piece = Annotated[
    tuple[int, int] | Sequence[tuple[int, int, int]],
    "(lowest bit, width), or a list of pieces (bit in the word, width, bit of the value)",
]
Target = Annotated[Memory, "registers or a memory: what isa.registers(...) or isa.memory(...) returned"]
Pointer = Annotated[Memory | None, "a file of integer registers: what isa.registers(...) returned"]
Length = Annotated[Memory | None, "a single integer register: what isa.register(...) returned"]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORD = re.compile(r"[A-Za-z_]\w*")
_ADDRESS = re.compile(r"(\w*)\((\w+)\)\Z")
"""``imm(rs1)`` and ``(rs1)``, which dialects have."""


@checked
def In(target: Target, *shape: Size, dtype: Storage | None = None, align: Size | None = None, length: Length = None) -> Access:
    """An operand that is read: a register, or a window of memory as it was before the instruction."""
    return Access("in", target, shape, dtype, align, length)


@checked
def Out(target: Target, *shape: Size, dtype: Storage | None = None, align: Size | None = None, length: Length = None) -> Access:
    """An operand that is written when the instruction completes: a register (its new value is returned) or a window, whose
    elements are 0 until the body assigns them."""
    return Access("out", target, shape, dtype, align, length)


@checked
def InOut(target: Target, *shape: Size, dtype: Storage | None = None, align: Size | None = None, length: Length = None) -> Access:
    """An operand that is read and written."""
    return Access("inout", target, shape, dtype, align, length)


@checked
def Imm(
    *, signed: bool = False, low: Size | None = None, high: Size | None = None, scale: int = 1, default: int | None = None,
    names: Mapping[str, int] | None = None, named: bool = False,
) -> Immediate:  # fmt: skip
    """A number in the instruction word; its width is that of its field. ``names``: what a dialect may write for values."""
    return Immediate(signed, low, high, scale, default, names=tuple((names or {}).items()), named=named)


@checked
def Distance(*, scale: int = 1) -> Immediate:
    """The distance in bytes from the instruction to a byte address, which is what a dialect's assembly writes."""
    return Immediate(signed=True, scale=scale, distance=True)


@checked
def Label(*, relative: bool = False, signed: bool = False) -> Immediate:
    """A place in the program, absolute or ``relative`` to the instruction, counted in words."""
    return Immediate(signed=signed, label=True, relative=relative)


_KINDS: Sequence[Any] = (In, Out, InOut, Imm, Distance, Label)


class Isa:
    """An instruction set under construction; see the module docstring."""

    @checked
    def __init__(
        self,
        name: str,
        *,
        title: str,
        word_bits: Literal[16, 32, 64] = 32,
        comments: Sequence[str] = (";", "//", "#"),
        ends: Literal["end", "trap"] = "end",
        dialect: Dialect | None = None,
    ) -> None:
        self.name, self.title, self.word_bits = name, title, word_bits
        self.comments, self.ends, self.dialect = tuple(comments), ends, dialect
        self._file, self._place = Path(author().f_code.co_filename), place()
        self._params: dict[str, Param | DTypeParam] = {}
        self._memories: dict[str, Memory] = {}
        self._traps: dict[str, Trap] = {}
        self._loops: Loops | None = None
        self._handler: Handler | None = None
        self._ops: dict[str, Op] = {}
        self._formats: dict[str, str] = {}

    @checked
    def param(self, name: str, doc: str = "") -> Param:
        """An integer that machine.toml gives a value."""
        return self._add(self._params, name, Param(name, doc))

    @checked
    def dtype_param(self, name: str, doc: str = "") -> DTypeParam:
        """A storage type that machine.toml names."""
        return self._add(self._params, name, DTypeParam(name, doc))

    @checked
    def registers(
        self, name: str, dtype: DType | DTypeParam, count: Size, *, zero: int | None = None, reset: float = 0, lanes: Size = 1,
        doc: str = "",
    ) -> Memory:  # fmt: skip
        """A register file; its registers are written ``name0``, ``name1``, ... in assembly and ``name[i]`` in bodies.

        With ``lanes``, a register has so many elements: its first one is ``name[i * lanes]``.
        """
        memory = Memory(
            name, dtype, count * lanes, doc, granule=lanes, reset=reset, is_registers=True, zero=zero, lanes=lanes, where=place()
        )
        return self._add(self._memories, name, memory)

    @checked
    def register(self, name: str, dtype: DType | DTypeParam, *, reset: float = 0, doc: str = "") -> Memory:
        """A single register that no operand names; bodies read and assign ``name.value``."""
        memory = Memory(name, dtype, 1, doc, granule=1, reset=reset, is_registers=True, single=True, where=place())
        return self._add(self._memories, name, memory)

    @checked
    def memory(
        self, name: str, dtype: DType | DTypeParam, size: Size, *, pointer: Pointer = None, align: Size = 1,
        granule: Size = 0, beyond: Literal["trap", "zero"] = "trap", preload: bool = False, image: DType | None = None,
        regions: Sequence[Region] = (), doc: str = "",
    ) -> Memory:  # fmt: skip
        """A memory of ``size`` elements; addresses count elements. ``image`` is the type of its image files, if another.
        ``regions``: the addresses that exist, if not all of them."""
        file = pointer.name if pointer else ""
        memory = Memory(
            name, dtype, size, doc, file, align, granule, beyond, preload=preload, image=image, regions=tuple(regions),
            where=place(),
        )  # fmt: skip
        return self._add(self._memories, name, memory)

    @checked
    def loops(self, name: str, *, depth: Size, limit: Size = 0, doc: str = "") -> Loops:
        """The stack of hardware loops; at most one per instruction set."""
        if self._loops is not None:
            raise DefinitionError(f"a second stack of loops {name!r}", f"there is {self._loops.name!r} already", where=place())
        self._loops = Loops(name, depth, limit, doc)
        return self._loops

    @checked
    def trap(self, name: str, doc: str) -> Trap:
        """A cause of faults; ``doc`` says in one sentence what is legal."""
        return self._add(self._traps, name, Trap(name, doc))

    @checked
    def format(self, name: str, **fields: Piece) -> Format:
        """An instruction format: field name -> (lowest bit, width), or pieces (word bit, width, value bit) of a split field."""
        if name in self._formats:
            raise DefinitionError(f"a second format {name!r}", f"the first is at {self._formats[name]}", where=place())
        self._formats[name] = place()
        made = {key: _field(piece, f"field {key}={piece!r} of format {name!r}", self.word_bits) for key, piece in fields.items()}
        return Format(name, made)

    @checked
    def handler(self, codes: Mapping[str, int]) -> Callable[[Function], Function]:
        """Makes the decorated function ``f(code: u32, value: u32)`` what happens where an instruction traps with one of these
        causes; see `definition.Handler`. At most one per instruction set."""

        def set_handler(function: Function) -> Function:
            _check_plain(function)
            if self._handler is not None:
                raise DefinitionError("a second handler", "one function takes all exceptions", where=place())
            self._handler = Handler(function, codes)
            return function

        return set_handler

    @checked
    def op(
        self, mnemonic: str, encoding: PendingEncoding, *, unit: str, timing: str | None = None, syntax: str | None = None,
        compat: PendingEncoding | None = None, when: Param | None = None, offered: bool = True, example: str = "",
    ) -> Callable[[Function], Function]:  # fmt: skip
        """Makes an instruction of the decorated function: parameters are operands, the body is the meaning.

        ``syntax`` lists what is written after the mnemonic (``"0, rs1, rs2"``: operand names and literal text); without it, the
        operands in order. The function is returned as it was.
        """

        def add(function: Function) -> Function:
            _check_plain(function)
            key, line = function.__name__, function.__code__.co_firstlineno
            where = f"{Path(function.__code__.co_filename).name}:{line}: {key}"
            operands = _operands(function, where)
            names = tuple(o.name for o in operands)
            if syntax is not None:
                names = _syntax(syntax, operands, self.dialect is not None, where)
            doc = inspect.getdoc(function) or ""
            if not doc:
                raise DefinitionError(
                    "no docstring", "say in one sentence what the instruction does; it opens its manual page", where=where
                )
            made = Op(
                key, mnemonic, operands, names, encoding, compat, unit, timing or key, function, doc, when, offered, example, line
            )
            if key in self._ops:
                raise DefinitionError(f"a second function {key!r}", f"the first is at line {self._ops[key].line}", where=where)
            self._ops[key] = made
            return function

        return add

    @property
    def definition(self) -> Definition:
        """The finished value. DefinitionError if there is no instruction."""
        if not self._ops:
            raise DefinitionError(f"{self.name!r} has no instruction", "decorate a function with @isa.op(...)", where=self._place)
        return Definition(
            name=self.name, title=self.title, word_bits=self.word_bits, comments=self.comments, ends=self.ends,
            params=self._params, memories=self._memories, loops=self._loops, traps=self._traps, ops=tuple(self._ops.values()),
            folder=self._file.parent, file=self._file, dialect=self.dialect,
            handler=self._handler,
        )  # fmt: skip

    def _add(self, table: dict[str, Any], name: str, value: Declared) -> Declared:
        if not _NAME.match(name):
            raise DefinitionError(f"name {name!r}", "letters, digits and _", where=place())
        taken = self._params.keys() | self._memories.keys() | self._traps.keys()
        if name in taken:
            raise DefinitionError(
                f"{name!r} is declared twice", "names of parameters, memories and traps are distinct", where=place()
            )
        table[name] = value
        return value


def _field(piece: Piece, what: str, word_bits: int) -> Field:
    """A field of a format, each of whose bits has one place in the word."""
    if piece and isinstance(piece[0], int):
        piece = [(piece[0], piece[1], 0)]  # type: ignore[list-item]
    field = Field(tuple(map(tuple, piece)))  # type: ignore[arg-type]
    if not field.pieces or not all(
        bit >= 0 and width > 0 and bit + width <= word_bits and value_bit >= 0 for bit, width, value_bit in field.pieces
    ):
        raise DefinitionError(f"{what} leaves the word", f"bits 0 to {word_bits - 1}, at least one of them", where=place())
    stored = Counter(bit for _, width, value_bit in field.pieces for bit in range(value_bit, value_bit + width))
    used = Counter(bit for start, width, _ in field.pieces for bit in range(start, start + width))
    for bits, whose in ((stored, "its value"), (used, "the word")):
        if twice := [str(bit) for bit, times in sorted(bits.items()) if times > 1]:
            raise DefinitionError(f"{what} has bit {', '.join(twice)} of {whose} twice", "one bit, one place", where=place())
    if (gap := next(bit for bit in range(len(stored) + 1) if bit not in stored)) < max(stored):
        raise DefinitionError(
            f"{what} has no place for bit {gap} of its value",
            "count the bits of the value from 0, without gaps; low bits that are always 0 are Imm(scale=...)",
            where=place(),
        )
    return field


def _check_plain(function: Callable[..., Any]) -> None:
    if not inspect.isfunction(function) or inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        name = getattr(function, "__name__", repr(function))
        raise DefinitionError(f"{name!r} is no plain function", "write a def, without async and yield", where=place())


def _syntax(text: str, operands: Sequence[Operand], dialect: bool, where: str) -> tuple[str, ...]:
    """The pieces of what is written after the mnemonic: each is one operand, fixed text or, in a dialect, an address."""
    pieces = tuple(filter(None, map(str.strip, text.split(","))))
    names, written = {operand.name for operand in operands}, Counter[str]()
    for piece in pieces:
        address = _ADDRESS.match(piece) if dialect else None
        found = list(filter(None, address.groups())) if address else [piece]
        if names.isdisjoint(found) and names.isdisjoint(_WORD.findall(piece)):
            continue
        if not names.issuperset(found):
            legal = "one operand, an address such as imm(rs1)," if dialect else "one operand"
            raise DefinitionError(
                f"{piece!r} in syntax {text!r}",
                f"what stands between commas is {legal} or fixed text without the names of operands",
                where=where,
            )
        written.update(found)
    if twice := sorted(name for name, times in written.items() if times > 1):
        raise DefinitionError(f"syntax {text!r} has {', '.join(twice)} twice", "write every operand once", where=where)
    optional = {o.name for o in operands if isinstance(o.kind, Immediate) and o.kind.default is not None}
    if missing := sorted(names - optional - written.keys()):
        raise DefinitionError(f"syntax {text!r} lacks {', '.join(missing)}", "write every operand", where=where)
    return pieces


def _operands(function: Callable[..., Any], where: str) -> tuple[Operand, ...]:
    made = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind = parameter.annotation
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or parameter.default is not parameter.empty:
            raise DefinitionError(
                f"operand '{parameter.replace(annotation=parameter.empty)}'",
                "every operand has a name of its own and no default; a number may have one, as in imm: Imm(default=0)",
                where=where,
            )
        if isinstance(kind, str):
            raise DefinitionError(
                "annotations are text", "remove 'from __future__ import annotations' from the definition", where=where
            )
        if not isinstance(kind, Access | Immediate):
            word = getattr(kind, "__name__", repr(kind))
            raise DefinitionError(
                f"operand {name!r} has no annotation" if kind is parameter.empty else f"operand {name!r} is annotated {word}",
                f"write {word}(...)" if kind in _KINDS else "write In(...), Out(...), InOut(...), Imm(...) or Label(...)",
                where=where,
            )
        if isinstance(kind, Access) and not kind.target.is_registers and not kind.target.pointer:
            raise DefinitionError(
                f"operand {name!r}: memory {kind.target.name!r} has no pointer registers",
                "declare it with pointer=..., or open a window in the body with at=...",
                where=where,
            )
        if isinstance(kind, Access) and kind.target.is_registers and (kind.shape or kind.target.single):
            raise DefinitionError(
                f"operand {name!r}: {kind.target.name!r} is a register",
                "a register operand has no shape, and single registers are read by .value",
                where=where,
            )
        made.append(Operand(name, kind))
    return tuple(made)


@checked
def function(definition: Callable[..., Any]) -> Helper:
    """A helper that bodies may call: annotated scalars in (``x: f32``), an annotated scalar out, no state."""
    _check_plain(definition)
    return Helper(definition.__name__, definition)


@checked
def procedure(definition: Callable[..., Any]) -> Procedure:
    """A part that bodies share: annotated scalars in, at most one out (``return`` comes last); it may use the machine."""
    _check_plain(definition)
    return Procedure(definition.__name__, definition)
