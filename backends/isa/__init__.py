"""Instruction sets as data: the words of a definition file, and the toolkit that makes a backend of it.

A definition imports everything from here. Read `define` for a first example, `language` for what a body may say, then
`definition` and `bind` for what becomes of it.
"""

from backends.isa.define import Distance, Imm, In, InOut, Isa, Label, Out, function, procedure
from backends.isa.definition import Region
from backends.isa.dialect import Dialect, pseudos
from backends.isa.dtypes import MX, bf16, e2m1, e4m3, e5m2, e8m0, f32, fp16, i8, i16, i32, i64, u8, u16, u32, u64
from backends.isa.errors import DefinitionError
from backends.isa.language.builtins import (
    array,
    bits,
    clamp,
    count_leading_zeros,
    decode,
    encode,
    exponent,
    float_from_bits,
    floor,
    halt,
    index,
    is_nan,
    jump,
    load,
    pc,
    readable,
    require,
    rint,
    round_to,
    scale_by,
    sqrt,
    store,
    work,
)
from backends.isa.language.builtins import larger as max
from backends.isa.language.builtins import magnitude as abs
from backends.isa.language.builtins import smaller as min
from backends.isa.language.library import exp

__all__ = [
    "MX", "DefinitionError", "Dialect", "Distance", "Imm", "In", "InOut", "Isa", "Label", "Out", "Region", "abs", "array",
    "bf16", "bits", "clamp", "count_leading_zeros", "decode", "e2m1", "e4m3", "e5m2", "e8m0", "encode", "exp", "exponent",
    "f32", "float_from_bits", "floor", "fp16", "function", "halt", "i8", "i16", "i32", "i64", "index", "is_nan", "jump",
    "load", "max", "min", "pc", "procedure", "pseudos", "readable", "require", "rint", "round_to", "scale_by", "sqrt",
    "store", "u8", "u16", "u32", "u64", "work",
]  # fmt: skip
