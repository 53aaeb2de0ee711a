"""The report in a real browser: Debian's chromium, driven by Playwright, which downloads nothing."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.scoring.report.html import report_page

from ..sources import runs, sources

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A browser for all tests; they are skipped, with the reason, where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install --group dev")
    pytest.importorskip("vl_convert", reason="vl-convert is not installed: pip install 'kernelwright[report]'")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium here: apt-get install --no-install-recommends chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report(chromium: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 120 trials of three models on two backends."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    names = {"P01": "vec_add", "P02": "axpy"}
    path.write_text(report_page(runs(), sources(tasks=4), "Example results", names), encoding="utf-8")
    return path


@pytest.fixture
def visit(chromium, report: Path) -> Iterator[Callable]:  # type: ignore[no-untyped-def]
    """``visit(path, width, theme)`` opens a page; at the end nothing may have been complained about or asked of a network."""
    contexts, complaints = [], []

    def call(path: Path = report, size: dict[str, int] = DESKTOP, theme: str = "light", address: str = ""):  # type: ignore[no-untyped-def]
        context = chromium.new_context(viewport=size, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith("file:") else complaints.append(request.url))
        page.goto(f"{path.as_uri()}{address}")
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield call
    for context in contexts:
        context.close()
    assert complaints == []
