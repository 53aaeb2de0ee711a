"""docs/examples/kernelwright-minnow in a fresh environment: all that it adds works, and nothing here knows of it."""

import json
import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "kernelwright-minnow"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def minnow(fresh, tmp_path_factory):
    copy = tmp_path_factory.mktemp("example") / EXAMPLE.name
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    fresh.install(copy)
    fresh.project = copy
    return fresh


def test_every_part_is_listed_with_its_origin(minnow):
    rows = {row["name"]: row for row in json.loads(minnow.run("backends", "list", "--json").stdout)}
    assert rows["minnow"]["origin"] == "kernelwright-minnow 0.3.0"
    assert rows["minnow"]["problem"] == ""
    assert rows["tiny"]["origin"].startswith("kernelwright ")
    assert "M02" in minnow.run("tasks", "list", "--suite", "pond").stdout
    assert "angler" in minnow.run("models", "list").stdout
    assert "VMAX" in minnow.run("isa", "show", "minnow").stdout
    assert "VSUB" in minnow.run("manual", "minnow", "start").stdout


def test_its_model_runs_on_its_target_and_tasks_by_its_executor(minnow):
    arguments = ("--backend", "minnow", "--suite", "pond", "--model", "angler", "--model", "compiler", "--executor", "shoal")
    result = json.loads(minnow.run("run", *arguments, "--out", "out", "--json").stdout)
    rows = {row["model"]: row for row in result["rows"]}
    assert [rows[name]["passed"] for name in ("angler", "compiler")] == [8, 8]
    assert rows["angler"]["metrics"]["speedup"]["value"] > rows["compiler"]["metrics"]["speedup"]["value"]
    lock = json.loads((minnow.folder / "out" / "lock.json").read_text())
    assert list(lock["backends"]) == ["minnow"]
    minnow.run("grade", "out")
    minnow.run("leaderboard", "add", "out")
    assert "angler" in minnow.run("leaderboard", "show").stdout


def test_its_tasks_run_on_nothing_that_has_no_baseline_for_them(minnow):
    done = minnow.run("run", "--backend", "tiny", "--suite", "pond", "--model", "compiler", "--out", "no", code=None)
    assert done.returncode != 0
    assert "M01" in done.stdout + done.stderr


def test_an_unknown_executor_is_a_usage_error(minnow):
    done = minnow.run("run", "--backend", "minnow", "--model", "angler", "--tasks", "M01", "--executor", "school", code=2)
    assert "unknown executor 'school'" in done.stderr


def test_its_own_tests_pass_with_the_conformance_kit_among_them(minnow):
    done = minnow.call("-m", "pytest", "-q", "-p", "no:cacheprovider", str(minnow.project / "tests"))
    assert " failed" not in done.stdout
    assert "1 skipped" in done.stdout  # there is no corpus of cheats for it
