"""Inputs do not exist before the build, expected outputs never reach the target, and nothing is remembered of either."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.backend import Backend
from harness.conformance.bench import Bench, completed, draw
from harness.conformance.result import Result, found
from harness.task import Workload

BROKEN = "this is not a kernel ("


class Watch:
    """A workload whose generators and reference tell on whoever calls them."""

    def __init__(self, workload: Workload) -> None:
        self.calls: list[str] = []
        task = workload.task
        watched: dict[str, Any] = {
            name: self._telling(name, getattr(task, name)) for name in ("generate", "adversarial", "reference")
        }
        self.workload = replace(workload, task=replace(task, **watched))

    def _telling(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def told(*arguments: Any, **named: Any) -> Any:
            self.calls.append("computes expected outputs" if name == "reference" else "draws inputs")
            return function(*arguments, **named)

        return told


def leaks(bench: Bench) -> Result:
    """Nobody but the judge draws inputs before the build or computes what is expected; a build knows nothing of executions."""
    return found(
        "leaks",
        f"all methods watched for inputs and expected outputs on {len(bench.few)} workloads",
        [problem for workload in bench.few for problem in _leaks_of(bench.create(bench.options), workload)],
        "only execute() and race() are given inputs; keep none, and use neither task.generate nor task.reference",
    )


def _leaks_of(backend: Backend, workload: Workload) -> Iterator[str]:
    watch = Watch(workload)
    yield from _told(watch, "support()", backend.support)
    yield from _told(watch, "brief()", backend.brief)
    yield from _told(watch, "bound()", backend.bound)
    yield from _told(watch, "baseline()", backend.baseline)
    yield from _told(watch, "build()", lambda watched: backend.build(backend.baseline(watched), watched))
    build, before = backend.build(backend.baseline(watch.workload), watch.workload), backend.build(BROKEN, workload)
    watch.calls.clear()
    completed(backend, build, [draw(workload)])
    if "computes expected outputs" in watch.calls:
        yield f"{workload.id}: execute() computes expected outputs; they must come from the kernel"
    after = backend.build(BROKEN, workload)
    if (before.outcome, before.diagnostics) != (after.outcome, after.diagnostics):
        yield f"{workload.id}: build() says something else about the same text after an execution"


def _told(watch: Watch, what: str, call: Callable[[Workload], object]) -> list[str]:
    watch.calls.clear()
    call(watch.workload)
    return [f"{watch.workload.id}: {what} {done}" for done in dict.fromkeys(watch.calls)]


def inputs(bench: Bench) -> Result:
    """The harness's arrays stay as they are, read-only ones too, and baselines leave the target's copy alone."""
    problems: list[str] = []
    for workload in bench.few:
        given = draw(workload)
        before = {name: array.tobytes() for name, array in given.items()}
        executions = completed(bench.backend, bench.build(workload), [given])
        problems += [f"{workload.id}: execute() wrote to {name}" for name in given if given[name].tobytes() != before[name]]
        if not executions[0].inputs_intact:
            problems.append(f"{workload.id}: the baseline is said to have changed its inputs")
        for array in given.values():
            array.flags.writeable = False
        completed(bench.backend, bench.build(workload), [given])
    return found(
        "inputs", f"arrays compared before and after {2 * len(bench.few)} executions", problems,
        "copy inputs into the target's memory, and compare that copy afterwards for inputs_intact",
    )  # fmt: skip
