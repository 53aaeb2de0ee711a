"""The agent's tools of this target: ``lint``, ``wave`` and ``synthesize``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backends.verilog import interface, wave
from backends.verilog.simulate.bench import Bench, render
from backends.verilog.simulate.driver import Refusal
from backends.verilog.simulate.findings import RunFailedError, observe
from backends.verilog.simulate.runs import Kind, Run
from backends.verilog.simulate.trace import Trace, parse
from backends.verilog.synthesis import TIE, UnplaceableError
from harness.backend import Build, Diagnostic, Limits, ToolOutput, ToolSpec
from harness.errors import did_you_mean
from harness.sandbox import BoxLimits, Completed
from harness.task import Tensors, Workload

if TYPE_CHECKING:
    from backends.verilog.backend import Artifact, VerilogBackend

MAX_ROWS = 120
"""Most lines that a tool answers with."""
MAX_COLUMNS = 32
"""Most cycles that ``wave`` shows."""
MAX_SIGNALS = 40
"""Most signals that ``wave`` shows."""
_COLUMNS = 12
_BEFORE = 6
_LINT_LIMITS = BoxLimits(wall_s=60.0, cpu_s=20)
_WAVE_LIMITS = BoxLimits(wall_s=120.0, cpu_s=20, processes=8)
_SOURCE = {"type": "string", "description": "The complete text of the kernel."}


def _spec(name: str, description: str, properties: Mapping[str, Any]) -> ToolSpec:
    schema = {
        "type": "object",
        "properties": {"source": _SOURCE, **properties},
        "required": ["source"],
        "additionalProperties": False,
    }
    return ToolSpec(name=name, description=description, parameters=schema)


SPECS = (
    _spec("lint", "Checks a kernel without running it: allowed constructs, ports, synthesis, and the warnings of a linter.", {}),
    _spec(
        "wave",
        "Runs a kernel on public inputs and shows its signals, cycle by cycle, around the first wrong output or broken rule.",
        {
            "cycle": {
                "type": "integer",
                "description": "Show around this cycle instead; cycle 1 has the first input.",
                "minimum": 0,
            },
            "cycles": {
                "type": "integer",
                "description": f"How many cycles, up to {MAX_COLUMNS}.",
                "minimum": 1,
                "maximum": MAX_COLUMNS,
            },
            "signals": {
                "type": "string",
                "description": "Names or patterns separated by commas, such as state, fifo.*; without it, the ports and others.",
            },
            "run": {
                "type": "string",
                "enum": [kind.value for kind in Kind],
                "description": "Which run; without it, plain (no stalls).",
            },
        },
    ),
    _spec(
        "synthesize",
        "Area and longest path of a kernel, estimated in seconds; with full, placed and routed, against the baseline.",
        {"full": {"type": "boolean", "description": "Whether to place and route, which takes half a minute."}},
    ),
)


def answer(backend: VerilogBackend, name: str, arguments: Mapping[str, Any], workload: Workload, seed: int) -> str | ToolOutput:
    """The answer to a tool call. ValueError, with a message for the model, if the arguments are wrong."""
    if name not in {spec.name for spec in SPECS}:
        raise ValueError(f"unknown tool {name!r}{did_you_mean(name, [spec.name for spec in SPECS])}")
    build = backend.build(arguments["source"], workload)
    if name == "lint":
        return _capped("\n".join(_lint(backend, build)))
    if build.outcome != "built":
        return _capped("\n".join(["the kernel does not build", *map(_line, build.diagnostics)]))
    if name == "wave":
        return _wave(backend, build.artifact, arguments, workload, seed)
    return _capped("\n".join(_synthesize(backend, build.artifact, workload, full=bool(arguments.get("full")))))


# lint


def _lint(backend: VerilogBackend, build: Build) -> Iterator[str]:
    yield from map(_line, build.diagnostics)
    if build.outcome != "built":
        return
    found = warnings(backend, build.artifact)
    yield from map(_line, found)
    if not found and not build.diagnostics:
        yield "nothing to complain of"


def warnings(backend: VerilogBackend, artifact: Artifact) -> list[Diagnostic]:
    """What Verilator's linter, or without Verilator Icarus's, says about a kernel that builds, at the kernel's own lines."""
    files = {"kernel.sv": artifact.text.encode()}
    if backend.conductor.verilator is not None:
        values = [f"-G{name}={value}" for name, value in artifact.parameters.items()]
        argv = ["verilator", "--lint-only", "-Wall", "-Wno-DECLFILENAME", "-Wno-EOFNEWLINE", *values]
        argv += ["--top-module", interface.MODULE, "kernel.sv"]
        pattern = r"%(?:Warning|Error)(?:-(\w+))?: kernel\.sv:(\d+):(\d+): (.*)"
    else:
        values = [f"-P{interface.MODULE}.{name}={value}" for name, value in artifact.parameters.items()]
        argv = ["iverilog", "-g2012", "-Wall", "-Wno-timescale", *values, "-s", interface.MODULE, "-o", "program", "kernel.sv"]
        pattern = r"kernel\.sv:(\d+)()(): (?:warning: )?(.*)"
    done = backend.sandbox().run(argv, files=files, limits=_LINT_LIMITS)
    lines, found = artifact.source.split("\n"), []
    for match in re.finditer(pattern, done.stderr.decode("utf-8", "replace")):
        rule, line, column, text = match.groups() if backend.conductor.verilator else ("", match[1], "", match[4])
        number = int(line)
        if _is_harmless(text):
            continue
        found.append(
            Diagnostic(
                severity="warning",
                message=f"{rule}: {text}" if rule else text,
                line=number,
                column=int(column) if column else None,
                snippet=lines[number - 1].strip()[:200] if number <= len(lines) else "",
            )
        )
    return found


def _is_harmless(text: str) -> bool:
    """Whether a warning on widths is about an operand that is extended, or about a plain number or size, which have 32 bits:
    every design has dozens of those."""
    widths = re.search(r"expects (\d+) bits .* generates (\d+) bits", text)
    return widths is not None and (int(widths[2]) < int(widths[1]) or int(widths[2]) == 32)


# wave


def _wave(backend: VerilogBackend, artifact: Artifact, arguments: Mapping[str, Any], workload: Workload, seed: int) -> ToolOutput:
    rng = np.random.Generator(np.random.PCG64DXSM(seed))
    kind = Kind(arguments.get("run", Kind.plain))
    batch = [workload.draw(rng), workload.draw(rng)]
    run = Run(kind, (0, 1) if kind is Kind.back_to_back else (0,), seed=int(rng.integers(1, 2**31)))
    record = _recorder(backend, artifact, workload, run, batch)
    last = 2**31 - 1
    title, middle = _moment(workload, run, batch, _trace(record((last - 1, last))[0], run))
    if "cycle" in arguments:
        middle = arguments["cycle"]
    wanted = [name.strip() for name in arguments.get("signals", "").split(",") if name.strip()]
    count = min(max(1, arguments.get("cycles", _COLUMNS)), MAX_COLUMNS)
    first = max(0, middle - min(_BEFORE, count - 1))
    done, bench = record((first, first + count))
    dump = done.files.get("wave.vcd", b"")
    seen = wave.read(dump.decode("ascii", "replace"), bench.instance)
    ports = [port.name for port in interface.contract(workload).ports if port.name != "clk"]
    signals = wave.choose(seen, wanted, ports, MAX_SIGNALS)
    head = [title, f"cycles {first} to {first + count - 1}, values in hexadecimal; . is the value of the cycle before"]
    text = _capped("\n".join([*head, wave.render(seen, signals, first, first + count - 1)]))
    return ToolOutput(text, {"wave.vcd": dump})


def _recorder(
    backend: VerilogBackend, artifact: Artifact, workload: Workload, run: Run, batch: Sequence[Tensors]
) -> Callable[[tuple[int, int]], tuple[Completed, Bench]]:
    """Simulates the source with Icarus, and dumps a window of cycles."""
    from backends.verilog.backend import budget

    stimulus = run.stimulus(workload, batch, budget(workload, Limits()))

    def record(window: tuple[int, int]) -> tuple[Completed, Bench]:
        bench = render(workload, list(artifact.parameters), window)
        program = backend.conductor.icarus.compile(bench, artifact.text)
        assert not isinstance(program, Refusal), "a kernel that builds compiles"
        done = backend.sandbox().run(
            ["/bin/sh", "-c", "vvp -n program < input"],
            files={"program": program.content, "input": stimulus},
            collect=["result", "wave.vcd"],
            limits=_WAVE_LIMITS,
        )
        return done, bench

    return record


def _trace(done: Completed, run: Run) -> Trace:
    content = done.files.get("result", b"")
    return parse(content, run.nonce, complete=content.rpartition(b"\nEND ")[1] != b"")


def _moment(workload: Workload, run: Run, batch: Sequence[Tensors], trace: Trace) -> tuple[str, int]:
    """What is to be shown, and in which cycle: the first broken rule, else the first wrong output, else the first output."""
    try:
        seen = observe(workload, run, trace)
    except RunFailedError as error:
        return f"{error.failure}: {error.message}", error.cycle or 0
    if seen is None:
        return "the simulation is too slow to be shown to its end", 1
    stream = interface.profile(workload) == "stream"
    for number, (index, outputs) in enumerate(zip(run.sets, seen.outputs, strict=True)):
        for name, expected in workload.compute(batch[index]).items():
            wrong = np.argwhere(outputs[name] != expected)
            if len(wrong):
                at = tuple(int(n) for n in wrong[0])
                got, right = outputs[name][at], expected[at]
                cycle = (_beat_cycle if stream else _write_cycle)(workload, trace, name, at, number)
                place = f"{name}[{', '.join(map(str, at))}]"
                return f"first wrong output: {place} = {got}, expected {right}, in cycle {cycle}", cycle
    first = int(seen.counters["first_output"])
    return f"all outputs are right in {seen.cycles} cycles; first output in cycle {first}", first


def _beat_cycle(workload: Workload, trace: Trace, name: str, at: tuple[int, ...], problem: int) -> int:
    before = problem * interface.beats(interface.output_groups(workload))
    for group in interface.output_groups(workload):
        if name in {tensor.name for tensor in group.tensors}:
            row, column = divmod(_flat(workload, name, at), group.columns)
            return trace.beats[before + row * group.row_beats + column // interface.LANES].cycle
        before += group.beats
    raise AssertionError(f"{name} is an output")


def _write_cycle(workload: Workload, trace: Trace, name: str, at: tuple[int, ...], problem: int) -> int:
    """The last write to the element's word; where there is none, the cycle of ``done``."""
    byte = _flat(workload, name, at) * workload.outputs[name].dtype.bytes
    word = interface.bases(workload)[name] + byte // interface.WORD
    cycles = [cycle for cycle, address in trace.writes if address == word]
    return cycles[-1] if cycles else trace.problems[problem].cycles


def _flat(workload: Workload, name: str, at: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index(at, workload.outputs[name].shape)) if at else 0


# synthesize


def _synthesize(backend: VerilogBackend, artifact: Artifact, workload: Workload, *, full: bool) -> Iterator[str]:
    if not full:
        yield from backend.synthesis.quick(artifact.text, artifact.parameters).lines()
        return
    baseline = backend.build(backend.baseline(workload), workload).artifact
    try:
        own, other = (backend.synthesis.ppa(one.text, one.parameters) for one in (artifact, baseline))
    except UnplaceableError as error:
        yield str(error)
        return
    yield f"{'':<8}  {'kernel':>10}  {'baseline':>10}"
    for name, label in PPA.items():
        yield f"{label:<8}  {getattr(own, name):10.6g}  {getattr(other, name):10.6g}"
    yield f"fmax is the median of {len(own.seeds)} placements; differences under {TIE:.0%} are noise"


PPA = {
    "luts": "LUT4", "carry": "CCU2C", "ffs": "FF", "dsps": "DSP", "brams": "BRAM", "area": "area", "fmax_mhz": "fmax MHz",
}  # fmt: skip
"""The numbers of a full synthesis, and how they are shown."""


def _line(diagnostic: Diagnostic) -> str:
    column = f", column {diagnostic.column}" if diagnostic.column else ""
    place = f"line {diagnostic.line}{column}: " if diagnostic.line else ""
    return f"{place}{diagnostic.severity}: {diagnostic.message}" + (f" ({diagnostic.hint})" if diagnostic.hint else "")


def _capped(text: str) -> str:
    rows = text.split("\n")
    if len(rows) <= MAX_ROWS:
        return text
    return "\n".join([*rows[:MAX_ROWS], f"[... {len(rows) - MAX_ROWS} more lines ...]"])
