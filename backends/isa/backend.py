"""An architecture and a port, as a backend of the benchmark.

Building assembles; executing resets the machine, fills the outputs with noise, loads the port's images and the program's data,
runs, and reads the outputs back. Kernels are data to a simulator that checks every access, so no sandbox is needed; what bounds
them is a budget of instructions and cycles, by default `BUDGET` times the baseline's own, and the wall clock.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from backends.isa import tools
from backends.isa.architecture import Architecture, BoundMemory
from backends.isa.assembler import assemble
from backends.isa.bound import bound
from backends.isa.define import Isa
from backends.isa.dialect import ALONE, Link
from backends.isa.dtypes import Elements
from backends.isa.engine import Engine, Image, Outcome, Program, load_images
from backends.isa.engines import open_engine
from backends.isa.faults import fault, limit_fault, timeout_fault
from backends.isa.guard import Guard
from backends.isa.manual import render
from backends.isa.manual.chapters import offered
from backends.isa.port import Bounds, Compiles, Links, Moves, PortFactory, Samples
from backends.isa.profile import counters, profile
from harness.backend import BackendContext, BackendInfo, Bound, Brief, Build, Execution, Limits, Specimen, Support
from harness.errors import InfraError, UsageError, did_you_mean
from harness.record import digest, file_digests
from harness.task import Tensors, Workload

BUDGET = 50
"""Times the baseline's instructions and cycles that a kernel may use."""
LEAST_BUDGET = 1_000_000
"""Instructions and cycles that every kernel may use."""
BASELINE_FUEL = 2_000_000_000
"""Instructions after which even a baseline is stopped."""
HERE = Path(__file__).parent
SOURCES = frozenset({".py", ".c", ".h", ".j2", ".toml"})
"""Suffixes of sources, templates and costs: they decide a score."""


class Budget(NamedTuple):
    """What one execution may use."""

    instructions: int
    cycles: int


@dataclass(frozen=True)
class Region:
    """Part of a memory."""

    space: str
    start: int
    count: int
    use: str
    """``image 0``, ``read 0``: by place in what `Port.images` returns, or among the reads of `Port.outputs`."""

    def __str__(self) -> str:
        return f"{self.use} at {self.space} {self.start} to {self.start + self.count}"


class IsaBackend:
    """A simulated target made from an instruction set."""

    def __init__(self, architecture: Architecture, make_port: PortFactory, context: BackendContext, engine: str = "auto") -> None:
        self.architecture = architecture
        self._guard = Guard(make_port, architecture)
        self._port = self._guard.port
        self._cache = context.cache / "isa"
        self._engine_name = engine
        self._budgets: dict[str, Budget] = {}
        self._regions: dict[str, tuple[Region, ...]] = {}

    @cached_property
    def info(self) -> BackendInfo:
        """What this target is."""
        definition, machine = self.architecture.definition, self.architecture.machine
        info = BackendInfo(
            name=self.architecture.name,
            title=f"{self._port.title} ({machine.profile}, {machine.timing.name})",
            language=f"{definition.title.partition(',')[0]} assembly",
            extension=self._port.extension,
            version=version("kernelwright"),
            digest=self._digest(),
            manual=render(self.architecture),
            formats=self._port.formats,
            deterministic=True,
            sandbox="none",
            tools=tools.SPECS,
        )
        return self._port.describe(info) if isinstance(self._port, Compiles) else info

    @cached_property
    def engine(self) -> Engine:
        """The simulator; compiled on first use."""
        return open_engine(self.architecture, self._cache, self._engine_name)

    def support(self, workload: Workload) -> Support:
        """What the port says."""
        reason = self._port.support(workload)
        return Support(supported=reason is None, reason=reason or "")

    def brief(self, workload: Workload) -> Brief:
        """The port's calling convention."""
        signature, text = self._port.brief(workload)
        return Brief(signature=signature, text=text)

    def build(self, source: str, workload: Workload) -> Build:
        """Assembles strictly: whatever cannot be meant is an error. Other languages are the port's to compile."""
        if isinstance(self._port, Compiles):
            build = self._port.compile(source, workload)
            return build if build.artifact is None else replace(build, artifact=Kernel(workload, build.artifact))
        started = time.perf_counter()
        assembly = assemble(source, self.architecture, link=self._link(workload))
        return Build(
            artifact=None if assembly.program is None else Kernel(workload, assembly.program),
            diagnostics=tuple(assembly.diagnostics),
            seconds=time.perf_counter() - started,
            outcome="build_error" if assembly.program is None else "built",
        )

    def execute(self, build: Build, batch: Sequence[Tensors], limits: Limits) -> Sequence[Execution]:
        """Runs the kernel on each input set from a machine that was reset."""
        if not isinstance(build.artifact, Kernel):
            raise TypeError(f"a build with outcome {build.outcome!r} cannot be executed")
        budget = self._budget(build.artifact.workload)
        if limits.cycles is not None:
            budget = Budget(max(limits.cycles, 1), limits.cycles)
        done: list[Execution] = []
        for inputs in batch:
            done.append(self._execute(build.artifact, inputs, budget, limits.wall_s))
            if done[-1].outcome != "completed":
                break
        return done

    def bound(self, workload: Workload) -> Bound:
        """Least work over the peaks of machine.toml, unless the port knows better."""
        if isinstance(self._port, Bounds):
            return self._port.bound(workload)
        moved = self._port.moved(workload) if isinstance(self._port, Moves) else {}
        return bound(self.architecture, {**workload.work.operations, **moved})

    def baseline(self, workload: Workload) -> str:
        """The port's kernel."""
        return self._port.baseline(workload)

    def stored(self, workload: Workload, inputs: Tensors) -> Tensors:
        """The inputs as this machine stores them."""
        return self._port.stored(workload, inputs)

    def vocabulary(self) -> Sequence[str]:
        """The mnemonics that kernels may use."""
        return [instruction.mnemonic for instruction in offered(self.architecture)]

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """The port's kernels that end badly, if it has any."""
        return self._port.specimens(workload) if isinstance(self._port, Samples) else ()

    def call_tool(self, name: str, arguments: Mapping[str, Any], workload: Workload, seed: int) -> str:
        """The answer of ``inspect`` or ``disassemble``; inputs are drawn from the seed. ValueError for any other name."""
        known = [tool.name for tool in tools.SPECS]
        if name not in known:
            raise ValueError(f"there is no tool {name!r}{did_you_mean(name, known)}")
        build = self.build(arguments["source"], workload)
        if not isinstance(build.artifact, Kernel):
            return tools.problems(build.diagnostics)
        kernel = build.artifact
        if name == "disassemble":
            return tools.disassembled(self.architecture, kernel.program)
        rng = np.random.Generator(np.random.PCG64DXSM(seed))

        fuel = self._budget(workload).instructions  # first: it may run the baseline on the same engine

        def prepare() -> tuple[Engine, int]:
            self._prepare(kernel, workload.draw(rng), rng)
            return self.engine, fuel

        return tools.inspected(self.architecture, kernel.program, arguments, prepare)

    def _link(self, workload: Workload) -> Link:
        """What the port gives programs to refer to, if anything."""
        return self._port.link(workload) if isinstance(self._port, Links) else ALONE

    # One execution

    def _execute(self, kernel: Kernel, inputs: Tensors, budget: Budget, wall_s: float) -> Execution:
        started = time.perf_counter()
        images = self._prepare(kernel, inputs)
        outcome = self.engine.run(kernel.program, fuel=budget.instructions, seconds=wall_s)
        failed = self._failure(kernel.program, outcome, budget, wall_s)
        if failed is not None:
            return _with_counts(failed, kernel.program, outcome, started)
        intact = all(
            np.array_equal(_bits(self.engine.read(image.space, image.start, len(image.data))), _bits(image.data))
            for image in images
            if not self.architecture.memories[image.space].is_registers
        )
        outputs = self._port.outputs(kernel.workload, self.engine.read)
        done = Execution(outcome="completed", outputs=outputs, inputs_intact=intact)
        return _with_counts(done, kernel.program, outcome, started)

    def _prepare(self, kernel: Kernel, inputs: Tensors, rng: np.random.Generator | None = None) -> Sequence[Image]:
        """A machine as the kernel finds it; returns the images that hold the inputs. ``rng`` makes the noise repeat."""
        engine, images = self.engine, self._port.images(kernel.workload, inputs)
        engine.reset()
        rng = rng or np.random.default_rng()
        for region in self._output_regions(kernel.workload, images):
            engine.write(region.space, region.start, noise(self.architecture.memories[region.space], region.count, rng))
        with self._guard.blaming("images", kernel.workload):
            for image in images:
                engine.write(image.space, image.start, image.data)
        load_images(engine, kernel.program)
        return images

    def _failure(self, program: Program, outcome: Outcome, budget: Budget, wall_s: float) -> Execution | None:
        if outcome.trap is not None:
            return Execution(outcome="fault", fault=fault(self.architecture, program, outcome.trap))
        if outcome.ended == "fuel":
            found = limit_fault(program, outcome.pc, "instructions", budget.instructions)
            return Execution(outcome="limit", fault=found)
        if outcome.ended == "time":
            return Execution(outcome="timeout", fault=timeout_fault(program, outcome.pc, wall_s))
        if outcome.cycles > budget.cycles:
            return Execution(outcome="limit", fault=limit_fault(program, outcome.pc, "cycles", budget.cycles))
        return None

    def _output_regions(self, workload: Workload, images: Sequence[Image]) -> tuple[Region, ...]:
        """What `Port.outputs` reads, learned by letting it read a machine that was reset."""
        if workload.id not in self._regions:
            found: list[Region] = []

            def read(space: str, start: int, count: int) -> Elements:
                elements = self.engine.read(space, start, count)
                found.append(Region(space, start, count, f"read {len(found)}"))
                return elements

            self._port.outputs(workload, read)
            self._check_apart(workload, images, found)
            self._regions[workload.id] = tuple(found)
        return self._regions[workload.id]

    def _check_apart(self, workload: Workload, images: Sequence[Image], reads: Sequence[Region]) -> None:
        """DefinitionError if two regions of memory overlap: no kernel could write its outputs and leave the images as they are.
        Registers may be shared by an argument and a result."""
        held = [Region(image.space, image.start, len(image.data), f"image {at}") for at, image in enumerate(images)]
        memories = {name for name, memory in self.architecture.memories.items() if not memory.is_registers}
        regions = (region for region in (*held, *reads) if region.count and region.space in memories)
        for first, second in pairwise(sorted(regions, key=lambda region: (region.space, region.start))):
            if first.space == second.space and second.start < first.start + first.count:
                method = "images" if first in held and second in held else "outputs"
                did = f"has {first} and {second}, which overlap"
                raise self._guard.error(did, "give every tensor a place of its own", method, workload)

    def _budget(self, workload: Workload) -> Budget:
        if workload.id not in self._budgets:
            build = self.build(self.baseline(workload), workload)
            if not isinstance(build.artifact, Kernel):
                raise InfraError(f"the baseline of {workload.id} on {self.info.name} does not build: {build.problem}")
            self._prepare(build.artifact, workload.draw(np.random.Generator(np.random.PCG64DXSM(0))))
            outcome = self.engine.run(build.artifact.program, fuel=BASELINE_FUEL)
            if outcome.ended != "end":
                why = f": {fault(self.architecture, build.artifact.program, outcome.trap).message}" if outcome.trap else ""
                raise InfraError(f"the baseline of {workload.id} on {self.info.name} ends by {outcome.ended}{why}")
            used = Budget(BUDGET * outcome.instructions, BUDGET * outcome.cycles)
            self._budgets[workload.id] = Budget(*(max(amount, LEAST_BUDGET) for amount in used))
        return self._budgets[workload.id]

    def _digest(self) -> str:
        """Everything that decides a score: the toolkit, the definition, the machine's costs, the port with its baselines."""
        folders = (HERE, self.architecture.definition.folder, Path(self._guard.file).parent)
        machine = self.architecture.machine
        files = [file_digests(folder, SOURCES) for folder in folders]
        return digest(self.architecture.digest, machine.profile, machine.timing.name, files)


class Kernel(NamedTuple):
    """What a build makes."""

    workload: Workload
    program: Program


def create_backend(isa: Isa, make_port: PortFactory, context: BackendContext, own: Sequence[str] = ()) -> IsaBackend:
    """A backend from the options ``profile=``, ``timing=`` and ``engine=`` (auto, native, golden), beside those in ``own``, which
    the port's maker has read. UsageError for others."""
    known = ("profile", "timing", "engine", *own)
    for option in context.options:
        if option not in known:
            raise UsageError(f"the {isa.name} backend has no option {option!r}", f"it has {', '.join(known)}")
    engine = context.options.get("engine", "auto")
    if engine not in ("auto", "native", "golden"):
        raise UsageError(f"engine={engine!r}{did_you_mean(engine, ('auto', 'native', 'golden'))}")
    architecture = _architecture(isa, context.options.get("profile"), context.options.get("timing"))
    return IsaBackend(architecture, make_port, context, engine)


@lru_cache(maxsize=8)
def _architecture(isa: Isa, profile: str | None, timing: str | None) -> Architecture:
    """Checked once in a process: the workers of a run get it from the process that they are forked from."""
    from backends.isa.bind import load

    return load(isa, profile, timing)


def noise(memory: BoundMemory, count: int, rng: np.random.Generator) -> Elements:
    """Random finite elements of a memory: what nobody wrote."""
    dtype = memory.dtype
    if dtype.kind == "float":
        return rng.uniform(-4.0, 4.0, count).astype(dtype.numpy)
    bits = min(dtype.bits, 8 * dtype.bytes)
    patterns = rng.integers(0, 1 << bits, count, np.uint64, endpoint=False) if bits < 64 else rng.integers(0, 2**63, count)
    return patterns.astype(f"u{dtype.bytes}").view(dtype.numpy)


def _with_counts(execution: Execution, program: Program, outcome: Outcome, started: float) -> Execution:
    return Execution(
        outcome=execution.outcome,
        outputs=execution.outputs,
        inputs_intact=execution.inputs_intact,
        cycles=float(outcome.cycles),
        counters=counters(outcome),
        profile=profile(outcome, program),
        fault=execution.fault,
        seconds=time.perf_counter() - started,
    )


def _bits(elements: Elements) -> Elements:
    """The patterns: NaN equals itself, -0 differs from 0."""
    return np.ascontiguousarray(elements).view(f"u{elements.dtype.itemsize}")
