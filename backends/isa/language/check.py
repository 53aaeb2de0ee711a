"""The checker: instruction functions and helpers as written, to `ir` bodies, or an error that names the line.

One pass over the statements. Ranges of integers follow assignments, ``require`` and ``if``; where a loop assigns a variable, its
range is given up for the loop's body. A name that only some paths assign is unknown where they meet. See
`backends.isa.language` for the language.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from backends.isa.definition import Helper, Loops, Procedure, globals_of
from backends.isa.dtypes import MX, DType, ValueType
from backends.isa.errors import DefinitionError
from backends.isa.language import expressions, ir
from backends.isa.language.expressions import as_int, bytes_of, condition, expression, flat_index, of_type, state_index, taking
from backends.isa.language.facts import both, learn, without
from backends.isa.language.instead import unsupported
from backends.isa.language.reads import unwritten_read
from backends.isa.language.scope import Context, Facts, Operands, Place, Scope, Shaped
from backends.isa.language.source import always_returns, assigned, early_return, leaves, meet, product, scalar, scalars, source_of
from backends.isa.language.typed import INTEGERS, RuleError, Typed, full, integer

MAX_SLOTS = 4096
"""Most windows that one ``Out(...)`` in a loop may open in one instruction."""
MAX_ELEMENTS = 1 << 20
"""Most elements that one instruction may buffer for a window or local array."""
MAX_NESTED = 16
"""Procedures that contain each other."""


def check_body(function: Callable[..., Any], context: Context, operands: Operands, windows: Mapping[str, ir.Open]) -> ir.Body:
    """The body of an instruction; ``windows`` are its window operands, in order. DefinitionError naming file and line."""
    checker = _Checker(function, context, operands)
    for name, opened in windows.items():
        checker.scope.shaped[name] = Shaped(name, opened.type, opened.shape, opened.direction)
    outs = [name for name, opened in windows.items() if opened.direction == "out"]
    if (read := unwritten_read(checker.tree, outs)) is not None:
        said, hint = f"{ast.unparse(read)!r} is read before it is written", "use InOut to read what was there, or write it first"
        raise checker.error(read, RuleError(said, hint))
    statements = checker.body()
    if operands.results and not always_returns(statements):
        names = ", ".join(name for name, _ in operands.results)
        raise checker.error(checker.tree, RuleError("not every path returns", f"return the new value of {names}"))
    results = operands.results
    named, kinds = tuple(name for name, _ in results), tuple(kind for _, kind in results)
    return ir.Body((*windows.values(), *statements), named, kinds, checker.scope.conversions)


def check_helper(helper: Helper, context: Context) -> ir.Function:
    """A helper function. DefinitionError naming file and line."""
    checker = _Checker(helper.function, context, Operands())
    checker.is_helper = checker.scope.pure = True
    signature = inspect.signature(helper.function)
    parameters = tuple((name, scalar(p.annotation)) for name, p in signature.parameters.items())
    returns = scalar(signature.return_annotation)
    if returns is None or any(kind is None for _, kind in parameters):
        raise checker.error(checker.tree, RuleError("untyped helper", "annotate it: def f(x: f32, n: i32) -> f32"))
    typed = tuple((name, kind) for name, kind in parameters if kind is not None)
    checker.returns = (returns,)
    for name, kind in typed:
        checker.scope.locals[name] = full(ir.Local(kind, name))
        checker.scope.declared[name] = kind
    statements = checker.body()
    if not always_returns(statements):
        raise checker.error(checker.tree, RuleError("not every path returns", f"return a {returns}"))
    return ir.Function(helper.name, typed, returns, statements, checker.scope.conversions)


@dataclass(frozen=True)
class _Known:
    """What is known at one point of a body."""

    locals: Mapping[str, Typed]
    shaped: Mapping[str, Shaped]
    operands: Operands
    facts: Facts
    moved: bool


class _Checker:
    """Checks one function."""

    def __init__(self, function: Callable[..., Any], context: Context, operands: Operands) -> None:
        self.name, self.function = function.__name__, function
        source = source_of(function.__code__)
        self.file, self.tree = source.file, source.tree
        self.scope = Scope(context, globals_of(function), operands, origin=source.origin)
        self.returns: tuple[ValueType, ...] = tuple(kind for _, kind in operands.results)
        self.is_helper = False
        self.place = Place()
        self.nested, self.inlined = 0, 0
        """Procedures that are being read, and those that became part of the body so far."""

    def error(self, node: ast.AST, rule: RuleError) -> DefinitionError:
        line = self.scope.origin[0] + getattr(node, "lineno", 1)
        return DefinitionError(rule.message, rule.hint, where=f"{self.file.name}:{line}: {self.name}")

    def body(self) -> tuple[ir.Stmt, ...]:
        statements = self.tree.body
        if ast.get_docstring(self.tree) is not None:
            statements = statements[1:]
        return self.block(statements)

    def block(self, nodes: Iterable[ast.stmt]) -> tuple[ir.Stmt, ...]:
        made: list[ir.Stmt] = []
        for node in nodes:
            try:
                made += self.statement(node)
            except RuleError as rule:
                raise self.error(node, rule) from None
        return tuple(made)

    def statement(self, node: ast.stmt) -> Iterable[ir.Stmt]:
        match node:
            case ast.Pass():
                return []
            case ast.Assign(targets=[target], value=value):
                return self.assign(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                read = ast.parse(ast.unparse(target), mode="eval").body
                return self.assign(target, ast.copy_location(ast.BinOp(read, op, value), node))
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=bounds), orelse=[]):
                return self.loop(node, name, bounds)
            case ast.If(test=test, body=body, orelse=orelse):
                return self.branch(test, body, orelse)
            case ast.Break() | ast.Continue():
                return [ir.Break() if isinstance(node, ast.Break) else ir.Continue()]
            case ast.Return(value=value):
                return [self.returned(value)]
            case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=arguments, keywords=[])) if self.is_procedure(name):
                return self.inline(self.scope.globals[name], arguments)[0]
            case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords)):
                return [self.effect(name, arguments, {k.arg or "**": k.value for k in keywords})]
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=arguments, keywords=[])):
                return [self.loops_call(name, method, arguments)]
        raise unsupported(node)

    # Assignments

    def assign(self, target: ast.expr, value: ast.expr) -> Iterable[ir.Stmt]:
        match target:
            case ast.Name(id=name) if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                if value.func.id in ("In", "Out", "InOut"):
                    return [self.window(name, value.func.id, value)]
                if value.func.id == "array":
                    return [self.array(name, value)]
                if self.is_procedure(value.func.id) and not value.keywords:
                    statements, result = self.inline(self.scope.globals[value.func.id], value.args)
                    if result is None:
                        raise RuleError(f"{value.func.id} returns nothing", "a procedure with a value ends with return")
                    return [*statements, self.local(name, value, result)]
                return [self.local(name, value)]
            case ast.Name(id=name):
                return [self.local(name, value)]
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                return [self.element(name, index, value)]
            case ast.Attribute(value=ast.Name(id=name), attr="value"):
                memory = self.scope.memory(name)
                if memory is None or not memory.single:
                    raise RuleError(f"{name}.value", "only single registers, made with isa.register(...), have a value")
                new = of_type(expression(value, self.scope), memory.dtype.compute, f"the new value of {name}")
                return [ir.StateStore(memory.name, ir.Const("int", 0), new.expr, proven=True)]
        raise RuleError(f"assignment to {ast.unparse(target)!r}", "assign to one name, an element, or register.value")

    def local(self, name: str, node: ast.expr, value: Typed | None = None) -> ir.Stmt:
        value = expression(node, self.scope) if value is None else value
        if name in self.scope.operands.values or name in self.scope.operands.registers or name in self.scope.shaped:
            raise RuleError(f"{name!r} is an operand or a window", "use another name; return gives register operands their value")
        before = self.scope.declared.get(name)
        if before == "int" and value.type not in ("int", "bool"):
            start = "0.0" if value.type == "f32" else f"{value.type}(0)"
            raise RuleError(f"{name!r} is an int and becomes {value.type}", f"start it as that: {name} = {start}")
        if before is not None:
            value = taking(value, before, node, self.scope, f"the new value of {name!r}")
        if value.type == "int" and name in self.scope.locals and self.place.in_loop:
            raise RuleError(f"{name!r} is an int and changes in a loop", f"start it as a machine integer: {name} = i32(...)")
        self.scope.declared[name] = value.type
        variable = self.scope.prefix + name
        self.scope.locals[name] = Typed(ir.Local(value.type, variable), value.low, value.high)
        self.scope.facts = without(self.scope.facts, [variable])
        return ir.Assign(variable, value.expr)

    # Procedures

    def is_procedure(self, name: str) -> bool:
        return isinstance(self.scope.globals.get(name), Procedure)

    def inline(self, procedure: Procedure, nodes: list[ast.expr]) -> tuple[list[ir.Stmt], Typed | None]:
        """The statements of a procedure, its parameters being variables with the values of the arguments, and its result."""
        self.no_helper(f"{procedure.name}(...)")
        if self.nested >= MAX_NESTED:
            raise RuleError(f"{procedure.name} contains itself", "write a for with a known number of passes")
        kinds, _ = scalars(procedure.function)
        if None in kinds.values() or len(kinds) != len(nodes):
            raise RuleError(f"{procedure.name} with {len(nodes)} argument(s)", "annotated scalars: def f(register: int, x: u32)")
        arguments = [expression(node, self.scope) for node in nodes]
        inner = _Checker(procedure.function, self.scope.context, Operands())
        self.inlined += 1
        inner.scope.prefix = f"{procedure.name}@{self.inlined}."
        inner.scope.conversions = self.scope.context.procedures.setdefault(procedure.name, {})
        inner.scope.moved, inner.scope.facts, inner.returns = self.scope.moved, self.scope.facts, ("int",)
        inner.nested, inner.inlined, inner.place = self.nested + 1, self.inlined, self.place
        statements: list[ir.Stmt] = []
        for (name, kind), value in zip(kinds.items(), arguments, strict=True):
            assert kind is not None
            taken = as_int(value) if kind == "int" else of_type(value, kind, f"argument {name!r} of {procedure.name}")
            inner.scope.declared[name] = kind
            if taken.constant is not None:
                inner.scope.locals[name] = taken
                continue
            variable = inner.scope.prefix + name
            inner.scope.locals[name] = Typed(ir.Local(kind, variable), taken.low, taken.high)
            statements.append(ir.Assign(variable, taken.expr))
        made, result = inner.procedure()
        self.inlined, self.scope.moved, self.scope.facts = inner.inlined, inner.scope.moved, inner.scope.facts
        return [*statements, *made], result

    def procedure(self) -> tuple[tuple[ir.Stmt, ...], Typed | None]:
        """The body of a procedure without its ``return``, and the value of that."""
        nodes = self.tree.body[1:] if ast.get_docstring(self.tree) is not None else self.tree.body
        last = nodes[-1] if nodes and isinstance(nodes[-1], ast.Return) else None
        body = nodes[:-1] if last is not None else nodes
        if (early := early_return(self.function.__code__)) is not None:
            raise self.error(early, RuleError("return before the end of a procedure", "one return, as the last statement"))
        statements = self.block(body)
        if last is None or last.value is None:
            return statements, None
        _, wanted = scalars(self.function)
        try:
            value = expression(last.value, self.scope)
            return statements, value if wanted in (None, "int") else of_type(value, wanted, "the returned value")
        except RuleError as rule:
            raise self.error(last, rule) from None

    def element(self, name: str, index: ast.expr, value: ast.expr) -> ir.Stmt:
        shaped = self.scope.shaped.get(name)
        if shaped is not None:
            if shaped.direction == "in":
                raise RuleError(f"{name!r} is opened In", "a window that is written is Out or InOut")
            new = of_type(expression(value, self.scope), shaped.type, f"the element of {name!r}")
            store = ir.ArrayStore if shaped.direction == "local" else ir.WindowStore
            return store(shaped.name, flat_index(shaped, index, self.scope), new.expr)
        memory = self.scope.memory(name)
        if memory is None or memory.single:
            raise RuleError(f"{name!r} has no elements to assign", "out windows, local arrays, memories and register files have")
        self.no_helper(f"{name}[{ast.unparse(index)}]")
        new = of_type(expression(value, self.scope), memory.dtype.compute, f"the element of {name!r}")
        place, proven = state_index(name, index, self.scope)
        self.may_trap(not proven)
        self.bounded_count(1, name)
        return ir.StateStore(memory.name, place, new.expr, proven)

    def array(self, name: str, call: ast.Call) -> ir.Stmt:
        kind = call.args[0].id if call.args and isinstance(call.args[0], ast.Name) else ""
        if kind not in ("f32", *INTEGERS) or call.keywords or len(call.args) < 2:
            raise RuleError(ast.unparse(call), "array(f32, 4, 16): a compute type, then sizes")
        shape = self.shape(call.args[1:])
        if name in self.scope.shaped or name in self.scope.declared:
            raise RuleError(f"{name!r} exists already", "use another name")
        made = ir.NewArray(self.scope.prefix + name, kind, product(shape))
        self.scope.shaped[name] = Shaped(made.name, made.type, shape, "local")
        return made

    def shape(self, nodes: Iterable[ast.expr]) -> tuple[int, ...]:
        shape = tuple(expression(node, self.scope).constant for node in nodes)
        if not shape or not all(type(extent) is int and extent > 0 for extent in shape):
            raise RuleError(f"shape {list(shape)}", "positive constants: numbers and parameters")
        sizes = tuple(int(extent) for extent in shape if extent is not None)
        if product(sizes) > MAX_ELEMENTS:
            raise RuleError(f"shape {list(shape)} has {product(sizes)} elements", f"at most {MAX_ELEMENTS}")
        return sizes

    def window(self, name: str, direction: str, call: ast.Call) -> ir.Stmt:
        options = {keyword.arg: keyword.value for keyword in call.keywords}
        memory = self.scope.memory(call.args[0].id) if call.args and isinstance(call.args[0], ast.Name) else None
        if memory is None or "at" not in options or set(options) - {"at", "dtype", "align", "length", "scales"}:
            raise RuleError(ast.unparse(call), f"{direction}(memory, size, ..., at=address)")
        if self.place.in_branch:
            raise RuleError(f"{ast.unparse(call)} under an if", "open it outside; length=0 opens a window of nothing")
        if self.is_helper or self.nested or name in self.scope.shaped or name in self.scope.declared:
            raise RuleError(
                f"{name!r} exists already or stands in a helper or procedure", "use another name; helpers have no state"
            )
        self.may_trap(True)
        shape = self.shape(call.args[1:])
        kind = direction.lower()
        slots = 1 if kind == "in" else self.place.trips
        self.bounded_count(product(shape) if kind != "in" else 1, name)
        dtype = self.dtype(options["dtype"]) if "dtype" in options else memory.dtype
        scales = as_int(expression(options["scales"], self.scope)).expr if "scales" in options else None
        if isinstance(dtype, MX) != (scales is not None):
            raise RuleError(ast.unparse(call), "scales= goes with an MX type, and an MX type with scales=")
        if dtype != memory.dtype and memory.dtype.name != "u8":
            raise RuleError(
                f"dtype={dtype.name} in {memory.name!r}, which stores {memory.dtype}", "only u8 memories hold other types"
            )
        align = self.shape([options["align"]])[0] if "align" in options else memory.align
        compute: ValueType = "f32" if isinstance(dtype, MX) else dtype.compute
        length = as_int(expression(options["length"], self.scope)).expr if "length" in options else None
        at = as_int(expression(options["at"], self.scope)).expr
        self.scope.shaped[name] = Shaped(name, compute, shape, kind)
        return ir.Open(name, kind, memory.name, dtype, compute, shape, at, align, name, length, scales, slots)  # type: ignore[arg-type]

    def dtype(self, node: ast.expr) -> DType | MX:
        match node:
            case ast.Name(id=name):
                found = self.scope.dtype(name) or self.scope.mx(name)
                if found is not None:
                    return found
            case ast.Call(func=ast.Name(id="MX"), args=[ast.Name(id=name), block], keywords=[]):
                element, size = self.scope.dtype(name), expression(block, self.scope).constant
                if element is not None and type(size) is int:
                    return MX(element, size)
        raise RuleError(f"dtype={ast.unparse(node)}", "a storage type such as bf16, or MX(e4m3, 32)")

    def bounded_count(self, elements: int, name: str) -> None:
        if self.place.trips > MAX_SLOTS or self.place.trips * elements > MAX_ELEMENTS:
            raise RuleError(
                f"{name!r} is written up to {self.place.trips} times in one instruction",
                f"at most {MAX_SLOTS} times and {MAX_ELEMENTS} elements",
            )

    def may_trap(self, it_may: bool) -> None:
        if it_may:
            self.scope.can_trap()

    # Control

    def loop(self, node: ast.For, name: str, bounds: list[ast.expr]) -> Iterable[ir.Stmt]:
        values = [as_int(expression(bound, self.scope)) for bound in bounds]
        if not 1 <= len(values) <= 3:
            raise RuleError(f"range with {len(values)} arguments", "range(stop), range(start, stop) or range(start, stop, step)")
        start = values[0] if len(values) > 1 else integer(0)
        stop = values[1] if len(values) > 1 else values[0]
        step = values[2] if len(values) == 3 else integer(1)
        if type(step.constant) is not int or step.constant == 0:
            raise RuleError(f"step {ast.unparse(bounds[-1])!r}", "a non-zero constant")
        if name in self.scope.declared or name in self.scope.shaped or name in self.scope.operands.values:
            raise RuleError(f"loop variable {name!r} exists already", "use another name")
        span = stop.high - start.low if step.constant > 0 else start.high - stop.low
        trips = max(0, -(-span // abs(step.constant)))
        if trips > MAX_ELEMENTS:
            raise RuleError(f"the loop may run {trips} times", f"at most {MAX_ELEMENTS}; bound its end with clamp or min")
        variable = ir.Local("int", self.scope.prefix + name)
        self.forget(node.body, name)
        before = self.known()
        low, high = (start.low, stop.high - 1) if step.constant > 0 else (stop.low + 1, start.high)
        self.scope.locals[name] = Typed(variable, min(low, high), max(low, high))
        outer = self.place
        self.place = replace(outer, trips=outer.trips * max(trips, 1), in_loop=True)
        body = self.block(node.body)
        self.place = outer
        self.forget(node.body, name)
        self.scope.locals.pop(name, None)
        least = stop.low - start.high if step.constant > 0 else start.low - stop.high
        whole = least > 0 and not any(isinstance(inner, ast.Break | ast.Continue) for inner in ast.walk(node))
        after = self.known() if whole else before  # what a pass tells holds behind the loop if there is a whole one
        new = {key: value for key, value in after.locals.items() if key not in before.locals and value.type != "int"}
        kept = {key: value for key, value in after.locals.items() if key in before.locals}
        self.restore(replace(after, locals=kept | new, shaped=before.shaped, moved=self.scope.moved))
        return [ir.For(variable.name, start.expr, stop.expr, step.constant, trips, body)] if trips else []

    def forget(self, nodes: Iterable[ast.stmt], variable: str) -> None:
        """Gives up what is known of the variables that the statements of a loop assign, and of its own."""
        names = [variable, *(name for node in nodes for name in assigned(node))]
        self.scope.facts = without(self.scope.facts, (self.scope.prefix + name for name in names))
        for name in names:
            if name in self.scope.locals and self.scope.declared.get(name) in INTEGERS:
                self.scope.locals[name] = full(self.scope.locals[name].expr)

    def branch(self, test: ast.expr, then: list[ast.stmt], orelse: list[ast.stmt]) -> Iterable[ir.Stmt]:
        decision = condition(test, self.scope)
        if decision.constant is not None:
            return self.block(then if decision.constant else orelse)
        before = self.known()
        taken, after_then = self.assuming(decision.expr, True, then)
        self.restore(before)
        other, after_else = self.assuming(decision.expr, False, orelse)
        if leaves(taken):
            self.restore(after_else)
        elif leaves(other):
            self.restore(after_then)
        else:
            moved = after_then.moved or after_else.moved
            facts = both(after_then.facts, after_else.facts)
            self.restore(replace(before, locals=meet(after_then.locals, after_else.locals), facts=facts, moved=moved))
        self.scope.shaped = dict(before.shaped)
        return [ir.If(decision.expr, taken, other)]

    def assuming(self, decision: ir.Expr, holds: bool, nodes: list[ast.stmt]) -> tuple[tuple[ir.Stmt, ...], _Known]:
        """Statements where a condition holds or not, and what is known after them."""
        outer = self.place
        self.place = replace(outer, in_branch=True)
        learn(self.scope, decision, holds)
        statements = self.block(nodes)
        self.place = outer
        return statements, self.known()

    def known(self) -> _Known:
        scope = self.scope
        return _Known(dict(scope.locals), dict(scope.shaped), scope.operands, scope.facts, scope.moved)

    def restore(self, known: _Known) -> None:
        self.scope.locals, self.scope.shaped = dict(known.locals), dict(known.shaped)
        self.scope.operands, self.scope.facts, self.scope.moved = known.operands, known.facts, known.moved

    def returned(self, value: ast.expr | None) -> ir.Return:
        nodes = [] if value is None else value.elts if isinstance(value, ast.Tuple) else [value]
        if len(nodes) != len(self.returns):
            raise RuleError(f"returns {len(nodes)} value(s)", f"it has {len(self.returns)} to return")
        made = [
            of_type(expression(node, self.scope), kind, f"the returned {ast.unparse(node)!r}").expr
            for node, kind in zip(nodes, self.returns, strict=True)
        ]
        return ir.Return(tuple(made))

    # Effects

    def no_helper(self, what: str) -> None:
        if self.is_helper:
            raise RuleError(
                f"{what} in a helper", "helpers compute one value from others; instructions read and change the machine"
            )

    def effect(self, name: str, arguments: list[ast.expr], options: Mapping[str, ast.expr]) -> ir.Stmt:
        self.no_helper(f"{name}(...)")
        if name == "require":
            return self.require(arguments, options)
        if name == "store" and not options and len(arguments) == 4:
            return self.store_bytes(arguments)
        allowed = {"part"} if name == "work" else set()
        if set(options) - allowed or name not in ("jump", "halt", "work") or len(arguments) != (name != "halt"):
            raise RuleError(
                f"{name}(...) as a statement", "require(condition, TRAP, value), jump(target), halt() and work(n) are statements"
            )
        if name == "halt":
            return ir.Halt()
        value = as_int(expression(arguments[0], self.scope))
        if name == "jump":
            return ir.Jump(value.expr)
        if value.high < 0:
            raise RuleError(f"work({ast.unparse(arguments[0])}) is negative", "an amount of work is 0 or more")
        return ir.Work(value.expr, expressions.part_of_work(options["part"], self.scope) if options else None)

    def store_bytes(self, arguments: list[ast.expr]) -> ir.Stmt:
        memory, index, count, proven = bytes_of(arguments[:3], self.scope)
        value = of_type(expression(arguments[3], self.scope), "u32", "the value of store")
        self.may_trap(not proven)
        self.bounded_count(1, memory)
        return ir.StateStore(memory, index, value.expr, proven, count)

    def require(self, arguments: list[ast.expr], options: Mapping[str, ast.expr]) -> ir.Stmt:
        trap = self.scope.trap(arguments[1].id) if len(arguments) in (2, 3) and isinstance(arguments[1], ast.Name) else None
        if trap is None or set(options) - {"limit"}:
            raise RuleError("require(...)", "require(condition, TRAP, value, limit=n); TRAP is made with isa.trap(...)")
        self.may_trap(True)
        holds = condition(arguments[0], self.scope)
        value = arguments[2] if len(arguments) == 3 else None
        address = as_int(expression(value, self.scope)).expr if value is not None else None
        limit = as_int(expression(options["limit"], self.scope)).expr if "limit" in options else None
        learn(self.scope, holds.expr, holds=True)
        operand = value.id if isinstance(value, ast.Name) else ""
        return ir.Require(holds.expr, trap.name, operand, address, limit)

    def loops_call(self, name: str, method: str, arguments: list[ast.expr]) -> ir.Stmt:
        counts = {"push": 2, "restart": 1, "remove": 1}
        if not isinstance(self.scope.globals.get(name), Loops) or counts.get(method) != len(arguments):
            raise RuleError(
                f"{name}.{method}(...)", "loops.push(register, body), loops.restart(position), loops.remove(position)"
            )
        self.no_helper(f"{name}.{method}(...)")
        if self.place.in_loop:
            raise RuleError(f"{name}.{method}(...) in a for", "once, at the end of the body")
        values = tuple(as_int(expression(a, self.scope)).expr for a in arguments)
        self.may_trap(method == "push")
        self.scope.moved = True
        return ir.LoopsCall(method, values)  # type: ignore[arg-type]
