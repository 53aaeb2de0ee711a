import pytest
from rich.console import Console

from harness.scoring.report.table import Line, agent_markdown, lines_of, ranked, result_table, summary
from harness.trial import Status, Trial

from ..trials import evaluation, trial, ungraded

WORKLOADS = [f"P{t:02}/C{c}" for t in range(1, 9) for c in range(1, 4)]


def render(trials: list[Trial], width: int = 200) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(result_table(trials))
    return capture.get()


def test_lines_are_ranked_within_a_backend_and_ties_are_marked() -> None:
    fast = [trial(w, 4.0 + i % 2, model="fast") for i, w in enumerate(WORKLOADS)]
    same = [trial(w, 4.0 + (i + 1) % 2, model="same") for i, w in enumerate(WORKLOADS)]
    slow = [trial(w, 1.0, model="slow") for w in WORKLOADS]
    other = [trial(w, 1.0, model="slow", backend="other") for w in WORKLOADS]
    order = [(r.line.backend, r.line.model, r.place) for r in ranked(lines_of(fast + same + slow + other))]
    assert order == [("other", "slow", "1"), ("toy", "fast", "=1"), ("toy", "same", "=1"), ("toy", "slow", "3")]


def test_models_are_not_markup() -> None:
    assert "[red]model" in render([trial(model="[red]model")])


def test_grid_shows_speed_verdict_status_and_repeats() -> None:
    text = render([
        trial("P01/C1", 1.5), trial("P01/C2", None), ungraded("P01/C3", Status.provider),
        trial("P04/C1", 2.0, repeat=0), trial("P04/C1", None, repeat=1),
        trial("P04/C2", final=evaluation("P04/C2", speedup=3.0, alarms=("faster than the bound",))),
        ungraded("P04/C3", Status.refused),
    ])  # fmt: skip
    for expected in ("1.50x", "wrong", "provider", "1/2 2.00x", "3.00x!", "refused", "6 of 7"):
        assert expected in text


def test_an_unsafe_sandbox_is_marked() -> None:
    unsafe = trial(final=evaluation(sandbox="unconfined"))
    assert "[unsafe sandbox]" in render([unsafe])
    assert "unsafe" not in render([trial()])


def test_unknown_is_not_zero() -> None:
    row = agent_markdown(lines_of([trial(cost=None)])).splitlines()[-1]
    assert row.endswith("| - | - |")
    assert "$0.00" in agent_markdown(lines_of([trial(cost=0.0)]))


def test_markdown_is_one_rectangular_table() -> None:
    lines = agent_markdown([Line("a|b", "toy", lines_of([trial()])[0].metrics)]).replace("\\|", "").splitlines()
    assert len(lines) == 3
    assert len({line.count("|") for line in lines}) == 1


def test_summary_counts_what_was_not_graded() -> None:
    text = summary([trial("P01/C1"), trial("P04/C1", None), ungraded("P09/C1")])
    assert text.startswith("m on toy: 1 of 2 passed, 1 not graded, score 0.41x [")


def test_an_empty_run_renders() -> None:
    assert "score:" in render([])
    assert summary([]) == "no trials"


@pytest.mark.parametrize("width", [80, 100, 130, 200])
def test_a_narrow_console_goes_without_columns_not_without_sense(width: int) -> None:
    text = render([trial(w, 2.0, model="provider/some-model") for w in WORKLOADS], width)
    [row] = [line for line in text.splitlines() if line.startswith("│") and "provider/some-model" in line and "2.00x" in line]
    assert "100.0% [68, 100]" in row
    assert max(map(len, text.splitlines())) <= width
    assert ("no room for" in text) == (width < 150)
    assert "graded" in text.splitlines()[2]


def test_targets_do_not_share_a_table() -> None:
    text = render([trial(model="a"), trial(model="a", backend="other"), trial(model="b")])
    assert [line.strip() for line in text.splitlines() if line.strip() in ("other", "toy")] == ["other", "toy"]
