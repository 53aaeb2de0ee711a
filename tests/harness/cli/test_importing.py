"""``import`` and suites that are folders, with the importer of a package that knows a toy problem set."""

import json
import sys

import pytest

from harness import plugins

MODULE = """
import json
from dataclasses import replace

from harness.suites import ImportReport, Skipped
from harness.task import Suite
from harness.testing import vec_add


def import_riddles(request):
    names = sorted(path.stem for path in request.checkout.glob("*.riddle"))
    request.say(f"{len(names)} riddles in style {request.style}")
    good = [name for name in names if name != "hard"]
    (request.out / "suite.json").write_text(json.dumps({"format": "riddles", "names": good}))
    skipped = tuple(Skipped(name=name, reason="nobody knows") for name in names if name not in good)
    return ImportReport(suite="riddles", backend="toy", imported=tuple(good), skipped=skipped)


def open_riddles(folder):
    names = json.loads((folder / "suite.json").read_text())["names"]
    return Suite("riddles", "", tuple(replace(vec_add, id=name.upper()) for name in names))
"""


@pytest.fixture
def riddles(tmp_path, monkeypatch):
    """A checkout with two riddles, and the package that can import them."""
    package = tmp_path / "package"
    info = package / "riddles-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "riddle_set.py").write_text(MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: riddles\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[kernelwright.importers]\nriddles = riddle_set:import_riddles\n"
        "[kernelwright.folders]\nriddles = riddle_set:open_riddles\n"
    )
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.delitem(sys.modules, "riddle_set", raising=False)
    plugins.entries.cache_clear()
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("easy", "hard"):
        (checkout / f"{name}.riddle").write_text("?")
    return checkout


def test_a_set_becomes_a_folder_that_is_a_suite(kernelwright, riddles):
    done = kernelwright("import", "riddles", riddles, "--out", "suites/riddles", "--style", "dark")
    assert done.code == 0, done.error
    assert done.out == (
        "left out hard: nobody knows\n"
        "riddles: 1 problems imported to suites/riddles, 1 left out\n"
        "run them with: kernelwright run --suite suites/riddles --backend toy\n"
    )
    listed = kernelwright("tasks", "list", "--suite", "suites/riddles", "--json").json
    assert [(row["suite"], row["id"], row["name"]) for row in listed] == [("suites/riddles", "EASY", "vec_add")]
    run = kernelwright("run", "--suite", "suites/riddles", "--backend", "toy", "--model", "compiler")
    assert (run.code, "EASY" in run.out) == (0, True), run


def test_the_report_as_json(kernelwright, riddles):
    done = kernelwright("import", "riddles", riddles, "--out", "new", "--json")
    assert done.json == {
        "suite": "riddles",
        "backend": "toy",
        "imported": ["easy"],
        "skipped": [{"name": "hard", "reason": "nobody knows"}],
    }


def test_an_unknown_set_is_named(kernelwright, riddles):
    error = kernelwright("import", "ridles", riddles, "--out", "new").error
    assert error is not None
    assert (error.message, error.hint) == ("unknown importer 'ridles'", "did you mean 'riddles'?")


def test_a_checkout_that_does_not_exist(kernelwright, riddles):
    error = kernelwright("import", "riddles", "nowhere", "--out", "new").error
    assert error is not None
    assert error.message == "there is no folder 'nowhere'"


def test_a_folder_with_something_in_it_is_left_alone(kernelwright, riddles, tmp_path):
    error = kernelwright("import", "riddles", riddles, "--out", riddles).error
    assert error is not None
    assert error.message == f"--out {str(riddles)!r} exists and is not empty"


@pytest.mark.parametrize(
    ("manifest", "message"),
    [(None, "'./set' is no task suite:"), ("{", "is no task suite:"), ("{}", "is no manifest of a suite: it has no 'format'")],
)
def test_a_folder_that_is_no_suite(kernelwright, tmp_path, manifest, message):
    (tmp_path / "set").mkdir()
    if manifest is not None:
        (tmp_path / "set" / "suite.json").write_text(manifest)
    error = kernelwright("tasks", "list", "--suite", "./set").error
    assert error is not None
    assert message.replace("./set", "set") in error.message
    assert error.hint == "make one with: kernelwright import"


def test_a_format_that_nothing_opens(kernelwright, riddles, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "suite.json").write_text(json.dumps({"format": "ridles"}))
    error = kernelwright("tasks", "list", "--suite", "./set").error
    assert error is not None
    assert (error.message, error.hint) == ("unknown suite format 'ridles'", "did you mean 'riddles'?")
