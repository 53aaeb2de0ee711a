"""What the template compilers of all targets share: how templates are read, and how a task's recipe is found."""

from __future__ import annotations

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
