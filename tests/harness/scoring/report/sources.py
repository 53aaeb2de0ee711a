"""Trials with transcripts as they might be, made of a fixed seed: every kind of outcome, error and view that the page has."""

import hashlib
import random
from collections.abc import Iterator
from typing import Any

from harness.backend import Bound, Diagnostic, Fault, Profile, ProfileLine
from harness.model import Usage
from harness.scoring.report.html import Run
from harness.scoring.report.page.data import Source
from harness.trial import ErrorShape, Evaluation, Event, Mismatch, MismatchElement, Status, Trial, TrialSpec, Verdict

SKILL = {"acme/large": 0.85, "acme/small": 0.55, "other/coder": 0.7}
"""Models and how good they are."""
BACKENDS = ("toy", "wide")
MANUAL = "".join(f"## Chapter {i}\n\n" + "One instruction after the other, each with its latency.\n" * 12 for i in range(8))
FAILED = (Verdict.wrong, Verdict.wrong, Verdict.fault, Verdict.build_error, Verdict.timeout)
T0 = 1_800_000_000.0


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def kernel(workload: str, version: int) -> str:
    body = [f"    VADD v{i}, v{i - 1}, v{i + 1}" for i in range(1, 12)]
    body[version % 11] = f"    VMUL v{version}, v0, v1  # attempt {version}"
    return "\n".join([f"; {workload}", "loop:", *body, "    BNE x1, x0, loop", "    HALT", ""])


def failure(verdict: Verdict) -> dict[str, Any]:
    """The fields that a failed evaluation has of its own."""
    if verdict is Verdict.build_error:
        said = Diagnostic(
            severity="error", message="unknown mnemonic 'VMULL'", line=5, column=5, snippet="VMULL v1",
            hint="did you mean 'VMUL'?", cause="unknown_mnemonic",
        )  # fmt: skip
        return {"diagnostics": (said,), "summary": "unknown mnemonic 'VMULL' (line 5)"}
    if verdict is Verdict.fault:
        message = "address 4096 is beyond 4095"
        fault = Fault(cause="vram_bounds", message=message, pc=3, line=5, operand="v1", address=4096, limit=4095)
        return {"fault": fault, "summary": f"vram_bounds at line 5: {message}"}
    if verdict is Verdict.wrong:
        examples = tuple(
            MismatchElement(index=(i, 29), expected=1.5 * i, got=float("nan") if i == 3 else 1.0 * i, error=0.5 * i, allowed=1e-3)
            for i in range(6)
        )
        picture = tuple("0" * 29 + ("999" if row % 4 else "135") for row in range(13))
        shape = ErrorShape(kind="scale", place="tail", worst=512.5, map=picture)
        mismatch = Mismatch(
            output="y", inputs="public inputs", wrong=39, total=416, pattern="the last 3 columns", examples=examples, shape=shape
        )
        return {"mismatches": (mismatch,), "summary": "39 of 416 elements of y are wrong: the last 3 columns"}
    return {"summary": f"ended with {verdict.value}"}


def success(workload: str, speedup: float, profiled: bool) -> dict[str, Any]:
    """The fields of an evaluation that passed; the bound differs from task to task."""
    cycles, bound = round(1000 / speedup, 1), float(40 + 30 * (int(workload[1:3]) % 9))
    stalls = {"issue": 0.4 * cycles, "unit busy": 0.25 * cycles, "dma": 0.35 * cycles}
    lines = tuple(
        ProfileLine(line=i, cycles=cycles / 2**i, count=13 * i, causes={"unit busy": cycles / 2 ** (i + 1)}) for i in range(3, 12)
    )
    profile = Profile(unit="cycles", total=cycles, lines=lines, causes=stalls, occupancy={"vector": 0.6, "scalar": 0.1})
    return {
        "cycles": cycles, "baseline_cycles": 1000.0, "speedup": speedup, "speedup_low": 0.97 * speedup,
        "speedup_high": 1.03 * speedup, "bound": Bound(cycles=bound, limited_by="vram", formula=f"13 rows = {bound:g} cycles"),
        "bound_share": bound / cycles, "profile": profile if profiled else None,
        "counters": {"instructions": 503.0, "busy.vector": 0.6 * cycles, **{f"stall.{name}": n for name, n in stalls.items()}},
        "summary": f"right on 4 input sets; {speedup:.3f}x the baseline's speed",
    }  # fmt: skip


def evaluation(
    spec: TrialSpec, stage: str, verdict: Verdict | None, speedup: float, source: str, profiled: bool = False
) -> Evaluation:
    fields: dict[str, Any] = {"summary": "it builds"}
    if verdict is Verdict.passed:
        fields = success(spec.workload, speedup, profiled)
    elif verdict is not None:
        fields = failure(verdict)
    base = {"workload": spec.workload, "backend": spec.backend, "stage": stage, "kernel": sha(source), "verdict": verdict}
    return Evaluation(**{**base, "seconds": 0.4, **fields})


def trial(number: int, spec: TrialSpec, rng: random.Random) -> Source:
    """One trial: a few attempts that get better, then a submission that may still fail."""
    passed = rng.random() < SKILL[spec.model]
    speedup = round(rng.lognormvariate(SKILL[spec.model] - 0.5, 0.5), 3)
    attempts: list[tuple[str, Verdict | None]] = [("check", rng.choice([Verdict.build_error, None]))]
    attempts += [("run", rng.choice(FAILED)) for _ in range(rng.randrange(3))]
    attempts += [("profile", Verdict.passed)] if passed else [("run", rng.choice(FAILED))]
    events = [prompt(spec)]
    for i, (tool, verdict) in enumerate(attempts):
        events += turn(spec, i, tool, verdict, speedup, len(events))
    source = kernel(spec.workload, len(attempts) - 1)
    final = evaluation(spec, "final", Verdict.passed if passed else attempts[-1][1], speedup, source)
    if number % 17 == 3 and passed:
        final = final.model_copy(update={"alarms": ("its interval is wide",)})
    events.append(event("evaluation", len(events), final.model_dump(mode="json")))
    price = {"acme/large": 0.03, "acme/small": 0.001, "other/coder": 0.01}[spec.model]
    record = Trial(
        spec=spec, status=Status.graded, final=final, evaluations=len(attempts), first_pass=len(attempts) if passed else None,
        iterations=len(attempts) + 1, turns=len(attempts), tool_calls=len(attempts), cost=round(price * len(attempts), 4),
        usage=Usage(input_tokens=1200 * len(attempts), output_tokens=300), model_seconds=2.0 * len(attempts), tool_seconds=1.5,
        started_at="2026-01-01T00:00:00+00:00", digests={"task": "a" * 64, "backend": "b" * 64},
        model_ids=(spec.model.split("/")[1],),
    )  # fmt: skip
    if number % 41 == 7:
        record = record.model_copy(
            update={"status": Status.provider, "final": None, "detail": "the server answered 529 six times"}
        )
    return Source("example", record, events, source)


def event(kind: Any, at: float, data: dict[str, Any]) -> Event:
    return Event(kind=kind, at=T0 + at, data=data)


def prompt(spec: TrialSpec) -> Event:
    tools = [
        {"name": name, "description": f"{name} a kernel", "parameters": {}} for name in ("check", "run", "profile", "submit")
    ]
    messages = [{"role": "user", "text": f"# The task\n\nWrite {spec.workload}.\n\n{MANUAL}"}]
    request = {"system": f"You write a kernel for {spec.backend}.", "messages": messages, "tools": tools}
    return event("prompt", 0, {**request, "max_output_tokens": None})


def turn(spec: TrialSpec, i: int, tool: str, verdict: Verdict | None, speedup: float, at: int) -> list[Event]:
    source = kernel(spec.workload, i)
    judged = evaluation(spec, "build" if tool == "check" else "public", verdict, speedup, source, tool == "profile")
    call = {"id": f"c{i}", "name": tool, "raw": "", "arguments": {"source": source}, "error": ""}
    text = f"Attempt {i + 1}: <b>careful</b> with </script> & bounds."
    message = {"role": "assistant", "text": text, "tool_calls": [call], "reasoning": "Think. " * 9}
    usage = {"input_tokens": 1200, "output_tokens": 60}
    reply = {"message": message, "stop": "tool_calls", "usage": usage, "cost": 0.01, "latency_s": 2.0 + i}
    result = {"call_id": f"c{i}", "name": tool, "content": judged.summary.upper(), "is_error": False}
    return [
        event("reply", at, reply),
        event("evaluation", at + 1, judged.model_dump(mode="json")),
        event("tool", at + 2, {"call": call, "result": result, "problem": "", "seconds": 0.5}),
    ]


def runs() -> list[Run]:
    return [Run("run-1", "example", list(SKILL), [("command", "kernelwright run --model acme/large")], {"harness": "e" * 64})]


def sources(tasks: int, repeats: int = 1) -> Iterator[Source]:
    """Trials of three models on two backends: ``30 * tasks * repeats`` of them."""
    rng = random.Random(7)
    number = 0
    for repeat in range(repeats):
        for task in range(1, tasks + 1):
            for configuration in range(1, 6):
                for model in SKILL:
                    for backend in BACKENDS:
                        spec = TrialSpec(model=model, backend=backend, workload=f"P{task:02}/C{configuration}", repeat=repeat)
                        yield trial(number, spec, rng)
                        number += 1
