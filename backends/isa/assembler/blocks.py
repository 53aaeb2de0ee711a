"""Blocks of a text (macros, repeats, conditions), found once, before anything is expanded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backends.isa.assembler.diagnostics import Mistake, Place, Reporter, near, quote

CLOSERS = {".macro": ".endm", ".rept": ".endr", ".for": ".endfor", ".if": ".endif"}
OTHERS = {word: opener for opener, word in CLOSERS.items()} | {".elif": ".if", ".else": ".if"}
DEEPEST = 40
"""Blocks inside blocks, and calls inside calls."""
LONGEST = 10_000
"""Characters of a line once a macro's arguments are in it."""
_PIECES = re.compile(r"\\(@|\(\)|[A-Za-z_]\w*)")


@dataclass
class Branch:
    """An arm of a condition, or the one body of another block."""

    line: int
    header: str
    """The line that opens it."""
    body: list[Node] = field(default_factory=list)
    cost: int = 0
    """What expanding the body takes from the budget, inner blocks only once."""


@dataclass(eq=False)
class Block:
    """A block: what opens it, and its branches."""

    opener: str
    branches: list[Branch]


Text = str
Node = tuple[int, "Text | Block"]
"""1-based line, and the line itself or the block that starts there."""


def parse(lines: Sequence[str], report: Reporter) -> list[Node]:
    """The lines, with blocks in place of the lines they consist of. What is not closed or not opened is reported."""
    root: list[Node] = []
    body, stack = root, list[Block]()
    for number, text in enumerate(lines, 1):
        word = text.split(None, 1)[0] if text.lstrip()[:1] == "." else ""
        if word in CLOSERS:
            block = Block(word, [Branch(number, text)])
            body.append((number, block))
            stack.append(block)
            if len(stack) > DEEPEST:
                report.fatal(Place(number, text), Mistake("block", f"blocks are nested deeper than {DEEPEST}", "use a macro"))
            body = block.branches[0].body
        elif word not in OTHERS:
            body.append((number, text))
        elif not stack or stack[-1].opener != OTHERS[word]:
            what = f"{quote(word)} has no {OTHERS[word]!r}" if not stack else (
                f"{quote(word)} stands inside {stack[-1].opener!r} of line {stack[-1].branches[0].line}"
            )  # fmt: skip
            hint = "remove it" if not stack else f"close that one first, with {CLOSERS[stack[-1].opener]!r}"
            report.error(Place(number, text), Mistake("block", what, hint, text.find(word)))
        elif word in CLOSERS.values():
            stack.pop()
            body = stack[-1].branches[-1].body if stack else root
        elif stack[-1].branches[-1].header.split(None, 1)[0] == ".else":
            report.error(Place(number, text), Mistake("block", f"{word!r} after '.else'", "'.else' comes last", text.find(word)))
        else:
            stack[-1].branches.append(Branch(number, text))
            body = stack[-1].branches[-1].body
    for block in stack:
        first = block.branches[0]
        mistake = Mistake("block", f"{block.opener!r} is not closed", f"write {CLOSERS[block.opener]!r} after its last line")
        report.error(Place(first.line, first.header), mistake)
    _measure(root)
    return root


def _measure(root: list[Node]) -> None:
    """Fills in the costs, without recursion: blocks may be nested as deep as the text is long."""
    todo = [root]
    while todo:
        for _, node in todo.pop():
            if isinstance(node, Block):
                for branch in node.branches:
                    branch.cost = 64 + sum(64 + (len(n) if isinstance(n, str) else 0) for _, n in branch.body)
                    todo.append(branch.body)


@dataclass
class Macro:
    """A macro: parameters with their defaults (None: must be given), and the body."""

    name: str
    line: int
    parameters: Mapping[str, str | None]
    body: list[Node]
    cost: int
    _pieces: dict[str, list[str]] = field(default_factory=dict)

    def body_of(self, arguments: Mapping[str, str], unique: int) -> list[Node]:
        """The body with arguments in place of parameters. `Mistake` if a line gets too long."""
        return self._fill(self.body, {**arguments, "@": str(unique), "()": ""})

    def _fill(self, nodes: list[Node], values: Mapping[str, str]) -> list[Node]:
        made: list[Node] = []
        for number, node in nodes:
            if isinstance(node, str):
                made.append((number, self._line(node, values)))
                continue
            branches = [Branch(b.line, self._line(b.header, values), self._fill(b.body, values), b.cost) for b in node.branches]
            made.append((number, Block(node.opener, branches)))
        return made

    def _line(self, text: str, values: Mapping[str, str]) -> str:
        if "\\" not in text:
            return text
        pieces = self._pieces.get(text)
        if pieces is None:
            pieces = self._pieces[text] = _PIECES.split(text)
        parts, length = [], 0
        for index, piece in enumerate(pieces):
            part = values.get(piece, f"\\{piece}") if index % 2 else piece
            length += len(part)
            if length > LONGEST:
                raise Mistake("too_large", f"a line of macro {quote(self.name)} gets longer than {LONGEST} characters",
                              "pass shorter arguments")  # fmt: skip
            parts.append(part)
        return "".join(parts)


def check_parameters(macro: Macro, report: Reporter) -> None:
    """Reports every ``\\name`` of the body that is no parameter, and macros inside the macro."""
    todo = [macro.body]
    while todo:
        for number, node in todo.pop():
            texts = [(number, node)] if isinstance(node, str) else [(b.line, b.header) for b in node.branches]
            if isinstance(node, Block):
                todo += [branch.body for branch in node.branches]
                if node.opener == ".macro":
                    mistake = Mistake("macro", "a macro inside a macro", "define it before this one")
                    report.error(Place(number, texts[0][1]), mistake)
            for line, text in texts:
                for match in _PIECES.finditer(text.partition("'")[0]):
                    if match[1] not in ("@", "()", *macro.parameters):
                        known = list(macro.parameters)
                        hint = near(match[1], known, f"parameters: {', '.join(known) or 'none'}")
                        mistake = Mistake(
                            "macro", f"{match[0]!r} is no parameter of macro {quote(macro.name)}", hint, match.start()
                        )
                        report.error(Place(line, text), mistake)
