"""Fakes for tests, shipped with the package so that plugin authors can use them: a toy target, toy tasks, a scripted model.

`ToyBackend` is a complete deterministic backend in one process, whose kernels are lines over whole tensors::

    # scratch names are fine; every output must be assigned
    t = a + b
    y = max(t, 0)

An expression is made of tensor names, numbers, ``+ - *``, ``max(x, y)``, ``min(x, y)``, ``x[i]`` (one element, which may trap)
and parentheses. ``spin N`` wastes N cycles, so that limits can be met, and ``spin forever`` never ends. Every operation costs
`LATENCY` plus one cycle for each `LANES` elements, every assignment one cycle for each `LANES` elements.

`ScriptedModel` plays a list of replies, or whatever a function of the request returns, and remembers what it was asked::

    model = ScriptedModel([calls(("run", {"source": "y = a + b"})), calls(("submit", {"source": "y = a + b"}))])
"""

from __future__ import annotations

import ast
import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from harness.backend import (
    BackendInfo,
    Bound,
    Brief,
    Build,
    Diagnostic,
    Execution,
    Fault,
    Limits,
    Manual,
    ManualSection,
    Profile,
    ProfileLine,
    Support,
)
from harness.grading.seeds import generator
from harness.model import Message, ModelInfo, Reply, Request, StopReason, ToolCall, ToolSpec, Usage
from harness.record import digest
from harness.task import Array, Params, Suite, Task, Tensors, Work, Workload, f32, standard_inputs

LANES = 8
"""Elements that the toy target handles per cycle."""
LATENCY = 4
"""Cycles before the first element of an operation."""
CYCLES = 100_000
"""Cycle budget of one execution unless `Limits.cycles` says otherwise."""
DEPTH = 50
"""Deepest nesting of an expression."""

MANUAL = Manual(
    sections=(
        ManualSection(
            name="language",
            title="The language",
            text="A kernel is a list of lines. `name = expression` assigns a whole tensor. `#` starts a comment.\n\n"
            "An expression has tensor names, numbers, `+ - *`, `max(x, y)`, `min(x, y)`, `x[i]` and parentheses.",
        ),
        ManualSection(
            name="timing",
            title="Timing",
            text=f"An operation on n elements costs {LATENCY} cycles plus n / {LANES}, rounded up.\n"
            f"An assignment of n elements costs n / {LANES} cycles, rounded up.\n\n`spin N` costs N cycles and does nothing.",
        ),
        ManualSection(
            name="faults",
            title="Faults",
            text="`x[i]` with i outside of x traps with cause `bounds`.\n\nExceeding the cycle budget traps with cause `cycles`.",
        ),
    )
)
"""What there is to know about the toy target."""

BASELINES: Mapping[str, str] = {"vec_add": "t = a + b\ny = t + 0\n", "relu": "t = max(x, 0)\ny = t + 0\n"}
"""Baseline kernels by task name: right, and slower than need be."""

OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply}
FUNCTIONS: Mapping[str, Callable[[Any, Any], Any]] = {"max": np.maximum, "min": np.minimum}
INSPECT = ToolSpec(
    name="inspect",
    description="Shows the first values of a name after a line of the kernel has run on public inputs.",
    parameters={
        "type": "object",
        "properties": {
            "source": {"type": "string", "description": "The kernel."},
            "line": {"type": "integer", "description": "1-based line of the kernel.", "minimum": 1},
            "name": {"type": "string", "description": "Name to look at."},
        },
        "required": ["source", "line", "name"],
    },
)
"""The toy target's own agent tool."""


class ToyError(Exception):
    """A line that cannot be built."""

    def __init__(self, message: str, column: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.column, self.hint = message, column, hint


class ToyTrapError(Exception):
    """A line that traps while running."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Statement(NamedTuple):
    """One line of a built kernel."""

    line: int
    """1-based."""
    target: str
    """Name assigned; empty for ``spin``."""
    value: ast.expr | float
    """Expression assigned, or cycles to waste."""


@dataclass
class ToyBackend:
    """A tiny deterministic target for elementwise tasks; see the module docstring for its language."""

    baselines: Mapping[str, str] = field(default_factory=lambda: BASELINES)
    """Baseline kernels by task name; other tasks are unsupported."""
    tools: tuple[ToolSpec, ...] = (INSPECT,)
    """Agent tools to offer."""
    builds: int = 0
    """How many kernels were built, for tests that count."""

    @property
    def info(self) -> BackendInfo:
        """What the toy is."""
        return BackendInfo(
            name="toy", title="Toy, an 8-lane elementwise machine", language="toy lines", extension="toy", version="1",
            digest=digest("toy 1", dict(self.baselines)), manual=MANUAL, tools=self.tools, source_limit=4096,
        )  # fmt: skip

    def support(self, workload: Workload) -> Support:
        """Only tasks with a baseline."""
        if workload.task.name not in self.baselines:
            return Support(supported=False, reason=f"the toy target has no baseline for {workload.task.name}")
        if len({tensor.shape for tensor in (*workload.inputs.values(), *workload.outputs.values())}) > 1:
            return Support(supported=False, reason="the toy target has no tensors of different shapes")
        return Support(supported=True)

    def brief(self, workload: Workload) -> Brief:
        """Which names are there."""
        inputs, outputs = ", ".join(workload.inputs), ", ".join(workload.outputs)
        return Brief(
            signature=f"{outputs} = f({inputs})", text=f"The inputs {inputs} hold their tensors. Assign every one of: {outputs}."
        )

    def build(self, source: str, workload: Workload) -> Build:
        """Parses every line, reporting all that are wrong."""
        self.builds += 1
        known, program, wrong = set(workload.inputs), [], []
        for number, text in enumerate(source.splitlines(), start=1):
            if not text.split("#")[0].strip():
                continue
            try:
                program.append(statement := parse_line(number, text.split("#")[0], known))
                known.add(statement.target)
            except ToyError as error:
                wrong.append(Diagnostic(severity="error", message=error.message, line=number, column=error.column,
                                        snippet=text, hint=error.hint))  # fmt: skip
        if not program and not wrong:
            wrong.append(
                Diagnostic(severity="error", message="the kernel is empty", hint=f"assign {', '.join(workload.outputs)}")
            )
        if wrong:
            return Build(diagnostics=tuple(wrong), outcome="build_error")
        return Build(artifact=(tuple(program), workload))

    def execute(self, build: Build, batch: Sequence[Tensors], limits: Limits) -> Sequence[Execution]:
        """Interprets the lines on each input set."""
        done: list[Execution] = []
        for inputs in batch:
            program, workload = build.artifact
            done.append(run_lines(program, workload, inputs, limits))
            if done[-1].outcome != "completed":
                break
        return done

    def bound(self, workload: Workload) -> Bound:
        """Every output element must be stored once."""
        cycles = sum(blocks(tensor.size) for tensor in workload.outputs.values())
        return Bound(cycles=cycles, limited_by="store", formula=f"sum of ceil(elements / {LANES}) = {cycles}")

    def baseline(self, workload: Workload) -> str:
        """The frozen kernel."""
        return self.baselines[workload.task.name]

    def call_tool(self, name: str, arguments: Mapping[str, Any], workload: Workload, seed: int) -> str:
        """``inspect``: runs the first lines of a kernel and shows a name."""
        if name != "inspect":
            raise ValueError(f"the toy target has no tool {name!r}; it has 'inspect'")
        lines = str(arguments["source"]).splitlines()[: arguments["line"]]
        build = self.build("\n".join(lines), workload)
        if build.artifact is None:
            raise ValueError("the kernel does not build; use check")
        values: dict[str, Array] = dict(workload.draw(generator(seed)))
        for statement in build.artifact[0]:
            if isinstance(statement.value, ast.expr):
                values[statement.target] = evaluate(statement, values, [])
        if arguments["name"] not in values:
            raise ValueError(f"no name {arguments['name']!r} after line {arguments['line']}; there are {', '.join(values)}")
        return " ".join(f"{value:.6g}" for value in np.ravel(values[arguments["name"]])[:8])


def parse_line(number: int, text: str, known: Iterable[str]) -> Statement:
    """One line as a statement; ToyError says what is wrong with it."""
    words = text.split()
    if words[0] == "spin":
        if words[1:] == ["forever"]:
            return Statement(number, "", math.inf)
        if len(words) == 2 and words[1].isdigit():
            return Statement(number, "", float(words[1]))
        raise ToyError(f"'spin' takes a number of cycles or 'forever', not {' '.join(words[1:])!r}")
    try:
        tree = ast.parse(text.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ToyError(f"cannot read this line: {getattr(error, 'msg', error)}", hint="write: name = expression") from None
    match tree:
        case [ast.Assign(targets=[ast.Name(id=target)], value=value)]:
            check_expression(value, sorted(known))
            return Statement(number, target, value)
    raise ToyError("this line is not an assignment", hint="write: name = expression")


def check_expression(node: ast.expr, known: Sequence[str], depth: int = 0) -> None:
    """Raises ToyError for anything outside of the language."""
    if depth > DEPTH:
        raise ToyError(f"an expression is nested more than {DEPTH} deep", node.col_offset + 1, "use scratch names")
    match node:
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name) if name in known:
            return
        case ast.Name(id=name):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
            raise ToyError(f"unknown name {name!r}", node.col_offset + 1, hint)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            operands = [left, right]
        case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in FUNCTIONS:
            operands = [left, right]
        case ast.Subscript(value=ast.Name() as tensor, slice=ast.Constant(value=int())):
            operands = [tensor]
        case _:
            raise ToyError(f"{ast.unparse(node)!r} is not in the language", node.col_offset + 1)
    for operand in operands:
        check_expression(operand, known, depth + 1)


def blocks(elements: int) -> int:
    """Cycles to stream so many elements through the lanes."""
    return -(-elements // LANES)


def evaluate(statement: Statement, values: Mapping[str, Array], costs: list[int]) -> Array:
    """The value of a statement's expression; appends the cycles of each operation to ``costs``."""

    def value(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=number):
                return np.float32(number)  # type: ignore[arg-type]
            case ast.Name(id=name):
                return values[name]
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int(index))):
                flat = values[name].ravel()
                if not 0 <= index < flat.size:
                    raise ToyTrapError(Fault(cause="bounds", message=f"index {index} is outside of {name} (0 to {flat.size - 1})",
                                        line=statement.line, operand=name, address=index, limit=flat.size - 1))  # fmt: skip
                result = flat[index]
            case ast.BinOp(left=left, op=op, right=right):
                result = OPERATORS[type(op)](value(left), value(right))
            case ast.Call(func=ast.Name(id=name), args=[left, right]):
                result = FUNCTIONS[name](value(left), value(right))
            case _:
                raise AssertionError(f"checked expressions hold no {ast.unparse(node)!r}")
        costs.append(LATENCY + blocks(np.size(result)))
        return result

    assert isinstance(statement.value, ast.expr)
    with np.errstate(all="ignore"):
        return np.asarray(value(statement.value))


def run_lines(program: Sequence[Statement], workload: Workload, inputs: Tensors, limits: Limits) -> Execution:
    """One execution of a built kernel."""
    values: dict[str, Array] = {name: array.copy() for name, array in inputs.items()}
    for name, tensor in workload.outputs.items():
        poison = np.nan if tensor.dtype.is_float else np.iinfo(tensor.dtype.numpy).min + 85
        values[name] = np.full(tensor.shape, poison, tensor.dtype.numpy)
    budget, costs, lines = limits.cycles or CYCLES, [], []
    for statement in program:
        here: list[float] = []
        if isinstance(statement.value, ast.expr):
            operations: list[int] = []
            try:
                result = evaluate(statement, values, operations)
            except ToyTrapError as trap:
                return Execution(outcome="fault", fault=trap.fault)
            shape = workload.outputs[statement.target].shape if statement.target in workload.outputs else result.shape
            values[statement.target] = np.broadcast_to(result, shape).copy() if np.size(result) == 1 else result
            here = [*operations, blocks(values[statement.target].size)]
        elif math.isinf(statement.value):
            return Execution(outcome="timeout")
        else:
            here = [statement.value]
        costs.append(sum(here))
        lines.append(ProfileLine(line=statement.line, cycles=costs[-1], count=1, causes={"issue": costs[-1]}))
        if sum(costs) > budget:
            fault = Fault(cause="cycles", message=f"more than {budget} cycles", line=statement.line, limit=budget)
            return Execution(outcome="limit", fault=fault)
    total = float(sum(costs))
    profile = Profile(
        unit="cycles", total=total, lines=tuple(sorted(lines, key=lambda line: -line.cycles)), causes={"issue": total}
    )
    return Execution(
        outcome="completed",
        outputs={name: values[name].astype(tensor.dtype.numpy) for name, tensor in workload.outputs.items()},
        inputs_intact=all(np.array_equal(values[name], array, equal_nan=True) for name, array in inputs.items()),
        cycles=total,
        counters={"lines": float(len(program))},
        profile=profile,
    )


def toy_suite() -> Suite:
    """Two elementwise tasks that the toy target supports."""
    return Suite("toy", "Two elementwise tasks.", (vec_add, relu))


def _vec_add(_p: Params, step: Any, a: Array, b: Array) -> Tensors:
    return {"y": step("add", a + b, a)}


def _relu(_p: Params, step: Any, x: Array) -> Tensors:
    return {"y": step("clamp", np.maximum(x, 0), x)}


def _task(id: str, name: str, statement: str, inputs: Sequence[str], operation: str, reference: Callable[..., Tensors]) -> Task:
    return Task(
        id=id, name=name, level="primitive", category="elementwise", statement=statement,
        inputs=dict.fromkeys(inputs, f32["N"]), outputs={"y": f32["N"]},
        configurations={"C1": {"N": 16}, "C3": {"N": 19}}, held_out={},
        generate=standard_inputs,
        adversarial=lambda rng, workload: {name: 100 * array for name, array in standard_inputs(rng, workload).items()},
        reference=reference, work=lambda p: Work({operation: p.N}),
    )  # fmt: skip


vec_add = _task("T01", "vec_add", "y[i] = a[i] + b[i].", ("a", "b"), "add", _vec_add)
relu = _task("T02", "relu", "y[i] = max(x[i], 0).", ("x",), "max", _relu)


class ScriptedModel:
    """A model that plays a script: a list of replies, or a function from the request to a reply."""

    def __init__(self, script: Sequence[Reply] | Callable[[Request], Reply], *, is_offline: bool = True) -> None:
        self.script = script
        self.info = ModelInfo("scripted-in-memory", is_offline=is_offline)
        self.requests: list[Request] = []
        """Every request received, in order."""

    def reply(self, request: Request) -> Reply:
        """The next reply; AssertionError if the script is over."""
        self.requests.append(request)
        if callable(self.script):
            return self.script(request)
        turn = sum(message.role == "assistant" for message in request.messages)
        assert turn < len(self.script), f"the script has {len(self.script)} replies, and the agent asked for one more"
        return self.script[turn]


def says(text: str = "", stop: StopReason = StopReason.end, **fields: Any) -> Reply:
    """A reply in words only."""
    return Reply(message=Message(role="assistant", text=text), stop=stop, **{"usage": USAGE, "model": "scripted-1"} | fields)


def calls(*wanted: tuple[str, Mapping[str, Any] | str], stop: StopReason = StopReason.tool_calls, **fields: Any) -> Reply:
    """A reply with tool calls; arguments given as text are sent as they are, however broken."""
    made = []
    for index, (name, arguments) in enumerate(wanted):
        raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
        try:
            parsed, error = json.loads(raw), ""
        except json.JSONDecodeError as problem:
            parsed, error = None, str(problem)
        if not isinstance(parsed, dict):
            parsed, error = None, error or f"it is {type(parsed).__name__}, not an object"
        made.append(ToolCall(id=f"call_{index}", name=name, raw=raw, arguments=parsed, error=error))
    message = Message(role="assistant", tool_calls=tuple(made))
    return Reply(message=message, stop=stop, **{"usage": USAGE, "model": "scripted-1"} | fields)


USAGE = Usage(input_tokens=100, output_tokens=10)
"""What every scripted reply claims to have used."""
