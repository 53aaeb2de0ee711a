"""Which nests of loops are written as products of matrices; that nobody can tell by what they do is `test_agreement`'s."""

from dataclasses import replace
from pathlib import Path

import pytest

from backends.isa.bind import load
from backends.isa.language import ir
from backends.isa.native.cgen.expressions import walk
from backends.isa.native.cgen.products import find_product
from backends.isa.registry import find
from isa_specs.plena.isa import isa as plena

ROW, J, K, W = (ir.Local("int", name) for name in "ijkw")


def number(value):
    return ir.Const("int", value)


def place(row, stride, column):
    return ir.Binary("int", "+", ir.Binary("int", "*", row, number(stride)), column)


def loop(variable, trips, *body):
    return ir.For(variable.name, number(0), number(trips), 1, trips, body)


def added(index, x, y, type_="f32", array="sums"):
    terms = ir.Binary(type_, "*", x, y)
    return ir.ArrayStore(array, index, ir.Binary(type_, "+", ir.ArrayLoad(type_, array, index), terms))


X, Y = ir.WindowLoad("f32", "rows", place(ROW, 64, K)), ir.WindowLoad("f32", "tile", place(K, 64, J))
SUM = added(place(ROW, 4, J), X, Y)
NEST = loop(K, 64, loop(ROW, 4, loop(J, 4, SUM)))


def nest(statement, rows=4, columns=4):
    return loop(K, 64, loop(ROW, rows, loop(J, columns, statement)))


def test_the_product_of_a_matrix_unit():
    found = find_product(NEST)
    assert (found.array, found.type, found.x, found.y, found.bases, found.sums) == ("sums", "f32", X, Y, (0,), 16)
    turned = find_product(nest(added(place(ROW, 4, J), Y, X)))
    assert (turned.x, turned.y) == (X, Y)


@pytest.mark.parametrize(("rows", "columns"), [(2, 8), (1, 16), (16, 16), (8, 4)])
def test_shapes_that_are_whole_vectors(rows, columns):
    assert find_product(nest(added(place(ROW, columns, J), X, Y), rows, columns)).sums == rows * columns


def test_loops_with_sums_of_their_own():
    index = place(place(W, 4, ROW), 4, J)
    assert find_product(loop(K, 32, loop(W, 2, loop(ROW, 4, loop(J, 4, added(index, X, Y)))))).bases == (0, 16)
    backwards = place(ir.Binary("int", "+", ir.Binary("int", "*", W, number(-4)), place(number(1), 4, ROW)), 4, J)
    assert find_product(loop(K, 32, loop(W, 2, loop(ROW, 4, loop(J, 4, added(backwards, X, Y)))))).bases == (16, 0)


@pytest.mark.parametrize(
    "other",
    [
        loop(ROW, 4, loop(J, 4, SUM)),  # nothing is added up
        nest(SUM, 2),  # half a vector
        nest(added(place(ROW, 5, J), X, Y), 4, 5),
        nest(added(place(J, 4, ROW), X, Y)),  # columns of sums
        nest(added(place(ROW, 8, J), X, Y)),  # with gaps
        nest(added(place(ROW, 16, J), X, Y), 32, 16),  # too many
        loop(K, 4, loop(ROW, 4, loop(J, 4, added(place(place(K, 4, ROW), 4, J), X, Y)))),  # each pass has its own
        loop(K, 4, loop(W, 2, loop(ROW, 4, loop(J, 4, SUM)))),  # two passes share them
        nest(added(place(ROW, 4, J), X, X)),
        nest(added(place(ROW, 4, J), X, ir.ArrayLoad("f32", "sums", J))),
        nest(added(place(ROW, 4, J), X, ir.StateLoad("f32", "mem", J, proven=False))),
        nest(added(place(ROW, 4, J), X, Y, "u64")),
        nest(replace(SUM, value=X)),
        nest(replace(SUM, value=ir.Binary("f32", "+", X, Y))),
        nest(replace(SUM, value=replace(SUM.value, op="-"))),
        nest(replace(SUM, value=replace(SUM.value, left=ir.ArrayLoad("f32", "others", SUM.index)))),
        nest(replace(SUM, index=ir.Binary("int", "%", place(ROW, 4, J), number(16)))),
        replace(NEST, start=number(1)),
        replace(NEST, stop=W),
        loop(K, 64, loop(ROW, 4, loop(J, 4, SUM, SUM))),
        loop(K, 64, SUM, loop(ROW, 4, loop(J, 4, SUM))),
    ],
)
def test_others_stay(other):
    assert find_product(other) is None


def products(machine, mnemonic):
    body = next(i for i in machine.instructions if i.mnemonic == mnemonic).body
    return [found for node in walk(body.statements) if isinstance(node, ir.For) and (found := find_product(node))]


def test_which_instructions_have_them():
    forms = load(find(str(Path(__file__).with_name("forms_isa"))))
    assert [(found.type, found.sums) for found in products(forms, "PRODUCT")] == [("f32", 32), ("i32", 16), ("u32", 32)]
    machine = load(plena)
    assert {i.mnemonic for i in machine.instructions if products(machine, i.mnemonic)} == {"M_MM", "M_TMM"}
