"""What to write instead of Python that is not part of the language of bodies."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from backends.isa.language.typed import RuleError

GUIDE = "docs/guides/add-an-isa.md, section Bodies, has what there is"
_LOOP = "for i in range(n), n a constant or bounded with min or clamp; break leaves it"
_LISTS = "array(f32, 4, 16) makes a local array, and for i in range(...) fills it"
_TRAP = "require(condition, TRAP, value) traps unless the condition holds"
_HELPER = "a helper made with @function, or a procedure made with @procedure, beside the instructions"
_TYPED = "the first assignment fixes the type: n = u32(0)"
_BUILTINS = "the builtins of backends.isa"
_NUMBERS = "values are numbers and conditions"
_INSTEAD: Mapping[type[ast.AST], str] = {
    ast.While: _LOOP, ast.For: "for i in range(...): a loop counts, and has no else", ast.AsyncFor: _LOOP,
    ast.ListComp: _LISTS, ast.SetComp: _LISTS, ast.DictComp: _LISTS, ast.GeneratorExp: _LISTS,
    ast.List: _LISTS, ast.Tuple: _LISTS, ast.Set: _LISTS, ast.Dict: _LISTS, ast.Starred: _LISTS, ast.Slice: "one element: x[i]",
    ast.Pow: "multiply: x * x, or in a loop; 1 << n for a power of two; scale_by(x, n) for x * 2**n",
    ast.MatMult: "loops over products of elements", ast.UAdd: "leave the + out",
    ast.Is: "== and !=", ast.IsNot: "== and !=", ast.In: "a == 1 or a == 2", ast.NotIn: "a != 1 and a != 2",
    ast.Lambda: _HELPER, ast.FunctionDef: _HELPER, ast.ClassDef: _HELPER, ast.Yield: _HELPER, ast.Await: _HELPER,
    ast.Try: _TRAP, ast.Raise: _TRAP, ast.Assert: _TRAP, ast.With: "the statements of its body",
    ast.Import: _BUILTINS, ast.ImportFrom: _BUILTINS,
    ast.AnnAssign: _TYPED, ast.Assign: "one name for each value: a = 1, then b = 1",
    ast.NamedExpr: "assign it in a line of its own",
    ast.Global: "registers and memories keep values", ast.Nonlocal: "registers and memories keep values",
    ast.Delete: "leave it out", ast.Match: "if, elif and else", ast.JoinedStr: _NUMBERS, ast.Constant: _NUMBERS,
    ast.Attribute: "register.value is the value of a single register", ast.Subscript: "an element of a name: x[i], t[i, j]",
    ast.Call: "positional arguments, and functions without a dot: builtins and your own with @function",
}  # fmt: skip


def unsupported(node: ast.stmt | ast.expr) -> RuleError:
    """Says that something is not part of the language, and what is."""
    kind: ast.AST = node.value if isinstance(node, ast.Expr) else node
    if isinstance(kind, ast.BinOp | ast.UnaryOp):
        kind = kind.op
    elif isinstance(kind, ast.Compare):
        kind = kind.ops[0]
    hint = _INSTEAD.get(type(kind))
    return RuleError(f"{ast.unparse(node).splitlines()[0]!r} is not part of the language", f"{hint}; {GUIDE}" if hint else GUIDE)
