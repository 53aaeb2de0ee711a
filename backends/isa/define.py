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
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

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
Piece = tuple[int, int] | Sequence[tuple[int, int, int]]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORD = re.compile(r"[A-Za-z_]\w*")


def In(
    target: Memory, *shape: Size, dtype: Storage | None = None, align: Size | None = None, length: Memory | None = None
) -> Access:
    """An operand that is read: a register, or a window of memory as it was before the instruction."""
    return Access("in", target, shape, dtype, align, length)


def Out(
    target: Memory, *shape: Size, dtype: Storage | None = None, align: Size | None = None, length: Memory | None = None
) -> Access:
    """An operand that is written when the instruction completes: a register (its new value is returned) or a window, whose
    elements are 0 until the body assigns them."""
    return Access("out", target, shape, dtype, align, length)


def InOut(
    target: Memory, *shape: Size, dtype: Storage | None = None, align: Size | None = None, length: Memory | None = None
) -> Access:
    """An operand that is read and written."""
    return Access("inout", target, shape, dtype, align, length)


def Imm(
    *, signed: bool = False, low: Size | None = None, high: Size | None = None, scale: int = 1, default: int | None = None,
    names: Mapping[str, int] | None = None, named: bool = False,
) -> Immediate:  # fmt: skip
    """A number in the instruction word; its width is that of its field. ``names``: what a dialect may write for values."""
    return Immediate(signed, low, high, scale, default, names=tuple((names or {}).items()), named=named)


def Distance(*, scale: int = 1) -> Immediate:
    """The distance in bytes from the instruction to a byte address, which is what a dialect's assembly writes."""
    return Immediate(signed=True, scale=scale, distance=True)


def Label(*, relative: bool = False, signed: bool = False) -> Immediate:
    """A place in the program, absolute or ``relative`` to the instruction, counted in words."""
    return Immediate(signed=signed, label=True, relative=relative)


class Isa:
    """An instruction set under construction; see the module docstring."""

    def __init__(
        self,
        name: str,
        *,
        title: str,
        word_bits: int = 32,
        comments: Sequence[str] = (";", "//", "#"),
        ends: Literal["end", "trap"] = "end",
        dialect: Dialect | None = None,
    ) -> None:
        self.name, self.title, self.word_bits = name, title, word_bits
        self.comments, self.ends, self.dialect = tuple(comments), ends, dialect
        self._file = Path(sys._getframe(1).f_code.co_filename)
        self._params: dict[str, Param | DTypeParam] = {}
        self._memories: dict[str, Memory] = {}
        self._traps: dict[str, Trap] = {}
        self._loops: Loops | None = None
        self._handler: Handler | None = None
        self._ops: dict[str, Op] = {}
        if word_bits not in (16, 32, 64):
            raise DefinitionError(f"word_bits={word_bits!r}", "an instruction word has 16, 32 or 64 bits", where=self._where())

    def param(self, name: str, doc: str = "") -> Param:
        """An integer that machine.toml gives a value."""
        return self._add(self._params, name, Param(name, doc))

    def dtype_param(self, name: str, doc: str = "") -> DTypeParam:
        """A storage type that machine.toml names."""
        return self._add(self._params, name, DTypeParam(name, doc))

    def registers(
        self, name: str, dtype: DType | DTypeParam, count: Size, *, zero: int | None = None, reset: int = 0, lanes: Size = 1,
        doc: str = "",
    ) -> Memory:  # fmt: skip
        """A register file; its registers are written ``name0``, ``name1``, ... in assembly and ``name[i]`` in bodies.

        With ``lanes``, a register has so many elements: its first one is ``name[i * lanes]``.
        """
        memory = Memory(name, dtype, count * lanes, doc, granule=lanes, reset=reset, is_registers=True, zero=zero, lanes=lanes)
        return self._add(self._memories, name, memory)

    def register(self, name: str, dtype: DType | DTypeParam, *, reset: int = 0, doc: str = "") -> Memory:
        """A single register that no operand names; bodies read and assign ``name.value``."""
        return self._add(
            self._memories, name, Memory(name, dtype, 1, doc, granule=1, reset=reset, is_registers=True, single=True)
        )

    def memory(
        self, name: str, dtype: DType | DTypeParam, size: Size, *, pointer: Memory | None = None, align: Size = 1,
        granule: Size = 0, beyond: Literal["trap", "zero"] = "trap", preload: bool = False, image: DType | None = None,
        regions: Sequence[Region] = (), doc: str = "",
    ) -> Memory:  # fmt: skip
        """A memory of ``size`` elements; addresses count elements. ``image`` is the type of its image files, if another.
        ``regions``: the addresses that exist, if not all of them."""
        file = pointer.name if pointer else ""
        memory = Memory(
            name, dtype, size, doc, file, align, granule, beyond, preload=preload, image=image, regions=tuple(regions)
        )
        return self._add(self._memories, name, memory)

    def loops(self, name: str, *, depth: Size, limit: Size = 0, doc: str = "") -> Loops:
        """The stack of hardware loops; at most one per instruction set."""
        if self._loops is not None:
            raise DefinitionError(
                f"a second stack of loops {name!r}", f"there is {self._loops.name!r} already", where=self._where()
            )
        self._loops = Loops(name, depth, limit, doc)
        return self._loops

    def trap(self, name: str, doc: str) -> Trap:
        """A cause of faults; ``doc`` says in one sentence what is legal."""
        return self._add(self._traps, name, Trap(name, doc))

    def format(self, name: str, **fields: Piece) -> Format:
        """An instruction format: field name -> (lowest bit, width), or pieces (word bit, width, value bit) of a split field."""
        made = {}
        for field, piece in fields.items():
            pieces = ((piece[0], piece[1], 0),) if isinstance(piece[0], int) else tuple(piece)
            made[field] = Field(pieces)  # type: ignore[arg-type]
            if not all(bit >= 0 and width > 0 and bit + width <= self.word_bits for bit, width, _ in made[field].pieces):
                raise DefinitionError(
                    f"field {field}={piece!r} of format {name!r} leaves the word",
                    f"bits 0 to {self.word_bits - 1}",
                    where=self._where(),
                )
        return Format(name, made)

    def handler(self, codes: Mapping[str, int]) -> Callable[[Function], Function]:
        """Makes the decorated function ``f(code: u32, value: u32)`` what happens where an instruction traps with one of these
        causes; see `definition.Handler`. At most one per instruction set."""

        def set_handler(function: Function) -> Function:
            if self._handler is not None:
                raise DefinitionError("a second handler", "one function takes all exceptions", where=self._where())
            self._handler = Handler(function, codes)
            return function

        return set_handler

    def op(
        self, mnemonic: str, encoding: PendingEncoding, *, unit: str, timing: str | None = None, syntax: str | None = None,
        compat: PendingEncoding | None = None, when: Param | None = None, offered: bool = True, example: str = "",
    ) -> Callable[[Function], Function]:  # fmt: skip
        """Makes an instruction of the decorated function: parameters are operands, the body is the meaning.

        ``syntax`` lists what is written after the mnemonic (``"0, rs1, rs2"``: operand names and literal text); without it, the
        operands in order. The function is returned as it was.
        """

        def add(function: Function) -> Function:
            key, line = function.__name__, function.__code__.co_firstlineno
            where = f"{Path(function.__code__.co_filename).name}:{line}: {key}"
            operands = _operands(function, where)
            names = (
                tuple(filter(None, map(str.strip, syntax.split(",")))) if syntax is not None else tuple(o.name for o in operands)
            )
            written = {word for name in names for word in _WORD.findall(name)}
            missing = {o.name for o in operands if not (isinstance(o.kind, Immediate) and o.kind.default is not None)} - written
            if missing:
                raise DefinitionError(f"syntax {syntax!r} lacks {', '.join(sorted(missing))}", "write every operand", where=where)
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
            raise DefinitionError(
                f"{self.name!r} has no instruction", "decorate a function with @isa.op(...)", where=self._where()
            )
        return Definition(
            name=self.name, title=self.title, word_bits=self.word_bits, comments=self.comments, ends=self.ends,
            params=self._params, memories=self._memories, loops=self._loops, traps=self._traps, ops=tuple(self._ops.values()),
            folder=self._file.parent, file=self._file, dialect=self.dialect,
            handler=self._handler,
        )  # fmt: skip

    def _add(self, table: dict[str, Any], name: str, value: Declared) -> Declared:
        if not _NAME.match(name):
            raise DefinitionError(f"name {name!r}", "letters, digits and _", where=self._where())
        taken = self._params.keys() | self._memories.keys() | self._traps.keys()
        if name in taken:
            raise DefinitionError(
                f"{name!r} is declared twice", "names of parameters, memories and traps are distinct", where=self._where()
            )
        table[name] = value
        return value

    def _where(self) -> str:
        frame = sys._getframe(1)
        while frame.f_back is not None and Path(frame.f_code.co_filename) != self._file:
            frame = frame.f_back
        return f"{self._file.name}:{frame.f_lineno}"


def _operands(function: Callable[..., Any], where: str) -> tuple[Operand, ...]:
    made = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind = parameter.annotation
        if isinstance(kind, str):
            raise DefinitionError(
                "annotations are text", "remove 'from __future__ import annotations' from the definition", where=where
            )
        if not isinstance(kind, Access | Immediate):
            raise DefinitionError(
                f"operand {name!r} is annotated {kind!r}"
                if kind is not inspect.Parameter.empty
                else f"operand {name!r} has no annotation",
                "write In(...), Out(...), InOut(...), Imm(...) or Label(...)",
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


def function(definition: Callable[..., Any]) -> Helper:
    """A helper that bodies may call: annotated scalars in (``x: f32``), an annotated scalar out, no state."""
    return Helper(definition.__name__, definition)


def procedure(definition: Callable[..., Any]) -> Procedure:
    """A part that bodies share: annotated scalars in, at most one out (``return`` comes last); it may use the machine."""
    return Procedure(definition.__name__, definition)
