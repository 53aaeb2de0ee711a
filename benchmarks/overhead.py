"""What our own code costs on top of compilers, kernels and Python itself; every figure is a ratio or difference within one run.

| figure | aim |
|---|---|
| wall time of regrading the core suite with 2 workers / time inside compilers and kernels | at most 1.2 |
| a tool call, less the build and the runs in it | under 5 ms |
| ``kernelwright --help`` / ``python -c "import typer"`` | at most 3 |

    python benchmarks/overhead.py                      # everything; minutes
    python benchmarks/overhead.py --tasks 'P0*'        # a part of the suite
    python benchmarks/overhead.py --run results/runs/X  # regrade a run that exists
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from harness.agent.tools import Toolbox
from harness.backend import Backend, PairedTiming, Race
from harness.grading.evaluate import Judge
from harness.grading.seeds import new_secret, seed
from harness.model import ToolCall
from harness.run import commands
from harness.run.plan import Options
from harness.run.regrade import Regrade
from harness.run.session import Session
from harness.trial import AgentSettings

HELP = [sys.executable, "-P", "-c", "import sys; sys.argv[1:] = ['--help']; from harness.cli import main; main()"]
TYPER = [sys.executable, "-P", "-c", "import typer"]


class Stopwatch:
    """Wall time inside a backend, less what the judge does when it is called back from there."""

    def __init__(self, backend: Backend) -> None:
        self.seconds = 0.0
        for name in ("build", "execute", "profile"):
            if hasattr(backend, name):
                setattr(backend, name, self._timed(getattr(backend, name), 1))
        if isinstance(backend, PairedTiming):
            race = self._timed(backend.race, 1)

            def raced(candidate: Any, baseline: Any, workload: Any, seed: int, check: Callable[..., Any], **rest: Any) -> Race:
                result: Race = race(candidate, baseline, workload, seed, self._timed(check, -1), **rest)
                return result

            backend.race = raced  # type: ignore[method-assign]

    def _timed(self, function: Callable[..., Any], sign: int) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds += sign * (time.perf_counter() - started)

        return call


def regrading(run: Path | None, tasks: list[str], backend: str, workers: int, console: Console) -> Regrade:
    """The regrade of a run of the compiler's baselines, made here unless one is given."""
    with tempfile.TemporaryDirectory() as scratch:
        if run is None:
            run = Path(scratch) / "run"
            commands.start(Options(models=("compiler",), tasks=tuple(tasks), backends=(backend,)), run, workers, console)
        return commands.grade(run, workers, console, cached=False, accept_changes=True)[0]


def tool_calls(workload_id: str, backend_name: str, repeats: int) -> dict[str, float]:
    """Median milliseconds that ``check`` and ``run`` cost beyond the build and the runs in them, each call with a new kernel."""
    session = Session(Options(models=(), backends=(backend_name,)))
    backend, workload, secret = session.backend(backend_name), session.workload(workload_id), new_secret()
    stopwatch = Stopwatch(backend)
    toolbox = Toolbox(Judge(backend, secret), backend, workload, AgentSettings(), seed(secret, workload.id, "public"))
    toolbox.call(_call("run", backend.baseline(workload), 0))  # builds the baseline, which later calls share
    overhead = {}
    for tool in ("check", "run"):
        costs = []
        for number in range(1, repeats + 1):
            call = _call(tool, backend.baseline(workload) + "\n" * number, number)
            started, inside = time.perf_counter(), stopwatch.seconds
            toolbox.call(call)
            costs.append(time.perf_counter() - started - (stopwatch.seconds - inside))
        overhead[tool] = 1000 * statistics.median(costs)
    return overhead


def _call(tool: str, source: str, number: int) -> ToolCall:
    arguments = {"source": source}
    return ToolCall(id=str(number), name=tool, raw=json.dumps(arguments), arguments=arguments)


def start_ratio(repeats: int) -> float:
    """How many times longer the command's help takes than importing typer: median of interleaved pairs."""
    return statistics.median(_seconds(HELP) / _seconds(TYPER) for _ in range(repeats))


def _seconds(argv: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def report(figures: list[tuple[str, float, float, Callable[[float], str]]]) -> bool:
    """Prints figure, aim and whether it is met; returns whether all are."""
    table = Table("figure", "measured", "aim", "met")
    for name, value, aim, form in figures:
        judged = ("", "") if math.isinf(aim) else (f"<= {form(aim)}", "yes" if value <= aim else "NO")
        table.add_row(name, form(value), *judged)
    Console().print(table)
    return all(value <= aim for _, value, aim, _ in figures)


def main() -> int:
    """0 when every aim is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="a finished run to regrade; by default one is made")
    parser.add_argument("--tasks", action="append", help="selectors; default core")
    parser.add_argument("--backend", default="cpu")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--workload", action="append", help="workloads whose tool calls are timed; default P01/C1 and P15/C2")
    parser.add_argument("--repeats", type=int, default=11)
    chosen = parser.parse_args()

    figures: list[tuple[str, float, float, Callable[[float], str]]] = []
    figures.append(("--help / import typer", start_ratio(chosen.repeats), 3.0, "{:.2f}".format))
    for workload in chosen.workload or ["P01/C1", "P15/C2"]:
        for tool, cost in tool_calls(workload, chosen.backend, chosen.repeats).items():
            figures.append((f"{tool} of {workload} beyond build and runs", cost, 5.0, "{:.1f} ms".format))
    regrade = regrading(chosen.run, chosen.tasks or ["core"], chosen.backend, chosen.workers, Console(stderr=True))
    wall, spent = regrade.seconds, regrade.seconds * chosen.workers
    figures.append((f"wall of regrading {regrade.judged} kernels / tool time", wall / regrade.tool_seconds, 1.2, "{:.2f}".format))
    figures.append(("  the same, wall times workers", spent / regrade.tool_seconds, math.inf, "{:.2f}".format))
    figures.append(("  of which outside of evaluations", spent / regrade.evaluation_seconds, 1.2, "{:.2f}".format))
    return 0 if report(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
