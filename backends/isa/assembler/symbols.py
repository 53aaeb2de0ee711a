"""Names of a text and their values, in the first pass (top to bottom) and after it (forward references)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backends.isa.architecture import BoundMemory
from backends.isa.assembler.diagnostics import Mistake, near, quote
from backends.isa.assembler.expressions import CONSTANTS, FUNCTIONS, Constant, Local, Name, Node, Number, replace

NAME = r"[A-Za-z_$.][\w$.]*"


class Unresolved(Exception):  # noqa: N818 - not an error yet
    """The value of a name is not known up to here."""


class Registers:
    """The registers that operands can name."""

    def __init__(self, memories: Iterable[BoundMemory]) -> None:
        self.files = {m.name: m for m in memories if m.is_registers and not m.single}

    def find(self, text: str) -> tuple[str, int] | None:
        """File and number of a register, which may not exist; None if the text names no register file."""
        for name in self.files:
            if text.startswith(name) and text[len(name) :].isascii() and text[len(name) :].isdigit():
                return name, int(text[len(name) : len(name) + 9])
        return None


class Symbols:
    """Constants, labels and local labels."""

    def __init__(self, registers: Registers) -> None:
        self.values: dict[str, Number] = {}
        self.labels: dict[str, int] = {}
        """Word addresses of labels of the program, without the numeric ones."""
        self.here = 0
        """Value of ``.``."""
        self._registers = registers
        self._lines: dict[str, int] = {}
        self._changed: set[str] = set()
        self._fixed: set[str] = set()
        self._local: dict[str, list[int]] = {}
        self._given: frozenset[str] = frozenset()

    def give(self, symbols: Mapping[str, int]) -> None:
        """Symbols that are defined outside of the text, before it is read."""
        self.values.update(symbols)
        self._given = frozenset(symbols)

    def define_label(self, name: str, line: int, in_program: bool) -> None:
        """A label here. `Mistake` if the name is taken."""
        if name.isdigit():
            self._local.setdefault(name.lstrip("0") or "0", []).append(self.here)
            return
        self.check_name(name)
        if name in self._lines:
            raise Mistake("duplicate_symbol", f"{quote(name)} is defined twice; first at line {self._lines[name]}",
                          "choose another name, or a numeric label such as '1:' that may be repeated")  # fmt: skip
        self.values[name], self._lines[name] = self.here, line
        self._fixed.add(name)
        if in_program:
            self.labels[name] = self.here

    def define(self, name: str, value: Number, line: int) -> None:
        """A constant; it may change later. `Mistake` if the name is a label."""
        self.check_name(name)
        if name in self._fixed:
            raise Mistake(
                "duplicate_symbol", f"{quote(name)} is a label; defined at line {self._lines[name]}", "choose another name"
            )
        if name in self._lines:
            self._changed.add(name)
        self.values[name] = value
        self._lines.setdefault(name, line)

    def check_name(self, name: str) -> None:
        """`Mistake` if a name cannot be defined."""
        if self._registers.find(name) or name in FUNCTIONS or name in CONSTANTS or name == ".":
            raise Mistake(
                "reserved_name", f"{quote(name)} cannot be defined", "it is a register or built in; choose another name"
            )
        if name in self._given:
            raise Mistake("reserved_name", f"{quote(name)} is defined already, as {self.values[name]:#x}", "choose another name")

    def now(self, node: Name | Local) -> Number:
        """The value of a name at this place. `Unresolved` if it may still come."""
        if isinstance(node, Local):
            before = self._local.get(node.number, [])
            if node.forward or not before:
                if not node.forward:
                    raise self._no_local(node)
                raise Unresolved
            return before[-1]
        if node.name == ".":
            return self.here
        value = self.values.get(node.name)
        if value is None:
            if self._registers.find(node.name):
                raise Mistake("register_class", f"{quote(node.name)} is a register; a number is needed here",
                              "write a number, a symbol or an expression", node.column)  # fmt: skip
            raise Unresolved
        return value

    def freeze(self, node: Node) -> Node:
        """An expression with what is known here put in, for evaluation at the end."""
        return replace(node, self._freeze)

    def _freeze(self, node: Name | Local) -> Node:
        if isinstance(node, Local) and node.forward:
            return Local(node.number, True, node.column, len(self._local.get(node.number, [])))
        try:
            return Constant(self.now(node))
        except Unresolved:
            return node

    def finally_(self, node: Name | Local) -> Number:
        """The value of a frozen expression's name when the whole text is read. `Mistake` if there is none."""
        if isinstance(node, Local):
            places = self._local.get(node.number, [])
            if node.nth is None or node.nth >= len(places):
                raise self._no_local(node)
            return places[node.nth]
        if node.name in self._changed:
            raise Mistake("undefined_symbol", f"{quote(node.name)} is used before it is defined, and defined more than once",
                          "define it above", node.column)  # fmt: skip
        value = self.values.get(node.name)
        if value is None:
            raise self.undefined(node)
        return value

    def undefined(self, node: Name | Local) -> Mistake:
        """What to say of a name that has no value."""
        if isinstance(node, Local):
            return self._no_local(node)
        return Mistake("undefined_symbol", f"undefined symbol {quote(node.name)}",
                       near(node.name, self.values, "define it with '.equ NAME, value' or as a label"), node.column)  # fmt: skip

    def _no_local(self, node: Local) -> Mistake:
        where = "after" if node.forward else "before"
        suffix = "f" if node.forward else "b"
        return Mistake("undefined_symbol", f"no label '{node.number}:' {where} this line",
                       f"'{node.number}{suffix}' is the nearest '{node.number}:' {where} it", node.column)  # fmt: skip
