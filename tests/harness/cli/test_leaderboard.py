"""From a run of the toy agent to a verified row, by the commands that a user would type."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from harness.errors import IntegrityError
from harness.scoring.leaderboard import json_schema

BOARD = Path("results/leaderboard.json")


@pytest.fixture
def run(kernelwright, tmp_path):
    """A finished run of two models' worth of toy trials."""

    def make(*more):
        result = kernelwright(
            "run", "--model", "toyagent", "--backend", "toy", "--suite", "toy", "--workers", "1", "--out", "run", *more
        )
        assert result.code in (0, 1)
        return tmp_path / "run"

    return make


@pytest.fixture
def row(kernelwright, run):
    return kernelwright("leaderboard", "add", run(), "--json").json[0]


def evidence(row):
    return BOARD.parent / "evidence" / f"{row['id']}.json"


def test_a_run_becomes_a_row_that_verifies(kernelwright, row):
    assert (row["model"], row["backend"]) == ("toyagent", "toy")
    [shown] = kernelwright("leaderboard", "show", "--json").json
    assert (shown["identity"]["suite"], shown["planned"], shown["is_partial"]) == ("toy", 4, False)
    assert shown["metrics"]["verdicts"] == {"passed": 4}
    assert shown["metrics"]["score"]["value"] == pytest.approx(2.0)
    assert "kernelwright run --model toyagent" in shown["command"]
    result = kernelwright("leaderboard", "verify")
    assert result.code == 0
    assert re.match(rf"OK +{row['id']} toyagent on toy: 4 of 4 kernels judged again\n$", result.out)


def test_a_run_at_held_out_sizes_is_a_row_of_its_own(kernelwright, tmp_path):
    arguments = ("--model", "toyagent", "--backend", "toy", "--suite", "held", "--workers", "1", "--out")
    for out, more in (("shown", ()), ("unseen", ("--held-out",))):
        assert kernelwright("run", *arguments, out, *more).code == 0
        assert kernelwright("leaderboard", "add", out).code == 0
    rows = {row["identity"]["suite"]: row for row in kernelwright("leaderboard", "show", "--json").json}
    assert [trial["workload"] for trial in rows["held"]["trials"]] == ["T15/C1"]
    assert [trial["workload"] for trial in rows["held+held-out"]["trials"]] == ["T15/C1+held-out"]
    assert kernelwright("leaderboard", "verify").code == 0
    assert kernelwright("grade", "unseen").code == 0
    assert kernelwright("resume", "unseen").code == 0


def test_the_table_says_what_matters(kernelwright, row):
    out = kernelwright("leaderboard", "show").out
    assert "toyagent" in out
    assert "2.00x [2.00, 2.00]" in out
    assert "toy on toy" in out
    assert kernelwright("leaderboard", "show", "--markdown").out.count("\n") == 3
    assert "has no row that matches" in kernelwright("leaderboard", "show", "--backend", "cpu").out
    assert "toyagent" in kernelwright("leaderboard", "show", "--suite", "toy", "--backend", "toy").out


def test_an_empty_leaderboard_says_how_to_fill_it(kernelwright):
    assert "leaderboard add RUN" in kernelwright("leaderboard", "show").out
    assert kernelwright("leaderboard", "verify").out == "results/leaderboard.json has no rows\n"


def test_a_slower_machine_of_a_deterministic_target_is_a_difference(kernelwright, row, monkeypatch):
    monkeypatch.setenv("TOY_SLOWER", "5")
    result = kernelwright("leaderboard", "verify", row["id"][:6], "--json")
    assert result.code == 5
    assert result.json[0]["reasons"][0] == "toyagent--toy--T01-C1--r0: cycles is stated as 8.0, judged again it is 13.0"


def test_another_backend_is_refused(kernelwright, row, monkeypatch):
    monkeypatch.setenv("TOY_VERSION", "2")
    result = kernelwright("leaderboard", "verify")
    assert result.code == 5
    assert "made with another backend toy: toy 1, toy 2 is installed" in result.out


def test_an_edited_row_is_caught(kernelwright, row):
    board = json.loads(BOARD.read_text())
    board["rows"][0]["metrics"]["score"]["value"] = 3.5
    BOARD.write_text(json.dumps(board))
    result = kernelwright("leaderboard", "verify")
    assert result.code == 5
    assert "metrics.score.value: the row states 3.5, its evidence gives" in result.out


def test_edited_evidence_is_caught(kernelwright, row):
    evidence(row).write_text(evidence(row).read_text().replace('"turns": 3', '"turns": 1'))
    assert "the evidence was changed" in kernelwright("leaderboard", "verify").out


def test_a_row_needs_its_whole_run(kernelwright, run):
    folder = run("--model-option", "fails=provider")
    result = kernelwright("leaderboard", "add", folder, "--partial")
    assert "no graded trial" in str(result.error)
    assert not BOARD.exists()


def test_partial_runs_are_added_on_demand_and_say_so(kernelwright, run):
    folder = run("--tasks", "T01")
    victim = folder / "trials" / "toyagent--toy--T01-C1--r0"
    for path in victim.iterdir():
        path.unlink()
    victim.rmdir()
    assert "1 of 2 trials are graded" in str(kernelwright("leaderboard", "add", folder).error)
    assert kernelwright("leaderboard", "add", folder, "--partial").code == 0
    [row] = kernelwright("leaderboard", "show", "--json").json
    assert row["is_partial"]
    assert row["identity"]["suite"].startswith("selection ")
    assert "partial" in kernelwright("leaderboard", "show").out
    assert kernelwright("leaderboard", "verify").code == 0


def test_an_edited_trial_is_refused(kernelwright, run):
    path = run() / "trials" / "toyagent--toy--T01-C1--r0" / "kernel.toy"
    path.write_text("y = a")
    result = kernelwright("leaderboard", "add", "run")
    assert isinstance(result.error, IntegrityError)
    assert "no trial was graded with the kernel stored as" in str(result.error)


def test_a_folder_that_is_no_run(kernelwright, tmp_path):
    assert "is not a run" in str(kernelwright("leaderboard", "add", tmp_path).error)


def test_an_unknown_row(kernelwright, row):
    assert "unknown row 'ffff'" in str(kernelwright("leaderboard", "verify", "ffff").error)


def test_schema(kernelwright):
    assert kernelwright("leaderboard", "schema").out == json_schema()


def test_report_in_every_format(kernelwright, run):
    folder = run()
    assert "2.00x [2.00, 2.00]" in kernelwright("report", folder).out
    assert kernelwright("report", folder, "--format", "markdown").out.startswith("| # | model |")
    assert kernelwright("report", folder, "--json").json[0]["metrics"]["graded"] == 4
    assert len(list(csv.DictReader(io.StringIO(kernelwright("report", folder, "--format", "csv").out)))) == 4


def test_export_csv_to_a_file(kernelwright, run, tmp_path):
    folder = run()
    assert kernelwright("export", "csv", folder, "--out", "trials.csv").out == "written: trials.csv\n"
    assert (tmp_path / "trials.csv").read_text() == kernelwright("export", "csv", folder).out
    assert [record["verdict"] for record in kernelwright("export", "csv", folder, "--json").json] == ["passed"] * 4


@pytest.mark.parametrize("command", ["add", "show", "verify", "schema"])
def test_every_command_has_help_with_an_example(kernelwright, command):
    assert f"Example: kernelwright leaderboard {command}" in kernelwright("leaderboard", command, "--help").out


def test_every_pair_of_rows_is_tested_if_asked_for(kernelwright, run):
    kernelwright("leaderboard", "add", run("--model", "compiler"))
    assert "paired comparison" not in kernelwright("leaderboard", "show").out
    out = kernelwright("leaderboard", "show", "--tests").out
    assert "1 paired comparison(s) on common workloads; p-values corrected for their number (Holm)" in out
    assert "undecided" in out, "the toy suite has too few tasks"
