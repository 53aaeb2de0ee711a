"""Products of matrices: nests that add ``x(k, i) * y(k, j)`` to small arrays of sums, which stay in vector registers.

``for k: for i: for j: sums[i * J + j] += x * y`` is the heart of a matrix unit, and left to themselves compilers reach half to a
fifth of the speed that is there. Here a vector holds a row of sums (where vectors have sixteen lanes: as many rows as fit), and
every x of a pass lies beside the next one. Each sum stays the same sequence of roundings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product as combinations
from math import prod

from backends.isa.dtypes import ValueType
from backends.isa.language import ir
from backends.isa.native.cgen.expressions import expression, parts
from backends.isa.native.cgen.lane_loops import Writer
from backends.isa.native.cgen.lanes import mentions_of
from backends.isa.native.cgen.layout import C_TYPES
from backends.isa.native.cgen.nests import is_counted

VECTOR = 16
"""Lanes of the widest vectors."""
TYPES = ("f32", "i32", "u32")
"""Types whose numbers fill a lane."""
ROWS = (4, 8, 16)
"""Lengths of the rows of sums that make vectors."""
MOST_SUMS = 256
"""Sums that there are registers for."""
MOST_PASSES = 4
"""Of loops between the outermost one and the rows: they are written out."""


@dataclass(frozen=True)
class Product:
    """A nest that can be written so."""

    outer: ir.For
    """The loop that adds to the same sums in every pass."""
    inner: tuple[ir.For, ...]
    """Loops with sums of their own in every pass."""
    i: ir.For
    j: ir.For
    array: str
    type: ValueType
    x: ir.Expr
    y: ir.Expr
    bases: tuple[int, ...]
    """Where the sums of each pass of the inner loops begin."""

    @property
    def sums(self) -> int:
        """How many sums there are."""
        return self.i.trips * self.j.trips * len(self.bases)


# Which nests


def find_product(loop: ir.For) -> Product | None:
    """The nest that begins with a loop, if it is a product."""
    loops = list(_nest(loop))
    last = loops[-1].body
    if len(loops) < 3 or not all(map(is_counted, loops)) or len(last) != 1 or not isinstance(store := last[0], ir.ArrayStore):
        return None
    outer, *inner, i, j = loops
    match store.value:
        case ir.Binary(type, "+", ir.ArrayLoad(_, store.array, store.index), ir.Binary(_, "*", x, y)) if type in TYPES:
            if i.variable in mentions_of(y):
                x, y = y, x
        case _:
            return None
    if i.variable in mentions_of(y) or j.variable in mentions_of(x) or outer.variable in mentions_of(store.index):
        return None
    reads = [*parts(x), *parts(y)]
    if any(isinstance(part, ir.StateLoad) or (isinstance(part, ir.ArrayLoad) and part.array == store.array) for part in reads):
        return None
    bases = _bases(store.index, inner, i, j)
    if bases is None or prod(one.trips for one in inner) > MOST_PASSES:
        return None
    return Product(outer, tuple(inner), i, j, store.array, type, x, y, bases)


def _nest(loop: ir.For) -> Iterator[ir.For]:
    """Loops that have nothing but each other in them."""
    yield loop
    if len(loop.body) == 1 and isinstance(inner := loop.body[0], ir.For):
        yield from _nest(inner)


def _bases(index: ir.Expr, inner: list[ir.For], i: ir.For, j: ir.For) -> tuple[int, ...] | None:
    """Where the sums of each pass begin, if they are whole vectors, side by side and apart from those of other passes."""
    count = i.trips * j.trips
    if j.trips not in ROWS or count % VECTOR or count * prod(one.trips for one in inner) > MOST_SUMS:
        return None
    loops = [*inner, i, j]
    places = []
    for values in combinations(*(range(one.trips) for one in loops)):
        place = _evaluate(index, {one.variable: value for one, value in zip(loops, values, strict=True)})
        if place is None:
            return None
        places.append(place)
    bases = tuple(places[::count])
    together = all(places[at] == places[at - at % count] + at % count for at in range(len(places)))
    return bases if together and sorted(bases) == list(range(0, len(places), count)) else None


def _evaluate(node: ir.Expr, values: dict[str, int]) -> int | None:
    """A sum of products of variables with known values; None if there is anything else in it."""
    match node:
        case ir.Const(value=int() as value):
            return value
        case ir.Local(name=name):
            return values.get(name)
        case ir.Binary(type="int", op="+" | "*" as op, left=left, right=right):
            sides = _evaluate(left, values), _evaluate(right, values)
            if sides[0] is None or sides[1] is None:
                return None
            return sides[0] + sides[1] if op == "+" else sides[0] * sides[1]
    return None


# Writing them


class ProductWriter:
    """Writes one product."""

    def __init__(self, writer: Writer, product: Product) -> None:
        self.writer, self.product = writer, product
        self.number = writer.number()
        self.rows, self.columns = product.i.trips, product.j.trips
        self.type = C_TYPES[product.type]
        self.loops = [product.outer, *product.inner, product.i, product.j]
        self.variables = [writer.variable(one.variable, "int") for one in self.loops]

    def write(self) -> None:
        """The nest; nothing behind it sees its variables."""
        writer, product, k = self.writer, self.product, self.number
        writer.buffer(f"x{k}", self.type, product.outer.trips * len(product.bases) * self.rows)
        writer.line("{")
        self._side_by_side()
        size, sums = f"{product.sums} * sizeof({self.type})", writer.array(product.array)
        lanes = {"row": self.columns, "wide": VECTOR, "some": VECTOR // self.columns}
        writer.line(f"typedef {self.type} {', '.join(f'{name} VECTOR({count})' for name, count in lanes.items())};")
        writer.line(f"union {{ row rows[{product.sums // self.columns}]; wide wides[{product.sums // VECTOR}]; }} s;")
        writer.line(f"memcpy(&s, {sums}, {size});")
        outer = self.variables[0]
        writer.line(f"for ({outer} = 0; {outer} < {product.outer.trips}; {outer}++) {{")
        for number, (base, values) in enumerate(zip(product.bases, self._passes(), strict=True)):
            self._pass(number, base, values)
        writer.line("}")
        writer.line(f"memcpy({sums}, &s, {size});")
        writer.line("}")

    def _passes(self) -> Iterator[tuple[int, ...]]:
        """Values of the inner loops' variables."""
        return combinations(*(range(one.trips) for one in self.product.inner))

    def _side_by_side(self) -> None:
        """Copies the x of every pass to where they lie one after the other."""
        writer, product = self.writer, self.product
        outer, *inner, i, _ = self.variables
        trips = [one.trips for one in self.loops]
        place = outer
        for variable, count in zip([*inner, i], trips[1:-1], strict=True):
            place = f"({place} * {count} + {variable})"
        used = [outer, *inner, i]
        for variable, count in zip(used, trips, strict=False):
            writer.line(f"for ({variable} = 0; {variable} < {count}; {variable}++)")
        writer.line(f"x{self.number}[{place}] = {expression(writer, product.x)};")

    def _pass(self, number: int, base: int, values: tuple[int, ...]) -> None:
        """One addition to each of the sums of a pass."""
        writer, product, columns = self.writer, self.product, self.columns
        outer, *inner, _, j = self.variables
        for variable, value in zip(inner, values, strict=True):
            writer.line(f"{variable} = {value};")
        writer.line("{")
        writer.line(f"{self.type} elements[{columns}] ALIGNED; row y;")
        writer.line(f"for ({j} = 0; {j} < {columns}; {j}++) elements[{j}] = {expression(writer, product.y)};")
        writer.line("memcpy(&y, elements, sizeof y);")
        writer.line(f"const {self.type} *const x = x{self.number} + ({outer} * {len(product.bases)} + {number}) * {self.rows};")
        writer.line("#if WIDE_VECTORS")
        together = VECTOR // columns
        ys = ", ".join(str(lane % columns) for lane in range(VECTOR))
        xs = ", ".join(str(lane // columns) for lane in range(VECTOR))
        writer.line(f"const wide ys = __builtin_shufflevector(y, y, {ys});")
        for first in range(0, self.rows, together):
            some = f"some xs; memcpy(&xs, x + {first}, sizeof xs);"
            target = f"s.wides[{(base + first * columns) // VECTOR}]"
            writer.line(f"{{ {some} {target} += __builtin_shufflevector(xs, xs, {xs}) * ys; }}")
        writer.line("#else")
        for row in range(self.rows):
            writer.line(f"s.rows[{base // columns + row}] += x[{row}] * y;")
        writer.line("#endif")
        writer.line("}")
