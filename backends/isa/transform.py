"""Twins: the same instruction set under other names, operand orders, encodings and sizes.

Every function takes a `Definition` and returns another one; bodies, memories and traps stay what they are, and so do the keys by
which machine.toml, manuals and tests know the instructions. Assembler, disassembler, engines and manual of the twin follow from
it. `translate` turns words of one into words of the other, which do the same in as many cycles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backends.isa.architecture import Architecture
from backends.isa.assembler.encode import decode, encode, find
from backends.isa.definition import Definition, Field, Format, Op, PendingEncoding
from backends.isa.errors import DefinitionError
from backends.isa.expression import Expr, Size, Values, evaluate
from harness.errors import UsageError, unknown

_STARTS = (
    "b",
    "br",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u")
_Change = Callable[[PendingEncoding], PendingEncoding]


@dataclass(frozen=True)
class Permuted(Expr):
    """A number behind a permutation: what a fixed field of a twin holds."""

    size: Size
    table: tuple[int, ...]
    """By the original's number."""

    def evaluate(self, values: Values) -> int:
        """The number in the twin under a profile."""
        number = evaluate(self.size, values)
        return self.table[number] if 0 <= number < len(self.table) else number


def rename(definition: Definition, mnemonics: Mapping[str, str]) -> Definition:
    """Other mnemonics, by key; those that are not named stay. Names that collide are a DefinitionError."""
    _check_keys(definition, mnemonics)
    ops = tuple(replace(op, mnemonic=mnemonics.get(op.key, op.mnemonic)) for op in definition.ops)
    taken: dict[str, str] = {}
    for op in ops:
        if (other := taken.setdefault(op.mnemonic.casefold(), op.key)) != op.key:
            raise DefinitionError(f"{other} and {op.key} are both called {op.mnemonic!r}", "give every instruction its own name")
    return replace(definition, ops=ops)


def reorder(definition: Definition, orders: Mapping[str, Sequence[int]]) -> Definition:
    """Other orders of what is written after the mnemonic, by key: positions in the present order.

    An operand that could be left out must be written if it does not come last any more.
    """
    _check_keys(definition, orders)
    return replace(definition, ops=tuple(_reordered(op, orders.get(op.key)) for op in definition.ops))


def _reordered(op: Op, order: Sequence[int] | None) -> Op:
    if order is None:
        return op
    if sorted(order) != list(range(len(op.syntax))):
        raise DefinitionError(
            f"order {list(order)} of {op.key}", f"a permutation of the {len(op.syntax)} positions of {', '.join(op.syntax)}"
        )
    return replace(op, syntax=tuple(op.syntax[position] for position in order))


def recode(definition: Definition, tables: Mapping[str, Sequence[int]]) -> Definition:
    """Other numbers in fixed fields, by the field's name: what stands for 0, 1, 2, ... of the original.

    A table is a permutation, so that instructions that differed go on to differ. DefinitionError for anything else.
    """
    for name, table in tables.items():
        if sorted(table) != list(range(len(table))):
            raise DefinitionError(
                f"the table of field {name!r} is no permutation", f"every number from 0 to {len(table) - 1}, once"
            )

    def of(pending: PendingEncoding) -> PendingEncoding:
        uses = {
            name: Permuted(use, tuple(tables[name])) if name in tables and isinstance(use, int | Expr) else use
            for name, use in pending.uses.items()
        }
        return PendingEncoding(pending.format, uses)

    return _encoded(definition, of)


def rotate(definition: Definition, bits: int) -> Definition:
    """Every field ``bits`` bits higher in the word, around its end."""
    word = definition.word_bits

    def moved(field: Field) -> Field:
        pieces: list[tuple[int, int, int]] = []
        for bit, width, value_bit in field.pieces:
            start = (bit + bits) % word
            low = min(width, word - start)
            pieces.append((start, low, value_bit))
            if low < width:
                pieces.append((0, width - low, value_bit + low))
        return Field(tuple(pieces))

    def of(pending: PendingEncoding) -> PendingEncoding:
        fields = {name: moved(field) for name, field in pending.format.fields.items()}
        return PendingEncoding(Format(pending.format.name, fields), pending.uses)

    return _encoded(definition, of)


def resize(definition: Definition, params: Mapping[str, int | str]) -> Definition:
    """Other values of parameters, whatever the profile says. UsageError for a parameter that there is not."""
    for name in params:
        if name not in definition.params:
            raise unknown("parameter", name, definition.params, definition.name)
    return replace(definition, overrides={**definition.overrides, **params})


def twin(definition: Definition, seed: int, params: Mapping[str, int | str] = {}) -> Definition:
    """A twin made by chance, the same for the same seed: invented mnemonics, permuted operands, shuffled encodings."""
    rng = np.random.default_rng(seed)
    orders = {op.key: [int(position) for position in rng.permutation(len(op.syntax))] for op in definition.ops}
    made = reorder(rename(definition, _invented(definition, rng)), orders)
    tables = {name: [int(number) for number in rng.permutation(1 << width)] for name, width in _fixed_fields(definition).items()}
    return resize(rotate(recode(made, tables), int(rng.integers(1, definition.word_bits))), params)


def translate(words: Sequence[int] | NDArray[np.uint64], of: Architecture, to: Architecture) -> NDArray[np.uint64]:
    """A program in words of a twin. UsageError for a word that is no instruction or that the twin has not."""
    by_key = {instruction.key: instruction for instruction in to.instructions}
    made = []
    for pc, word in enumerate(map(int, words)):
        instruction = find(of, word)
        if instruction is None or instruction.key not in by_key:
            raise UsageError(f"word {word:#x} at {pc} is no instruction of both", "translate programs that run")
        made.append(encode(by_key[instruction.key], decode(instruction, word, pc), pc))
    return np.array(made, np.uint64)


def _encoded(definition: Definition, of: _Change) -> Definition:
    ops = tuple(replace(op, encoding=of(op.encoding), compat=of(op.compat) if op.compat else None) for op in definition.ops)
    return replace(definition, ops=ops)


def _check_keys(definition: Definition, table: Mapping[str, object]) -> None:
    known = [op.key for op in definition.ops]
    for key in table:
        if key not in known:
            raise unknown("instruction", key, known, definition.name)


def _fixed_fields(definition: Definition) -> dict[str, int]:
    """Fields that instructions fix to a number, with the least width that they have in any format."""
    found: dict[str, int] = {}
    for op in definition.ops:
        for name, use in op.encoding.uses.items():
            if isinstance(use, int | Expr):
                width = op.encoding.format.fields[name].width
                found[name] = min(width, found.get(name, width))
    return found


def _invented(definition: Definition, rng: np.random.Generator) -> dict[str, str]:
    """A pronounceable name for every instruction; none of them is a name of the original."""
    taken = {text.casefold() for op in definition.ops for text in (op.key, op.mnemonic)}
    taken |= {name.casefold() for name in definition.memories}
    made: dict[str, str] = {}
    for op in definition.ops:
        name = ""
        while len(name) < 4 or name in taken:
            syllables = [_STARTS[int(rng.integers(len(_STARTS)))] + _VOWELS[int(rng.integers(5))] for _ in range(2)]
            name = "".join(syllables) + _STARTS[int(rng.integers(len(_STARTS)))][0]
        taken.add(name)
        made[op.key] = name
    return made
