"""Cycles of Coral's calibration programs: what the open RTL took, what the simulator says, and how far apart they are. Then the
int8 matrix product of 16 by 48 by 16 by our kernels, beside others' that were measured on the RTL.

    python benchmarks/coral_timing.py                    # all programs, and the int8 matrix multiplications by themselves
    python benchmarks/coral_timing.py --marks v_slide    # the phases inside a program
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backends.coral import baselines
from backends.isa.assembler import assemble
from backends.isa.bind import load
from backends.isa.engine import Engine, Outcome, Program, load_images
from backends.isa.engines import open_engine
from harness.backend import Backend, Limits
from harness.cli.targets import open_backend
from harness.errors import KernelwrightError
from harness.paths import cache_dir
from harness.task import Workload
from isa_specs.coral.isa import isa
from tasks.primitive.p29_gemm_i8_i32 import task

CALIBRATION = Path(__file__).parents[1] / "tests" / "data" / "coral" / "calibration"
FUEL = 1_000_000
LADDER = {"M": 16, "N": 16, "K": 48}
OTHERS = {"scalar C": 151_655, "the vendor's assembly": 18_043, "rows held in registers": 13_321}
"""Cycles of programs by others, measured on the open RTL under Verilator."""


class Row(NamedTuple):
    """A program's cycles."""

    name: str
    rtl: int
    ours: int

    @property
    def error(self) -> float:
        """Relative to the RTL's."""
        return (self.ours - self.rtl) / self.rtl


def main() -> int:
    """Prints the table, or the phases of the programs that were named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--marks", nargs="*", metavar="NAME", help="phases of these programs instead")
    options = parser.parse_args()
    engine = open_engine(load(isa, timing="rtl"), cache_dir() / "isa", "auto")
    if options.marks:
        for name in options.marks:
            print_marks(engine, name)
        return 0
    rows = [Row(row["name"], int(row["cycles"]), run(engine, row["name"])[0].cycles) for row in table("cycles.csv")]
    print_rows(rows)
    print("\nint8 matrix multiplications")
    print_rows([row for row in rows if row.name.startswith("k_matmul_i8")])
    print_ladder()
    return 0


def print_ladder() -> None:
    """Cycles of baselines, in C too where its compiler is installed, under what other programs took on the RTL."""
    workload = replace(task, configurations={"ladder": LADDER}, held_out={}).workload("ladder")
    kernels = [("coral", f"assembly, {variant}", baselines.render(workload, variant)) for variant in ("naive", "vector")]
    with contextlib.suppress(KernelwrightError):  # no clang
        kernels.insert(0, ("coral-c", "plain loops in C, ours", open_backend("coral-c").baseline(workload)))
    print("\nint8 matrix product, 16 x 48 x 16")
    for name, cycles in OTHERS.items():
        print(f"{name:34}{cycles:8}  on the RTL")
    for backend, name, source in kernels:
        print(f"{name:34}{cycles_of(open_backend(backend), source, workload):8}  here")


def cycles_of(backend: Backend, source: str, workload: Workload) -> int:
    """Cycles of a kernel, which must be right."""
    inputs = workload.draw(np.random.default_rng(0))
    (done,) = backend.execute(backend.build(source, workload), [inputs], Limits())
    assert done.outputs is not None
    assert done.cycles is not None
    assert all(np.array_equal(done.outputs[name], array) for name, array in workload.compute(inputs).items())
    return int(done.cycles)


def table(name: str) -> list[dict[str, str]]:
    """The rows of a file of the calibration set."""
    return list(csv.DictReader((CALIBRATION / name).read_text(encoding="utf-8").splitlines()))


def run(engine: Engine, name: str, trace: int = 0) -> tuple[Outcome, Program]:
    """Runs a program from reset."""
    program = assemble((CALIBRATION / f"{name}.S").read_text(encoding="utf-8"), engine.architecture).program
    assert program is not None  # they are tested to assemble
    engine.reset()
    load_images(engine, program)
    return engine.run(program, fuel=FUEL, trace=trace), program


def print_rows(rows: Sequence[Row]) -> None:
    """Programs, then the distribution of their errors."""
    print(f"{'program':34}{'RTL':>8}{'ours':>8}{'error':>9}")
    for row in rows:
        print(f"{row.name:34}{row.rtl:8}{row.ours:8}{row.error:9.2%}")
    errors = sorted(abs(row.error) for row in rows)
    middle, most = errors[len(errors) // 2], errors[int(0.9 * len(errors))]
    exact = sum(row.ours == row.rtl for row in rows)
    print(f"{len(rows)} programs, {exact} exact; error: median {middle:.2%}, 90% within {most:.2%}, largest {errors[-1]:.2%}")


def print_marks(engine: Engine, name: str) -> None:
    """Cycles from each mark of a program to the next."""
    outcome, program = run(engine, name, FUEL)
    assert outcome.events is not None
    marks = [row for row in table("marks.csv") if row["name"] == name]
    first = {int(pc): int(cycle) for pc, cycle in outcome.events[::-1, :2]}
    ours = [first[program.symbols[row["mark"]] // 4] for row in marks]
    for row, cycles in zip(marks, np.diff(ours), strict=False):
        print(f"{name:24}{row['mark']:9}{row['to_next']:>6}{cycles:6}{cycles - int(row['to_next']):+5}  {row['what']}")


if __name__ == "__main__":
    sys.exit(main())
