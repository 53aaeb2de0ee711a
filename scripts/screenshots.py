"""Takes the pictures in docs/images of the report on the example run, in chromium.

    scripts/screenshots.py [FOLDER OF A RUN]

Needs the `report` extra, Playwright's Python package (`pip install --group dev`) and chromium (`scripts/setup.sh dev`).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def main() -> None:
    """Unpacks the example run, unless another is named, makes its page and takes the pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = Path(sys.argv[1]) if len(sys.argv) > 1 else unpacked(folder)
        page = folder / "report.html"
        subprocess.run(
            [sys.executable, "-c", "from harness.cli import main; main()", "report", run, "-o", page], check=True, cwd=ROOT
        )
        IMAGES.mkdir(parents=True, exist_ok=True)
        program = shutil.which("chromium") or shutil.which("google-chrome")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            take(browser, page.as_uri())
            browser.close()


def unpacked(folder: Path) -> Path:
    """The example run."""
    with tarfile.open(ROOT / "docs" / "examples" / "run.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "example"


def take(browser: Any, address: str) -> None:
    """The page in both themes and on a phone, and two views of trials."""
    for name, size, theme in (("report", DESKTOP, "light"), ("report-dark", DESKTOP, "dark"), ("report-phone", PHONE, "light")):
        page = opened(browser, address, size, theme)
        page.locator("label", has_text="plena").first.click()
        if name == "report-dark":
            page.evaluate("document.querySelector('.backend:not([hidden]) .plots').scrollIntoView()")
            page.evaluate("scrollBy(0, -120)")
        else:
            page.evaluate("scrollTo(0, 0)")
        shoot(page, name)
    page = opened(browser, address, DESKTOP, "light")
    show_trial(page, "scripted", "plena", "P15/C1", "transcript")
    shoot(page, "trial")
    page = opened(browser, address, DESKTOP, "dark")
    show_trial(page, "scripted/profiler.json", "tiny", "P15/C1", "kernels")
    shoot(page, "trial-cycles")


def opened(browser: Any, address: str, size: dict[str, int], theme: str) -> Any:
    """The page, ready."""
    page = browser.new_context(viewport=size, color_scheme=theme, device_scale_factor=2 if size is PHONE else 1).new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


def show_trial(page: Any, agent: str, backend: str, workload: str, tab: str) -> None:
    """Opens a view of a trial."""
    wanted = {"agent": agent, "backend": backend, "workload": workload}
    found = "wanted => [...Array(trials.count).keys()].find(i => Object.keys(wanted).every(k => valueOf(k, i) === wanted[k]))"
    number = page.evaluate(found, wanted)
    if number is None:
        sys.exit(f"screenshots: the run has no trial of {agent!r} on {backend!r} at {workload!r}")
    page.evaluate(f"location.hash = '#trial-{number}'")
    page.wait_for_selector(f"#pane[data-ready='{number}']")
    page.click(f"#tab-{tab}")


def shoot(page: Any, name: str) -> None:
    """Writes docs/images/NAME.png."""
    page.wait_for_timeout(300)  # fonts and the highlight of a hovered cell settle
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"wrote docs/images/{name}.png")


if __name__ == "__main__":
    main()
