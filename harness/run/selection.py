"""From what a user types to workloads: suites, tasks, configurations and element types by name or pattern.

| selector | stands for |
|---|---|
| ``core`` | every workload of a suite, in the element types that the suite gives its tasks |
| ``P15``, ``softmax`` | every configuration of a task, in its first element type or, where one suite is chosen, in that suite's |
| ``P15/C2`` | one workload |
| ``P01.i32``, ``P01.*`` | a task in another element type, or in all |
| ``P*``, ``*/C1``, ``P1?/C[12]`` | patterns, as a shell reads them |
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from harness import plugins
from harness.errors import UsageError, unknown
from harness.suites import format_of, is_folder
from harness.task import DType, Suite, Task, Workload

DEFAULT_SUITE = "core"
"""The suite that is meant where neither a suite nor tasks are named, if it is installed."""


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
        found = _whole(suites[selector]) if selector in suites else _matching(selector, tasks, only)
        chosen.update(workload.id for workload in found)
    return [workload for workload in every_workload(tasks) if workload.id in chosen]


def find_workload(id: str, suites: dict[str, Suite]) -> Workload:
    """The workload with exactly this id. UsageError, with the nearest ids, if there is none."""
    tasks = all_tasks(suites)
    for workload in every_workload(tasks):
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
    """All configurations of all tasks in all their element types."""
    for task in tasks:
        for dtype in task.dtypes:
            for configuration in task.configurations:
                yield task.workload(configuration, dtype)


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
