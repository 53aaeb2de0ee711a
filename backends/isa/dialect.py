"""Assembly as the tools of an existing instruction set write it, as data.

Without a dialect an instruction set has the toolkit's own assembly (`backends.isa.assembler`): addresses count words,
registers are written with the name of their file. With one it has GNU assembly (`backends.isa.gnu`): sections of bytes,
symbols, other names of registers, operands such as ``8(a0)``, ``%hi(symbol)``, and the pseudo-instructions that its tools know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pseudo:
    """A line that stands for one or more instructions.

    ``form`` is written ``beqz rs, label``; its names stand for any operand, and appear in the expansions. The first expansion
    whose condition holds is taken: an expression over the operands, which must then be known, or "" for always. A line of
    an expansion is an instruction, never another pseudo-instruction.
    """

    form: str
    expansions: tuple[tuple[str, str], ...]

    @property
    def mnemonic(self) -> str:
        """The first word."""
        return self.form.split(None, 1)[0]

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of its operands."""
        return tuple(part.strip() for part in self.form[len(self.mnemonic) :].split(",") if part.strip())


@dataclass(frozen=True)
class Dialect:
    """GNU assembly of one instruction set."""

    memory: str
    """The memory of bytes that holds program and data."""
    sections: Mapping[str, int | str]
    """Section -> address or parameter; sections of one address follow each other in this order. The first holds instructions."""
    registers: Mapping[str, tuple[str, int]]
    """Other names of registers: ``a0`` -> (``x``, 10)."""
    pseudos: tuple[Pseudo, ...]
    entry: str = "_start"
    """The symbol where programs start; without it, at the first instruction."""
    nop: int = 0
    """The word that fills gaps between aligned instructions."""
    elf: str = ""
    """``e_machine`` of its toolchain's executables, such as ``EM_RISCV``; empty: they are not understood."""


@dataclass(frozen=True)
class Link:
    """What surrounds a program of a dialect when it runs: symbols that its text uses without defining them, and places that are
    taken, so that its own sections begin behind them."""

    symbols: Mapping[str, int] = field(default_factory=dict)
    """Addresses by name. A text that defines one of the names itself has an error."""
    origins: Mapping[int | str, int] = field(default_factory=dict)
    """Other addresses for values of `Dialect.sections`: ``{"DTCM_BASE": 0x10400}``."""


ALONE = Link()
"""Of a program that runs by itself."""


def pseudos(text: str) -> tuple[Pseudo, ...]:
    """Pseudo-instructions from a table: ``form -> line; line`` in a line each, with ``[condition]`` before further expansions
    of the same form."""
    made: dict[str, list[tuple[str, str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        form, _, expansion = line.partition("->")
        condition = ""
        if expansion.lstrip().startswith("["):
            condition, _, expansion = expansion.lstrip()[1:].partition("]")
        made.setdefault(form.strip(), []).append((condition.strip(), expansion.strip()))
    return tuple(Pseudo(form, tuple(expansions)) for form, expansions in made.items())
