"""Loops over elements as loops over lanes: what they read lies in arrays before they begin, what they write is copied after them.

A body says ``for i in range(vl): ... load(v, first + i * width, width) ... store(v, first + i * width, width, value)``, where
only the machine knows the width, and a mask whether an element takes part. Here all elements become lanes of 32 bits: one loop
without branches serves all widths, and the compiler makes vector instructions of it. The mask is a loop of its own, which does
not run where everything takes part. One check for the whole range takes the place of those of the accesses. Where a range is not
inside of its memory, the instruction begins anew as its text says: nothing has taken effect yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace

from backends.isa.language import ir
from backends.isa.native.cgen.expressions import operands, parts, walk
from backends.isa.native.cgen.layout import Layout, Place

BLOCK = 8
"""Lanes that are computed at once; arrays of lanes are multiples of it."""
MOST_PASSES = 1024
ZERO, ONE = ir.Const("int", 0), ir.Const("int", 1)


@dataclass(frozen=True)
class Lane:
    """A load or store whose place moves on by its own size with each pass, or by a byte with every eighth one."""

    place: Place
    base: ir.Expr
    """Index in the first pass."""
    bytes: ir.Expr
    bits: bool
    """Whether a byte serves eight passes."""


@dataclass(frozen=True)
class Lanes:
    """A loop that can be written so."""

    loop: ir.For
    accesses: Mapping[int, tuple[ir.StateLoad | ir.StateStore, Lane]]
    """By the identity of the load or store."""
    kept: frozenset[str]
    """Variables whose value matters to the next pass, or behind the loop."""
    always: ir.Expr | None
    """Condition that no pass changes; if it holds, the loop's ``if`` holds in each of them."""
    copies: Mapping[int, int]
    """Stores of elements as they were loaded, and these loads, by identity."""

    @property
    def branch(self) -> ir.If | None:
        """The loop's ``if``, its last statement."""
        last = self.loop.body[-1] if self.loop.body else None
        return last if isinstance(last, ir.If) else None


# Which loops


def find_lanes(layout: Layout, statements: Iterable[ir.Stmt]) -> Iterator[Lanes]:
    """Outermost loops of a body that can be loops over lanes, where the clock does not ask for every access."""
    if layout.in_order:
        return
    statements = tuple(statements)
    everywhere = mentions(statements)
    for node in statements:
        found = [_Finder(layout, node).find()] if isinstance(node, ir.For) else []
        if isinstance(node, ir.If):
            found = [*find_lanes(layout, node.then), *find_lanes(layout, node.orelse)]
        for lanes in found:
            if lanes is not None:
                inside = mentions([lanes.loop])
                outside = {name for name in _assigned(lanes.loop.body) if everywhere[name] > inside[name]}
                yield replace(lanes, kept=lanes.kept | outside)


class _Finder:
    """Looks at one loop."""

    def __init__(self, layout: Layout, loop: ir.For) -> None:
        self.layout, self.loop = layout, loop
        self.assigned = _assigned(loop.body) | {loop.variable}
        self.values: dict[str, ir.Expr] = {}
        """Variables of a pass in terms of what no pass changes, of the loop's variable and of loads."""
        self.known: set[str] = {loop.variable}
        """Variables that have got a value in this pass."""
        self.accesses: dict[int, tuple[ir.StateLoad | ir.StateStore, Lane]] = {}
        self.origins: dict[str, tuple[int, tuple[str, ...]]] = {}
        """Variables that hold an element as it was loaded; see `_origin`."""
        self.copied: dict[int, tuple[int, tuple[str, ...]]] = {}
        self.stored: list[str] = []
        self.kept: set[str] = set()
        self.always: ir.Expr | None = None
        self.computed = False
        """Whether a pass reads at a computed place what is not a lane."""

    def find(self) -> Lanes | None:
        """The loop, if every statement fits: at its end there may be an ``if``, and everything else has no branches."""
        loop, last = self.loop, self.loop.body[-1] if self.loop.body else None
        if loop.start != ZERO or loop.step != 1 or loop.trips > MOST_PASSES:
            return None
        branch = last if isinstance(last, ir.If) and not last.orelse else None
        straight = loop.body[:-1] if branch else loop.body
        if not all(map(self._fits, straight)) or (branch and not self._fits_at_end(branch, straight)):
            return None
        if not self.accesses or len(self.stored) > len(set(self.stored)):
            return None
        if loop.trips % BLOCK and self.computed:  # passes that fill the last block would read behind an array
            return None
        return Lanes(loop, self.accesses, frozenset(self.kept), self.always, dict(self._copies()))

    def _copies(self) -> Iterator[tuple[int, int]]:
        counts = mentions(self.loop.body)
        for store, (load, names) in self.copied.items():
            if all(counts[name] == 2 and name not in self.kept for name in names):  # nobody else sees the element
                yield store, load

    def _origin(self, node: ir.Expr) -> tuple[int, tuple[str, ...]] | None:
        """The load that a value comes from without being changed, and the variables that it went through."""
        node = bare(node)
        if isinstance(node, ir.Local):
            found = self.origins.get(node.name)
            return (found[0], (*found[1], node.name)) if found else None
        return (id(node), ()) if id(node) in self.accesses and not self.accesses[id(node)][1].bits else None

    def _fits_at_end(self, branch: ir.If, straight: Iterable[ir.Stmt]) -> bool:
        """Whether the loop's ``if`` can be made a mask before the loop runs: no pass depends on what another one does."""
        if not self._reads(branch.condition):
            return False
        condition = substitute(branch.condition, self.values)
        self.always = self._always(condition)
        if not all(map(self._fits, branch.then)):
            return False
        first, second = _assigned(straight), _assigned(branch.then)
        before = [part for node in straight for value in operands(node) for part in parts(value)]
        arrays = any(isinstance(part, ir.ArrayLoad) for part in (*before, *parts(branch.condition)))
        changed = self.assigned - {self.loop.variable}
        return not arrays and first.isdisjoint(self.kept | second) and changed.isdisjoint(mentions_of(condition))

    def _fits(self, node: ir.Stmt) -> bool:
        """Whether a statement can be that of a lane."""
        if not all(map(self._reads, operands(node))):
            return False
        match node:
            case ir.Assign(name=name, value=value):
                self.values[name], origin = substitute(value, self.values), self._origin(value)
                self.known.add(name)
                self.origins.pop(name, None)
                if origin is not None and value.type == "u32":
                    self.origins[name] = origin
                return True
            case ir.StateStore(memory=memory, value=value):
                self.stored.append(memory)
                if not self._access(node):
                    return False
                origin = self._origin(value)
                if origin is not None and bare(self.accesses[origin[0]][1].bytes) == bare(self.accesses[id(node)][1].bytes):
                    self.copied[id(node)] = origin
                return True
            case ir.ArrayStore():
                return True
        return False

    def _reads(self, node: ir.Expr) -> bool:
        """Whether an expression can be that of a lane: its loads are lanes, or cannot trap."""
        for part in parts(node):
            if isinstance(part, ir.Local) and part.name in self.assigned - self.known:
                self.kept.add(part.name)
            if isinstance(part, ir.StateLoad) and not self._access(part):
                if not part.proven:
                    return False
                self.computed |= not isinstance(part.index, ir.Const)
            self.computed |= isinstance(part, ir.ArrayLoad | ir.WindowLoad)
        return True

    def _access(self, node: ir.StateLoad | ir.StateStore) -> bool:
        """Whether a load or store is a lane; notes it."""
        place = self.layout.places[node.memory]
        if node.bytes is None or place.memory.zero is not None or place.memory.size > 1 << 32:
            return False
        index, bytes_ = substitute(node.index, self.values), substitute(node.bytes, self.values)
        size, at = bare(bytes_), self.loop.variable
        eighths = _eighths(index, at) if isinstance(node, ir.StateLoad) and size == ONE else None
        if eighths is None and (slope(index, at) != size or size == ZERO):
            return False
        base = substitute(eighths or index, {at: ZERO})
        small = isinstance(size, ir.Const) or size.type in ("u32", "i32")  # the same number without its casts
        if index.type not in ("u32", "int") or not (small and self._invariant(base) and self._invariant(size)):
            return False
        self.accesses[id(node)] = node, Lane(place, base, bytes_, eighths is not None)
        return True

    def _invariant(self, node: ir.Expr) -> bool:
        return not any(name in self.assigned for name in mentions_of(node))

    def _always(self, node: ir.Expr) -> ir.Expr | None:
        """What no pass changes and implies a condition in all of them."""
        if self._invariant(node):
            return node
        match node:
            case ir.Logic(op=op, left=left, right=right):
                first, second = self._always(left), self._always(right)
                if first is not None and second is not None:
                    return ir.Logic(op, first, second)
                return first or second if op == "or" else None
            case ir.Compare(op=">=", left=left, right=right) if self._invariant(right):
                if bare(left) == ir.Local("int", self.loop.variable):  # it grows from its first value on
                    return replace(node, left=substitute(left, {self.loop.variable: ZERO}))
        return None


def slope(node: ir.Expr, variable: str) -> ir.Expr | None:
    """By how much a number grows with a variable, without its casts; None if not by the same everywhere, modulo 2**32."""
    if variable not in mentions_of(node):
        return ZERO
    match node:
        case ir.Local():
            return ONE
        case ir.Cast(type="u32" | "i32", value=value) if value.type not in ("f32", "bool"):
            return slope(value, variable)
        case ir.Binary(op="+", left=left, right=right):
            slopes = slope(left, variable), slope(right, variable)
            return slopes[0] if slopes[1] == ZERO else slopes[1] if slopes[0] == ZERO else None
        case ir.Binary(op="*", left=left, right=right):
            moving, factor = (left, right) if variable in mentions_of(left) else (right, left)
            if slope(moving, variable) == ONE and variable not in mentions_of(factor):
                return bare(factor)
    return None


def _eighths(node: ir.Expr, variable: str) -> ir.Expr | None:
    """An index with ``variable`` for ``variable >> 3``, if it is a sum with that."""
    shifted = ir.Binary("int", ">>", ir.Local("int", variable), ir.Const("int", 3))
    if node == shifted:
        return shifted.left
    if isinstance(node, ir.Binary) and node.op == "+" and node.right == shifted and variable not in mentions_of(node.left):
        return replace(node, right=shifted.left)
    return None


def bare(node: ir.Expr) -> ir.Expr:
    """An integer without casts to other integers; constants as `int`."""
    while isinstance(node, ir.Cast) and {node.type, node.value.type}.isdisjoint(("f32", "bool")):
        node = node.value
    return replace(node, type="int") if isinstance(node, ir.Const) else node


def substitute(node: ir.Expr, values: Mapping[str, ir.Expr]) -> ir.Expr:
    """An expression with values in the place of variables."""
    if isinstance(node, ir.Local):
        return values.get(node.name, node)
    changed: dict[str, object] = {}
    for part in fields(node):
        value = getattr(node, part.name)
        if isinstance(value, ir.Expr):
            changed[part.name] = substitute(value, values)
        elif isinstance(value, tuple):
            changed[part.name] = tuple(substitute(one, values) for one in value)
    return replace(node, **changed) if changed else node  # type: ignore[arg-type]


def mentions_of(node: ir.Expr) -> list[str]:
    """Variables in an expression."""
    return [part.name for part in parts(node) if isinstance(part, ir.Local)]


def mentions(statements: Iterable[ir.Stmt]) -> Counter[str]:
    """How often statements mention each variable."""
    found: Counter[str] = Counter()
    for node in walk(statements):
        found.update([node.name] if isinstance(node, ir.Assign) else ())
        for value in operands(node):
            found.update(mentions_of(value))
    return found


def _assigned(statements: Iterable[ir.Stmt]) -> set[str]:
    """Variables that statements give values."""
    return {node.name for node in walk(statements) if isinstance(node, ir.Assign)}
