"""The cpu target: C11 kernels, compiled and run in a sandbox, scored by races against the baseline.

Open next: `toolchain` (text to object), `process` (a live kernel), `race` (speed), `profiler` and `bound`. Nothing here decides
whether an output is right; that is the judge's.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np

from backends.cpu import baselines
from backends.cpu.bound import SpeedOfLight
from backends.cpu.brief import brief
from backends.cpu.clock import Clock
from backends.cpu.layout import Layout, canary
from backends.cpu.prelude import C_TYPES, MAX_ARGUMENTS, macros
from backends.cpu.process import KernelProcess, StoppedError
from backends.cpu.profiler import Profiler
from backends.cpu.race import Course, one_processor, slots_for
from backends.cpu.specimens import specimens
from backends.cpu.suspects import Check
from backends.cpu.toolchain import Artifact, Toolchain
from harness.backend import (
    BackendContext,
    BackendInfo,
    Bound,
    Brief,
    Build,
    Execution,
    Fault,
    Limits,
    Manual,
    Profile,
    Race,
    Specimen,
    Support,
)
from harness.errors import InfraError
from harness.record import digest, file_digests
from harness.sandbox import BoxLimits
from harness.sandbox.native import compile_trusted
from harness.task import Tensors, Workload

HERE = Path(__file__).parent
SOURCES = frozenset({".py", ".c", ".h", ".j2"})
"""Suffixes of what decides a score; the manual has a digest of its own."""
SOURCE_LIMIT = 256 * 1024
"""Largest kernel text, bytes."""
_SLACK_S = 5.0


class CpuBackend:
    """C11 kernels on this machine's processor."""

    def __init__(self, context: BackendContext) -> None:
        self._sandbox = context.sandbox
        self._cache = context.cache / "cpu"
        self._toolchain = Toolchain(context.sandbox, self._cache, SOURCE_LIMIT)
        self._light = SpeedOfLight(self._cache)

    @cached_property
    def info(self) -> BackendInfo:
        """What this target is."""
        return BackendInfo(
            name="cpu",
            title="C11 kernels on this machine's processor",
            language="C11",
            extension="c",
            version=version("kernelwright"),
            digest=digest(self._toolchain.digest, file_digests(HERE, SOURCES)),
            manual=Manual.read(HERE / "manual"),
            deterministic=False,
            generic_sizes=True,
            sandbox=self._tier(),
            source_limit=SOURCE_LIMIT,
        )

    def support(self, workload: Workload) -> Support:
        """Tensors must be of C's types, and there must be a baseline."""
        tensors = [*workload.inputs.values(), *workload.outputs.values()]
        foreign = sorted({tensor.dtype.name for tensor in tensors} - set(C_TYPES))
        if foreign:
            return Support(supported=False, reason=f"C11 has no type for {', '.join(foreign)}; it has {', '.join(C_TYPES)}")
        if len(tensors) > MAX_ARGUMENTS:
            return Support(supported=False, reason=f"{len(tensors)} tensors; the runner passes at most {MAX_ARGUMENTS}")
        taken = sorted(macros(workload).keys() & {tensor.name for tensor in tensors})
        if taken:
            return Support(supported=False, reason=f"{', '.join(taken)} would be both a tensor and a size macro")
        reason = baselines.supported(workload)
        return Support(supported=reason is None, reason=reason or "")

    def brief(self, workload: Workload) -> Brief:
        """The exact signature, and the rules of the language."""
        return brief(workload, self._toolchain.flags, SOURCE_LIMIT, Limits().wall_s)

    def build(self, source: str, workload: Workload) -> Build:
        """Compiles in the sandbox, with fixed flags, and inspects the object."""
        return self._toolchain.build(source, workload)

    def execute(self, build: Build, batch: Sequence[Tensors], limits: Limits) -> Sequence[Execution]:
        """Runs the kernel on each input set in one box; outputs are poisoned anew before each."""
        artifact = _artifact(build)
        rng = np.random.default_rng()
        done: list[Execution] = []
        started = time.perf_counter()
        with self._process(artifact, 1, limits) as process:
            try:
                process.wait_ready()
                for inputs in batch:
                    execution = _run_one(process, inputs, rng)
                    # The box is started for the first; later ones cost what they take.
                    done.append(replace(execution, seconds=time.perf_counter() - started))
                    started = time.perf_counter()
            except StoppedError as stopped:
                fault, spent = self._located(stopped.fault, artifact), time.perf_counter() - started
                done.append(Execution(outcome=stopped.outcome, fault=fault, seconds=spent))
        return done

    def bound(self, workload: Workload) -> Bound:
        """Operations and bytes over measured peaks."""
        return self._light.bound(workload)

    def baseline(self, workload: Workload) -> str:
        """The template compiler's kernel."""
        return baselines.render(workload)

    def race(
        self, candidate: Build, baseline: Build, workload: Workload, seed: int, check: Check, *, pairs: int, limits: Limits
    ) -> Race:
        """Times candidate and baseline in laps of interleaved pairs; one pair of kernels at a time on this machine."""
        rng = np.random.Generator(np.random.PCG64DXSM(seed))
        slots = slots_for(Layout.of(workload))

        @contextmanager
        def launch(candidate_first: bool) -> Iterator[tuple[KernelProcess, KernelProcess]]:
            first, second = (candidate, baseline) if candidate_first else (baseline, candidate)
            with self._process(_artifact(first), slots, limits) as one, self._process(_artifact(second), slots, limits) as other:
                one.wait_ready()
                other.wait_ready()
                yield (one, other) if candidate_first else (other, one)

        self._cache.mkdir(parents=True, exist_ok=True)
        with one_processor(self._cache):
            return Course(launch, workload, rng, check, self._cache).run(pairs, self.clock.ticks_per_ns)

    def profile(self, build: Build, inputs: Tensors, limits: Limits) -> Profile | str:
        """Instructions by line, counted by callgrind, or why not: valgrind is missing, or the kernel cannot be counted."""
        return self.profiler.profile(_artifact(build), inputs, limits) or self.profiler.reason

    def vocabulary(self) -> Sequence[str]:
        """The element types; C itself is known."""
        return list(C_TYPES.values())

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """Kernels that end badly."""
        return specimens(workload)

    @cached_property
    def clock(self) -> Clock:
        """The trusted timer."""
        return Clock(self._cache)

    @cached_property
    def profiler(self) -> Profiler:
        """The instruction counter; its ``reason`` says why a profile is None."""
        return Profiler(self._sandbox(), compile_trusted(HERE / "counter.c", self._cache))

    def _process(self, artifact: Artifact, slots: int, limits: Limits) -> KernelProcess:
        runner = compile_trusted(HERE / "runner.c", self._cache)
        return KernelProcess(self._sandbox(), self.clock, runner, artifact, Layout.of(artifact.workload), slots, limits)

    def _tier(self) -> str:
        try:
            return self._sandbox().name
        except InfraError:
            return "none works"

    def _located(self, fault: Fault | None, artifact: Artifact) -> Fault | None:
        """A fault with the kernel's line, where its program counter lies in the kernel."""
        tool = shutil.which("addr2line")
        if tool is None or fault is None or fault.pc is None or not 0 < fault.pc < artifact.library.stat().st_size:
            return fault
        done = self._sandbox().run(
            [tool, "-e", "/kernel/kernel.so", hex(fault.pc)],
            mounts={"/kernel/kernel.so": artifact.verify()},
            limits=BoxLimits(wall_s=_SLACK_S, cpu_s=int(_SLACK_S)),
        )
        found = re.search(rb"kernel\.c:(\d+)", done.stdout)
        return fault.model_copy(update={"line": int(found[1])}) if found else fault


def _run_one(process: KernelProcess, inputs: Tensors, rng: np.random.Generator) -> Execution:
    arena, outputs = process.layout.inputs, process.layout.outputs
    image, word = arena.image(1), canary(rng)
    arena.write(image, 0, inputs)
    process.write_inputs(image)
    process.write_outputs(outputs.poison(1, word))
    process.call(1)
    left = np.frombuffer(process.read_outputs(1), np.uint8)
    if (damage := outputs.damaged_guard(left, word)) is not None:
        raise StoppedError("fault", _overrun(process.layout, damage[1]), "write out of bounds")
    return Execution(outcome="completed", outputs=outputs.read(left, 0), inputs_intact=process.read_inputs() == image.tobytes())


def _overrun(layout: Layout, offset: int) -> Fault:
    """Which output was overrun, and by how much."""
    before = {name: at for name, at in layout.outputs.offsets.items() if at <= offset}
    if not before:
        first = next(iter(layout.outputs.tensors))
        message = f"the kernel wrote before the first element of {first}"
        return Fault(cause="out_of_bounds_write", message=message, operand=first)
    name = max(before, key=lambda other: before[other])
    size = layout.outputs.tensors[name].bytes
    message = f"the kernel wrote at byte {offset - before[name]} of {name}, which has {size} bytes"
    return Fault(cause="out_of_bounds_write", message=message, operand=name, address=offset - before[name], limit=size)


def _artifact(build: Build) -> Artifact:
    if not isinstance(build.artifact, Artifact):
        raise TypeError(f"a build with outcome {build.outcome!r} cannot be executed")
    return build.artifact
