"""A run of 10,000 trials: what is not looked at is not unpacked, and the page stays small."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.scoring.report.html import report_page
from harness.scoring.report.page.data import Source

from ..sources import runs, sources

REPEATS, TASKS = 34, 10


def many() -> Iterator[Source]:
    """300 trials, repeated until they are more than 10,000."""
    made = list(sources(TASKS))
    for repeat in range(REPEATS):
        for run, trial, events, kernel, *_ in made:
            spec = trial.spec.model_copy(update={"repeat": repeat})
            # The transcripts of a tenth of them: making all would take longer than everything that is tested here.
            yield Source(run, trial.model_copy(update={"spec": spec}), events if repeat % 10 == 0 else (), kernel)


@pytest.fixture(scope="module")
def large(chromium, tmp_path_factory) -> Path:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_text(report_page(runs(), many()), encoding="utf-8")
    return path


def test_it_opens_without_unpacking_and_finds_a_trial(visit, large):  # type: ignore[no-untyped-def]
    page = visit(large)
    count = REPEATS * TASKS * 30
    assert page.inner_text("#trials-count") == f"1 to 25 of {count:,} trials"
    assert page.evaluate("unpacked.size") == 0
    assert page.evaluate("document.querySelectorAll('*').length") < 8_000
    page.fill("#filter-text", "P07/C3")
    page.select_option("#filter-agent", label="other/coder")
    assert f"of {REPEATS * 2} trials" in page.inner_text("#trials-count")
    page.locator("#trials-body a").first.click()
    page.wait_for_selector("#pane[data-ready]")
    assert page.inner_text("#pane-title").startswith("P07/C3")
    assert page.evaluate("unpacked.size") == 1


def test_a_cell_with_repeats_shows_its_trials(visit, large):  # type: ignore[no-untyped-def]
    page = visit(large)
    page.locator(".backend:not([hidden]) .heat a").first.click()
    assert f"of {REPEATS} trials" in page.inner_text("#trials-count")
    assert page.input_value("#filter-text") == "P01/C1"
