"""Speed of light of a workload on this machine: least operations and compulsory bytes over measured peaks.

The peaks are measured once (`peaks.c`, trusted code) and cached by processor, compiler and source. They are the best of many
trials, raised by a margin, so that the bound stays below what any kernel can do; still they are measurements, and the bound
says that it is an estimate. Everything is in cycles of the reference clock, in which races are reported.
"""

from __future__ import annotations

import json
import subprocess
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from backends import processor
from harness.backend import Bound
from harness.errors import InfraError
from harness.files import write_atomically
from harness.record import digest
from harness.sandbox.native import compile_trusted, compiler
from harness.task import Workload

MARGIN = 1.05
"""Factor on every measured peak: how much better than the best trial the machine might do."""
_WORD = 4


class Peaks(NamedTuple):
    """What the machine can do in one reference cycle."""

    mac: float
    """Multiply-adds on float32."""
    simple: float
    """Simple vector operations on 32-bit elements."""
    load: float
    """Bytes loaded from the first-level cache."""
    store: float
    """Bytes stored to it."""


class SpeedOfLight:
    """Bounds of workloads on this machine."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    @cached_property
    def peaks(self) -> Peaks:
        """The measured peaks with the margin on them; measured on first use ever, read from the cache afterwards."""
        program = compile_trusted(Path(__file__).with_name("peaks.c"), self._cache)
        path = self._cache / f"peaks-{digest(processor.model(), compiler()[1], program.name)[:16]}.json"
        if not path.exists():
            done = subprocess.run([program], capture_output=True, text=True, check=False)
            if done.returncode:
                raise InfraError(f"measuring this machine's peaks failed with status {done.returncode}: {done.stderr!r}")
            write_atomically(path, done.stdout)
        measured = json.loads(path.read_text())
        return Peaks(*(measured[name] * MARGIN for name in Peaks._fields))

    def bound(self, workload: Workload) -> Bound:
        """The largest of what multiplying, operating, loading and storing take alone; all could overlap."""
        peaks, work = self.peaks, workload.work.operations
        lanes = _WORD / min(workload.dtype.bytes, _WORD)
        macs, operations = work.get("mac", 0), sum(work.values())
        loaded = sum(tensor.bytes for tensor in workload.inputs.values())
        stored = sum(tensor.bytes for tensor in workload.outputs.values())
        terms = {
            "multiply-add units": (macs, peaks.mac * lanes, "macs"),
            "vector units": (operations, peaks.simple * lanes, "operations"),
            "loads": (loaded, peaks.load, "bytes in"),
            "stores": (stored, peaks.store, "bytes out"),
        }
        limited_by, (amount, rate, what) = max(terms.items(), key=lambda term: term[1][0] / term[1][1])
        cycles = max(amount / rate, 1.0)
        formula = f"{amount} {what} / {rate:.1f} per reference cycle (measured peak x {MARGIN}) = {cycles:.1f}"
        return Bound(cycles=cycles, limited_by=limited_by, formula=formula, estimate=True)
