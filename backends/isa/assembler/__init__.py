"""Assembler and disassembler, made from an `Architecture`. Open `assemble` first, then `plans` and `expressions`."""

from backends.isa.assembler.assemble import Assembly, assemble
from backends.isa.assembler.diagnostics import Cause, Problem
from backends.isa.assembler.disassemble import disassemble
from backends.isa.assembler.words import parse_words

__all__ = ["Assembly", "Cause", "Problem", "assemble", "disassemble", "parse_words"]
