"""Waveforms of the manual, rendered from simulations of the kernels that stand on the same page.

A test renders them again and compares; with ``--update-golden`` it writes the pages instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backends.verilog import interface, wave
from backends.verilog.simulate.bench import render as render_bench
from backends.verilog.simulate.driver import Refusal
from backends.verilog.simulate.icarus import Icarus
from backends.verilog.simulate.runs import Budget, Kind, Run
from harness.sandbox import BoxLimits, Sandbox
from harness.task import Workload

PAGES = sorted(Path(__file__).parent.glob("*.md"))
"""All pages, in reading order."""
KERNEL = re.compile(r"^```verilog (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A kernel on a page: the task's id, and the text."""
_FIGURE = re.compile(r"^```wave (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LIMITS = BoxLimits(wall_s=60.0, cpu_s=20, processes=8)
_BUDGET = Budget(100_000, 100_000)


@dataclass(frozen=True)
class Figure:
    """A waveform: which kernel of the page, in which run, and what of it is shown."""

    task: str
    configuration: str
    kind: Kind
    cycles: tuple[int, int]
    """The first and the last that is shown."""
    signals: tuple[str, ...]
    seed: int = 1
    """Of stalls and junk."""


_STREAM = ("s_valid", "s_ready", "s_last", "s_data", "m_valid", "m_ready", "m_last", "m_data")
_REQUEST = ("req_valid", "req_ready", "req_we", "req_addr")
FIGURES = {
    "stream": Figure("P04", "C5", Kind.plain, (1, 7), _STREAM),
    "stalls": Figure("P04", "C5", Kind.both_stall, (1, 14), _STREAM, seed=3),
    "back-to-back": Figure("P04", "C5", Kind.back_to_back, (4, 9), _STREAM),
    "reads": Figure("P29", "C1", Kind.plain, (1, 13), ("start", *_REQUEST, "rsp_valid", "answered")),
    "done": Figure("P29", "C1", Kind.plain, (655, 668), (*_REQUEST, "req_wstrb", "done")),
}
"""All figures, by the name behind ``wave``."""


def with_waves(page: str, workload: Callable[[str, str], Workload], sandbox: Callable[[], Sandbox]) -> str:
    """A page with its waveforms rendered; ``workload(task, configuration)`` finds what they run. KeyError for an unknown name."""
    kernels = dict(KERNEL.findall(page))

    def drawn(match: re.Match[str]) -> str:
        figure = FIGURES[match[1]]
        text = draw(figure, kernels[figure.task], workload(figure.task, figure.configuration), sandbox)
        return f"```wave {match[1]}\n{text}\n```"

    return _FIGURE.sub(drawn, page)


def draw(figure: Figure, kernel: str, workload: Workload, sandbox: Callable[[], Sandbox]) -> str:
    """The waveform of a kernel. ValueError if it cannot be compiled, or ends before the last cycle that is shown."""
    rng = np.random.default_rng(figure.seed)
    batch = [workload.draw(rng), workload.draw(rng)]
    run = Run(figure.kind, (0, 1) if figure.kind is Kind.back_to_back else (0,), seed=figure.seed)
    first, last = figure.cycles
    declared = [name for name in interface.contract(workload).parameters if re.search(rf"\bparameter {name}\b", kernel)]
    bench = render_bench(workload, declared, (first, last + 1))
    program = Icarus(sandbox).compile(bench, kernel)
    if isinstance(program, Refusal):
        message = f"a kernel of the manual does not compile: {program.log.strip()[:500]}"
        raise ValueError(message)  # noqa: TRY004  # a text is at fault, not a type
    done = sandbox().run(
        ["/bin/sh", "-c", "vvp -n program < input"],
        files={"program": program.content, "input": run.stimulus(workload, batch, _BUDGET)},
        collect=["wave.vcd"],
        limits=_LIMITS,
    )
    seen = wave.read(done.files["wave.vcd"].decode("ascii"), bench.instance) if "wave.vcd" in done.files else None
    if seen is None or last not in seen.cycles:
        raise ValueError(f"a kernel of the manual does not reach cycle {last}")
    return wave.render(seen, wave.choose(seen, figure.signals, [], len(figure.signals)), first, last)
