"""What a reader does with the page of a report."""

import re

from .conftest import PHONE


def rows(page, table):  # type: ignore[no-untyped-def]
    return page.locator(f"{table} tbody tr")


def first_cells(page, table, column):  # type: ignore[no-untyped-def]
    return page.eval_on_selector_all(
        f"{table} tbody tr", f"rows => rows.map(row => row.children[{column}].childNodes[0].textContent.trim())"
    )


def open_trial(page, number):  # type: ignore[no-untyped-def]
    page.evaluate(f"location.hash = '#trial-{number}'")
    page.wait_for_selector(f"#pane[data-ready='{number}']")


def a_trial(page, outcome, least=3):  # type: ignore[no-untyped-def]
    """Number of a trial with this outcome and at least so many kernels."""
    return page.evaluate(
        "([outcome, least]) => [...Array(trials.count).keys()].find("
        "i => valueOf('outcome', i) === outcome && valueOf('iterations', i) >= least)",
        [outcome, least],
    )


def test_it_says_what_the_run_was_and_shows_every_part(visit):  # type: ignore[no-untyped-def]
    page = visit()
    assert page.title() == "Example results"
    assert "120" in page.inner_text("#summary")
    assert rows(page, "#leaderboard").count() == 6  # three models on two backends
    shown = page.locator(".backend:not([hidden])")
    assert shown.locator(".heat tbody tr").count() == 4
    titles = shown.locator("figure h3").all_inner_texts()
    assert titles == [
        "How fast: fast_p", "How close to the bound", "Success for its price", "Solved over iterations", "Speed over iterations",
        "Solved over cost", "Why kernels fail", "Why trials fail",
    ]  # fmt: skip
    assert shown.locator("figure svg").count() == len(titles)
    assert "vec_add" in page.inner_text(".heat")


def test_the_leaderboard_sorts_by_any_column_both_ways(visit):  # type: ignore[no-untyped-def]
    page = visit()
    heading = page.locator("#leaderboard th", has_text="score")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    scores = [float(text.rstrip("x")) for text in first_cells(page, "#leaderboard", 3)]
    assert scores == sorted(scores, reverse=True)
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert [float(text.rstrip("x")) for text in first_cells(page, "#leaderboard", 3)] == sorted(scores)
    model = page.locator("#leaderboard th", has_text="model")
    model.locator("button").click()
    assert heading.get_attribute("aria-sort") is None
    assert first_cells(page, "#leaderboard", 1) == sorted(first_cells(page, "#leaderboard", 1))


def test_one_backend_is_shown_at_a_time(visit):  # type: ignore[no-untyped-def]
    page = visit()
    assert page.locator(".backend:not([hidden]) h2").first.inner_text() == "Workloads: toy"
    page.locator(".segments label", has_text="wide").click()
    assert page.locator(".backend:not([hidden]) h2").first.inner_text() == "Workloads: wide"
    assert page.locator("#comparison-title").inner_text() == "Comparison: wide"
    page.locator(".top nav a", has_text="Feedback").click()
    top = page.locator(".backend:not([hidden]) h2", has_text="What feedback fixed: wide").evaluate(
        "h => h.getBoundingClientRect().top"
    )
    assert 0 <= top < 200  # in sight, below the bar


def test_trials_are_filtered_sorted_and_paged(visit):  # type: ignore[no-untyped-def]
    page = visit()
    assert page.inner_text("#trials-count") == "1 to 25 of 120 trials"
    page.click("#page-next")
    assert page.inner_text("#trials-count") == "26 to 50 of 120 trials"
    page.select_option("#filter-agent", label="acme/small")
    page.select_option("#filter-backend", label="toy")
    assert page.inner_text("#trials-count") == "1 to 20 of 20 trials"
    page.fill("#filter-text", "p03")
    assert page.inner_text("#trials-count") == "1 to 5 of 5 trials"
    assert all(text.startswith("P03/") for text in first_cells(page, "#trials", 0))
    page.fill("#filter-text", "axpy")
    assert all(text.startswith("P02/") for text in first_cells(page, "#trials", 0))
    page.fill("#filter-text", "no such thing")
    assert page.inner_text("#trials-count") == "no trial matches"
    page.click("#filter-reset")
    page.locator("#trials th", has_text="speedup").locator("button").click()
    speeds = [float(text.rstrip("x")) for text in first_cells(page, "#trials", 4)]
    assert speeds == sorted(speeds, reverse=True)


def test_unknown_values_sort_last_either_way(visit):  # type: ignore[no-untyped-def]
    page = visit()
    page.select_option("#filter-agent", label="acme/small")
    page.select_option("#filter-backend", label="toy")
    button = page.locator("#trials th", has_text="speedup").locator("button")
    for _ in range(2):
        button.click()
        speeds = first_cells(page, "#trials", 4)
        known = [text != "-" for text in speeds]
        assert not all(known)
        assert known == sorted(known, reverse=True)


def test_a_cell_of_the_heat_map_opens_its_trial(visit):  # type: ignore[no-untyped-def]
    page = visit()
    cell = page.locator(".backend:not([hidden]) .heat a").nth(6)
    label = cell.get_attribute("aria-label")
    cell.click()
    page.wait_for_selector("#pane[data-ready]")
    model, workload = re.match(r"(\S+) on (\S+):", label).groups()
    assert page.inner_text("#pane-title").startswith(workload)
    assert model in page.inner_text("#pane-title")
    page.keyboard.press("Escape")
    assert not page.locator("#pane").is_visible()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == label  # where the reader was


def test_a_point_of_the_roofline_leads_to_its_trial(visit):  # type: ignore[no-untyped-def]
    page = visit()
    link = page.locator(".backend:not([hidden]) figure", has_text="How close").locator("svg a").first
    label = link.locator("[aria-label]").get_attribute("aria-label")
    page.evaluate("address => { location.hash = address; }", link.get_attribute("href"))
    page.wait_for_selector("#pane[data-ready]")
    assert label.split(": ")[0].split(", ")[1] in page.inner_text("#pane-title")


def test_a_transcript_holds_what_was_said_and_nothing_becomes_markup(visit):  # type: ignore[no-untyped-def]
    page = visit()
    open_trial(page, a_trial(page, "passed"))
    text = page.inner_text("#tab-panel")
    assert "Attempt 1: <b>careful</b> with </script> & bounds." in text
    assert page.locator("#tab-panel b").count() == 0
    assert "Final grading" in text
    summary = page.locator("#tab-panel summary", has_text="Task and manual")
    summary.click()
    page.wait_for_function("() => document.querySelector('#tab-panel').textContent.includes('## Chapter 7')")


def test_kernels_are_shown_as_differences_and_as_source_with_cycles(visit):  # type: ignore[no-untyped-def]
    page = visit()
    open_trial(page, a_trial(page, "passed"))
    page.click("#tab-kernels")
    source = page.locator("#tab-panel .code")
    assert "cycles (" in source.inner_text()
    assert source.locator(".cy i").count() == 9  # the lines that the profile knows
    page.locator(".attempts button").nth(1).click()
    added, removed = source.locator("tr.add").all_inner_texts(), source.locator("tr.del").all_inner_texts()
    assert any("attempt 1" in line for line in added)
    assert any("attempt 0" in line for line in removed)
    assert len(added) == len(removed) == 2  # the line of the last attempt as it was, and that of this one
    page.select_option("#diff-base", "")
    assert source.locator("tbody tr").count() >= 16


def test_errors_show_the_map_of_the_output_and_where_a_build_failed(visit):  # type: ignore[no-untyped-def]
    page = visit()
    open_trial(page, a_trial(page, "wrong"))
    page.click("#tab-errors")
    assert "39 of 416 elements wrong" in page.inner_text("#tab-panel")
    cells = page.locator(".errormap").first.locator("i")
    assert cells.count() == 13 * 32
    assert page.locator(".errormap").first.locator("i.wrong").count() == 13 * 3
    open_trial(page, a_trial(page, "build_error"))
    page.click("#tab-kernels")
    page.select_option("#diff-base", "")
    assert "unknown mnemonic 'VMULL'" in page.locator("tr.said").first.inner_text()


def test_cycles_show_stalls_and_occupancy(visit):  # type: ignore[no-untyped-def]
    page = visit()
    open_trial(page, a_trial(page, "passed"))
    page.click("#tab-cycles")
    text = page.inner_text("#tab-panel")
    assert "Bound:" in text
    assert "40.0%" in text
    assert "unit busy" in text
    assert page.locator("#tab-panel .bar").count() == 5


def test_the_timeline_leads_to_its_step(visit):  # type: ignore[no-untyped-def]
    page = visit()
    open_trial(page, a_trial(page, "passed"))
    page.click("#tab-record")
    steps = page.locator(".timeline button")
    assert steps.count() >= 5
    steps.nth(1).click()
    assert page.locator("#tab-transcript").get_attribute("aria-selected") == "true"
    assert page.locator(".turn.lit").count() == 1


def test_keyboard_alone_is_enough(visit):  # type: ignore[no-untyped-def]
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.locator("#trials-body a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#pane[data-ready]")
    first = page.inner_text("#pane-title")
    assert page.evaluate("document.getElementById('pane').contains(document.activeElement)")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#pane[data-ready='1']")
    assert page.inner_text("#pane-title") != first
    page.locator("#tab-transcript").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-kernels"
    assert page.locator("#tab-panel .attempts").count() == 1
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.id") == "tab-record"
    page.keyboard.press("Escape")
    page.wait_for_url("**#trials")
    page.go_back()
    page.wait_for_selector("#pane[open]")


def test_an_address_opens_a_trial_at_once(visit):  # type: ignore[no-untyped-def]
    page = visit(address="#trial-17")
    page.wait_for_selector("#pane[data-ready='17']")
    assert visit(address="#trial-99999").locator("#pane[open]").count() == 0


def test_the_theme_follows_the_system_until_the_reader_chooses(visit):  # type: ignore[no-untyped-def]
    def background(page):  # type: ignore[no-untyped-def]
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = visit(theme="light"), visit(theme="dark")
    assert background(light) != background(dark)
    dark.click("#theme")
    assert background(dark) == background(light)
    dark.reload()
    dark.wait_for_selector("html[data-ready]", state="attached")
    assert background(dark) == background(light)  # the choice is kept


def test_a_phone_needs_no_sideways_scrolling(visit):  # type: ignore[no-untyped-def]
    page = visit(size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('.backend:not([hidden]) svg text')].map("
        "text => parseFloat(getComputedStyle(text).fontSize) * text.closest('svg').getScreenCTM().a))"
    )
    assert smallest > 9  # pixels: what the plots say can be read
    open_trial(page, a_trial(page, "wrong"))
    for tab in ("transcript", "kernels", "errors", "cycles", "record"):
        page.click(f"#tab-{tab}")
        assert page.evaluate("document.getElementById('pane-body').scrollWidth <= innerWidth"), tab


def test_a_comparison_is_drawn_when_it_is_opened(visit):  # type: ignore[no-untyped-def]
    page = visit()
    pair = page.locator("#comparison div:not([hidden]) > .pair").first
    assert pair.locator("table").count() == 0
    pair.locator("summary").click()
    pair.locator("table").wait_for()
    assert pair.locator("tbody tr").count() >= 15
    pair.locator("th", has_text="B / A").locator("button").click()
    assert pair.locator("th[aria-sort=descending]").inner_text().strip().endswith("B / A")
