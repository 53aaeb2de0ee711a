"""Which of the many timed calls the judge is asked about: its check is exact and slow, so it gets the likeliest to be wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backends.cpu.layout import Layout
from harness.task import Array, Tensors

Check = Callable[[Tensors, Tensors], str | None]


class TimedOutputError(Exception):
    """A timed call left a wrong, missing or stale output."""


class Suspects:
    """Keeps, of all calls seen, the one whose outputs are farthest from the baseline's, and a random one."""

    def __init__(self, layout: Layout, rng: np.random.Generator, check: Check) -> None:
        self._layout, self._rng, self._check = layout, rng, check
        self._kept: dict[str, tuple[Tensors, Tensors]] = {}
        self._seen, self._highest = 0, 0.0

    def look(self, inputs: Array, got: Array, expected: Array, slots: int) -> None:
        """Looks at every call of some batches; the arrays are images of the memories."""
        score = self._suspicion(got, expected, slots)
        worst, other = int(score.argmax()), int(self._rng.integers(slots))
        self._seen += 1
        for kind, slot, keep in (
            ("worst", worst, score[worst] >= self._highest),
            ("random", other, self._rng.integers(self._seen) == 0),
        ):
            if keep:
                self._kept[kind] = self._layout.inputs.read(inputs, slot), self._layout.outputs.read(got, slot)
        self._highest = max(self._highest, float(score[worst]))

    def judge(self) -> None:
        """Has the judge check what was kept, and starts anew. TimedOutputError if something is wrong."""
        for inputs, outputs in self._kept.values():
            problem = self._check(inputs, outputs)
            if problem is not None:
                raise TimedOutputError(f"a timed call was wrong: {problem}")
        self._kept.clear()
        self._seen, self._highest = 0, 0.0

    def _suspicion(self, got: Array, expected: Array, slots: int) -> Array:
        """How far each slot's outputs are from the baseline's, in relation to the size of its values."""
        score = np.zeros(slots)
        for name in self._layout.outputs.tensors:
            ours, theirs = (self._layout.outputs.view(image, name).reshape(slots, -1) for image in (got, expected))
            if np.array_equal(ours, theirs):
                continue
            with np.errstate(all="ignore"):
                size = np.abs(theirs).astype(np.float32)
                away = np.abs(np.subtract(ours, theirs, dtype=np.float32)) / (size + size.mean(axis=1, keepdims=True))
            away = np.where(ours == theirs, np.float32(0), np.where(np.isfinite(away), away, np.float32(np.inf)))
            score = np.maximum(score, away.max(axis=1))
        return score
