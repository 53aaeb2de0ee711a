"""A small leaderboard to tamper with, and a judge for it whose kernels say what they are worth."""

import hashlib
import os
from functools import partial
from pathlib import Path
from typing import Any

from harness.scoring.leaderboard import Evidence, Identity
from harness.scoring.verify import Grader, Target
from harness.trial import Evaluation, Status, Trial, Verdict

from .trials import evaluation, trial, ungraded

SECRET = "5e" * 32
DIGESTS = {"task P01": "a" * 64, "task P04": "b" * 64, "backend toy": "c" * 64, "manual toy": "d" * 64, "harness": "e" * 64}
KERNELS = {("P01/C1", 0): "speedup 2", ("P01/C2", 0): "speedup 1.5", ("P04/C1", 0): "wrong"}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def texts(*kernels: str) -> dict[str, str]:
    """Kernels by digest, as evidence holds them."""
    return {sha(text): text for text in kernels}


class TextJudge:
    """``speedup X`` passes with that speedup; any other kernel is wrong."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def grade(self, source: str, workload: str) -> Evaluation:
        if source.startswith("speedup "):
            speedup = float(source.split()[1]) * self.factor
            return evaluation(workload, speedup=speedup, kernel=sha(source))
        return evaluation(workload, Verdict.wrong, kernel=sha(source))


def make_grader(factor: float = 1.0) -> Grader:
    return Grader(TextJudge(factor), str)  # type: ignore[arg-type]


def grader(_evidence: Evidence, factor: float = 1.0) -> Any:
    return partial(make_grader, factor)


def dying_grader() -> Grader:
    """Ends the worker process that asks for it."""
    os._exit(1)


def target(_evidence: Evidence, **changed: str) -> Target:
    return Target(digests={**DIGESTS, **{name.replace("_", " "): value for name, value in changed.items()}}, deterministic=True)


def graded(workload: str, repeat: int, source: str, **fields: Any) -> Trial:
    task = workload.split("/")[0]
    digests = {"task": DIGESTS[f"task {task}"], "backend": DIGESTS["backend toy"], "manual": DIGESTS["manual toy"]}
    final = TextJudge().grade(source, workload)
    return trial(workload, repeat=repeat, **{"final": final, "digests": digests, "cost": 0.25, **fields})


def evidence(model: str = "m", **fields: Any) -> Evidence:
    """Three graded trials and one that the model refused."""
    trials = [graded(w, r, source, model=model) for (w, r), source in KERNELS.items()]
    trials.append(ungraded("P04/C2", Status.refused, model=model))
    used = {one.final.kernel for one in fields.get("trials", trials) if one.final}
    base = {
        "identity": Identity(
            model=model, settings={"model": {"temperature": 1}, "agent": {}}, suite="core", backend="toy", digests=DIGESTS
        ),
        "workloads": ("P01/C1", "P01/C2", "P04/C1", "P04/C2"), "repeats": 1,
        "secret": SECRET, "secret_digest": sha(SECRET), "command": "kernelwright run --model m",
        "versions": {"python": "3.11"}, "date": "2026-01-01T00:00:00+00:00",
        "kernels": {key: text for key, text in texts(*KERNELS.values()).items() if key in used},
        "trials": tuple(trials),
    }  # fmt: skip
    return Evidence(**{**base, **fields})


def board(folder: Path) -> Path:
    return folder / "results" / "leaderboard.json"
