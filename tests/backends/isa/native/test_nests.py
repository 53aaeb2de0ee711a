"""Which nests of loops change places."""

from dataclasses import replace

import pytest

from backends.isa.language import ir
from backends.isa.native.cgen.nests import contiguous

J, K = ir.Local("int", "j"), ir.Local("int", "k")


def number(value):
    return ir.Const("int", value)


def place(row, stride, column):
    return ir.Binary("int", "+", ir.Binary("int", "*", row, number(stride)), column)


def loop(variable, trips, *body):
    return ir.For(variable, number(0), number(trips), 1, trips, body)


STORE = ir.ArrayStore("columns", place(K, 4, J), ir.WindowLoad("f32", "tile", place(J, 64, K)))
TRANSPOSITION = loop("j", 4, loop("k", 64, STORE))


def test_columns_are_written_one_after_the_other():
    assert contiguous(TRANSPOSITION) == loop("k", 64, loop("j", 4, STORE))


@pytest.mark.parametrize(
    "nest",
    [
        loop("k", 4, loop("j", 64, replace(STORE, index=place(K, 64, J)))),  # contiguous already
        loop("j", 9, loop("k", 64, replace(STORE, index=place(K, 9, J)))),  # too many rows
        loop("j", 5, loop("k", 64, STORE)),  # two passes may write one element
        loop("j", 4, loop("k", 64, STORE, STORE)),
        loop("j", 4, loop("k", 64, replace(STORE, value=ir.ArrayLoad("f32", "columns", J)))),
        loop("j", 4, loop("k", 64, replace(STORE, value=ir.StateLoad("f32", "mem", K, proven=False)))),
        loop("j", 4, replace(loop("k", 64, STORE), stop=J)),
        loop("j", 4, replace(loop("k", 64, STORE), start=number(1))),
        loop("k", 64, STORE),
    ],
)
def test_others_stay(nest):
    assert contiguous(nest) is nest
