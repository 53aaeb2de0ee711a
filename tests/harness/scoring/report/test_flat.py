import csv
import io
import json
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.scoring.report.flat import agents_json, trials_csv, trials_json, write

from ..trials import evaluation, trial, ungraded


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_one_line_per_trial_and_unknown_is_empty() -> None:
    passed, broken = rows(trials_csv([trial("P04.i8/C2", 2.0, cost=0.5), ungraded("P01/C1", detail='he said "no",\ntwice')]))
    assert (passed["task"], passed["speedup"], passed["cost"], passed["first_pass"]) == ("P04.i8", "2.0", "0.5", "")
    assert (broken["graded"], broken["verdict"], broken["credited_speedup"], broken["cost"]) == ("False", "", "", "")
    assert broken["detail"] == 'he said "no",\ntwice'


def test_a_failure_earns_nothing() -> None:
    [failed] = rows(trials_csv([trial(speedup=None)]))
    assert (failed["passed"], failed["credited_speedup"], failed["speedup"]) == ("False", "0.0", "")


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1"])
def test_a_spreadsheet_runs_nothing(text: str) -> None:
    assert rows(trials_csv([trial(detail=text)]))[0]["detail"] == f"'{text}"


def test_json_holds_the_same_records() -> None:
    trials = [trial(final=evaluation(alarms=("a", "b"))), ungraded()]
    assert [record["alarms"] for record in json.loads(trials_json(trials))] == ["a; b", ""]
    assert json.loads(agents_json(trials))[0]["metrics"]["graded"] == 1


def test_no_trials_are_no_lines() -> None:
    assert (trials_csv([]), json.loads(trials_json([])), json.loads(agents_json([]))) == ("", [], [])


def test_an_unwritable_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        write(tmp_path / "missing" / "x.csv", "")
