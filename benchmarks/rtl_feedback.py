"""How long an agent waits for the verdict on a hardware kernel, and where that time goes.

The kernel is the baseline of a 4 x 4 matrix product of 8-bit integers with K = 64; in each loop it has a name of its own inside,
so that no part finds it in a cache. A loop is everything that the tool ``run`` does: the gate, synthesis to the netlist and its
gate, two compilations, and on two input sets the scored runs and those under stalls, junk and back-to-back problems, on netlist
and source. ``rest`` is the judge's own work and the drawing of inputs.
``processor`` is processor time, all processes together: on a machine with other work it says more than the wall time.

| figure | aim |
|---|---|
| one feedback loop, median | at most 1.5 s |

    python benchmarks/rtl_feedback.py                 # ten loops
    python benchmarks/rtl_feedback.py --loops 2
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from backends.verilog.backend import VerilogBackend
from harness.grading.evaluate import Judge
from harness.grading.seeds import new_secret
from harness.run.plan import Options
from harness.run.session import Session
from harness.task import Workload, i8
from tasks import every_task

AIM_S = 1.5
Span = tuple[float, float]
"""Begin and end, in seconds."""
PARTS = ("gate", "netlist", "compile", "simulate")


def matmul() -> Workload:
    """The 4 x 4 product with K = 64."""
    task = every_task()["P21"]
    return replace(task, configurations={"C1": {"M": 4, "N": 4, "K": 64}}).workload("C1", i8)


def measure(loops: int) -> dict[str, list[float]]:
    """Seconds of each part in each loop."""
    session = Session(Options(models=()))
    backend = session.backend("verilog")
    assert isinstance(backend, VerilogBackend)
    workload, judge = matmul(), Judge(backend, new_secret())
    text = backend.baseline(workload)
    expect_pass(judge.run(text, workload))  # tools start, caches fill, and the baseline is timed once for all
    spent = {name: [] for name in (*PARTS, "rest", "total", "processor")}
    spans = watch(backend)
    for loop in range(loops):
        for name in PARTS:
            spans[name].clear()
        begun, used = time.perf_counter(), processor_s()
        expect_pass(judge.run(text.replace("endmodule", f"    wire loop_{loop} = clk;\nendmodule", 1), workload))
        total = time.perf_counter() - begun
        seconds = {name: covered(spans[name]) for name in PARTS}
        seconds |= {"rest": total - sum(seconds.values()), "total": total, "processor": processor_s() - used}
        for name, value in seconds.items():
            spent[name].append(value)
    return spent


def processor_s() -> float:
    """Processor time of this process and of all that it waited for."""
    kinds = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(kind.ru_utime + kind.ru_stime for kind in kinds)


def watch(backend: VerilogBackend) -> dict[str, list[Span]]:
    """When the backend's parts are at work, from now on."""
    spans: dict[str, list[Span]] = {name: [] for name in PARTS}

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                spans[name].append((begun, time.perf_counter()))

        return wrapper

    for name, owner, method in (
        ("gate", backend.gate, "check"),
        ("netlist", backend.synthesis, "netlist"),
        ("compile", backend.conductor, "prepare"),
        ("simulate", backend.conductor, "execute"),
    ):
        setattr(owner, method, timed(name, getattr(owner, method)))
    return spans


def covered(spans: Sequence[Span]) -> float:
    """Seconds in which at least one of the spans runs: two compilations run side by side."""
    seconds, end = 0.0, 0.0
    for first, last in sorted(spans):
        seconds += max(0.0, last - max(first, end))
        end = max(end, last)
    return seconds


def expect_pass(evaluation: Any) -> None:
    """A benchmark of a kernel that fails would measure nothing."""
    assert evaluation.passed, evaluation.summary


def main() -> None:
    """Prints the median of each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loops", type=int, default=10)
    spent = measure(parser.parse_args().loops)
    for name, seconds in spent.items():
        aim = f" (aim: at most {AIM_S})" if name == "total" else ""
        print(f"{name:>9}: {statistics.median(seconds):.2f} s{aim}")


if __name__ == "__main__":
    main()
