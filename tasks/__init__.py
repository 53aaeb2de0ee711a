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
RTL: dict[str, str] = {
    "P01": "i32", "P02": "i8", "P03": "i8", "P04": "i8", "P05": "i8", "P11": "i32", "P12": "i32", "P14": "i32", "P18": "i8",
    "P21": "i8", "P23": "i8", "P28": "i32", "P29": "i8", "C18": "i8", "C19": "i8",
}  # fmt: skip
"""The suite for hardware description languages, in its order: tasks in whole numbers, each with its element type."""
INT: dict[str, str] = {
    "P01": "i32", "P02": "i8", "P03": "i8", "P04": "i8", "P05": "i8", "P11": "i32", "P12": "i32", "P14": "i32", "P18": "i8",
    "P21": "i8", "P22": "i8", "P23": "i8", "P24": "i8", "P26": "i8", "P28": "i32", "P29": "i8", "P31": "i8", "P32": "i8",
    "P33": "i8", "C18": "i8", "C19": "i8", "C20": "i8", "C21": "i8", "C22": "i8",
}  # fmt: skip
"""The suite for processors with whole numbers, in its order: every task that exists in them, with its element type."""


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


def rtl() -> Suite:
    """The suite for hardware description languages."""
    tasks = every_task()
    description = "Fifteen operators in whole numbers, for kernels that are circuits."
    return Suite("rtl", description, tuple(tasks[id] for id in RTL), RTL)


def integers() -> Suite:
    """The suite for processors with whole numbers."""
    tasks = every_task()
    description = "Twenty-four operators in whole numbers, from vector addition to attention in eight bits."
    return Suite("int", description, tuple(tasks[id] for id in INT), INT)


def _walk() -> Iterator[tuple[str, Task]]:
    for module in pkgutil.walk_packages(__path__, __name__ + "."):
        if not module.ispkg:
            yield module.name, importlib.import_module(module.name).task
