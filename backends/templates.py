"""What the template compilers of all targets share: how templates are read, how a task's recipe is found, labels, layout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.task import Workload


@cache
def environment(package: str, folder: str = "templates") -> Environment:
    """The templates in a folder of a package, made once. Their text is a program, not markup, so nothing is escaped; a name that
    is not given is an error."""
    return Environment(
        loader=PackageLoader(package, folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def recipe_key(workload: Workload) -> str:
    """Id and name of a task: both must match a recipe's, so that no other suite's P01 is mistaken for ours."""
    return f"{workload.task.id} {workload.task.name}"


def label_maker() -> Callable[[str], str]:
    """Makes labels: a name the first time it is asked for, then with a number."""
    taken: dict[str, int] = {}

    def unique(name: str) -> str:
        taken[name] = taken.get(name, 0) + 1
        return name if taken[name] == 1 else f"{name}_{taken[name]}"

    return unique


def indented(text: str, comment: str) -> Iterator[str]:
    """Lines of a program in assembly, without empty ones; instructions are indented, labels, directives and comments are not."""
    for line in filter(None, map(str.strip, text.splitlines())):
        yield line if re.match(rf"\w+:|[.{comment}]", line) else f"    {line}"
