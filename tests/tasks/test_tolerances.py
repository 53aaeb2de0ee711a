"""``docs/design/tolerances.md`` says what the judge can tell: its tables are what the linter finds.

Some tasks are tried each time; ``--update-golden`` tries all and writes the tables anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import tasks
from harness.backend import Backend
from harness.cli.targets import open_backend
from harness.errors import InfraError
from harness.grading.band import Band, bands
from harness.grading.coverage import markdown
from harness.task import Task, Workload

PAGE = Path(__file__).parents[2] / "docs" / "design" / "tolerances.md"
BEGIN = "## Tables"
BACKENDS = ("cpu", "plena", "tiny", "verilog")
TRIED = ("P01", "P12", "P16", "C07", "C18")
"""Tasks that are tried each time: exact, of one operation, with constants, with a mask, in whole numbers."""


@pytest.fixture(scope="module")
def backends() -> dict[str, Backend]:
    opened = {name: open_backend(name) for name in BACKENDS}
    try:
        assert all(backend.info for backend in opened.values())
    except InfraError as error:
        pytest.skip(f"a backend cannot be opened: {error}")
    return opened


def workloads(task: Task) -> list[Workload]:
    return [task.workload(configuration, dtype) for dtype in task.dtypes for configuration in task.configurations]


def found(chosen: list[Task], backends: dict[str, Backend]) -> list[Band]:
    return [band for task in chosen for workload in workloads(task) for band in bands(workload, backends)]


def lines(text: str, task: str) -> list[str]:
    """Those of one task, in whatever type."""
    return [line for line in text.splitlines() if line.startswith((f"| {task} |", f"| {task}."))]


def test_the_tables_say_what_the_linter_finds(backends, request):
    prose, heading, tables = PAGE.read_text().partition(BEGIN)
    introduction, _, tables = tables.partition("###")
    if request.config.getoption("--update-golden"):
        every = markdown(found(list(tasks.every_task().values()), backends))
        PAGE.write_text(prose + heading + introduction + every)
        return
    for id in TRIED:
        fresh = markdown(found([tasks.every_task()[id]], backends))
        assert lines(fresh, id) == lines(tables, id), f"if intended: pytest --update-golden {Path(__file__).name}"


def test_all_tasks_are_in_the_tables():
    tables = PAGE.read_text().partition(BEGIN)[2]
    assert all(lines(tables, id) for id in tasks.every_task())


def test_the_totals_add_up():
    for table in PAGE.read_text().partition(BEGIN)[2].partition("### What passes")[0].split("### ")[1:]:
        cells = [line.strip("| ").split(" | ")[1:] for line in table.splitlines() if line.startswith("| ")][1:]
        counts = [[tuple(map(int, cell.split("/"))) if "/" in cell else (0, 0) for cell in row] for row in cells]
        *rows, total = counts
        assert [tuple(map(sum, zip(*column, strict=True))) for column in zip(*rows, strict=True)] == total
        assert all(judged == made for judged, made in [row[0] for row in counts]), "a right kernel is refused"
        if not table.startswith("bf16"):
            assert all(judged == made for row in counts for judged, made in row), "the page says that all are caught"
