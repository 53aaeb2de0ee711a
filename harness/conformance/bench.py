"""What the checks share: a backend under test, workloads it supports, and its baselines, built and graded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.backend import Backend, Build, Execution, Limits, Specimen, Specimens
from harness.grading import seeds
from harness.grading.evaluate import Judge
from harness.task import Array, Tensors, Workload
from harness.trial import Evaluation

SECRET = "conformance kit"
"""Stands in for a run's secret: a check repeats exactly."""
FEW = 3
"""Workloads of checks that need no more."""


class ProblemError(Exception):
    """What is wrong with a backend, found where a check cannot go on."""


@dataclass
class Bench:
    """A backend under test. Attributes that ask the backend for something may raise whatever it raises."""

    name: str
    """As it is registered."""
    create: Callable[[Mapping[str, str]], Backend]
    """Makes a new instance with these options."""
    workloads: Sequence[Workload]
    """Candidates, the supported among them are tried."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the backend under test."""
    quick: bool = False
    """Whether only the smallest configuration of each task is graded."""
    registered: bool = True
    """Whether another process finds the backend by its name."""

    def __post_init__(self) -> None:
        self._builds: dict[str, Build] = {}
        self._evaluations: dict[str, Evaluation] = {}

    @cached_property
    def backend(self) -> Backend:
        """The instance that most checks use."""
        return self.create(self.options)

    @cached_property
    def judge(self) -> Judge:
        """The judge of that instance."""
        return Judge(self.backend, SECRET)

    @cached_property
    def supported(self) -> list[Workload]:
        """Supported workloads; with ``quick`` the first configuration of each task and element type."""
        chosen: dict[str, Workload] = {}
        for workload in self.workloads:
            if self.backend.support(workload).supported:
                chosen.setdefault(workload.id.split("/")[0] if self.quick else workload.id, workload)
        return list(chosen.values())

    @property
    def few(self) -> list[Workload]:
        """The smallest supported workloads of different tasks."""
        smallest: dict[str, Workload] = {}
        for workload in sorted(self.supported, key=size):
            smallest.setdefault(workload.task.id, workload)
        return list(smallest.values())[:FEW]

    def build(self, workload: Workload) -> Build:
        """The built baseline. ProblemError if it does not build."""
        if workload.id not in self._builds:
            build = self.backend.build(self.backend.baseline(workload), workload)
            if build.outcome != "built":
                raise ProblemError(f"the baseline of {workload.id} does not build: {build.problem}")
            self._builds[workload.id] = build
        return self._builds[workload.id]

    def graded(self, workload: Workload) -> Evaluation:
        """The baseline judged on hidden inputs."""
        if workload.id not in self._evaluations:
            self._evaluations[workload.id] = self.judge.grade(self.backend.baseline(workload), workload)
        return self._evaluations[workload.id]

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """What the backend offers of them, maybe nothing."""
        return self.backend.specimens(workload) if isinstance(self.backend, Specimens) else ()


def is_endless(specimen: Specimen) -> bool:
    """Whether only a limit can end it."""
    return set(specimen.ends) <= {"timeout", "limit"}


def size(workload: Workload) -> int:
    """Bytes of all tensors."""
    return sum(tensor.bytes for tensor in (*workload.inputs.values(), *workload.outputs.values()))


def draw(workload: Workload, index: int = 0) -> dict[str, Array]:
    """An input set of its own for each index, which the backend may write to (and must not)."""
    return workload.draw(seeds.generator(seeds.seed(SECRET, workload.id, "grading", index)))


def completed(backend: Backend, build: Build, batch: Sequence[Tensors]) -> Sequence[Execution]:
    """Executions of a kernel that is right. ProblemError if one does not complete."""
    executions = backend.execute(build, batch, Limits())
    last = executions[-1] if executions else None
    if last is None or len(executions) != len(batch) or last.outcome != "completed":
        ended = "nothing" if last is None else f"{last.outcome}, {last.fault}"
        raise ProblemError(f"a baseline ran on {len(executions)} of {len(batch)} input sets, the last: {ended}")
    return executions
