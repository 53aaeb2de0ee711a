"""What a task is: an operator with its statement, reference, generators and tolerance rule.

A task names no target. Tensor shapes are written with symbols (``f32["R", "C"]``); a *configuration* gives the symbols
values, and a *workload* is the pair. A task may exist in several element types (``dtypes``): ``elem`` and ``acc`` stand for
the workload's element type and for the type its sums are kept in.

The reference is one numpy function, ``reference(p, step, **inputs) -> {output: array}``. The judge runs it in float64. It
names its operations through ``step(name, kept, dropped)``, which returns ``kept`` except when the linter asks what happens
without that operation. The same function run in float32 is the linter's *correct kernel*, and run on error-carrying arrays
(`harness.grading.tolerance`) it yields the allowed error of every element. So the text of a reference must only use
operations that keep the type of their operands: plain Python scalars, no float64 constants.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Tensors = Mapping[str, Array]
"""Arrays by tensor name, each with the shape and numpy dtype that the workload states."""

HELD_OUT = "+held-out"
"""What the ids of workloads at held-out sizes end in."""

Level = Literal["primitive", "composite", "end_to_end"]
Category = Literal[
    "activation", "reduction", "normalization", "matmul", "convolution", "pooling", "attention", "loss", "optimizer",
    "indexing", "quantization", "elementwise", "full block",
]  # fmt: skip


@dataclass(frozen=True)
class DType:
    """An element type as a device stores it."""

    name: str
    """Short name used everywhere: ``f32``, ``i8``."""
    numpy: np.dtype[Any]
    """The numpy type that holds its values in the harness."""
    roundoff: float
    """Unit roundoff (half the gap above 1.0) of a floating type; 0 for integers."""
    tiny: float
    """Smallest positive normal value of a floating type; 0 for integers."""
    subnormal: float
    """Smallest positive value of a floating type; 0 for integers."""

    def __getitem__(self, shape: int | str | tuple[int | str, ...]) -> TensorSpec:
        return TensorSpec(self, shape if isinstance(shape, tuple) else (shape,))

    @property
    def is_float(self) -> bool:
        """Whether values are rounded (floating) rather than exact (integer)."""
        return self.roundoff > 0

    @property
    def bytes(self) -> int:
        """Bytes per element in memory."""
        return self.numpy.itemsize


def _float(name: str, numpy: Any) -> DType:
    info: Any = ml_dtypes.finfo(numpy)  # type: ignore[no-untyped-call]
    return DType(name, np.dtype(numpy), float(info.eps) / 2, float(info.smallest_normal), float(info.smallest_subnormal))


def _integer(name: str, numpy: Any) -> DType:
    return DType(name, np.dtype(numpy), 0.0, 0.0, 0.0)


f32 = _float("f32", np.float32)
f16 = _float("f16", np.float16)
bf16 = _float("bf16", ml_dtypes.bfloat16)
i8 = _integer("i8", np.int8)
u8 = _integer("u8", np.uint8)
i16 = _integer("i16", np.int16)
i32 = _integer("i32", np.int32)
u32 = _integer("u32", np.uint32)
DTYPES: Mapping[str, DType] = MappingProxyType({d.name: d for d in (f32, f16, bf16, i8, u8, i16, i32, u32)})

elem = DType("elem", np.dtype(np.void), 0.0, 0.0, 0.0)
"""Placeholder: the workload's element type."""
acc = DType("acc", np.dtype(np.void), 0.0, 0.0, 0.0)
"""Placeholder: the type sums of the element type are kept in (i8 sums are i32; floats keep their type)."""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor's element type and symbolic shape; made by ``f32["R", "C"]``."""

    dtype: DType
    shape: tuple[int | str, ...]
    """Each dimension is a number or an integer expression over the task's symbols, such as ``"C // 2"``."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of one workload: concrete type and shape, dense and row-major."""

    name: str
    dtype: DType
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def bytes(self) -> int:
        """Bytes of the dense tensor."""
        return self.size * self.dtype.bytes


class Params(Mapping[str, int]):
    """The values of a workload's symbols, derived ones included; ``p.R`` and ``p["R"]`` are the same."""

    def __init__(self, values: Mapping[str, int]) -> None:
        self._values = dict(values)

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"no symbol {name!r}; this workload has {', '.join(self._values)}") from None

    def __getitem__(self, name: str) -> int:
        return self._values[name]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return " ".join(f"{k}={v}" for k, v in self._values.items())


_OPERATORS: Mapping[type, Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
}  # fmt: skip


def integer_expression(text: int | str, symbols: Mapping[str, int]) -> int:
    """The value of a dimension such as ``"(H + 2*p - K) // s + 1"``; only + - * // over integers and symbols."""

    def value(node: ast.AST) -> int:
        match node:
            case ast.Expression(body=body):
                return value(body)
            case ast.Constant(value=int(number)):
                return number
            case ast.Name(id=name) if name in symbols:
                return symbols[name]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value(left), value(right))
        raise ValueError(f"dimension {text!r}: {ast.unparse(node)!r} is not + - * // over {', '.join(symbols)}")

    return text if isinstance(text, int) else value(ast.parse(text, mode="eval"))


class Step(Protocol):
    """Names one operation of a reference: ``step("bias", y + b, y)`` is ``y + b``, or ``y`` when "bias" is dropped."""

    def __call__(self, name: str, kept: Any, dropped: Any, /) -> Any:
        """``kept``, or ``dropped`` when the operation ``name`` is left out."""


def keep_all(_name: str, kept: Any, _dropped: Any, /) -> Any:
    """The `Step` of the reference itself: nothing is dropped."""
    return kept


@dataclass(frozen=True)
class Work:
    """The least arithmetic that any kernel of a workload must do; memory traffic follows from the tensors."""

    operations: Mapping[str, int]
    """Scalar operations by kind: ``mac`` (a multiply and an add), ``add``, ``mul``, ``div``, ``max``, ``exp``, ``sqrt``.
    Only operations that no algebraic rewriting can remove count, so that a bound made of them holds."""


@dataclass(frozen=True)
class Formats:
    """The arithmetic that a backend declares; tolerances are expressed in it."""

    storage: DType = f32
    """The type in which floating tensors are stored between operations and at the end."""
    accumulate: DType = f32
    """The type in which sums are kept."""
    unary_roundoffs: float = 64.0
    """Allowed relative error of exp, tanh, sqrt, reciprocal and the like, in unit roundoffs of ``accumulate``: what a
    sound polynomial or table reaches, far under the error of a narrower type."""
    slack: float = 2.0
    """Stated safety factor on the first-order bound, for the second-order terms it leaves out."""


Generate = Callable[[np.random.Generator, "Workload"], Tensors]
Reference = Callable[..., Tensors]
ErrorRule = Callable[["Workload", Tensors, Tensors, Formats], Tensors]
"""``error(workload, inputs, expected, formats)``: the allowed absolute error of every output element, in float64."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """An operator: what a kernel must compute, on what shapes, and how well."""

    id: str
    """Identifier in the suite: P01, C04, E05."""
    name: str
    """Short snake_case name: ``row_sum``."""
    level: Level
    """Primitive, composite, or end to end."""
    category: Category
    """Operator family, for category-aware prompts and for grouping results."""
    statement: str
    """What to compute, in plain language and formulas; every ambiguous choice is named."""
    inputs: Mapping[str, TensorSpec]
    """Input tensors in signature order."""
    outputs: Mapping[str, TensorSpec]
    """Output tensors in signature order."""
    configurations: Mapping[str, Mapping[str, int]]
    """C1 smoke, C2 aligned, C3 tail, C4 spills, C5 edge: the symbols' values."""
    held_out: Mapping[str, Mapping[str, int]]
    """For each configuration, other values of the same class that no prompt shows; backends whose kernels are generic in
    the sizes are graded on them too."""
    generate: Generate
    """Draws one set of inputs, the stressful values of the statement included."""
    adversarial: Generate
    """Draws a structured set that breaks shortcuts: ties, extremes, cancellation, skew."""
    reference: Reference
    """The definition: ``reference(p, step, **inputs) -> {output: array}``; see the module docstring."""
    work: Callable[[Params], Work]
    """Least arithmetic of a workload."""
    dtypes: tuple[DType, ...] = (f32,)
    """Element types this task exists in; the first is the one that suites run unless told otherwise."""
    derive: Mapping[str, str] = field(default_factory=dict)
    """Symbols computed from the others, in order: ``{"OH": "(H + 2*p - K) // s + 1"}``."""
    error: ErrorRule | None = None
    """Tolerance rule; None derives it from the reference by running error analysis."""

    def workload(self, configuration: str, dtype: DType | None = None, *, held_out: bool = False) -> Workload:
        """This task at one configuration; KeyError names the legal ones."""
        table = self.held_out if held_out else self.configurations
        if configuration not in table:
            raise KeyError(f"{self.id} has no configuration {configuration!r}; it has {', '.join(table)}")
        if dtype is not None and dtype not in self.dtypes:
            raise KeyError(f"{self.id} has no type {dtype.name!r}; it has {', '.join(d.name for d in self.dtypes)}")
        return Workload(self, configuration, dtype or self.dtypes[0], is_held_out=held_out)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file that defines the task: statement, reference, generators and tolerance decide a score."""
        source = inspect.getsourcefile(self.reference)
        text = Path(source).read_bytes() if source else repr(self).encode()
        return hashlib.sha256(self.id.encode() + b"\0" + text).hexdigest()


@dataclass(frozen=True)
class Workload:
    """A task at one configuration and element type: what an agent is asked to solve."""

    task: Task
    configuration: str
    dtype: DType
    is_held_out: bool = False
    """Whether the sizes are the held-out ones of this configuration."""

    @property
    def id(self) -> str:
        """``P15/C2``, or ``P04.i8/C2`` when the element type is not the first; ``P15/C2+held-out`` at held-out sizes."""
        variant = "" if self.dtype == self.task.dtypes[0] else f".{self.dtype.name}"
        return f"{self.task.id}{variant}/{self.configuration}" + (HELD_OUT if self.is_held_out else "")

    @cached_property
    def p(self) -> Params:
        """The symbols' values, derived ones included."""
        table = self.task.held_out if self.is_held_out else self.task.configurations
        values = dict(table[self.configuration])
        for name, expression in self.task.derive.items():
            values[name] = integer_expression(expression, values)
        return Params(values)

    @cached_property
    def inputs(self) -> Mapping[str, Tensor]:
        """Concrete input tensors in signature order."""
        return {name: self._tensor(name, spec) for name, spec in self.task.inputs.items()}

    @cached_property
    def outputs(self) -> Mapping[str, Tensor]:
        """Concrete output tensors in signature order."""
        return {name: self._tensor(name, spec) for name, spec in self.task.outputs.items()}

    @property
    def held_out(self) -> Workload | None:
        """The same workload at its held-out sizes; None where it has none, or is at them already."""
        has_some = self.configuration in self.task.held_out and not self.is_held_out
        return replace(self, is_held_out=True) if has_some else None

    @property
    def shown(self) -> Workload:
        """The same workload at the sizes that everybody may know."""
        return replace(self, is_held_out=False)

    @property
    def work(self) -> Work:
        """Least arithmetic of this workload."""
        return self.task.work(self.p)

    def draw(self, rng: np.random.Generator, *, adversarial: bool = False) -> dict[str, Array]:
        """One set of inputs, C-contiguous, in the types and shapes of `inputs`; ValueError if a generator disagrees."""
        drawn = (self.task.adversarial if adversarial else self.task.generate)(rng, self)
        if set(drawn) != set(self.inputs):
            raise ValueError(f"{self.id}: the generator drew {sorted(drawn)}, the task declares {sorted(self.inputs)}")
        result = {}
        for name, tensor in self.inputs.items():
            array = np.ascontiguousarray(drawn[name], dtype=tensor.dtype.numpy)
            if array.shape != tensor.shape:
                raise ValueError(f"{self.id}: the generator drew {name} as {array.shape}, declared {tensor.shape}")
            result[name] = array
        return result

    def compute(self, inputs: Tensors, precision: Any = np.float64, step: Step = keep_all) -> dict[str, Array]:
        """The reference on these inputs: integers in int64, floats in ``precision``; not rounded to the output types."""
        wide = {name: array.astype(precision if self.inputs[name].dtype.is_float else np.int64) for name, array in inputs.items()}
        with np.errstate(all="ignore"):
            return dict(self.task.reference(self.p, step, **wide))

    def _tensor(self, name: str, spec: TensorSpec) -> Tensor:
        dtype = {elem: self.dtype, acc: self.dtype if self.dtype.is_float else i32}.get(spec.dtype, spec.dtype)
        return Tensor(name, dtype, tuple(integer_expression(d, self.p) for d in spec.shape))


@dataclass(frozen=True)
class Suite:
    """A named list of tasks; what the ``kernelwright.tasks`` entry points yield."""

    name: str
    description: str
    tasks: tuple[Task, ...]
    dtypes: Mapping[str, str] = field(default_factory=dict)
    """Element type by task id, for tasks that the suite runs in another type than their first. ValueError, when the suite is
    made, for a task that is not in it or a type that the task does not exist in."""

    def __post_init__(self) -> None:
        types = {task.id: [dtype.name for dtype in task.dtypes] for task in self.tasks}
        for id, name in self.dtypes.items():
            if id not in types:
                raise ValueError(f"suite {self.name!r} gives {id!r} the type {name!r}, but has no such task")
            if name not in types[id]:
                raise ValueError(f"suite {self.name!r}: {id} has no type {name!r}; it has {', '.join(types[id])}")

    def dtype(self, task: Task) -> DType:
        """The element type that this suite runs a task in."""
        name = self.dtypes.get(task.id, task.dtypes[0].name)
        return next(dtype for dtype in task.dtypes if dtype.name == name)


def standard(rng: np.random.Generator, tensor: Tensor, scale: float = 1.0) -> Array:
    """Draws a tensor: normal with deviation ``scale`` for floats, uniform over the whole range for integers."""
    if tensor.dtype.is_float:
        return (rng.standard_normal(tensor.shape) * scale).astype(tensor.dtype.numpy)
    info = np.iinfo(tensor.dtype.numpy)
    return rng.integers(info.min, info.max, size=tensor.shape, dtype=tensor.dtype.numpy, endpoint=True)


def standard_inputs(rng: np.random.Generator, workload: Workload) -> dict[str, Array]:
    """The plain generator: every input by `standard`."""
    return {name: standard(rng, tensor) for name, tensor in workload.inputs.items()}
