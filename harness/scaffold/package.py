"""New packages for ``kernelwright backends new``: a target that is green from the start.

``common`` and one folder for each kind hold the files, as templates whose marks are ``[[ ]]`` and ``[% %]``, because some of them
are templates themselves. ``MODULE`` in a path stands for the name of the module; the ending ``.tmpl`` keeps linters and test
runners from taking a template for what it will be.
"""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness import plugins
from harness.errors import UsageError, unknown
from harness.files import write_atomically
from harness.scaffold.kinds import Kind

HERE = Path(__file__).parent
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
TEMPLATE = ".tmpl"


def create(name: str, kind: str, parent: Path) -> list[Path]:
    """Writes the package ``kernelwright-NAME`` into a new folder of ``parent`` and returns its files. UsageError for a name that
    is not one or is taken, a kind that there is not, and a folder that exists."""
    if kind not in get_args(Kind):
        raise unknown("kind of backend", kind, get_args(Kind))
    _check_name(name)
    folder = parent / f"kernelwright-{name}"
    if folder.exists():
        raise UsageError(f"{str(folder)!r} exists", "choose another name or --into another folder")
    facts = {"name": name, "module": name.replace("-", "_"), "title": name.replace("-", " ").capitalize(), "kind": kind}
    facts["class"] = "".join(part.capitalize() for part in name.split("-"))
    written = []
    for source in ("common", kind):
        environment = _environment(HERE / source)
        for path in sorted((HERE / source).rglob(f"*{TEMPLATE}")):
            relative = path.relative_to(HERE / source)
            target = folder / str(relative).replace("MODULE", facts["module"]).removesuffix(TEMPLATE)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, environment.get_template(relative.as_posix()).render(facts), durable=False)
            written.append(target)
    return written


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a backend", "lower-case letters, digits and single hyphens, such as my-chip")
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or module in ("harness", "backends", "tasks", "tests", "isa_specs"):
        raise UsageError(f"{name!r} cannot name a backend", f"{module!r} is a word of Python or a package of kernelwright")
    taken = plugins.entries("backend")
    if name in taken:
        raise UsageError(f"backend {name!r} exists: it comes from {plugins.origin(taken[name])}", "choose another name")


def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the files are source text, not markup
    )
