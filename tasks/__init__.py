"""The built-in tasks: one small file per task, one folder per level.

A file defines one ``task`` and is found by walking the folders, so that adding one touches nothing else. Open first:
``primitive/p15_softmax.py``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from harness.task import Suite, Task

CORE = "P01 P04 P09 P11 P15 P16 P17 P18 P21 P22 P24 P26 C01 C04 C06 C07 C08 C11 E05 E06"
"""The default suite, in its order."""


def every_task() -> dict[str, Task]:
    """All tasks in these folders by id. ValueError if two files claim one id."""
    found: dict[str, Task] = {}
    for name, task in _walk():
        if task.id in found:
            raise ValueError(f"task id {task.id!r} is defined twice, the second time in {name}")
        found[task.id] = task
    return found


def core() -> Suite:
    """The core suite."""
    tasks = every_task()
    return Suite("core", "Twenty operators from vector addition to a decoder block.", tuple(tasks[id] for id in CORE.split()))


def _walk() -> Iterator[tuple[str, Task]]:
    for module in pkgutil.walk_packages(__path__, __name__ + "."):
        if not module.ispkg:
            yield module.name, importlib.import_module(module.name).task
