"""The first look at a parsed text: every node and token of the syntax tree against the lists of `rules`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyslang.parsing import Token
from pyslang.syntax import SyntaxNode

from . import rules, special
from .place import Places
from .problem import Problem, RefusedError

RESERVED = {"bool": "Icarus Verilog takes it for a type"}
"""Identifiers that some tool of ours cannot take as a name."""
DEEPEST = 3000
"""Levels of the syntax tree. A chain ``a + b + c ...`` has one for every operator, and tools take it by recursion."""
_HINT_DEPTH = "sum or choose in a for loop, or in a tree of intermediate signals"
_SUBROUTINES = ("FunctionDeclaration", "TaskDeclaration")
_SHOWN = 40


class Inspector:
    """Walks a syntax tree once; `tokens` are those of the canonical text."""

    def __init__(self, root: SyntaxNode, places: Places, hardware: bool = True) -> None:
        self.tokens: list[Token] = []
        self.problems: list[Problem] = []
        self.calls: dict[tuple[str, str], set[str]] = {}
        self._places = places
        self._hardware = hardware
        self._module = self._function = ""
        self._walk(root)

    def _walk(self, root: SyntaxNode) -> None:
        """Depth first, without recursion: a text may nest as deeply as the parser lets it."""
        stack: list[tuple[Any, int]] = [(root, 0)]
        while stack:
            item, depth = stack.pop()
            if isinstance(item, Token):
                self._token(item)
            elif depth > DEEPEST:
                message = f"an expression or statement of more than {DEEPEST} levels"
                raise RefusedError([Problem(*self._places.of(item.sourceRange.start), "too_large", message, _HINT_DEPTH)])
            elif self._node(item):
                stack.extend((child, depth + 1) for child in reversed(list(item)) if child is not None)

    def _node(self, node: SyntaxNode) -> bool:
        """Checks a node; whether to look into it."""
        kind = node.kind.name
        if kind in rules.DROPPED:
            self._warn(node, "attributes (* ... *) are ignored", "no tool sees them; write what you mean in the design itself")
            return False
        if kind == "NamedBlockClause" and self.tokens and self.tokens[-1].kind.name.startswith("End"):
            return False  # "end : name": the parser has compared the names, and Yosys cannot read them all
        if kind in ("SyntaxList", "TokenList", "SeparatedList"):
            return True
        if kind not in rules.ALLOWED:
            refusal = rules.REFUSED.get(kind) or rules.Refusal(f"constructs of the kind {kind}", "write plain Verilog-2005")
            self._refuse(node, refusal)
            return not self._matters(refusal.failure)
        for refusal in special.RULES[kind](node) if kind in special.RULES else ():
            self._refuse(node, refusal)
        self._note(node, kind)
        return True

    def _note(self, node: Any, kind: str) -> None:
        """Remembers who calls whom; by name within a module, which is what recursion looks like in a text."""
        if kind in ("ModuleDeclaration", "PackageDeclaration"):
            self._module = str(node.header.name.rawText)
        elif kind in _SUBROUTINES:
            self._function = str(node.prototype.name).strip()
            self.calls.setdefault((self._module, self._function), set())
        elif kind == "InvocationExpression" and any(special.inside(node, outer) for outer in _SUBROUTINES):
            self.calls[self._module, self._function].add(str(node.left).strip())

    def _token(self, token: Token) -> None:
        for trivia in token.trivia:
            directive = trivia.syntax()
            if directive is not None and trivia.kind.name == "Directive":
                self._directive(directive)
        text, kind = token.rawText, token.kind.name
        if token.isMissing or not text:
            return
        self.tokens.append(token)
        if text.startswith("\\"):
            self._at(
                token,
                "source_reject",
                f"escaped identifiers ({text[:_SHOWN]!r}) are not part of the kernel language",
                "use letters, digits and underscores",
            )
        elif kind == "SystemIdentifier" and text not in rules.SYSTEM_NAMES:
            names = ", ".join(sorted(rules.SYSTEM_NAMES))
            hint = f"remove it; the only system functions are {names}"
            self._at(token, "source_reject", f"{text[:_SHOWN]} is not part of the kernel language", hint)
        elif kind == "Identifier" and text in RESERVED:
            self._at(token, "syntax", f"{text!r} cannot be a name: {RESERVED[text]}", "rename it")
        elif kind in rules.TOKENS:
            refusal = rules.TOKENS[kind]
            self._at(token, refusal.failure, f"{refusal.what} are not part of the kernel language", refusal.hint)

    def _directive(self, node: SyntaxNode) -> None:
        kind, text = node.kind.name, str(node).strip()
        name = text.split(maxsplit=1)[0][:_SHOWN] if text else kind
        if kind not in rules.DIRECTIVES:
            self._say(
                node,
                "source_reject",
                f"the directive {name} is not part of the kernel language",
                "remove it; a kernel is one text for every tool",
            )
        elif kind == "DefaultNetTypeDirective" and text.split()[-1] not in ("none", "wire"):
            self._say(node, rules.MISTAKE, f"{text[:_SHOWN]!r} is not part of the kernel language", "write `default_nettype none")
        elif kind == "MacroUsage" and name.startswith(("`__FILE__", "`__LINE__")):
            self._say(node, "source_reject", f"the macro {name} is not part of the kernel language", "write the number")

    def _matters(self, failure: str) -> bool:
        """Whether a class is refused here: a text that need not become hardware may hold what only synthesis cannot take."""
        return self._hardware or failure != rules.MISTAKE

    def _refuse(self, node: SyntaxNode, refusal: rules.Refusal) -> None:
        self._say(node, refusal.failure, f"{refusal.what} are not part of the kernel language", refusal.hint)

    def _warn(self, node: SyntaxNode, message: str, hint: str) -> None:
        self._say(node, "", message, hint)

    def _say(self, node: SyntaxNode, failure: str, message: str, hint: str) -> None:
        if self._matters(failure):
            self.problems.append(Problem(*self._places.of(node.sourceRange.start), failure, message, hint))

    def _at(self, token: Token, failure: str, message: str, hint: str) -> None:
        if self._matters(failure):
            self.problems.append(Problem(*self._places.of(token.location), failure, message, hint))


def recursive(calls: dict[tuple[str, str], set[str]]) -> Iterator[str]:
    """Functions and tasks that call themselves, directly or in a circle."""
    for module, name in calls:
        seen: set[str] = set()
        waiting = set(calls[module, name])
        while waiting:
            other = waiting.pop()
            seen.add(other)
            package, _, function = other.rpartition("::")
            waiting |= calls.get((package or module, function), set()) - seen
        if name in seen or f"{module}::{name}" in seen:
            yield name
