import json
import threading
from pathlib import Path

import jsonschema
import pytest

from harness.errors import IntegrityError, UsageError
from harness.scoring.leaderboard import Leaderboard, add, evidence_path, json_schema, lines, load, load_evidence, row_of
from harness.scoring.metrics import compute
from harness.trial import Status

from .rows import board, evidence, graded, sha, texts
from .trials import evaluation, trial, ungraded

SCHEMA = Path(__file__).parents[3] / "results" / "leaderboard.schema.json"


def test_a_row_is_computed_from_its_trials(tmp_path: Path) -> None:
    [row] = add(board(tmp_path), [evidence()])
    assert load(board(tmp_path)).rows == (row,)
    assert row.metrics == compute(evidence().trials)
    assert [entry.workload for entry in row.trials] == ["P01/C1", "P01/C2", "P04/C1", "P04/C2"]
    assert (row.planned, row.is_partial, row.is_unsafe, row.sandboxes) == (4, False, False, ("none",))
    stored, digest = load_evidence(evidence_path(board(tmp_path), row.id))
    assert (stored, digest) == (evidence(), row.evidence)


def test_adding_twice_is_adding_once(tmp_path: Path) -> None:
    add(board(tmp_path), [evidence()])
    before = board(tmp_path).read_bytes()
    add(board(tmp_path), [evidence()])
    assert board(tmp_path).read_bytes() == before


def test_another_run_of_the_same_agent_is_another_row(tmp_path: Path) -> None:
    add(board(tmp_path), [evidence()])
    add(board(tmp_path), [evidence(date="2026-02-02T00:00:00+00:00")])
    rows = load(board(tmp_path)).rows
    assert [row.date[:7] for row in rows] == ["2026-01", "2026-02"]
    assert [line.marks for line in lines(rows)] == [(rows[0].id[:6],), (rows[1].id[:6],)]


def test_replacing_removes_what_the_new_row_stands_for_and_nothing_else(tmp_path: Path) -> None:
    [old, other] = add(board(tmp_path), [evidence(), evidence("other")])
    [new] = add(board(tmp_path), [evidence(date="2026-02-02T00:00:00+00:00")], replace=True)
    assert {row.id for row in load(board(tmp_path)).rows} == {new.id, other.id}
    assert not evidence_path(board(tmp_path), old.id).exists()
    assert evidence_path(board(tmp_path), other.id).exists()


def test_the_written_file_follows_the_shipped_schema(tmp_path: Path) -> None:
    add(board(tmp_path), [evidence(), evidence("other")])
    jsonschema.validate(json.loads(board(tmp_path).read_text()), json.loads(SCHEMA.read_text()))


def test_the_shipped_schema_is_current() -> None:
    assert SCHEMA.read_text() == json_schema(), "regenerate it: kernelwright leaderboard schema > results/leaderboard.schema.json"


def test_an_incomplete_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is incomplete: 4 of 8 trials are graded"):
        add(board(tmp_path), [evidence(repeats=2)])
    assert not board(tmp_path).exists()


def test_an_ungraded_trial_makes_a_run_incomplete(tmp_path: Path) -> None:
    trials = (*evidence().trials[:3], ungraded("P04/C2", Status.infra))
    with pytest.raises(UsageError, match="3 of 4"):
        add(board(tmp_path), [evidence(trials=trials)])


def test_partial_is_recorded(tmp_path: Path) -> None:
    [row] = add(board(tmp_path), [evidence(repeats=2)], allow_partial=True)
    assert row.is_partial
    assert "partial" in lines([row])[0].marks


def test_nothing_graded_is_refused_even_as_partial(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no graded trial"):
        add(board(tmp_path), [evidence(trials=(), kernels={})], allow_partial=True)


def test_an_unsafe_sandbox_is_marked(tmp_path: Path) -> None:
    unsafe = evaluation("P04/C1", sandbox="unconfined", kernel=sha("speedup 1"), speedup=1.0)
    trials = (*evidence().trials[:2], trial("P04/C1", final=unsafe), evidence().trials[3])
    [row] = add(board(tmp_path), [evidence(trials=trials, kernels=texts("speedup 2", "speedup 1.5", "speedup 1"))])
    assert row.is_unsafe
    assert lines([row])[0].marks == ("unsafe sandbox",)


def test_one_bad_row_adds_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        add(board(tmp_path), [evidence(), evidence("other", repeats=2)])
    assert not board(tmp_path).exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"secret": "00" * 32}, "the secret is not the one"),
        ({"kernels": {sha("wrong"): "speedup 9"}}, "swapped or edited"),
        ({"kernels": {}}, "the text of its graded kernel"),
        ({"kernels": {**evidence().kernels, sha("x"): "x"}}, "no trial was graded with the kernel stored as"),
        ({"workloads": ("P01/C1", "P01/C2", "P04/C1")}, "m--toy--P04-C2--r0': the run did not plan it"),
        ({"trials": (graded("P01/C1", 1, "wrong"),)}, "the run did not plan it"),
        ({"trials": (*evidence().trials, evidence().trials[0])}, "appears 2 times"),
        ({"trials": evidence("other").trials}, "it is of 'other' on 'toy', the row of 'm'"),
        ({"trials": (graded("P01/C1", 0, "wrong", digests={"task": "f" * 64}),)}, "made with another task"),
        ({"trials": (trial("P01/C1", final=evaluation("P01/C2", kernel=sha("wrong"))),)}, "evaluation of 'P01/C2'"),
        ({"trials": (trial("P01/C1", final=evaluation("P01/C1", stage="public", kernel=sha("wrong"))),)}, "is the public"),
    ],
)
def test_a_run_that_contradicts_itself_is_refused(tmp_path: Path, change: dict, reason: str) -> None:
    with pytest.raises(IntegrityError, match=reason):
        add(board(tmp_path), [evidence(**change)], allow_partial=True)
    assert not board(tmp_path).exists()


def of_version_1(path: Path) -> None:
    """Makes the leaderboard one of the first version, whose metrics knew less."""
    data = json.loads(path.read_text())
    for row in data["rows"]:
        for name in ("pass_hat_k", "fast_area", "penalised_speedup", "sol_score"):
            del row["metrics"][name]
    path.write_text(json.dumps({**data, "schema_version": 1}))


def test_rows_of_an_older_version_are_computed_anew(tmp_path: Path) -> None:
    [row] = add(board(tmp_path), [evidence()])
    of_version_1(board(tmp_path))
    before = board(tmp_path).read_bytes()
    assert load(board(tmp_path)).rows == (row,)
    assert board(tmp_path).read_bytes() == before
    [other] = add(board(tmp_path), [evidence("other")])
    assert json.loads(board(tmp_path).read_text())["schema_version"] == 2
    assert {each.id: each for each in load(board(tmp_path)).rows} == {row.id: row, other.id: other}


def test_an_older_row_whose_evidence_is_gone_or_changed_is_not_guessed(tmp_path: Path) -> None:
    [row] = add(board(tmp_path), [evidence()])
    of_version_1(board(tmp_path))
    path = evidence_path(board(tmp_path), row.id)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(IntegrityError, match="was changed"):
        load(board(tmp_path))
    path.unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        load(board(tmp_path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a leaderboard"),
        (b"\xff\xfe\x00", "is not a leaderboard"),
        (b"{]", "is not a leaderboard"),
        (b"[" * 100_000, "is not a leaderboard"),
        (b"[]", "is not a leaderboard"),
        (b'{"schema_version": 2, "rows": [{"id": "0123456789abcdef"}]}', r"rows\.0\.\w+: Field required"),
        (b'{"schema_version": 2, "rows": [{"id": "../../etc/hosts"}]}', r"rows\.0\.id: String should match"),
        (b'{"schema_version": 1, "rows": [{"id": "../../etc/hosts"}]}', "String should match"),
        (b'{"schema_version": 2, "rows": [], "extra": 1}', "extra: Extra inputs"),
        (b'{"schema_version": 3, "rows": []}', "newer kernelwright: schema version 3, this one reads 2"),
        (b'{"schema_version": 1, "rows": [{}]}', "is not a leaderboard"),
        (b'{"schema_version": 1}', "is not a leaderboard"),
    ],
)
def test_anything_else_is_refused_and_left_alone(tmp_path: Path, content: bytes, reason: str) -> None:
    board(tmp_path).parent.mkdir()
    board(tmp_path).write_bytes(content)
    with pytest.raises(UsageError, match=reason) as caught:
        add(board(tmp_path), [evidence()])
    assert "left as it was" in caught.value.hint
    assert board(tmp_path).read_bytes() == content


def test_no_temporary_file_is_left(tmp_path: Path) -> None:
    add(board(tmp_path), [evidence()])
    assert sorted(path.name for path in board(tmp_path).parent.iterdir()) == ["evidence", "leaderboard.json"]


def test_two_writers_lose_no_row(tmp_path: Path) -> None:
    threads = [threading.Thread(target=add, args=(board(tmp_path), [evidence(f"m{i}")])) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.identity.model for row in load(board(tmp_path)).rows] == [f"m{i}" for i in range(8)]


def test_a_row_survives_json_exactly(tmp_path: Path) -> None:
    add(board(tmp_path), [evidence()])
    stored, digest = load_evidence(evidence_path(board(tmp_path), load(board(tmp_path)).rows[0].id))
    assert Leaderboard.model_validate_json(board(tmp_path).read_text()).rows == (row_of(stored, digest),)


def test_kernels_that_are_not_text_do_not_block_a_row(tmp_path: Path) -> None:
    broken = evaluation("P01/C1", verdict="build_error", kernel="f" * 64)
    [row] = add(board(tmp_path), [evidence(trials=(trial("P01/C1", final=broken),), workloads=("P01/C1",))])
    assert row.metrics.verdicts == {"build_error": 1}


def test_backend_options_make_another_target(tmp_path: Path) -> None:
    """What a cycle is may depend on them, so rows that differ in them are never ranked together."""
    plain = evidence()
    settings = {**plain.identity.settings, "backend": {"timing": "overlapped"}}
    other = evidence(identity=plain.identity.model_copy(update={"settings": settings}))
    add(board(tmp_path), [plain, other])
    shown = lines(load(board(tmp_path)).rows)
    assert {line.where for line in shown} == {"core on toy", "core on toy (timing=overlapped)"}
    assert [line.marks for line in shown] == [(), ()]
