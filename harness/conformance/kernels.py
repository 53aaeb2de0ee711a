"""Baselines pass and repeat, no execution beats the bound, wrong kernels fail."""

from __future__ import annotations

import math
import platform
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase

import numpy as np

from harness.backend import Backend, Execution, Limits
from harness.conformance.bench import SECRET, Bench, completed, draw, is_endless, size
from harness.conformance.result import Result, found, skipped
from harness.errors import UsageError
from harness.grading import seeds
from harness.grading.compare import compare
from harness.grading.redteam import attempt, corpus_folder, read_corpus
from harness.grading.tolerance import allowed_error
from harness.task import Tensors, Workload

QUICK_STEP = 8
"""With ``quick`` one cheat in so many is tried; ``kernelwright redteam`` tries them all."""


def baseline(bench: Bench) -> Result:
    """Every supported workload has a kernel that the judge passes."""
    problems = []
    for workload in bench.supported:
        evaluation = bench.graded(workload)
        if not evaluation.passed:
            problems.append(f"{workload.id}: {evaluation.verdict}: {evaluation.summary}")
    right = len(bench.supported) - len(problems)
    return found(
        "baseline",
        f"{right} of {len(bench.supported)} pass on hidden inputs, edge cases included",
        problems,
        "mend the baseline, or support() must not promise the workload",
    )


def bound(bench: Bench) -> Result:
    """A speed of light that no baseline exceeds."""
    problems, shares = [], []
    for workload in bench.supported:
        light, evaluation = bench.backend.bound(workload), bench.graded(workload)
        if not (math.isfinite(light.cycles) and light.cycles > 0) or not light.limited_by or not light.formula:
            problems.append(f"{workload.id}: the bound is {light!r}; cycles above 0, what limits them, and a formula are needed")
        elif evaluation.cycles is not None:
            shares.append(light.cycles / evaluation.cycles)
            if shares[-1] > 1:
                problems.append(f"{workload.id}: {evaluation.cycles:.0f} cycles, and the bound says at least {light.cycles:.0f}")
    nearest = f"; the nearest baseline reaches {max(shares):.1%}" if shares else ""
    return found(
        "bound", f"{len(shares)} baselines measured against it{nearest}", problems,
        "a bound counts work that no kernel can avoid, at the highest rate that the target has",
    )  # fmt: skip


def repeat(bench: Bench) -> Result:
    """The same kernel on the same inputs gives the same: again, in another order, in another instance."""
    problems: list[str] = []
    other = bench.create(bench.options)
    exact = bench.backend.info.deterministic
    for workload in bench.few:
        first, second = draw(workload, 0), draw(workload, 1)
        build = bench.build(workload)
        one, two = completed(bench.backend, build, [first, second])
        for where, again, original in (
            ("run again", completed(bench.backend, build, [first])[0], one),
            ("run after other inputs", completed(bench.backend, build, [second, first])[1], one),
            ("the other inputs first", completed(bench.backend, build, [second])[0], two),
            ("in another instance", _in(other, workload, first), one),
        ):
            problems += [f"{workload.id}, {where}: {what}" for what in _differences(original, again, exact)]
    counted = "cycles and outputs" if exact else "outputs"
    return found(
        "repeat", f"{counted} of {len(bench.few)} baselines in 5 runs each, in two orders and two instances", problems,
        "start every execution from a machine that was reset, and count cycles instead of measuring them; if they can only be "
        "measured, set deterministic to False and offer race()",
    )  # fmt: skip


def _in(other: Backend, workload: Workload, inputs: Tensors) -> Execution:
    return completed(other, other.build(other.baseline(workload), workload), [inputs])[0]


def _differences(one: Execution, other: Execution, exact: bool) -> Iterator[str]:
    if exact and one.cycles != other.cycles:
        yield f"{other.cycles} cycles instead of {one.cycles}"
    for name, array in (one.outputs or {}).items():
        if array.tobytes() != (other.outputs or {})[name].tobytes():
            yield f"output {name} differs"


def nulls(bench: Bench) -> Result:
    """Kernels that are right elsewhere, and specimens that are right nowhere, must not pass."""
    problems, tried = [], 0
    for workload in bench.few:
        for name, source in _wrong_kernels(bench, workload):
            tried += 1
            evaluation = bench.judge.grade(source, workload)
            if evaluation.passed:
                problems.append(f"{workload.id}: {name} passed: {evaluation.summary}")
        problems += _stale(bench, workload)
    return found(
        "nulls", f"{tried} kernels that cannot be right, graded on {len(bench.few)} workloads", problems,
        "fill outputs with noise before each execution, and read back only what the kernel left there",
    )  # fmt: skip


def _stale(bench: Bench, workload: Workload) -> Iterator[str]:
    """A kernel that leaves the baseline's outputs where the baseline ran before on the same inputs."""
    inputs = draw(workload)
    for specimen in bench.specimens(workload):
        build = bench.backend.build(specimen.source, workload)
        if specimen.ends != ("wrong",) or build.outcome != "built":
            continue
        right = completed(bench.backend, bench.build(workload), [inputs])[0]
        left = bench.backend.execute(build, [inputs], Limits())[0]
        if left.outcome == "completed" and left.inputs_intact and not list(_differences(right, left, exact=False)):
            yield f"{workload.id}: after the baseline, {specimen.name!r} has the baseline's outputs; they were never cleared"


def _wrong_kernels(bench: Bench, workload: Workload) -> Iterator[tuple[str, str]]:
    others = [one for one in bench.workloads if one.task.id != workload.task.id and bench.backend.support(one).supported]
    # Those with the same tensors build, so they come nearest to passing.
    others.sort(key=lambda one: (list(one.inputs.values()) != list(workload.inputs.values()), abs(size(one) - size(workload))))
    different = [one for one in others[:3] if not _same_answer(bench, one, workload)]
    yield from ((f"the baseline of {one.id}", bench.backend.baseline(one)) for one in different)
    yield from ((f"the specimen {one.name!r}", one.source) for one in bench.specimens(workload) if not is_endless(one))


def _same_answer(bench: Bench, one: Workload, other: Workload) -> bool:
    """Whether a kernel of one workload is rightly accepted for the other: two tasks may have the same answer."""
    if list(one.inputs.values()) != list(other.inputs.values()) or list(one.outputs) != list(other.outputs):
        return False
    inputs = seeds.draw(SECRET, other, "grading", 0)
    expected = other.compute(inputs)
    allowed = allowed_error(other, inputs, expected, bench.backend.info.formats)
    with np.errstate(all="ignore"):
        got = {name: array.astype(other.outputs[name].dtype.numpy) for name, array in one.compute(inputs).items()}
    return not compare(other, got, expected, allowed, "grading inputs")


def exploits(bench: Bench) -> Result:
    """Known ways to cheat on this target are caught, each on the first workload tried that it is written for."""
    try:
        cheats = [cheat for cheat in read_corpus(corpus_folder()) if cheat.backend == bench.name]
    except UsageError as error:
        return skipped("exploits", error.message, error.hint)
    if not cheats:
        return skipped(
            "exploits", "the corpus has no folder for this backend", "write one, and run: kernelwright redteam --corpus"
        )
    problems, tried = [], 0
    layers: Counter[str] = Counter()
    for cheat in cheats[:: QUICK_STEP if bench.quick else 1]:
        patterns = cheat.workloads if cheat.machine in ("", platform.machine()) else ()
        meant = (w for w in bench.workloads if any(fnmatchcase(w.id, pattern) for pattern in patterns))
        workload = next((w for w in meant if bench.backend.support(w).supported), None)
        if workload is None:
            continue
        tried += 1
        found_out = attempt(bench.backend, bench.judge, cheat, workload)
        layers[found_out.layer or found_out.verdict] += 1
        if found_out.layer is None:
            problems.append(f"{workload.id}: {cheat.name}: {found_out.verdict}: {found_out.summary}")
    if not tried:
        return skipped("exploits", f"none of the {len(cheats)} cheats is written for these workloads", "name more with --tasks")
    stopped = ", ".join(f"{count} by {layer}" for layer, count in layers.most_common())
    return found(
        "exploits", f"{tried} of {len(cheats)} cheats tried, stopped {stopped}", problems,
        "SECURITY.md says which layer should have stopped it; begin with a failing test",
    )  # fmt: skip
