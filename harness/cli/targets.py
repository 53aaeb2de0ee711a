"""What ``manual``, ``backends`` and ``doctor`` share: opening a backend as a run would, and describing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import plugins
from harness.backend import Backend, Manual, ManualSection, PairedTiming, Profiles, StoresInputs, ToolProvider
from harness.cli.common import key_values
from harness.errors import KernelwrightError, UsageError, told, unknown
from harness.record import Record
from harness.run.plan import Options
from harness.run.selection import all_tasks, every_workload, load_suites
from harness.run.session import Session
from harness.task import Workload


class Listed(Record):
    """A registered backend."""

    name: str
    """As in ``--backend``."""
    origin: str
    """Package and version it comes from."""
    version: str = ""
    """The backend's own version."""
    title: str = ""
    """One line for people."""
    problem: str = ""
    """Why it cannot be used here; empty if it can."""


def open_backend(name: str, options: list[str] | None = None, session: Session | None = None) -> Backend:
    """The backend as a run would make it. UsageError where its factory raises or exits."""
    if name not in plugins.entries("backend") and Path(name).exists():
        raise UsageError(
            f"{name!r} is a file or folder, not the name of a backend",
            "backends go by the names that packages register (kernelwright backends list); kernelwright isa show and isa manual "
            "take the folder of an instruction set",
        )
    chosen = Options(models=(), backends=(name,), backend_options=key_values("--backend-option", options))
    return (session or Session(chosen)).backend(name)


def listed() -> Iterator[Listed]:
    """Every registered backend; a plugin that is broken in whatever way is reported, never fatal."""
    for name, entry in sorted(plugins.entries("backend").items()):
        origin = plugins.origin(entry)
        try:
            info = open_backend(name).info
            yield Listed(name=name, origin=origin, version=info.version, title=info.title)
        except (Exception, SystemExit) as error:
            yield Listed(name=name, origin=origin, problem=explain(error))


def explain(error: BaseException) -> str:
    """One paragraph: the message of an expected failure, the type as well of any other."""
    return str(error) if isinstance(error, KernelwrightError) else told(error)


def section(manual: Manual, backend: str, name: str) -> ManualSection:
    """A section, found as `Manual.find` does. UsageError if there is none."""
    found = manual.find(name)
    if found is not None:
        return found
    raise unknown("section", name, [page.name for page in manual.sections], f"the manual of {backend!r}")


def workloads() -> list[Workload]:
    """Every workload of every suite that can be loaded."""
    return list(every_workload(all_tasks(load_suites())))


def describe(name: str, options: list[str] | None = None) -> dict[str, Any]:
    """Everything that a backend says of itself, as JSON."""
    backend = open_backend(name, options)
    info = backend.info
    support = {workload.id: backend.support(workload) for workload in workloads()}
    optional = (PairedTiming, Profiles, StoresInputs, ToolProvider)
    return {
        "name": info.name,
        "title": info.title,
        "origin": plugins.origin(plugins.entries("backend")[name]),
        "version": info.version,
        "digest": info.digest,
        "language": info.language,
        "extension": info.extension,
        "source_limit": info.source_limit,
        "sandbox": info.sandbox,
        "deterministic": info.deterministic,
        "generic_sizes": info.generic_sizes,
        "storage": info.formats.storage.name,
        "accumulate": info.formats.accumulate.name,
        "unary_roundoffs": info.formats.unary_roundoffs,
        "slack": info.formats.slack,
        "manual": {"digest": info.manual.digest, "sections": [page.name for page in info.manual.sections]},
        "tools": [tool.name for tool in info.tools],
        "offers": [protocol.__name__ for protocol in optional if isinstance(backend, protocol)],
        "supported": [id for id, answer in support.items() if answer.supported],
        "unsupported": {id: answer.reason for id, answer in support.items() if not answer.supported},
    }


def description(facts: dict[str, Any]) -> str:
    """The same for people: unsupported workloads by reason."""
    shown = {
        **{key: facts[key] for key in ("title", "origin", "version", "digest", "language", "sandbox")},
        "kernel file": f"*.{facts['extension']}, at most {facts['source_limit']:,} bytes",
        "formats": f"stored as {facts['storage']}, sums in {facts['accumulate']}",
        "tolerance": f"unary functions {facts['unary_roundoffs']:g} roundoffs, slack {facts['slack']:g}",
        "cycles": "repeat exactly" if facts["deterministic"] else "measured, by interleaved pairs against the baseline",
        "sizes": "also graded at sizes that are not shown" if facts["generic_sizes"] else "fixed by the workload",
        "manual": f"{', '.join(facts['manual']['sections']) or 'none'} ({facts['manual']['digest'][:12]})",
        "own tools": ", ".join(facts["tools"]) or "none",
        "offers": ", ".join(facts["offers"]) or "the six methods only",
        "supported": f"{len(facts['supported'])} workloads",
        "unsupported": _reasons(facts["unsupported"]),
    }
    return "\n".join([facts["name"], *(f"  {label:<12} {value}" for label, value in shown.items())])


def _reasons(unsupported: dict[str, str], shown: int = 3) -> str:
    """How many workloads a target cannot hold, and the commonest reasons."""
    counts = Counter(unsupported.values())
    lines = [f"{count} because {reason}" for reason, count in counts.most_common(shown)]
    if len(counts) > shown:
        lines.append(f"{len(counts) - shown} more reasons, with --json")
    return f"{len(unsupported)} workloads" + "".join(f"\n{'':15}{line}" for line in lines)
