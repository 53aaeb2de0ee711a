"""``kernelwright backends new`` writes packages that install, conform and pass their own tests as they are."""

import json
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from harness.errors import UsageError
from harness.scaffold.kinds import Kind
from harness.scaffold.package import create


@pytest.mark.slow
def test_an_isa_package_is_green_from_the_start(fresh, tmp_path):
    fresh.run("backends", "new", "sea-bass", "--kind", "isa", "--into", str(tmp_path))
    project = tmp_path / "kernelwright-sea-bass"
    fresh.install(project)
    [row] = [row for row in json.loads(fresh.run("backends", "list", "--json").stdout) if row["name"] == "sea-bass"]
    assert (row["origin"], row["problem"]) == ("kernelwright-sea-bass 0.1.0", "")
    done = fresh.call("-m", "pytest", "-q", "-p", "no:cacheprovider", str(project / "tests"))
    assert " failed" not in done.stdout
    assert "1 skipped" in done.stdout  # there is no corpus of cheats for it
    result = json.loads(fresh.run("run", "--backend", "sea-bass", "--model", "compiler", "--tasks", "P01,P04", "--json").stdout)
    assert result["rows"][0]["passed"] == result["rows"][0]["planned"] > 0
    assert "0 of them ambiguous" in fresh.run("isa", "check", "sea-bass", "--seconds", "0", "--quick").stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["native", "rtl"])
def test_other_packages_install_and_conform(fresh, tmp_path, kind):
    fresh.run("backends", "new", f"my-{kind}", "--kind", kind, "--into", str(tmp_path))
    fresh.install(tmp_path / f"kernelwright-my-{kind}")
    shown = json.loads(fresh.run("backends", "show", f"my-{kind}", "--json").stdout)
    if shown["sandbox"] == "none works":
        pytest.skip("no sandbox works here")
    done = json.loads(fresh.run("backends", "check", f"my-{kind}", "--quick", "--json").stdout)
    assert [result["check"] for result in done["results"] if result["status"] != "ok"] == ["exploits"]
    assert done["version"] == "0.1.0"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_fills_its_templates(kind, tmp_path):
    written = create("my-chip", kind, tmp_path)
    assert {path.suffix for path in written} >= {".py", ".toml", ".md"}
    project = tomllib.loads((tmp_path / "kernelwright-my-chip" / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["kernelwright.backends"] == {"my-chip": "my_chip:create"}
    for path in written:
        text = path.read_text()
        assert "[[ " not in text
        assert "[% " not in text
        if path.suffix == ".py":
            compile(text, path, "exec")


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("My", "isa", "'My' cannot name a backend"),
        ("a--b", "isa", "'a--b' cannot name a backend"),
        ("../up", "isa", "'../up' cannot name a backend"),
        ("import", "isa", "'import' is a word of Python or a package of kernelwright"),
        ("tasks", "isa", "'tasks' is a word of Python or a package of kernelwright"),
        ("tiny", "isa", "backend 'tiny' exists: it comes from kernelwright"),
        ("chip", "nativ", "did you mean 'native'?"),
    ],
)
def test_what_cannot_be_made_is_refused(name, kind, message, tmp_path):
    with pytest.raises(UsageError) as caught:
        create(name, kind, tmp_path)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    create("chip", "isa", tmp_path)
    with pytest.raises(UsageError, match="exists"):
        create("chip", "isa", tmp_path)
    assert Path(tmp_path / "kernelwright-chip").is_dir()
