"""Every block of docs/guides/add-an-isa.md and isa-reference.md: files are written, commands run, and what they show is what they
print.

``<!-- file: NAME -->`` makes a file of the block behind it. Lines of a console block that start with ``$`` are run; the lines
between them must appear in what is printed, in their order, with ``...`` for any others. ``<!-- fails with CODE, after: FILE:
OLD -> NEW; ... -->`` changes a file for the one block behind it, whose commands must end with that code; either half may
stand alone.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.isa.dtypes import DTYPES
from backends.isa.golden.engine import GoldenEngine
from backends.isa.registry import open_architecture
from harness.task import Tensor, f32

GUIDES = Path(__file__).parent.parent / "docs" / "guides"
GUIDE, REFERENCE = GUIDES / "add-an-isa.md", GUIDES / "isa-reference.md"
BLOCK = re.compile(r"(?:<!-- (?P<note>[^\n]*) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```", re.DOTALL | re.MULTILINE)
INSTALL = f"{sys.executable} -m pip install --quiet --no-deps --no-build-isolation --no-index --target site ."
HOW = re.compile(r"(?:fails with (?P<code>\d))?(?:(?:, )?after: (?P<file>\S+): (?P<changes>.*))?")
VALUES = """
from backends.isa import Isa, bits, f32, float_from_bits, i32, i64, max, require, sqrt, u32, u64

isa = Isa("values", title="Rows of a table")
R = isa.format("R", op=(0, 8))
k = isa.register("k", i32)
wrong = isa.trap("wrong", "the row has its value")
"""
"""What a table of expressions is tried with: an instruction a row, which traps unless the row has its value."""
VALUE_OP = """
@isa.op("R{n}", R(op={n}), unit="core", timing="any")
def row{n}():
    "A row."
    require({e} == {v}, wrong, {n})
"""


class Folder:
    """The reader's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ran: list[str] = []

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def play(self, page: Path) -> None:
        """Writes the files of a page and runs its commands, in order."""
        for block in BLOCK.finditer(page.read_text()):
            note = block["note"] or ""
            if note.startswith("file: "):
                self.write(note.removeprefix("file: "), block["body"])
                continue
            assert block["language"] == "console", f"a block of {block['language']} that nothing runs: {block['body']}"
            how = HOW.fullmatch(note)
            assert how, f"a note that says nothing known: {note}"
            with self.changed(how):
                self.console(block["body"], int(how["code"] or 0))

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

    @contextmanager
    def changed(self, how: re.Match[str]) -> Iterator[None]:
        if how["file"] is None:
            yield
            return
        before = (self.path / how["file"]).read_text()
        text = before
        for change in how["changes"].split("; "):
            old, new = change.split(" -> ")
            assert old in text, f"{how['file']} has no {old!r}"
            text = text.replace(old, new)
        self.write(how["file"], text)
        yield
        self.write(how["file"], before)


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
    folder.play(GUIDE)
    assert len(folder.ran) > 12
    assert {p.name for p in tmp_path.iterdir()} >= {"minnow", "pike", "first", "sums.bin", "words.hex"}
    assert (tmp_path / "sums.bin").read_bytes()[:8] == b"\0\0\xc0\x3f\0\0\x20\x40"


@pytest.mark.slow
def test_every_block_of_the_reference_works(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.play(REFERENCE)
    assert np.fromfile(tmp_path / "v2.bin", "<f4").tolist() == [2, 4, 6, 8, 10, 12, 14, -16]
    said: dict[str, Any] = {}
    exec((tmp_path / "tensors.py").read_text(), said)
    engine = GoldenEngine(open_architecture(str(tmp_path / "perch"), None, None))
    tensor, values = Tensor("y", f32, (2, 3)), np.arange(6, dtype=np.float32).reshape(2, 3)
    image = said["image"](16, values)
    engine.write(image.space, image.start, image.data)
    np.testing.assert_array_equal(said["output"](16, tensor, engine.read), values)


def test_the_table_of_types_is_that_of_the_toolkit() -> None:
    section = REFERENCE.read_text().partition("\n## Types\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ((?:`\w+` ?)+)\| `(\w+)` \|", section, re.MULTILINE)
    said = {name: compute for names, compute in rows for name in re.findall(r"\w+", names)}
    assert said == {name: dtype.compute for name, dtype in DTYPES.items() if dtype.kind != "scale"}


@pytest.mark.parametrize("engine", ["golden", "native"])
def test_the_table_of_arithmetic_is_what_engines_compute(engine: str, tmp_path: Path) -> None:
    table = REFERENCE.read_text().partition("<!-- values -->")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", table, re.MULTILINE)
    assert len(rows) > 15
    ops = [VALUE_OP.format(n=n, e=unfolded(expression), v=value) for n, (expression, value) in enumerate(rows)]
    (tmp_path / "isa.py").write_text(VALUES + "".join(ops))
    (tmp_path / "machine.toml").write_text(
        '[units.core]\nkind = "compute"\n[timing.one]\nissue = "blocking"\n[timing.one.costs]\nany = 1\n'
    )
    folder = Folder(tmp_path)
    folder.write("all.s", "\n".join(f"R{n}" for n in range(len(rows))))
    done = folder.run(f"kernelwright isa run {tmp_path} all.s --engine {engine}")
    wrong = re.search(r"wrong at line \d+: value (\d+)", done.stderr)
    assert done.returncode == 0, rows[int(wrong[1])] if wrong else done.stdout + done.stderr


def unfolded(expression: str) -> str:
    """The expression with numbers that no compiler knows."""
    return re.sub(
        r"\((-?[\d.e]+)\)",
        lambda number: f"(k.value + {number[1]})" if number[1].lstrip("-").isdecimal() else f"(f32(k.value) + {number[1]})",
        expression,
    )


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
