"""Machines without cc: the compiler of the ``ziglang`` package takes its place, and the golden engine where there is neither."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ISA = Path(__file__).parents[1] / "scratch_isa"
SCRIPT = """
import json, sys
from pathlib import Path
from backends.isa.bind import load
from backends.isa.engine import Program
from backends.isa.engines import open_engine
from backends.isa.native.build import find_compiler
from backends.isa.registry import find
architecture = load(find(sys.argv[1]))
engines = [open_engine(architecture, Path(sys.argv[2])) for _ in range(2)]
word = next(i.match for i in architecture.instructions if i.key == "li") | 1 << 6 | 77 << 16
outcome = engines[0].run(Program.of([word]), fuel=10)
compiler = find_compiler()
print(json.dumps({
    "engine": engines[0].name, "compiler": compiler and compiler.command, "ended": outcome.ended,
    "x1": int(engines[0].read("x", 1, 1)[0]), "cycles": outcome.cycles,
}))
"""
FORWARD = """
import os, sys
assert sys.argv[1] == "cc", sys.argv
os.environ["PATH"] = {path!r}
os.execv({cc!r}, ["cc", *(a for a in sys.argv[2:] if not a.startswith("-mcpu="))])
"""
"""A package with zig's command line that hands everything to cc, which the process itself does not find."""


def run(tmp_path, *packages):
    """The script in a process whose PATH has no compiler, with further folders of packages."""
    (tmp_path / "bin").mkdir()
    paths = [str(path) for path in packages] + [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    environment = os.environ | {"PATH": str(tmp_path / "bin"), "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", SCRIPT, str(ISA), str(tmp_path / "cache")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.skipif(shutil.which("cc") is None, reason="no cc that could play the part")
def test_the_package_is_called_where_there_is_no_cc(tmp_path):
    package = tmp_path / "packages" / "ziglang"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(FORWARD.format(path=os.environ["PATH"], cc=shutil.which("cc")))
    found, said = run(tmp_path, package.parent)
    assert found == {
        "engine": "native", "compiler": [sys.executable, "-m", "ziglang", "cc"], "ended": "end", "x1": 77, "cycles": 1,
    }  # fmt: skip
    assert said == ""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="needs the native extra: pip install ziglang")
def test_the_compiler_of_the_package_makes_an_engine(tmp_path):
    found, said = run(tmp_path)
    assert found == {
        "engine": "native", "compiler": [sys.executable, "-m", "ziglang", "cc"], "ended": "end", "x1": 77, "cycles": 1,
    }  # fmt: skip
    assert said == ""
    assert (tmp_path / "cache" / "zig").is_dir()
    assert not (Path(os.environ["HOME"]) / ".cache" / "zig").exists()


@pytest.mark.skipif(importlib.util.find_spec("ziglang") is not None, reason="there is a compiler")
def test_without_any_compiler_golden_runs_after_one_notice(tmp_path):
    found, said = run(tmp_path)
    assert found == {"engine": "golden", "compiler": None, "ended": "end", "x1": 77, "cycles": 1}
    assert said.count("notice: no C compiler found, programs run on the golden engine") == 1
