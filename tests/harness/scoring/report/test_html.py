import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from harness.errors import IntegrityError, UsageError
from harness.scoring.leaderboard import add, evidence_path
from harness.scoring.report.board import board_page
from harness.scoring.report.html import Run, report_page
from harness.scoring.report.page import charts, tables
from harness.scoring.report.page.data import Source
from harness.scoring.report.page.plots import plots
from harness.scoring.report.table import lines_of
from harness.trial import Trial

from ..rows import evidence
from ..trials import trial

pytest.importorskip("altair", reason="altair is not installed: pip install 'kernelwright[report]'")
pytest.importorskip("vl_convert", reason="vl-convert is not installed: pip install 'kernelwright[report]'")


def run(name: str, *models: str, **digests: str) -> Run:
    return Run(f"run-{name}", name, models, [("command", f"kernelwright run --out {name}")], digests)


def sources(name: str, trials: Iterable[Trial]) -> list[Source]:
    return [Source(name, one) for one in trials]


def eight(model: str, speedup: float | None) -> list[Trial]:
    """A trial of each of eight tasks."""
    return [trial(f"P0{n}/C1", speedup, model=model) for n in range(1, 9)]


def test_a_page_needs_nothing_from_elsewhere() -> None:
    page = report_page([run("r", "m")], sources("r", eight("m", 1.5)), "The <title>")
    assert "<title>The &lt;title&gt;</title>" in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page)
    assert not re.findall(r"url\(|@import|<link|<iframe|<img", page)
    urls = set(re.findall(r"https?://[\w./-]+", page))
    assert urls <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names, not addresses
    assert "default-src 'none'" in page


def test_the_same_model_of_two_runs_is_two_agents_that_are_compared() -> None:
    page = report_page([run("old", "m"), run("new", "m")], sources("old", eight("m", 1.0)) + sources("new", eight("m", 2.0)))
    assert "m (old)" in page
    assert "m (new)" in page
    assert "is better: (1 + score) is" in page or "is worse: (1 + score) is" in page


def test_runs_judged_by_different_things_are_not_compared() -> None:
    runs = [run("old", "m", **{"backend toy": "1" * 64}), run("new", "m", **{"backend toy": "2" * 64})]
    page = report_page(runs, sources("old", eight("m", 1.0)) + sources("new", eight("m", 2.0)))
    assert "m (new) and m (old) are not compared: their runs differ in backend toy" in page
    assert "(1 + score) is" not in page


def test_a_run_without_a_graded_trial_has_a_page() -> None:
    page = report_page([run("r", "m")], [])
    assert "0" in page
    assert "Trials" in page


def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)
    with pytest.raises(UsageError, match="draws with altair and vl-convert, and 'vl_convert' is not installed") as caught:
        report_page([], [])
    assert "kernelwright[report]" in str(caught.value)


def test_marks_link_to_trials_and_colours_are_the_pages() -> None:
    from harness.scoring.report.page.summary import Roof

    svg = charts.roofline([Roof("a", "P01/C1", 10.0, 2.0, 7)], ["a"])
    assert 'href="#trial-7"' in svg
    assert "var(--s0)" in svg
    assert "a, P01/C1: 2.00x of at most 10.0x" in svg
    assert 'width="' not in svg.split(">", 1)[0]  # it grows and shrinks with its place
    assert "trial.invalid" not in svg


def test_agents_beyond_the_colours_differ_in_shape_or_dash() -> None:
    styles = [(s.colour, s.shape, tuple(s.dash)) for s in map(charts.style, range(24))]
    assert len(set(styles)) == 24


def test_a_plot_without_data_is_left_out() -> None:
    assert plots([], {}, {}, {}, []) == []


def test_the_board_is_sorted_by_values_not_by_texts() -> None:
    board = tables.board(lines_of([*eight("fast", 10.0), *eight("slow", 2.0), *eight("lost", None)]))
    column = [column.name for column in board.columns].index("score")
    assert [row[1].text for row in board.rows] == ["fast", "slow", "lost"]
    assert [row[column].sort for row in board.rows] == sorted([row[column].sort for row in board.rows], reverse=True)  # type: ignore[type-var]
    whisker = board.rows[0][column].whisker
    assert whisker is not None
    assert whisker.at == pytest.approx(100)


# The page of a leaderboard


@pytest.fixture
def leaderboard(tmp_path: Path) -> Path:
    path = tmp_path / "leaderboard.json"
    add(path, [evidence("m"), evidence("other")])
    return path


def test_every_row_leads_to_its_provenance(leaderboard: Path) -> None:
    page = board_page(leaderboard, "Public", {"P01": "vec_add"})
    links: Sequence[str] = re.findall(r'<a href="#(row-[0-9a-f]{16})">', page)
    assert len(links) == 2
    for link in links:
        assert f'id="{link}"' in page
        assert f"kernelwright leaderboard verify {link.removeprefix('row-')}" in page
    assert "vec_add" in page
    assert "core on toy" in page


def test_a_secret_is_not_published_with_the_page(leaderboard: Path) -> None:
    assert evidence().secret not in board_page(leaderboard)


def test_changed_evidence_makes_no_page(leaderboard: Path) -> None:
    from harness.scoring.leaderboard import load

    path = evidence_path(leaderboard, load(leaderboard).rows[0].id)
    path.write_text(path.read_text().replace("0.25", "0.26"))
    with pytest.raises(IntegrityError, match="was changed"):
        board_page(leaderboard)


def test_an_empty_leaderboard_has_no_page(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no row"):
        board_page(tmp_path / "none.json")
