"""What ``tasks lint`` does: sends workloads to worker processes, and shows what comes back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harness.cli.common import print_table
from harness.grading.coverage import markdown, missed, rows, total
from harness.grading.lint import LintResult
from harness.grading.mistakes import KINDS

if TYPE_CHECKING:
    from harness.backend import Backend
    from harness.grading.band import Band


@dataclass(frozen=True)
class Linted:
    """One workload."""

    result: LintResult
    bands: tuple[Band, ...] = ()
    """None for held-out sizes, which are of the same kind as those that are shown."""

    @property
    def refused(self) -> list[str]:
        """Right kernels that fail, by name."""
        return [*self.result.refused, *(f"{name} in {band.arithmetic}" for band in self.bands for name in band.refused)]

    @property
    def ok(self) -> bool:
        """Whether wrong kernels fail and right ones pass."""
        return self.result.ok and not self.refused


@dataclass(frozen=True)
class Report:
    """All of them."""

    linted: Sequence[Linted]
    unopened: dict[str, str] = field(default_factory=dict)
    """Why backends were left out."""

    @property
    def ok(self) -> bool:
        """Whether all workloads tell right from wrong."""
        return all(one.ok for one in self.linted)

    @property
    def bands(self) -> list[Band]:
        """Those of all workloads."""
        return [band for one in self.linted for band in one.bands]


def lint(selectors: Sequence[str] | None, suites: tuple[str, ...], backends: tuple[str, ...], processes: int) -> Report:
    """Lints what was selected, by default everything, in the arithmetic of the backends that were named, by default of all
    that can be opened here."""
    from harness.run.selection import all_tasks, every_workload, load_suites, select

    loaded = load_suites(suites)
    chosen = select(selectors, loaded) if selectors else list(every_workload(all_tasks(loaded)))
    opened, unopened = _openable(backends)
    linted = _lint_all([workload.id for workload in chosen], suites, opened, processes)
    return Report(list(linted), unopened)


def _openable(names: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names of the backends that can be opened, and why the others cannot. One that was asked for must open."""
    from harness import plugins
    from harness.cli.targets import explain

    if names:
        return tuple(name for name in names if _open(name).info), {}
    opened, unopened = [], {}
    for name in sorted(plugins.entries("backend")):
        try:
            _ = _open(name).info
            opened.append(name)
        except (Exception, SystemExit) as error:
            unopened[name] = explain(error)
    return tuple(opened), unopened


@cache
def _open(name: str) -> Backend:
    """A backend, once per process."""
    from harness.cli.targets import open_backend

    return open_backend(name)


def _lint_all(workloads: Sequence[str], suites: tuple[str, ...], backends: tuple[str, ...], processes: int) -> Iterator[Linted]:
    """Results in order; tasks hold functions, so workers are sent names and find the workloads themselves."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    work = partial(_lint_one, suites, backends)
    if processes == 1:
        for workload in workloads:
            yield from work(workload)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_one_thread_each) as pool:
        for results in pool.map(work, workloads, chunksize=4):
            yield from results


def _one_thread_each() -> None:
    """Before a worker imports numpy: the threads of several linear algebra libraries would fight for the same processors."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"


def _lint_one(suites: tuple[str, ...], backends: tuple[str, ...], id: str) -> list[Linted]:
    """A workload's result, and that of its held-out sizes."""
    from harness.grading.band import bands
    from harness.grading.lint import lint as lint_workload
    from harness.run.selection import find_workload, load_suites

    workload = find_workload(id, load_suites(suites))
    results = [Linted(lint_workload(workload), tuple(bands(workload, {name: _open(name) for name in backends})))]
    return results + ([Linted(lint_workload(workload.held_out))] if workload.held_out else [])


# Showing


def as_json(report: Report) -> list[dict[str, Any]]:
    """A row for each workload, through the records' own JSON, which writes infinite ratios as strings that other readers
    accept."""
    return [
        json.loads(one.result.model_dump_json())
        | {"ok": one.ok, "leaks": one.result.leaks, "refused": one.refused}
        | {"bands": [json.loads(band.model_dump_json()) for band in one.bands]}
        for one in report.linted
    ]


def as_markdown(report: Report) -> str:
    """The generated part of docs/design/tolerances.md."""
    return markdown(report.bands)


def show(report: Report) -> None:
    """The tables, then every leak, and every mistake that passes."""
    _show_lint([one.result for one in report.linted])
    _show_mistakes(report.bands)
    for one in report.linted:
        for name in one.result.leaks:
            print(f"{one.result.workload}: a wrong kernel passes: {name}")
        for name in one.refused:
            print(f"{one.result.workload}: a right kernel fails: {name}")
    for name, reason in report.unopened.items():
        print(f"not in the arithmetic of {name}: {reason}")


def _show_lint(results: Sequence[LintResult]) -> None:
    """A line per task and element type."""
    lines = []
    for name, group in groupby(results, key=lambda result: result.workload.split("/")[0]):
        several = list(group)
        weakest = min((result.weakest for result in several), key=lambda check: check.ratio)
        caught = sum(not null.passed for result in several for null in result.nulls)
        made = sum(len(result.nulls) for result in several)
        margin = max(result.margin for result in several)
        good = all(result.ok for result in several)
        lines.append(
            [name, str(len(several)), f"{caught}/{made}", f"{margin:.2g}", f"{weakest.ratio:.2g}", weakest.name,
             "ok" if good else "LEAKS"]
        )  # fmt: skip
    print_table(("task", "size sets", "wrong kernels caught", "right: error/allowed", "wrong: least", "which", ""), lines)


def _show_mistakes(bands: Sequence[Band]) -> None:
    """A line per arithmetic and task: how many of the smallest mistakes are caught."""
    every = rows(bands)
    if not every:
        return
    lines = [[row.task, row.arithmetic, str(row.right), f"{row.margin:.2g}", *map(str, row.counts)] for row in every]
    right = [sum(row.right[i] for row in every) for i in (0, 1)]
    lines.append(["all", "", f"{right[0]}/{right[1]}", f"{max(row.margin for row in every):.2g}", *map(str, total(every))])
    print_table(("task", "arithmetic", "right orders pass", "error/allowed", *KINDS), lines)
    for one in missed(bands):
        share = f"up to {one.largest:.2f} of the allowed error"
        print(f"{one.task} in {one.arithmetic}: passes: {one.kind} ({len(one.names)}), {share}; for example {one.names[0]}")
