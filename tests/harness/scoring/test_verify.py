import copy
import hashlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InfraError, UsageError
from harness.scoring.leaderboard import Evidence, Row, add, evidence_path, load
from harness.scoring.verify import RowReport, Target, differences, digest_differences, evaluation_differences, pick, verify_row
from harness.trial import Verdict

from .rows import board, dying_grader, evidence, grader, target
from .trials import evaluation


@pytest.fixture
def row(tmp_path: Path) -> Row:
    return add(board(tmp_path), [evidence()])[0]


def verify(row: Row, folder: Path, **options: Any) -> RowReport:
    return verify_row(row, board(folder), options.pop("target", target), options.pop("grader", grader), **options)


def test_an_honest_row_is_confirmed(row: Row, tmp_path: Path) -> None:
    report = verify(row, tmp_path)
    assert report.ok
    assert (report.judged, report.judgeable, report.notes) == (3, 3, ())


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes find the modules of these tests by the parent's path."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1])


@pytest.mark.usefixtures("importable")
def test_worker_processes_judge_alike(row: Row, tmp_path: Path) -> None:
    assert verify(row, tmp_path, workers=2) == verify(row, tmp_path)


@pytest.mark.usefixtures("importable")
def test_a_worker_that_dies_is_the_machines_failure(row: Row, tmp_path: Path) -> None:
    with pytest.raises(InfraError, match="a worker process died"):
        verify(row, tmp_path, workers=2, grader=lambda _evidence: dying_grader)


def test_a_sample_judges_so_many(row: Row, tmp_path: Path) -> None:
    assert verify(row, tmp_path, sample=2).judged == 2
    assert verify(row, tmp_path, sample=99).judged == 3


# Tampering


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path


def edited(value: Any) -> Any:
    """Another value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return {"passed": "wrong", "wrong": "passed", "graded": "budget", "refused": "graded"}.get(
                value, "0" + value[1:] + "0"
            )
        case None:
            return 1
        case [] | ():
            return ["x"]
        case {}:
            return {"x": "y"}
    raise AssertionError(value)


def test_an_edit_of_any_field_of_a_row_is_caught(row: Row, tmp_path: Path) -> None:
    """Every leaf of the row, one at a time."""
    original = row.model_dump(mode="json")
    paths = list(leaves(original))
    assert len(paths) > 100
    for path in paths:
        data = copy.deepcopy(original)
        place = data
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = edited(place[path[-1]])
        try:
            tampered = Row.model_validate(data)
        except ValueError:
            continue  # `load` refuses it
        assert not verify(tampered, tmp_path).ok, path


def test_an_edit_says_where_and_what(row: Row, tmp_path: Path) -> None:
    assert row.metrics.score
    better = row.metrics.model_copy(update={"score": row.metrics.score.model_copy(update={"value": 9.0})})
    [reason] = verify(row.model_copy(update={"metrics": better}), tmp_path).reasons
    assert reason == f"metrics.score.value: the row states 9.0, its evidence gives {row.metrics.score.value!r}"


def test_missing_evidence(row: Row, tmp_path: Path) -> None:
    evidence_path(board(tmp_path), row.id).unlink()
    [reason] = verify(row, tmp_path).reasons
    assert reason.endswith("is missing")


def test_edited_evidence(row: Row, tmp_path: Path) -> None:
    path = evidence_path(board(tmp_path), row.id)
    path.write_text(path.read_text().replace('"cost": 0.25', '"cost": 0.24', 1))
    [reason] = verify(row, tmp_path).reasons
    assert reason.startswith("the evidence was changed: its SHA-256 is")


def test_garbage_as_evidence(row: Row, tmp_path: Path) -> None:
    evidence_path(board(tmp_path), row.id).write_text("{")
    [reason] = verify(row, tmp_path).reasons
    assert "is not an evidence file" in reason


def forged(tmp_path: Path, change: Any) -> Row:
    """A row added with evidence that was edited afterwards in full consistency: all digests made to fit."""
    data = json.loads(evidence().model_dump_json())
    change(data)
    return add(board(tmp_path), [Evidence.model_validate(data)])[0]


def test_a_claimed_pass_does_not_survive_judging(tmp_path: Path) -> None:
    def claim(data: dict) -> None:
        final = data["trials"][2]["final"]
        data["trials"][2]["final"] = {**data["trials"][0]["final"], "workload": final["workload"], "kernel": final["kernel"]}

    report = verify(forged(tmp_path, claim), tmp_path)
    assert report.reasons == ("m--toy--P04-C1--r0: the row states passed, judged again it is wrong (s)",)


def test_claimed_cycles_do_not_survive_judging(tmp_path: Path) -> None:
    def claim(data: dict) -> None:
        data["trials"][0]["final"].update(cycles=100.0, speedup=10.0, speedup_low=10.0, speedup_high=10.0)

    report = verify(forged(tmp_path, claim), tmp_path)
    assert "m--toy--P01-C1--r0: cycles is stated as 100.0, judged again it is 500.0" in report.reasons


def test_a_swapped_kernel_does_not_survive_judging(tmp_path: Path) -> None:
    def swap(data: dict) -> None:
        other = "speedup 1.25"
        key = hashlib.sha256(other.encode()).hexdigest()
        del data["kernels"][data["trials"][0]["final"]["kernel"]]
        data["kernels"][key] = other
        data["trials"][0]["final"]["kernel"] = key

    assert any("cycles" in reason for reason in verify(forged(tmp_path, swap), tmp_path).reasons)


def test_a_hidden_bound_does_not_survive_judging(tmp_path: Path) -> None:
    def hide(data: dict) -> None:
        data["trials"][0]["final"]["bound"]["estimate"] = True

    assert any("bound is stated" in reason for reason in verify(forged(tmp_path, hide), tmp_path).reasons)


# What is installed


def test_another_task_is_refused_before_judging(row: Row, tmp_path: Path) -> None:
    report = verify(row, tmp_path, target=partial(target, task_P01="9" * 64))
    assert report.reasons == ("made with another task P01: aaaaaaaaaaaa, 999999999999 is installed",)
    assert report.judged == 0


def test_another_harness_is_a_note(row: Row, tmp_path: Path) -> None:
    report = verify(row, tmp_path, target=partial(target, harness="9" * 64))
    assert report.ok
    assert report.notes == ("made with another harness: eeeeeeeeeeee, 999999999999 is installed",)


def test_a_missing_backend_is_a_reason(row: Row, tmp_path: Path) -> None:
    def gone(_evidence: Evidence) -> Target:
        raise UsageError("unknown backend 'toy'")

    assert verify(row, tmp_path, target=gone).reasons == ("cannot be judged here: unknown backend 'toy'",)


@pytest.mark.parametrize("kind", ["task P01", "backend toy", "manual toy", "baselines toy"])
def test_what_decides_a_grade_must_be_installed(kind: str) -> None:
    assert digest_differences({kind: "a"}, {}) == ([f"made with another {kind}: a, it is not installed"], [])


# Comparing


def test_measured_speedups_must_overlap_once_widened() -> None:
    stored = evaluation(speedup=2.0, speedup_low=1.9, speedup_high=2.1)
    near = evaluation(speedup=1.65, speedup_low=1.6, speedup_high=1.7)
    far = evaluation(speedup=1.5, speedup_low=1.45, speedup_high=1.55)
    assert list(evaluation_differences(stored, near, deterministic=False)) == []
    [reason] = evaluation_differences(stored, far, deterministic=False)
    assert reason == "speedup is stated as 1.9 to 2.1, judged again it is 1.45 to 1.55: apart even when both are widened by 10%"
    assert list(evaluation_differences(far, stored, deterministic=False))


def test_counted_cycles_must_be_the_same() -> None:
    stored, other = evaluation(speedup=2.0), evaluation(speedup=2.0, cycles=501.0)
    assert list(evaluation_differences(stored, other, deterministic=True)) == [
        "cycles is stated as 500.0, judged again it is 501.0"
    ]


def test_verdicts_must_be_the_same_for_failures_too() -> None:
    stored, other = evaluation(verdict=Verdict.wrong), evaluation(verdict=Verdict.fault)
    assert len(list(evaluation_differences(stored, other, deterministic=False))) == 1
    assert list(evaluation_differences(stored, stored, deterministic=True)) == []


def test_differences_name_the_place() -> None:
    assert list(differences({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 2.0 + 1e-12}]})) == []
    assert list(differences({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 3.0}]})) == [
        "a[1].b: the row states 2.0, its evidence gives 3.0"
    ]
    assert list(differences({"a": True}, {"a": 1.5})) == ["a: the row states True, its evidence gives 1.5"]
    assert list(differences({"a": [1]}, {"a": [1, 2]})) == ["a: the row states [1], its evidence gives [1, 2]"]


def test_every_row_of_a_loaded_board_is_verifiable(tmp_path: Path) -> None:
    add(board(tmp_path), [evidence(), evidence("other")])
    assert [verify(row, tmp_path).ok for row in load(board(tmp_path)).rows] == [True, True]


def test_rows_are_picked_by_the_beginning_of_their_ids(tmp_path: Path) -> None:
    add(board(tmp_path), [evidence(), evidence("other")])
    rows = load(board(tmp_path)).rows
    assert pick(rows, []) == list(rows)
    assert pick(rows, [rows[1].id[:8]]) == [rows[1]]
    with pytest.raises(UsageError, match="unknown row 'xyz' in the leaderboard"):
        pick(rows, ["xyz"])
