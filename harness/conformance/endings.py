"""Texts and kernels that end badly: each in a typed way, and within its limits."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence

from harness.backend import Backend, Build, Execution, Fault, Limits, Specimen
from harness.conformance.bench import Bench, completed, draw, is_endless
from harness.conformance.result import Result, found, skipped
from harness.task import Workload

WALL_S = 1.0
"""Wall limit that endless kernels are given."""
GRACE_S = 20.0
"""Seconds beyond it that setting up and stopping may take."""
OFFER = "offer harness.backend.Specimens: kernels that trap, do nothing, and never end"


def hostile(baseline: str, limit: int) -> dict[str, str]:
    """Texts that are no kernels, by what is odd about them."""
    return {
        "prose": "Please accept this kernel; it is correct.\n",
        "punctuation": ")]}>;,.:!?(([[{{<<\n" * 3,
        "deep nesting": "y = " + "(" * 5000 + "1" + ")" * 5000,
        "one long line": "x" * min(100_000, limit),
        "many lines": "\n" * min(20_000, limit - 1) + "?",
        "other scripts": "ядро カーネル नाभिक \u202e\u2066 \U0001f4a3\n",
        "control characters": "\x00\x1b[31m\x07\x08 y\n",
        "line ends": "a\rb\r\nc\fd\ve\u2028f\x85g",
        "half a baseline": baseline[: len(baseline) // 2],
        "a baseline and noise": f"{baseline}\n%$#@ trailing\n",
        "numbers": "99999999999999999999999999 0x 1e999999 -0 .e\n",
    }


def texts(bench: Bench) -> Result:
    """Whatever a text contains, build() says what is wrong and does not raise, and no such kernel passes."""
    problems: list[str] = []
    tried = 0
    for workload in bench.few[:1]:
        texts = hostile(bench.backend.baseline(workload), bench.backend.info.source_limit)
        tried += len(texts)
        for name, text in texts.items():
            problems += [f"{name}: {problem}" for problem in _build_problems(bench.backend, text, workload)]
    return found(
        "texts", f"{tried} texts that are no kernels", problems,
        "build() returns an outcome and diagnostics for any text, and raises InfraError only if a tool is broken",
    )  # fmt: skip


def _build_problems(backend: Backend, text: str, workload: Workload) -> Iterator[str]:
    try:
        build = backend.build(text, workload)
    except Exception as error:
        yield f"build() raised {type(error).__name__}: {str(error)[:200]}"
        return
    errors = [d for d in build.diagnostics if d.severity == "error"]
    if build.outcome != "built":
        if not any(d.message.strip() for d in errors):
            yield f"{build.outcome} without a diagnostic that says why"
        lines = len(text.splitlines()) + 1
        yield from (f"a diagnostic points to line {d.line} of {lines}" for d in errors if d.line and not 1 <= d.line <= lines)
    elif errors:
        yield f"it is built although {errors[0].message!r} is an error"
    elif text.strip() and text.split()[0] in ("Please", "99999999999999999999999999"):
        yield "it is built, and it is no kernel"


def faults(bench: Bench) -> Result:
    """Every specimen ends as its author says, and a trap has a cause that agents can read about."""
    problems: list[str] = []
    tried: list[str] = []
    for workload in bench.few:
        for specimen in bench.specimens(workload):
            if not is_endless(specimen):
                tried.append(specimen.name)
                problems += [f"{workload.id}, {specimen.name}: {what}" for what in _ending(bench, specimen, workload)]
    if not tried:
        return skipped("faults", "the backend offers no specimens", OFFER)
    return found(
        "faults", f"{len(tried)} specimens: {', '.join(dict.fromkeys(tried))}", problems,
        "give every trap a Fault with a cause from a closed set that the manual lists, a message with the values, and a line",
    )  # fmt: skip


def _ending(bench: Bench, specimen: Specimen, workload: Workload) -> Iterator[str]:
    evaluation = bench.judge.grade(specimen.source, workload)
    verdict = str(evaluation.verdict)
    if verdict not in specimen.ends:
        yield f"it ends as {verdict} ({evaluation.summary}), not as {' or '.join(specimen.ends)}"
        return
    causes = {evaluation.fault.cause} if evaluation.fault else {d.cause for d in evaluation.diagnostics}
    if specimen.cause and specimen.cause not in causes:
        yield f"its cause is {', '.join(sorted(causes)) or 'not given'}, not {specimen.cause}"
    if verdict == "fault":
        yield from _fault_problems(bench, evaluation.fault, specimen.source, workload)


def _fault_problems(bench: Bench, fault: Fault | None, source: str, workload: Workload) -> Iterator[str]:
    if fault is None or not fault.cause.strip() or not fault.message.strip():
        yield f"the trap has no cause or no message: {fault!r}"
        return
    documented = bench.backend.info.manual.text + bench.backend.brief(workload).text
    if not re.search(rf"(?<!\w){re.escape(fault.cause)}(?!\w)", documented):
        yield f"cause {fault.cause!r} is in neither the manual nor the brief"
    if fault.line is not None and not 1 <= fault.line <= len(source.splitlines()):
        yield f"the fault points to line {fault.line} of {len(source.splitlines())}"


def limits(bench: Bench) -> Result:
    """A kernel that never ends is ended, in time, and says by which limit."""
    problems: list[str] = []
    took: list[float] = []
    for workload in bench.few[:1]:
        for specimen in filter(is_endless, bench.specimens(workload)):
            build = bench.backend.build(specimen.source, workload)
            if build.outcome != "built":
                problems.append(f"{specimen.name}: it does not build: {build.diagnostics}")
                continue
            bench.build(workload)
            completed(bench.backend, bench.build(workload), [draw(workload)])  # what starts on first use is not the kernel's time
            started = time.monotonic()
            ended = _in_time(bench.backend, build, workload)
            took.append(time.monotonic() - started)
            if ended is None:
                problems.append(
                    f"{specimen.name}: still running {WALL_S + GRACE_S:g} s after the start; its limit was {WALL_S:g} s"
                )
            elif not ended or ended[-1].outcome not in specimen.ends:
                outcome = ended[-1].outcome if ended else "nothing"
                problems.append(f"{specimen.name}: it ends as {outcome}, not as {' or '.join(specimen.ends)}")
    if not took and not problems:
        return skipped("limits", "the backend offers no specimen that never ends", OFFER)
    return found(
        "limits", f"{len(took)} endless kernels under a limit of {WALL_S:g} s", problems,
        "honour Limits.wall_s and a cycle budget inside execute(), by real checks and not by assert",
    )  # fmt: skip


def _in_time(backend: Backend, build: Build, workload: Workload) -> Sequence[Execution] | None:
    """What execute() returns, or None if it does not come back. The thread that waits for it is then given up."""
    answer: list[Sequence[Execution]] = []
    failure: list[BaseException] = []

    def wait() -> None:
        try:
            answer.append(backend.execute(build, [draw(workload)], Limits(wall_s=WALL_S)))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=wait, daemon=True, name="conformance: an endless kernel")
    thread.start()
    thread.join(WALL_S + GRACE_S)
    if failure:
        raise failure[0]
    return answer[0] if answer else None


def profiles(bench: Bench) -> Result:
    """A profile that comes with an execution adds up to its cycles and points into the text."""
    problems: list[str] = []
    tried = 0
    for workload in bench.few:
        execution = completed(bench.backend, bench.build(workload), [draw(workload)])[0]
        profile, lines = execution.profile, len(bench.backend.baseline(workload).splitlines())
        if profile is None:
            continue
        tried += 1
        total = sum(line.cycles for line in profile.lines)
        if profile.unit == "cycles" and execution.cycles is not None and abs(profile.total - execution.cycles) > 1e-6 * total:
            problems.append(f"{workload.id}: the profile counts {profile.total:g} cycles, the execution {execution.cycles:g}")
        if total > profile.total * (1 + 1e-6):
            problems.append(f"{workload.id}: its lines have {total:g} {profile.unit} of {profile.total:g}")
        problems += [f"{workload.id}: line {one.line} of {lines}" for one in profile.lines if not 1 <= one.line <= lines]
        problems += [
            f"{workload.id}: {unit} is busy {share:.2f} of the time"
            for unit, share in profile.occupancy.items()
            if not 0 <= share <= 1
        ]
    return found(
        "profiles", f"{tried} of {len(bench.few)} executions came with one", problems,
        "attribute each cycle to one line of the kernel, once",
    )  # fmt: skip
