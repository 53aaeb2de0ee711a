"""What a sandbox costs: a call in each tier against a plain fork and exec, and a go/done exchange with a live box.

Usage: python benchmarks/sandbox.py [ROUNDS]

All tiers take turns in random order within each round, so that a busy machine slows them alike; ratios are medians of the ratios
within rounds. Docker is measured where an engine answers (DOCKER_HOST).
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.sandbox import Box, BoxLimits, Sandbox
from harness.sandbox.choose import TIERS
from harness.sandbox.native import compile_trusted

ECHO = """
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    char byte;
    while (argc == 3 && read(atoi(argv[1]), &byte, 1) == 1 && write(atoi(argv[2]), &byte, 1) == 1)
        ;
}
"""
EXCHANGES = 300


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def start(sandbox: Sandbox, echo: Path) -> Box:
    """A live box that sends back every byte."""
    limits = BoxLimits(processes=1, file_bytes=0)
    return sandbox.start(["/echo", "{request}", "{reply}"], mounts={"/echo": echo}, memories={}, limits=limits)


def live(sandbox: Sandbox, echo: Path) -> None:
    """From nothing to the first answer and back to nothing."""
    with contextlib.closing(start(sandbox, echo)) as box:
        exchange(box)


def exchange(box: Box) -> None:
    """One go and one done."""
    os.write(box.request_fd, b"g")
    assert os.read(box.reply_fd, 1) == b"g"


def awake(box: Box) -> None:
    """As a timed call is made: the box is stopped while it has nothing to do."""
    box.resume()
    exchange(box)
    box.pause()


def interleaved(rounds: int, works: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds of each work in each round."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name in random.sample(list(works), len(works)):
            times[name].append(seconds(works[name]))
    return times


def table(title: str, times: dict[str, list[float]], unit: str, scale: float) -> Table:
    """Ratios to the first row."""
    base = next(iter(times.values()))
    shown = Table("", f"median {unit}", "p10", "ratio", title=title)
    for name, column in times.items():
        ratio = statistics.median(a / b for a, b in zip(column, base, strict=True))
        low = statistics.quantiles(column, n=10)[0]
        shown.add_row(name, f"{statistics.median(column) * scale:.2f}", f"{low * scale:.2f}", f"{ratio:.1f}")
    return shown


def main(rounds: int) -> None:
    """Prints the tables."""
    console = Console()
    with contextlib.ExitStack() as stack:
        cache = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (cache / "echo.c").write_text(ECHO, encoding="utf-8")
        echo = compile_trusted(cache / "echo.c", cache)
        tiers = {name: create(cache) for name, create in TIERS.items()}
        for name, sandbox in list(tiers.items()):
            probe = sandbox.probe()
            if not probe.works and name != "unconfined":
                console.print(f"{name} is left out: {probe.detail}", highlight=False, markup=False)
                del tiers[name]
        calls: dict[str, Callable[[], object]] = {"plain fork+exec": lambda: subprocess.run(["true"], check=True)}
        calls |= {f"{name}, run a tool": lambda s=sandbox: s.run(["true"]) for name, sandbox in tiers.items()}
        calls |= {f"{name}, a live box": lambda s=sandbox: live(s, echo) for name, sandbox in tiers.items()}
        console.print(table(f"One call, {rounds} rounds", interleaved(rounds, calls), "ms", 1e3))

        works: dict[str, Callable[[], object]] = {}
        for title, work in (("go/done", exchange), ("resume, go/done, pause", awake)):
            for name in ("unconfined", *(name for name in tiers if name not in ("docker", "unconfined"))):
                box = stack.enter_context(contextlib.closing(start(tiers[name], echo)))
                works[f"{name}, {title}"] = lambda work=work, box=box: work(box)
        console.print(table(f"One exchange, {EXCHANGES} rounds", interleaved(EXCHANGES, works), "us", 1e6))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
