"""``pytest --kernelwright-backend NAME``: the conformance kit as tests, one for each check, beside an author's own.

pytest imports this module at every start where kernelwright is installed, so it imports nothing heavy until it is asked to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.conformance.bench import Bench


class CheckFailedError(Exception):
    """A check found something wrong; the message is what the command line prints."""


class CheckItem(pytest.Item):
    """One check of one backend."""

    def __init__(self, *, bench: Bench, check: str, **options: Any) -> None:
        super().__init__(**options)
        self.bench, self.check = bench, check

    def runtest(self) -> None:
        """Runs the check. CheckFailedError where it finds something wrong."""
        from harness.conformance.kit import run
        from harness.conformance.result import lines

        result = run(self.bench, self.check)
        self.add_report_section("call", "kernelwright", "\n".join(lines(result)))
        if result.status == "skipped":
            pytest.skip(f"{result.seen}; {result.fix}")
        if result.status == "wrong":
            raise CheckFailedError("\n".join(lines(result)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The lines of the check, without a traceback of the kit."""
        if isinstance(excinfo.value, CheckFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where the test is from: the backend's name stands for a file."""
        return self.path, None, self.name


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("kernelwright", "conformance of kernelwright backends")
    group.addoption("--kernelwright-backend", action="append", default=[], metavar="NAME", help="check this backend; repeatable")
    group.addoption(
        "--kernelwright-tasks", action="append", default=[], metavar="TASKS",
        help="on these tasks, workloads or patterns; repeatable; by default on the smallest workload of every task",
    )  # fmt: skip


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Adds one test for each check of each backend named."""
    for name in config.getoption("--kernelwright-backend"):
        items.extend(_items(session, name, config.getoption("--kernelwright-tasks")))


def _items(session: pytest.Session, name: str, tasks: list[str]) -> Iterator[pytest.Item]:
    from harness.conformance.kit import CHECKS, open_bench
    from harness.errors import KernelwrightError

    try:
        bench = open_bench(name, tasks, quick=not tasks)
    except KernelwrightError as error:
        raise pytest.UsageError(str(error)) from error
    for check in CHECKS:
        yield CheckItem.from_parent(session, name=f"kernelwright[{name}-{check}]", bench=bench, check=check)
