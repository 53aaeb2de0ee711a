"""What ``doctor`` finds out, by doing it: programs are run, sandboxes attacked, and each backend judges a baseline of its own.

Nothing here is fatal: whatever is broken becomes a `Check` that says what is off without it and how to turn it on.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from harness import plugins
from harness.cli.targets import explain
from harness.errors import UsageError
from harness.grading.evaluate import Judge
from harness.grading.seeds import new_secret
from harness.models.catalogue import catalogue
from harness.paths import cache_dir
from harness.record import Record
from harness.run.plan import Options
from harness.run.selection import every_workload
from harness.run.session import Session
from harness.sandbox.choose import DEFAULT, probe_all
from harness.task import Suite, Workload

Area = Literal["machine", "program", "sandbox", "task suite", "backend", "model", "executor"]
GROUPS: dict[Area, str] = {
    "machine": "machine", "program": "programs", "sandbox": "sandboxes", "task suite": "suites", "backend": "backends",
    "model": "models", "executor": "executors",
}  # fmt: skip
"""What `as_json` calls the checks of an area."""


class Check(Record):
    """One thing that was tried."""

    area: Area
    """What kind of thing."""
    name: str
    """Which one."""
    works: bool
    """Whether it does."""
    detail: str
    """What was seen: a version, a count, or the error."""
    off: str = ""
    """What is off without it; empty if it works."""
    turn_on: str = ""
    """How to turn that on."""


class Checkup(Record):
    """Everything that was tried."""

    checks: tuple[Check, ...]
    """In order of the areas."""

    @property
    def can_run(self) -> bool:
        """Whether a run is possible on at least one backend with at least one model."""
        return all(any(c.works for c in self.checks if c.area == area) for area in ("backend", "task suite", "model", "executor"))


class Program(NamedTuple):
    """A program that something needs."""

    name: str
    command: Sequence[str]
    off: str
    turn_on: str


PROGRAMS = (
    Program("cc", ("cc", "--version"), "sandboxes and backends that compile C", "apt-get install gcc libc6-dev"),
    Program("bwrap", ("bwrap", "--version"), "the sandbox tier 'bubblewrap'", "apt-get install bubblewrap"),
    Program(
        "valgrind", ("valgrind", "--version"), "instruction counts and profiles of native kernels", "apt-get install valgrind"
    ),
    Program(
        "docker",
        ("docker", "version", "--format", "client {{.Client.Version}}, engine {{.Server.Version}}"),
        "the sandbox tier 'docker', which is optional",
        "apt-get install docker.io, and start the engine",
    ),
)


def examine(say: Callable[[str], None] = lambda _: None) -> Checkup:
    """Tries everything; ``say`` is told what is being tried, because attacks and builds take seconds."""
    parts: dict[str, Callable[[], Iterator[Check]]] = {
        "the machine": _machine,
        "programs": _programs,
        "sandboxes, by attacking them": _sandboxes,
        "task suites": _suites,
        "backends, each with a baseline of its own": _backends,
        "models": _models,
        "executors": _executors,
    }
    checks: list[Check] = []
    for name, part in parts.items():
        say(name)
        checks += part()
    return Checkup(checks=tuple(checks))


def _machine() -> Iterator[Check]:
    yield Check(area="machine", name="python", works=True, detail=f"{platform.python_version()} on {platform.platform()}")
    processors = len(os.sched_getaffinity(0))
    yield Check(area="machine", name="processors", works=True, detail=f"{processors} usable, {platform.machine()}")
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
        free = shutil.disk_usage(folder).free / 2**30
        yield Check(area="machine", name="cache", works=True, detail=f"{folder}, {free:.1f} GiB free")
    except OSError as error:
        yield Check(
            area="machine", name="cache", works=False, detail=f"{folder}: {error.strerror}", off="everything that compiles",
            turn_on="make the folder writable, or point KERNELWRIGHT_CACHE at one that is",
        )  # fmt: skip


def _programs() -> Iterator[Check]:
    for program in PROGRAMS:
        works, detail = _version(program.command)
        yield Check(
            area="program", name=program.name, works=works, detail=detail,
            off="" if works else program.off, turn_on="" if works else program.turn_on,
        )  # fmt: skip


def _version(command: Sequence[str]) -> tuple[bool, str]:
    """Whether a program runs, and the first line it says."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=20, check=False)
    except FileNotFoundError:
        return False, "not found"
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, f"cannot be run: {error}"
    said = [line.strip() for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()]
    first = said[0] if said else "it said nothing"
    return (
        done.returncode == 0,
        first if done.returncode == 0 else f"exit status {done.returncode}: {said[-1] if said else first}",
    )


def _sandboxes() -> Iterator[Check]:
    for probe in probe_all(cache_dir()):
        off = f"the sandbox tier {probe.tier!r}" + ("" if probe.tier in DEFAULT else ", which is optional")
        detail, hint = _split(probe.detail)
        yield Check(
            area="sandbox", name=probe.tier, works=probe.works, detail=detail,
            off="" if probe.works else off, turn_on="" if probe.works else hint,
        )  # fmt: skip


def _suites() -> Iterator[Check]:
    for name, entry in sorted(plugins.entries("task suite").items()):
        try:
            suite: Suite = plugins.load("task suite", name)()
        except Exception as error:
            yield _broken("task suite", name, error)
            continue
        count = sum(1 for _ in every_workload(suite.tasks))
        detail = f"{len(suite.tasks)} tasks, {count} workloads ({plugins.origin(entry)})"
        yield Check(area="task suite", name=name, works=True, detail=detail)


def _backends() -> Iterator[Check]:
    session = Session(Options(models=()))
    candidates = _workloads()
    for name, entry in sorted(plugins.entries("backend").items()):
        try:
            detail = _try_backend(name, session, candidates)
            yield Check(area="backend", name=name, works=True, detail=f"{detail} ({plugins.origin(entry)})")
        except Exception as error:
            yield _broken("backend", name, error)


def _try_backend(name: str, session: Session, candidates: Sequence[Workload]) -> str:
    """What was seen when the backend judged its baseline. Raises whatever a backend may raise."""
    backend = session.backend(name)
    supported = next((workload for workload in candidates if backend.support(workload).supported), None)
    if supported is None:
        raise UsageError(
            "it supports no workload of the suites that are installed",
            "install one for it, or import one: kernelwright import --help",
        )
    evaluation = Judge(backend, new_secret()).run(backend.baseline(supported), supported)
    if not evaluation.passed:
        raise UsageError(f"its own baseline of {supported.id} is judged {evaluation.verdict}: {evaluation.summary}")
    return f"the baseline of {supported.id} passes in {evaluation.seconds:.1f} s, sandbox {evaluation.sandbox}"


def _workloads() -> list[Workload]:
    """Those of every suite that loads; `_suites` reports the others."""
    found: list[Workload] = []
    for name in sorted(plugins.entries("task suite")):
        try:
            found += every_workload(plugins.load("task suite", name)().tasks)
        except Exception:
            continue
    return found


def _models() -> Iterator[Check]:
    for provider in catalogue():
        works = not provider.error and provider.key_is_set is not False
        turn_on = f"export {provider.key}=..., or give --model-option base_url=..." if provider.key else ""
        yield Check(
            area="model", name=provider.usage, works=works, detail=provider.state,
            off="" if works else f"models of {provider.name}", turn_on="" if works else turn_on,
        )  # fmt: skip


def _executors() -> Iterator[Check]:
    for name, entry in sorted(plugins.entries("executor").items()):
        try:
            plugins.load("executor", name)
            yield Check(area="executor", name=name, works=True, detail=plugins.origin(entry))
        except UsageError as error:
            yield _broken("executor", name, error)


def _broken(area: Area, name: str, error: Exception) -> Check:
    detail, hint = _split(explain(error))
    return Check(area=area, name=name, works=False, detail=detail, off=f"{area} {name!r}", turn_on=hint)


def _split(message: str) -> tuple[str, str]:
    """First line of a message, and the rest of it, which is what to do."""
    first, _, rest = message.partition("\n")
    return first, "\n".join(line.strip().removeprefix("hint: ") for line in rest.splitlines())


def as_json(checkup: Checkup) -> dict[str, object]:
    """For programs: the checks by area."""
    grouped = {
        plural: [check.model_dump(mode="json", exclude={"area"}) for check in checkup.checks if check.area == area]
        for area, plural in GROUPS.items()
    }
    return {"can_run": checkup.can_run, **grouped}


def text(checkup: Checkup) -> str:
    """For people: what was seen, then what is off and how to turn it on."""
    lines = [f"{'ok ' if c.works else 'off'}  {c.area:<11} {c.name:<24} {c.detail}" for c in checkup.checks]
    off = [check for check in checkup.checks if not check.works]
    if off:
        lines += ["", "What is off, and how to turn it on:"]
    for check in off:
        how = check.turn_on.replace("\n", "\n      ") or check.detail
        lines.append(f"  {check.off}\n      {how}")
    lines += ["", "A run is possible." if checkup.can_run else "No run is possible yet."]
    return "\n".join(lines)
