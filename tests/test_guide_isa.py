"""Every block of docs/guides/add-an-isa.md: files are written, commands run, and what they show is what they print.

``<!-- file: NAME -->`` makes a file of the block behind it. Lines of a console block that start with ``$`` are run; the lines
between them must appear in what is printed, in their order, with ``...`` for any others. ``<!-- fails with CODE, after: FILE:
OLD -> NEW; ... -->`` changes a file for the one block behind it, whose command must end with that code.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).parent.parent / "docs" / "guides" / "add-an-isa.md"
BLOCK = re.compile(r"(?:<!-- (?P<note>[^\n]*) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```", re.DOTALL | re.MULTILINE)
INSTALL = f"{sys.executable} -m pip install --quiet --no-deps --no-build-isolation --no-index --target site ."
FAILS = re.compile(r"fails with (?P<code>\d), after: (?P<file>\S+): (?P<changes>.*)")


class Folder:
    """The reader's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ran: list[str] = []

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def console(self, body: str, code: int) -> None:
        for piece in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, *shown = piece.splitlines()
            done = self.run(command)
            assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
            printed = (done.stdout + done.stderr).splitlines()
            assert follows(shown, printed), f"{command} prints\n{done.stdout}{done.stderr}\ninstead of\n" + "\n".join(shown)
            self.ran.append(command)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        if command == "pip install .":
            command = INSTALL
        program, *arguments = shlex.split(command)
        if program == "kernelwright":
            program = str(Path(sys.executable).with_name(program))
        environment = os.environ | {"PYTHONPATH": str(self.path / "site"), "COLUMNS": "200"}
        return subprocess.run(
            [program, *arguments], cwd=self.path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def changed(self, note: re.Match[str], body: str) -> None:
        before = (self.path / note["file"]).read_text()
        text = before
        for change in note["changes"].split("; "):
            old, new = change.split(" -> ")
            assert old in text, f"{note['file']} has no {old!r}"
            text = text.replace(old, new)
        self.write(note["file"], text)
        self.console(body, int(note["code"]))
        self.write(note["file"], before)


def follows(shown: list[str], printed: list[str]) -> bool:
    """Whether the lines appear in their order; only where ``...`` stands may others come between."""
    if not shown:
        return True
    rest = iter(printed)
    skip = False
    for line in shown:
        if line == "...":
            skip = True
            continue
        found = next((p for p in rest if not skip or p == line), None)
        if found != line:
            return False
        skip = False
    return skip or next(rest, None) is None


@pytest.mark.slow
def test_every_block_of_the_guide_works(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for block in BLOCK.finditer(GUIDE.read_text()):
        note = block["note"] or ""
        if note.startswith("file: "):
            folder.write(note.removeprefix("file: "), block["body"])
        elif fails := FAILS.match(note):
            folder.changed(fails, block["body"])
        else:
            assert block["language"] == "console", f"a block of {block['language']} that nothing runs: {block['body']}"
            folder.console(block["body"], 0)
    assert len(folder.ran) > 12
    assert {p.name for p in tmp_path.iterdir()} >= {"minnow", "pike", "first", "sums.bin", "words.hex"}
    assert (tmp_path / "sums.bin").read_bytes()[:8] == b"\0\0\xc0\x3f\0\0\x20\x40"


@pytest.mark.parametrize(
    ("shown", "printed", "right"),
    [
        (["a"], ["a"], True),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a", "b"], True),
        (["...", "b"], ["a", "b"], True),
        (["...", "b"], ["a", "b", "c"], False),
        (["a", "...", "c"], ["a", "c"], True),
        (["b"], ["a", "b"], False),
        ([], ["a"], True),
    ],
)
def test_shown_lines_are_compared(shown: list[str], printed: list[str], right: bool) -> None:
    assert follows(shown, printed) is right
