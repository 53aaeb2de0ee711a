"""Seeds of input sets: public ones the agent may run on, and hidden ones that cannot be derived from them.

``seed = SHA-256(run secret, workload id, kind, index)``. The secret is made once per run, never enters a prompt, a tool result
or a process that runs a kernel, and its digest stands in the run's lock so that it cannot be swapped afterwards.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal

import numpy as np

from harness.task import Array, Workload

SeedKind = Literal["public", "public-adversarial", "grading", "adversarial", "timing", "tool-timing"]
GRADING_SETS = 3
"""Random hidden input sets per final grading; the adversarial set comes on top."""
GRADING_DRAWS: tuple[tuple[SeedKind, int], ...] = (*(("grading", i) for i in range(GRADING_SETS)), ("adversarial", 0))
"""Kind and index of every set that a final grading draws, for a workload and again for its held-out sizes."""


def new_secret() -> str:
    """A fresh run secret: 256 random bits as hex."""
    return secrets.token_hex(32)


def seed(secret: str, workload: str, kind: SeedKind, index: int = 0) -> int:
    """A 64-bit seed. Different kinds never coincide: the kind is part of what is hashed."""
    text = "\0".join((secret, workload, kind, str(index)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def generator(seed: int) -> np.random.Generator:
    """The bit generator of all inputs, pinned by name so that numpy's default may change."""
    return np.random.Generator(np.random.PCG64DXSM(seed))


def draw(secret: str, workload: Workload, kind: SeedKind, index: int = 0) -> dict[str, Array]:
    """One input set of a workload, by its structured generator where the kind says so; read-only, so that nobody spoils it."""
    inputs = workload.draw(generator(seed(secret, workload.id, kind, index)), adversarial=kind.endswith("adversarial"))
    for array in inputs.values():
        array.flags.writeable = False
    return inputs
