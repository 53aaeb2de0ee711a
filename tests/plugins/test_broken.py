"""A package that is broken in whatever way is reported and skipped; everything else works."""

import sys

import pytest

from harness import plugins
from harness.cli import targets
from harness.errors import UsageError
from harness.run.selection import load_suites

PRINTS = "from harness.testing import ToyBackend\n\ndef create(context):\n    print('\\x1b[31mhello')\n    return ToyBackend()\n"
BROKEN = {
    "cannot be imported": ("import no_such_module\n", "cannot be loaded: ModuleNotFoundError"),
    "has no such name": ("", "cannot be loaded: AttributeError"),
    "is no function": ("create = 3\n", "is int, not a factory function"),
    "raises": ("def create(context):\n    raise RuntimeError('half')\n", "cannot be made: RuntimeError: half (PATH:2)"),
    "is not Python": ("def create(context)\n    return 3\n", "cannot be loaded: SyntaxError: expected ':' (PATH:1)"),
    "exits": ("import sys\n\ndef create(context):\n    sys.exit(3)\n", "SystemExit: 3"),
    "exits when imported": ("import sys\nsys.exit(3)\n", "cannot be loaded: SystemExit: 3"),
    "is no backend": ("def create(context):\n    return object()\n", "has no info, support, brief, build, execute, bound, base"),
    "prints": (PRINTS, ""),
}
SUITES = {
    "cannot be imported": ("import no_such_module\n", "cannot be loaded: ModuleNotFoundError"),
    "raises": ("def create():\n    raise RuntimeError('half a suite')\n", "RuntimeError: half a suite"),
    "exits": ("import sys\n\ndef create():\n    sys.exit(3)\n", "SystemExit: 3"),
    "is no suite": ("def create():\n    return 3\n", "is int, not a Suite"),
}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """``install(group, text)``: a package kernelwright-broken 2.1 whose module has this text."""

    def make(group: str, text: str) -> None:
        (tmp_path / "brokenplugin.py").write_text(text)
        info = tmp_path / "kernelwright_broken-2.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kernelwright-broken\nVersion: 2.1\n")
        (info / "entry_points.txt").write_text(f"[{group}]\nbroken = brokenplugin:create\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "brokenplugin", raising=False)
        plugins.entries.cache_clear()

    yield make
    plugins.entries.cache_clear()


@pytest.mark.parametrize("how", BROKEN)
def test_a_backend_is_listed_with_its_problem_and_the_others_work(install, how, tmp_path):
    text, problem = BROKEN[how]
    problem = problem.replace("PATH", str(tmp_path / "brokenplugin.py"))
    install("kernelwright.backends", text)
    rows = {row.name: row for row in targets.listed()}
    assert rows["broken"].origin == "kernelwright-broken 2.1"
    assert problem in rows["broken"].problem
    assert bool(rows["broken"].problem) is bool(problem)
    assert rows["tiny"].problem == ""


@pytest.mark.parametrize("how", SUITES)
def test_a_suite_is_said_and_the_others_work(install, how, capsys):
    text, problem = SUITES[how]
    install("kernelwright.tasks", text)
    assert "core" in load_suites()
    said = capsys.readouterr().err
    assert said.startswith("warning: task suite 'broken' (kernelwright-broken 2.1) ")
    assert problem in said
    assert load_suites(["core"]).keys() == {"core"}
    with pytest.raises(UsageError, match="task suite 'broken'"):
        load_suites(["broken"])
