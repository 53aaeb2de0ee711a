"""Command groups of other packages: they work like ours, and a broken one is said while the rest works."""

import sys
import textwrap

import pytest

from harness import plugins
from harness.errors import UsageError

MODULE = """
import typer

app = typer.Typer(help="Greets.")

@app.command()
def hello(name: str) -> None:
    '''Says hello.'''
    typer.echo(f"hello {name}")

@app.command()
def bye() -> None:
    '''Says goodbye.'''

number = 3
"""


@pytest.fixture
def register(tmp_path, monkeypatch):
    """Installs a package whose entry points are these lines."""

    def install(entries: str) -> None:
        (tmp_path / "greeter.py").write_text(MODULE)
        info = tmp_path / "greeter-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[kernelwright.commands]\n{textwrap.dedent(entries)}")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "greeter", raising=False)
        plugins.entries.cache_clear()

    return install


def test_a_package_adds_a_group_of_commands(register, kernelwright):
    register("greet = greeter:app")
    assert kernelwright("greet", "hello", "you").out == "hello you\n"
    assert "greet" in kernelwright("--help").out


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("zzz = greeter:nothing", "command group 'zzz' (greeter 1.0) cannot be loaded"),
        ("aaa = nowhere:app", "command group 'aaa' (greeter 1.0) cannot be loaded"),
        ("aaa = greeter:number", "is int, not a factory function"),
        ("aaa = greeter:hello", "command group 'aaa' is function, not a typer.Typer"),
        ("run = greeter:app", "command group 'run' takes the name of a command of kernelwright"),
        ("doctor = greeter:app", "command group 'doctor' takes the name of a command of kernelwright"),
    ],
)
def test_a_broken_group_is_said_and_the_others_work(register, kernelwright, capsys, entry, message):
    register(f"{entry}\ngreet = greeter:app\n")
    done = kernelwright("greet", "hello", "you")
    assert done.out == "hello you\n"
    said = capsys.readouterr().err
    assert said.startswith("warning: ")
    assert message in said
    assert kernelwright("isa", "--help").code == 0


def test_two_packages_may_not_claim_one_group(register):
    register("isa = greeter:app")
    with pytest.raises(UsageError, match="registered twice"):
        plugins.entries("command group")
