"""What a check tried, what it saw, and how to mend what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from harness.record import Record

MOST = 8
"""Problems of one check that are shown."""


class Result(Record):
    """One check of one backend."""

    check: str
    """Name of the check."""
    status: Literal["ok", "wrong", "skipped"]
    """``skipped``: it could not be tried, and proves nothing."""
    seen: str
    """What was tried, and what was seen."""
    problems: tuple[str, ...] = ()
    """What is wrong, the first of them."""
    fix: str = ""
    """How to mend it, or how to have it tried; empty where all is well."""


class Report(Record):
    """All checks of a backend, for publishing."""

    schema_version: Literal[1] = 1
    backend: str
    """Name."""
    origin: str
    """Package and version that it comes from."""
    version: str
    """The backend's own version."""
    digest: str
    """`BackendInfo.digest`."""
    manual: str
    """Digest of the manual."""
    kernelwright: str
    """Version of this package."""
    machine: str
    """Operating system and processor."""
    quick: bool
    """Whether only the smallest workloads were tried."""
    workloads: tuple[str, ...]
    """Workloads that it was tried on."""
    results: tuple[Result, ...]
    """In the order of the kit."""

    @property
    def conforms(self) -> bool:
        """Whether no check found anything wrong."""
        return not any(result.status == "wrong" for result in self.results)


def found(check: str, seen: str, problems: Sequence[str], fix: str) -> Result:
    """The result of a check that ran; ``fix`` is said only where something is wrong."""
    shown = list(problems[:MOST])
    if len(problems) > MOST:
        shown.append(f"and {len(problems) - MOST} more")
    return Result(
        check=check, status="wrong" if problems else "ok", seen=seen, problems=tuple(shown), fix=fix if problems else ""
    )


def skipped(check: str, why: str, fix: str) -> Result:
    """The result of a check that could not be tried."""
    return Result(check=check, status="skipped", seen=why, fix=fix)


def lines(result: Result) -> list[str]:
    """A result for people: one line, and one for each problem and for the remedy."""
    shown = [f"{result.status:<8} {result.check:<10} {result.seen}", *(f"{'':20}{problem}" for problem in result.problems)]
    return [*shown, f"{'':20}fix: {result.fix}"] if result.fix else shown


def summary(report: Report) -> str:
    """How many checks ended in which way, in one line."""
    counts = Counter(result.status for result in report.results)
    counted = ", ".join(f"{counts[status]} {status}" for status in ("ok", "skipped", "wrong"))
    return f"{len(report.results)} checks on {len(report.workloads)} workloads: {counted}"


def markdown(report: Report) -> str:
    """A report for people, to publish beside a backend."""
    passed = sum(result.status == "ok" for result in report.results)
    head = [
        f"# Conformance of `{report.backend}`",
        "",
        f"{passed} of {len(report.results)} checks passed on {len(report.workloads)} workloads"
        + (" (quick: the smallest of each task)." if report.quick else "."),
        "",
        f"- package: {report.origin}, backend version {report.version}",
        f"- digest: `{report.digest}`",
        f"- manual: `{report.manual}`",
        f"- kit: kernelwright {report.kernelwright} on {report.machine}",
        "",
        "| check | result | what was tried and seen |",
        "|---|---|---|",
    ]
    rows = [
        f"| {result.check} | {result.status} | {'<br>'.join(_cell(text) for text in (result.seen, *result.problems))} |"
        for result in report.results
    ]
    return "\n".join([*head, *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
