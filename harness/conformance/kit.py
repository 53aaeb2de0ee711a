"""All checks of a backend, cheapest first, those that may hang last."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from harness import plugins
from harness.backend import Backend, BackendContext
from harness.conformance import declared, endings, kernels, manuals, secrets
from harness.conformance.bench import Bench, ProblemError
from harness.conformance.result import Report, Result, found
from harness.errors import KernelwrightError
from harness.paths import cache_dir
from harness.run.plan import Options
from harness.run.selection import DEFAULT_SUITE, every_workload, load_suites, select
from harness.run.session import Session
from harness.task import Suite, Workload

Check = Callable[[Bench], Result]
CHECKS: Mapping[str, Check] = {
    "info": declared.info,
    "options": declared.options,
    "digest": declared.digest,
    "support": declared.support,
    "formats": declared.formats,
    "stored": declared.stored,
    "manual": manuals.manual,
    "words": manuals.words,
    "briefs": manuals.briefs,
    "tools": manuals.tools,
    "texts": endings.texts,
    "leaks": secrets.leaks,
    "inputs": secrets.inputs,
    "repeat": kernels.repeat,
    "profiles": endings.profiles,
    "baseline": kernels.baseline,
    "bound": kernels.bound,
    "nulls": kernels.nulls,
    "exploits": kernels.exploits,
    "faults": endings.faults,
    "limits": endings.limits,
}
"""By name, in the order in which they are run."""
CRASHED = "no method may raise, but InfraError where the machine fails and ValueError in call_tool(); see harness/backend.py"


def run(bench: Bench, name: str) -> Result:
    """One check. A backend that raises has failed it; what it raised is the problem."""
    try:
        return CHECKS[name](bench)
    except ProblemError as problem:
        return found(name, "it could not go on", [str(problem)], "mend what is said here first, then the rest")
    except KernelwrightError as error:
        return found(name, "it could not go on", [error.message], error.hint or CRASHED)
    except Exception as error:
        return found(name, "the backend crashed", [f"{type(error).__name__}: {error}{_where(error)}"], CRASHED)


def results(bench: Bench, names: Sequence[str] = tuple(CHECKS)) -> Iterator[Result]:
    """Checks as they are done."""
    return (run(bench, name) for name in names)


def open_bench(
    name: str, tasks: Sequence[str] = (), options: Mapping[str, str] = {}, *, quick: bool = False, sandbox: str = "",
    unsafe: bool = False,
) -> Bench:  # fmt: skip
    """A registered backend under test, on the workloads that selectors stand for, or on those of all suites. UsageError for
    names that do not exist, and for a backend that cannot be made."""
    session = Session(Options(models=(), backends=(name,), sandbox=sandbox, unsafe=unsafe))

    def make(chosen: Mapping[str, str]) -> Backend:
        context = BackendContext(cache_dir() / name, session.sandbox, dict(chosen))
        backend: Backend = plugins.make("backend", name, context, Backend)
        return backend

    make(options)  # one that cannot be made is one error, not one of every check
    suites = load_suites()
    return Bench(name, make, _every(suites) if not tasks else select(tasks, suites), dict(options), quick)


def _every(suites: Mapping[str, Suite]) -> list[Workload]:
    """Workloads of all suites, each in the types that its suite gives it; the default suite first."""
    ordered = sorted(suites.items(), key=lambda item: item[0] != DEFAULT_SUITE)
    found: dict[str, Workload] = {}
    for _, suite in ordered:
        for workload in every_workload(suite.tasks):
            if workload.dtype == suite.dtype(workload.task):
                found.setdefault(workload.id, workload)
    return list(found.values())


def report(bench: Bench, done: Sequence[Result]) -> Report:
    """What is published of a backend."""
    info = bench.backend.info
    entry = plugins.entries("backend").get(bench.name)
    return Report(
        backend=bench.name,
        origin=plugins.origin(entry) if entry else "not installed",
        version=info.version,
        digest=info.digest,
        manual=info.manual.digest,
        kernelwright=version("kernelwright"),
        machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        quick=bench.quick,
        workloads=tuple(workload.id for workload in bench.supported),
        results=tuple(done),
    )


def _where(error: Exception) -> str:
    """The last frame of the error: file name and line."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
