"""``report`` and ``leaderboard build`` as a user would type them."""

import json
import re
from importlib.util import find_spec

import pytest

from harness.errors import UsageError

draws = pytest.mark.skipif(
    not (find_spec("altair") and find_spec("vl_convert")), reason="the report extra is not installed: altair and vl-convert"
)


@pytest.fixture
def run(kernelwright, tmp_path):
    """A finished run of toy trials."""

    def make(name="first"):
        result = kernelwright("run", "--model", "toyagent", "--backend", "toy", "--suite", "toy", "--workers", "1", "--out", name)
        assert result.code == 0
        return tmp_path / name

    return make


@pytest.mark.parametrize(
    ("name", "begins"), [("r.md", "| # | model |"), ("r.csv", "model,backend,workload"), ("r.json", "[\n"), ("r.txt", "")]
)
def test_the_name_of_the_file_says_the_format(kernelwright, run, tmp_path, name, begins):
    assert kernelwright("report", run(), "-o", name).out == f"wrote {name}\n"
    text = (tmp_path / name).read_text()
    assert text.startswith(begins)
    assert "toyagent" in text


def test_the_option_decides_over_the_name(kernelwright, run, tmp_path):
    kernelwright("report", run(), "--format", "json", "--output", "r.md")
    assert json.loads((tmp_path / "r.md").read_text())[0]["model"] == "toyagent"


def test_a_table_in_a_file_has_no_colours(kernelwright, run, tmp_path):
    kernelwright("report", run(), "-o", "table.txt")
    assert "\x1b" not in (tmp_path / "table.txt").read_text()


def test_a_file_that_cannot_be_written_is_said(kernelwright, run):
    result = kernelwright("report", run(), "-o", "no/such/folder/r.csv")
    assert isinstance(result.error, UsageError)
    assert "cannot write 'no/such/folder/r.csv'" in str(result.error)


@draws
def test_a_page_of_one_run(kernelwright, run, tmp_path):
    out = kernelwright("report", run(), "--format", "html").out
    assert re.fullmatch(r"wrote report\.html \(\d+\.\d MB\); open it in a browser\n", out)
    page = (tmp_path / "report.html").read_text()
    assert "<title>Results of first</title>" in page
    assert "kernelwright run --model toyagent" in page
    assert (tmp_path / "first" / "secret").read_text().strip() not in page


def test_a_page_is_not_begun_where_it_cannot_be_written(kernelwright, run):
    result = kernelwright("report", run(), "-o", "no/such/folder/r.html")
    assert "cannot write 'no/such/folder/r.html': there is no folder 'no/such/folder'" in str(result.error)


@draws
def test_a_page_of_two_runs_compares_them(kernelwright, run, tmp_path):
    kernelwright("report", run("one"), run("two"), "-o", "both.html")
    page = (tmp_path / "both.html").read_text()
    assert "toyagent (one)" in page
    assert "toyagent (two)" in page
    assert 'id="comparison"' in page


@draws
def test_the_page_of_a_leaderboard(kernelwright, run, tmp_path):
    row = kernelwright("leaderboard", "add", run(), "--json").json[0]
    assert kernelwright("leaderboard", "build", "-o", "site.html", "--title", "All of it").out.startswith("wrote site.html")
    page = (tmp_path / "site.html").read_text()
    assert "<title>All of it</title>" in page
    assert f"kernelwright leaderboard verify {row['id']}" in page


@draws
def test_an_empty_leaderboard_says_how_to_fill_it(kernelwright):
    assert "leaderboard add RUN" in str(kernelwright("leaderboard", "build").error)
