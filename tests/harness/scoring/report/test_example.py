"""The run that is checked in as an example: small, whole, and of every kind, so that the report has something true to show."""

import re
import tarfile
from pathlib import Path

import pytest

from harness.cli.report import _run, _sources
from harness.run.store import Store
from harness.scoring.attempts import attempts
from harness.scoring.failures import of_attempt
from harness.scoring.report.html import report_page

ARCHIVE = Path(__file__).parents[4] / "docs" / "examples" / "run.tar.gz"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("example")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return Store.open(folder / "example")


def test_it_is_small_and_holds_no_path_of_a_machine(example: Store) -> None:
    assert ARCHIVE.stat().st_size < 300_000
    for path in example.folder.rglob("*"):
        if path.is_file():
            assert not re.search(r"/(tmp|home|root|work)/", path.read_text(encoding="utf-8")), path


def test_it_is_finished_and_shows_passes_failures_and_profiles(example: Store) -> None:
    sources = list(_sources(["example"], [example]))
    assert len(sources) == sum(1 for _ in example.lock.trials())
    assert {source.trial.spec.backend for source in sources} >= {"cpu", "plena", "tiny"}
    taken = [one for source in sources for one in attempts(source.events)]
    groups = {failure.group for one in taken if (failure := of_attempt(one))}
    assert {"build", "fault", "numeric"} <= groups
    assert any(one.evaluation.passed for one in taken if one.evaluation)
    assert any(one.evaluation.profile for one in taken if one.evaluation)
    assert any(m.shape and m.shape.map for one in taken if one.evaluation for m in one.evaluation.mismatches)


def test_it_makes_a_page(example: Store) -> None:
    pytest.importorskip("altair", reason="altair is not installed: pip install 'kernelwright[report]'")
    pytest.importorskip("vl_convert", reason="vl-convert is not installed: pip install 'kernelwright[report]'")
    page = report_page([_run("run-1", "example", example)], _sources(["example"], [example]), "Results of example")
    assert "What feedback fixed: tiny" in page
    assert example.secret not in page
