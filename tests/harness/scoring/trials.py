"""Synthetic trials for the tests of scoring."""

from typing import Any

from harness.backend import Bound
from harness.trial import Evaluation, Status, Trial, TrialSpec, Verdict


def evaluation(workload: str = "P01/C1", verdict: Verdict = Verdict.passed, speedup: float = 1.0, **fields: Any) -> Evaluation:
    """A final evaluation; one that passed has cycles that agree with its speedup."""
    measured: dict[str, Any] = {}
    if verdict is Verdict.passed:
        measured = {
            "cycles": 1000 / speedup, "baseline_cycles": 1000.0, "speedup": speedup, "speedup_low": speedup,
            "speedup_high": speedup, "bound": Bound(cycles=100, limited_by="memory", formula="100"),
            "bound_share": speedup / 10,
        }  # fmt: skip
    base = {"workload": workload, "backend": "toy", "stage": "final", "kernel": "0" * 64, "verdict": verdict, "summary": "s"}
    return Evaluation(**{**base, **measured, **fields})


def trial(
    workload: str = "P01/C1",
    speedup: float | None = 1.0,
    *,
    model: str = "m",
    backend: str = "toy",
    repeat: int = 0,
    verdict: Verdict = Verdict.wrong,
    **fields: Any,
) -> Trial:
    """A graded trial: passed at ``speedup``, or failed with ``verdict`` where that is None."""
    final = evaluation(workload, verdict) if speedup is None else evaluation(workload, speedup=speedup)
    spec = TrialSpec(model=model, backend=backend, workload=workload, repeat=repeat)
    return Trial(**{"spec": spec, "status": Status.graded, "final": final, "iterations": 1, **fields})


def ungraded(workload: str = "P01/C1", status: Status = Status.infra, **fields: Any) -> Trial:
    """A trial that ended for no fault of the model."""
    return trial(workload, **{"status": status, "final": None, **fields})
