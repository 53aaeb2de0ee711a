"""The commands that the documentation shows are run, in order, in one folder per page.

A block of commands is fenced as ``console``; its lines that start with ``$ kernelwright`` are run and must succeed. A block is
left out only with a reason, in a comment on the line before it: ``<!-- not run: needs a key -->``.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
OWN_TEST = {"add-an-isa", "isa-reference"}
"""Pages whose files, commands and output ``test_guide_isa.py`` tries."""
BLOCK = re.compile(r"(?P<before>[^\n]*)\n```console\n(?P<body>.*?)```", re.DOTALL)


def commands(page: Path) -> list[str]:
    return [
        line.removeprefix("$ ").split("  #")[0]
        for block in BLOCK.finditer(page.read_text())
        if not block["before"].startswith("<!-- not run:")
        for line in block["body"].splitlines()
        if line.startswith("$ kernelwright ")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page.stem not in OWN_TEST], ids=lambda page: page.stem)
def test_the_commands_of_a_page_work(page, tmp_path):
    found = commands(page)
    assert found, f"{page} shows no command that could be run"
    for command in found:
        argv = [Path(sys.executable).with_name("kernelwright"), *shlex.split(command)[1:]]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{page.name}: {command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "docs" / "design").glob("*.md"))], ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}, which does not exist"
