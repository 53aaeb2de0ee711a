import errno
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import InfraError, IntegrityError, UsageError
from harness.files import write_atomically
from harness.grading.seeds import new_secret
from harness.run import store as stores
from harness.run.plan import BackendRecord, Lock, Options, secret_digest
from harness.run.store import DiskCache, Store, read_trial, read_versioned
from harness.trial import Evaluation, Status, Trial, TrialSpec, Verdict

SPEC = TrialSpec(model="m", backend="toy", workload="T01/C1")


def make_lock(secret):
    return Lock(
        created_at="2026-01-01T00:00:00+00:00",
        options=Options(models=("m",), repeats=2),
        suite="toy",
        models={"m": {}},
        backends={"toy": BackendRecord(version="1", sandbox="none", workloads=("T01/C1", "T02/C1"))},
        versions={},
        digests={"secret": secret_digest(secret)},
    ).sealed()


@pytest.fixture
def store(tmp_path):
    secret = new_secret()
    return Store.create(tmp_path / "run", make_lock(secret), secret)


def evaluation(**fields):
    return Evaluation(
        workload="T01/C1", backend="toy", stage="public", kernel="k", verdict=Verdict.passed, summary="ok", **fields
    )


def finish(store, spec, status=Status.graded):
    with store.working_on(spec) as pending:
        (pending / "kernel.toy").write_text("y = a + b\n")
        (pending / "trial.json").write_text(Trial(spec=spec, status=status).model_dump_json())
        store.publish(spec)


def test_a_new_run_can_be_opened_again(store):
    again = Store.open(store.folder)
    assert (again.lock, again.secret) == (store.lock, store.secret)
    assert stat.S_IMODE((store.folder / "secret").stat().st_mode) == 0o600


def test_a_trial_is_pending_then_finished(store):
    with store.working_on(SPEC) as pending:
        (pending / "journal.jsonl").write_text("")
        assert store.trial(SPEC) is None
    finish(store, SPEC)
    assert not store.pending_folder(SPEC).exists()
    assert store.is_graded(SPEC)
    assert store.kernel(SPEC) == "y = a + b\n"
    assert [trial.spec for trial in store.trials()] == [SPEC]


def test_an_ungraded_trial_is_kept_until_it_is_tried_again_from_its_journal(store):
    with store.working_on(SPEC) as pending:
        (pending / "journal.jsonl").write_text("paid for\n")
    finish(store, SPEC, Status.provider)
    assert store.trial(SPEC).status is Status.provider
    assert not store.is_graded(SPEC)
    with store.working_on(SPEC) as pending:
        assert (pending / "journal.jsonl").read_text() == "paid for\n"
        assert store.trial(SPEC) is None


def test_trials_are_read_lazily_in_the_order_of_the_plan(store):
    for spec in reversed(list(store.lock.trials())):
        finish(store, spec)
    trials = store.trials()
    assert [next(trials).spec.workload, next(trials).spec.workload] == ["T01/C1", "T02/C1"]
    (store.finished_folder(list(store.lock.trials())[-1]) / "trial.json").write_text("{")
    next(trials)
    with pytest.raises(IntegrityError, match=r"trial\.json is damaged"):
        next(trials)


def test_two_processes_cannot_share_a_run(store):
    code = (
        "import sys; from pathlib import Path; from harness.run.store import Store; from harness.errors import UsageError\n"
        "try:\n  with Store.open(Path(sys.argv[1])).exclusive(): print('got it')\n"
        "except UsageError as error: print(error.message)"
    )

    def other():
        return subprocess.run([sys.executable, "-c", code, str(store.folder)], capture_output=True, text=True, check=True).stdout

    with store.exclusive():
        assert other() == f"{store.folder} is in use by process {os.getpid()}\n"
    assert other() == "got it\n"


def test_what_holds_the_lock_is_let_go_after_an_error(store):
    with pytest.raises(ZeroDivisionError), store.exclusive():
        raise ZeroDivisionError
    with store.exclusive():
        pass


@pytest.mark.parametrize("field", ["suite", "created_at"])
def test_an_edited_lock_is_noticed(store, field):
    path = store.folder / "lock.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: "other"}))
    with pytest.raises(IntegrityError, match=r"lock\.json was edited: its checksum does not match"):
        Store.open(store.folder)


def test_a_swapped_secret_is_noticed(store):
    (store.folder / "secret").write_text(new_secret())
    with pytest.raises(IntegrityError, match="is not the secret this run began with"):
        Store.open(store.folder)
    (store.folder / "secret").unlink()
    with pytest.raises(IntegrityError, match="secret cannot be read"):
        Store.open(store.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 1}', "\xff"])
def test_a_damaged_lock_is_a_clear_error(store, text):
    (store.folder / "lock.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(IntegrityError, match=r"lock\.json is damaged"):
        Store.open(store.folder)


def test_a_folder_without_a_lock_is_not_a_run(tmp_path):
    with pytest.raises(UsageError, match="is not a run: No such file or directory"):
        Store.open(tmp_path)
    with pytest.raises(UsageError, match="is not a run"):
        Store.open(tmp_path / "nowhere")


def test_a_new_run_needs_a_folder_of_its_own(store, tmp_path):
    with pytest.raises(UsageError, match=f"already holds a run\n  hint: go on with it: kernelwright resume {store.folder}"):
        Store.create(store.folder, store.lock, store.secret)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"is not empty: it holds 'notes\.txt'"):
        Store.create(tmp_path / "other", store.lock, store.secret)


def test_a_start_that_was_killed_before_its_lock_is_no_obstacle(store, tmp_path):
    (store.folder / "lock.json").unlink()
    Store.create(store.folder, store.lock, store.secret)
    assert Store.open(store.folder).secret == store.secret


def test_a_file_in_the_way_is_a_clear_error(store, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot write to .*file/run: Not a directory"):
        Store.create(tmp_path / "file" / "run", store.lock, store.secret)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_a_clear_error_for_users(store, tmp_path):
    (tmp_path / "mine").mkdir(mode=0o500)
    with pytest.raises(UsageError, match=r"cannot write to .*: Permission denied"):
        Store.create(tmp_path / "mine" / "run", store.lock, store.secret)


def test_an_unwritable_folder_is_a_clear_error(store, monkeypatch, tmp_path):
    def refuse(*_arguments, **_options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UsageError, match=r"cannot write to .*new: Permission denied\n  hint: free some space, or name another"):
        Store.create(tmp_path / "new", store.lock, store.secret)


def test_a_full_disk_is_a_clear_error(store, monkeypatch, tmp_path):
    monkeypatch.setattr(stores, "FREE_BYTES", 1 << 60)
    with pytest.raises(UsageError, match=r"cannot write to .*: only \d+ MiB are free, a run needs \d+ MiB"):
        Store.create(tmp_path / "new", store.lock, store.secret)
    with pytest.raises(InfraError, match="are free"):
        store.check_space()


def test_a_write_that_does_not_fit_is_noticed(store):
    store.check_space()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(InfraError, match=r"cannot write to .*: File too large"):
            store.check_space()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(path.name for path in store.folder.iterdir()) == ["evaluations", "lock.json", "secret", "trials"]


def test_a_half_written_file_is_never_seen(tmp_path):
    path = tmp_path / "a.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_cache_returns_what_was_put(tmp_path):
    cache = DiskCache(tmp_path / "evaluations")
    assert cache.get("k1") is None
    cache.put("k1", evaluation(speedup=float("inf")))
    assert cache.get("k1") == evaluation(speedup=float("inf"))
    assert cache.get("k2") is None


@pytest.mark.parametrize("damage", [lambda t: t[:40], lambda t: t.replace("passed", "wrong"), lambda t: "", lambda t: "null"])
def test_a_damaged_cache_entry_counts_as_absent_and_is_replaced(tmp_path, damage):
    cache = DiskCache(tmp_path)
    cache.put("k", evaluation())
    path = tmp_path / "k.json"
    path.write_text(damage(path.read_text()))
    assert cache.get("k") is None
    cache.put("k", evaluation())
    assert cache.get("k") == evaluation()


def test_an_entry_under_another_name_counts_as_absent(tmp_path):
    cache = DiskCache(tmp_path)
    cache.put("k", evaluation())
    (tmp_path / "k.json").rename(tmp_path / "other.json")
    assert cache.get("other") is None


def test_newer_and_older_formats_are_refused_by_name(store):
    finish(store, SPEC)
    path = store.finished_folder(SPEC) / "trial.json"
    data = json.loads(path.read_text())
    for version, hint in ((2, "upgrade kernelwright"), (0, "use the kernelwright that made it")):
        path.write_text(json.dumps(data | {"schema_version": version}))
        with pytest.raises(IntegrityError, match=f"schema version {version}; this program reads version 1\n  hint: {hint}"):
            read_trial(path.parent)


def test_migrations_are_applied_one_version_at_a_time():
    data = {"schema_version": -1, "old_spec": SPEC.model_dump(), "status": "graded"}

    def first(old):
        return {**old, "schema_version": 0}

    def second(old):
        spec = old.pop("old_spec")
        return {**old, "schema_version": 1, "spec": spec}

    text = json.dumps(data).encode()
    assert read_versioned(Path("x"), text, Trial, 1, {-1: first, 0: second}).spec == SPEC
    with pytest.raises(IntegrityError, match="x has schema version -1"):
        read_versioned(Path("x"), text, Trial, 1, {0: second})
