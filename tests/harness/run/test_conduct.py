"""The conductor with an executor that needs no processes."""

import gc
import io
import os
import signal
import tracemalloc

import pytest
from rich.console import Console

from harness.errors import InfraError
from harness.run.conduct import Conductor, Interrupts
from harness.run.plan import BackendRecord, Lock, Options, secret_digest
from harness.run.progress import Progress, Tally
from harness.run.store import Store
from harness.run.worker import TrialWorker
from harness.trial import Status, Trial


class Inline:
    """An executor whose trials end as ``outcomes`` says: a status, or the text of a worker's death."""

    def __init__(self, store, outcomes=lambda spec, attempt: Status.graded):
        self.store = store
        self.outcomes = outcomes
        self.attempts = {}
        self.watch = lambda: None

    def run(self, work, jobs, done, stopping):
        for spec in jobs:
            self.watch()
            attempt = self.attempts[spec.id] = self.attempts.get(spec.id, 0) + 1
            outcome = self.outcomes(spec, attempt)
            if isinstance(outcome, Status):
                with self.store.working_on(spec) as pending:
                    (pending / "trial.json").write_text(Trial(spec=spec, status=outcome, detail="so").model_dump_json())
                    self.store.publish(spec)
            done(spec, None if isinstance(outcome, Status) else outcome)
            if stopping():
                return


def make_store(folder, repeats=1):
    lock = Lock(
        created_at="", options=Options(models=("m",), repeats=repeats), suite="", models={"m": {}}, versions={},
        backends={"toy": BackendRecord(version="1", sandbox="none", workloads=("T01/C1", "T02/C1"))},
        digests={"secret": secret_digest("s")},
    )  # fmt: skip
    return Store.create(folder / "run", lock.sealed(), "s")


def conduct(store, executor, stopping=lambda: False):
    progress = Progress(Tally(store.lock), Console(file=io.StringIO()), quiet=True)
    conductor = Conductor(store, executor, TrialWorker(store.folder, None), progress, stopping)
    conductor.run()
    return conductor


def statuses(store):
    return [trial.status for trial in store.trials()]


def test_what_is_graded_is_not_run_again(tmp_path):
    store, executor = make_store(tmp_path), Inline(make_store(tmp_path / "x"))
    executor.store = store
    conduct(store, executor)
    again = conduct(store, executor)
    assert list(executor.attempts.values()) == [1, 1]
    assert (again.progress.tally.done, again.progress.tally.new) == (2, 0)


@pytest.mark.parametrize(
    ("outcome", "attempts", "status"),
    [
        (Status.infra, 3, Status.infra),
        ("killed by SIGKILL", 3, Status.infra),
        ("exited with status 1", 3, Status.infra),
        (Status.provider, 1, Status.provider),
        (Status.harness_bug, 1, Status.harness_bug),
        (Status.cancelled, 1, Status.cancelled),
    ],
)
def test_the_failure_table_says_how_often(tmp_path, outcome, attempts, status):
    store = make_store(tmp_path)
    executor = Inline(store, lambda spec, attempt: outcome)
    conductor = conduct(store, executor)
    assert list(executor.attempts.values()) == [attempts] * 2
    assert statuses(store) == [status] * 2
    assert conductor.progress.tally.graded == 0


def test_a_second_attempt_comes_after_all_first_ones_and_is_counted_once(tmp_path):
    store, order = make_store(tmp_path), []

    def outcome(spec, attempt):
        order.append((spec.workload, attempt))
        return Status.infra if spec.workload == "T01/C1" and attempt == 1 else Status.graded

    conductor = conduct(store, Inline(store, outcome))
    assert order == [("T01/C1", 1), ("T02/C1", 1), ("T01/C1", 2)]
    assert (conductor.progress.tally.done, conductor.progress.tally.graded) == (2, 2)


def test_a_full_disk_ends_the_run(tmp_path, monkeypatch):
    store = make_store(tmp_path)

    def full():
        raise InfraError("cannot write: No space left on device")

    monkeypatch.setattr(store, "check_space", full)
    executor = Inline(store, lambda spec, attempt: "exited with status 1")
    conductor = conduct(store, executor)
    assert str(conductor.problem) == "cannot write: No space left on device"
    assert list(executor.attempts.values()) == [1]


def test_draining_starts_no_second_attempts(tmp_path):
    store = make_store(tmp_path)
    executor = Inline(store, lambda spec, attempt: Status.infra)
    conduct(store, executor, stopping=lambda: bool(executor.attempts))
    assert list(executor.attempts.values()) == [1]


def test_the_first_interrupt_drains_and_the_second_stops():
    said = []
    before = signal.getsignal(signal.SIGINT)
    with Interrupts(said.append) as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts.draining
        assert said == ["stopping: waiting for the running trials; once more stops at once (nothing finished is lost)"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # a third one disturbs nothing
    assert signal.getsignal(signal.SIGINT) is before


def test_memory_does_not_grow_with_the_number_of_trials(tmp_path):
    store = make_store(tmp_path, repeats=150)
    executor, sizes = Inline(store), []

    def watch():
        if len(executor.attempts) % 100 == 0:
            executor.attempts = dict.fromkeys(range(len(executor.attempts)))  # the test's own memory
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])

    executor.watch = watch
    tracemalloc.start()
    try:
        conduct(store, executor)
    finally:
        tracemalloc.stop()
    assert len(list(store.trials())) == 300
    after_100, after_200 = sizes[-2:]
    assert after_200 - after_100 < 100 * 200, "the parent keeps more than 200 bytes of each trial"
