"""A suite folder as tasks: the statement is the problem's prompt, the one output is the number of mismatches, which must be 0.

The judge compares outputs with a reference, and these problems have none that it could call: their authors' bench has already
compared. So the reference of every task is zero mismatches, and the bench's count is the output.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from backends.verilog.problems.problem import Problem, load
from harness.record import digest
from harness.task import Params, Step, Suite, Task, Tensors, Work, Workload, u32

OUTPUT = "mismatches"
"""The output: samples in which the module differed from its authors' reference."""
CONFIGURATION = "C1"
"""The only configuration of a problem."""


@dataclass(frozen=True, kw_only=True)
class ProblemTask(Task):
    """A task whose judge is a bench."""

    problem: Problem
    """The problem with its bench."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the problem, bench included."""
        return digest(self.id, self.problem)


def open_suite(folder: Path) -> Suite:
    """The tasks of a suite folder. UsageError if it holds something else."""
    found = load(folder)
    return Suite(found.name, found.description, tuple(task(problem) for problem in found.problems))


def task(problem: Problem) -> ProblemTask:
    """One problem as a task."""
    return ProblemTask(
        id=problem.id,
        name=problem.name,
        level="primitive",
        category="indexing",
        statement=problem.prompt,
        inputs={},
        outputs={OUTPUT: u32[1]},
        configurations={CONFIGURATION: {}},
        held_out={},
        generate=_nothing,
        adversarial=_nothing,
        reference=_no_mismatch,
        work=_no_work,
        dtypes=(u32,),
        problem=problem,
    )


def _nothing(_rng: np.random.Generator, _workload: Workload) -> Tensors:
    """The bench makes its own stimulus."""
    return {}


def _no_mismatch(_p: Params, step: Step) -> Tensors:
    zero = np.zeros(1, np.int64)
    return {OUTPUT: step("count", zero, zero + 1)}


def _no_work(_p: Params) -> Work:
    return Work({})
