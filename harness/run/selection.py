"""From what a user types to workloads: suites, tasks, configurations and element types by name or pattern.

| selector | stands for |
|---|---|
| ``core`` | every workload of a suite, in the element types that the suite gives its tasks |
| ``P15``, ``softmax`` | every configuration of a task, in its first element type or, where one suite is chosen, in that suite's |
| ``P15/C2`` | one workload |
| ``P01.i32``, ``P01.*`` | a task in another element type, or in all |
| ``P*``, ``*/C1``, ``P1?/C[12]`` | patterns, as a shell reads them |
| ``core+held-out``, ``P15/C2+held-out`` | the same at held-out sizes, which no prompt, manual or published result shows |
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from harness import plugins
from harness.errors import UsageError, unknown
from harness.suites import format_of, is_folder
from harness.task import HELD_OUT, DType, Suite, Task, Workload

DEFAULT_SUITE = "core"
"""The suite that is meant where neither a suite nor tasks are named, if it is installed."""


def selectors(suite: str, tasks: Sequence[str], *, held_out: bool) -> tuple[str, ...]:
    """What was named on the command line, and with ``held_out`` the same at held-out sizes: then a suite is named too."""
    if not held_out:
        return tuple(tasks)
    return tuple(f"{name.removesuffix(HELD_OUT)}{HELD_OUT}" for name in tasks or (suite or DEFAULT_SUITE,))


def load_suites(names: Sequence[str] = ()) -> dict[str, Suite]:
    """The named suites, or every registered one, by name. A name may be that of a suite folder (`harness.suites`).

    UsageError for a named one that is broken; among all, one that a package broke is said on stderr and left out."""
    if names:
        return {name: _load_suite(name) for name in names}
    found = {}
    for name in sorted(plugins.entries("task suite")):
        try:
            found[name] = _load_suite(name)
        except UsageError as error:
            sys.stderr.write(f"warning: {error}\n")
    return found


def _load_suite(name: str) -> Suite:
    if is_folder(name):
        folder = Path(name)
        opened: Suite = plugins.load("suite format", format_of(folder))(folder)
        return opened
    create = plugins.load("task suite", name)
    label = f"task suite {name!r} ({plugins.origin(plugins.entries('task suite')[name])})"
    try:
        registered = create()
    except (Exception, SystemExit) as error:
        raise UsageError(f"{label} cannot be made: {type(error).__name__}: {error}", "update or uninstall the package") from error
    if not isinstance(registered, Suite):
        raise UsageError(f"{label} is {type(registered).__name__}, not a Suite", "its entry point returns a harness.task.Suite")
    return registered


def select(selectors: Sequence[str], suites: dict[str, Suite]) -> list[Workload]:
    """The workloads that at least one selector stands for, in suite order. UsageError for a selector that matches none."""
    tasks = all_tasks(suites)
    only = next(iter(suites.values())) if len(suites) == 1 else None
    chosen: set[str] = set()
    for selector in selectors:
        name = selector.removesuffix(HELD_OUT)
        found = list(_whole(suites[name]) if name in suites else _matching(name, tasks, only))
        chosen.update(workload.id for workload in (found if name == selector else _held_out(name, found)))
    return [workload for workload in _at_all_sizes(tasks) if workload.id in chosen]


def find_workload(id: str, suites: dict[str, Suite]) -> Workload:
    """The workload with exactly this id. UsageError, with the nearest ids, if there is none."""
    tasks = all_tasks(suites)
    for workload in _at_all_sizes(tasks):
        if workload.id == id:
            return workload
    ids = [workload.id for workload in every_workload(tasks)]
    raise unknown("workload", id, [other for other in ids if other.startswith(f"{id}/")] or ids)


def all_tasks(suites: dict[str, Suite]) -> list[Task]:
    """Tasks of all suites, each once. UsageError if two different tasks have one id."""
    tasks: dict[str, Task] = {}
    for suite in suites.values():
        for task in suite.tasks:
            if tasks.setdefault(task.id, task).digest != task.digest:
                raise UsageError(f"task id {task.id!r} means two different tasks", "name the suite you want with --suite")
    return list(tasks.values())


def every_workload(tasks: Iterable[Task]) -> Iterator[Workload]:
    """All configurations of all tasks in all their element types, at the sizes that are shown."""
    for task in tasks:
        for dtype in task.dtypes:
            for configuration in task.configurations:
                yield task.workload(configuration, dtype)


def _at_all_sizes(tasks: Iterable[Task]) -> Iterator[Workload]:
    """The same, each followed by itself at held-out sizes."""
    for workload in every_workload(tasks):
        yield workload
        if other := workload.held_out:
            yield other


def _held_out(name: str, found: Sequence[Workload]) -> list[Workload]:
    """The same workloads at held-out sizes. UsageError if one has none: leaving it out would make another selection."""
    without = [workload.id for workload in found if workload.held_out is None]
    if without:
        raise UsageError(
            f"{len(without)} of {len(found)} workloads of {name!r} have no held-out sizes: {', '.join(without[:3])}",
            "run it without --held-out, or choose other tasks with --tasks",
        )
    return [other for workload in found if (other := workload.held_out)]


def _whole(suite: Suite) -> Iterator[Workload]:
    return (workload for workload in every_workload(suite.tasks) if workload.dtype == suite.dtype(workload.task))


def _matching(selector: str, tasks: list[Task], suite: Suite | None) -> list[Workload]:
    """Workloads of ``TASK[.TYPE][/CONFIGURATION]``; types that are not named are those of the suite, if one is chosen."""
    who, _, configuration = selector.partition("/")
    name, _, dtype = who.partition(".")
    named = [task for task in tasks if fnmatchcase(task.id, name) or fnmatchcase(task.name, name)]
    if not named:
        suites = plugins.entries("task suite")
        raise unknown("task or suite", name, [*suites, *(task.id for task in tasks), *(task.name for task in tasks)])
    usual = suite.dtype if suite else _first_dtype
    found = [
        workload
        for workload in every_workload(named)
        if fnmatchcase(workload.configuration, configuration or "*")
        and (fnmatchcase(workload.dtype.name, dtype) if dtype else workload.dtype == usual(workload.task))
    ]
    if found:
        return found
    task = named[0]
    if dtype and not any(fnmatchcase(known.name, dtype) for known in task.dtypes):
        raise unknown("element type", dtype, [known.name for known in task.dtypes], f"selector {selector!r}")
    raise unknown("configuration", configuration, task.configurations, f"selector {selector!r}")


def _first_dtype(task: Task) -> DType:
    return task.dtypes[0]
