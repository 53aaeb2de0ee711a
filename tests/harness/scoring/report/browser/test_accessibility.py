"""The rules of axe, in both themes, on the page and on every view of a trial."""

from pathlib import Path

import pytest

from harness.scoring.report.html import report_page

from ..sources import runs, sources
from .conftest import PHONE
from .test_report_page import a_trial, open_trial


@pytest.fixture(scope="module")
def small(chromium, tmp_path_factory) -> Path:  # type: ignore[no-untyped-def]
    """Every kind of view with few marks: axe takes its time over each."""
    path = tmp_path_factory.mktemp("small") / "report.html"
    path.write_text(report_page(runs(), sources(tasks=1), "Example results"), encoding="utf-8")
    return path


def violations(page, part=None):  # type: ignore[no-untyped-def]
    """What axe finds on the page, or in the part of it with this selector."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: pip install --group dev")
    found = axe.Axe().run(page, context=part, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:300]}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page(visit, small, theme):  # type: ignore[no-untyped-def]
    page = visit(small, theme=theme)
    pair = page.locator("#comparison div:not([hidden]) > .pair").first
    pair.locator("summary").click()
    pair.locator("table").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_view_of_a_trial(visit, small, theme):  # type: ignore[no-untyped-def]
    page = visit(small, theme=theme)
    for outcome, tab in [
        ("passed", "transcript"),
        ("passed", "kernels"),
        ("passed", "cycles"),
        ("wrong", "errors"),
        ("wrong", "record"),
    ]:
        open_trial(page, a_trial(page, outcome))
        page.click(f"#tab-{tab}")
        assert violations(page, "#pane") == [], tab


def test_phone(visit, small):  # type: ignore[no-untyped-def]
    assert violations(visit(small, size=PHONE)) == []
