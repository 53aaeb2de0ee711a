"""A backend that raises, hangs, prints, eats memory, or says something else about itself in every process."""

import json
import signal
import time
from collections import Counter
from functools import partial

import pytest

from harness.run import commands
from harness.run.store import Store
from harness.run.worker import TrialWorker
from harness.trial import Status

HANGS = "killed by SIGALRM: it waited for its target longer than any may take"


@pytest.fixture
def mood(cli, monkeypatch):
    """``mood("hangs")``: what the toy target does from now on, in every process."""
    path = cli.folder / "mood"
    monkeypatch.setenv("TOY_MOOD", str(path))
    return path.write_text


def trials(cli):
    return [(trial.status, trial.detail) for trial in Store.open(cli.out).trials()]


def resumed(cli):
    """Finishes the run; nothing that was recorded may have been paid for again."""
    code, _, err = cli("resume", cli.out)
    assert code == 0, err
    assert {status for status, _ in trials(cli)} == {Status.graded}
    assert set(Counter(cli.payments()).values()) == {1}


@pytest.mark.parametrize(
    ("how", "status", "detail", "again"),
    [
        ("raises", Status.harness_bug, "RuntimeError: a bug of the toy target", 0),
        ("hangs", Status.infra, f"the worker process was lost: {HANGS}", 2),
        ("eats", Status.infra, "MemoryError", 2),
    ],
)
def test_it_counts_against_no_model_and_costs_nothing_twice(cli, mood, monkeypatch, how, status, detail, again):
    monkeypatch.setattr(commands, "TrialWorker", partial(TrialWorker, hang_s=0.4))
    mood(how)
    code, out, err = cli(*cli.run_arguments("--tasks", "T01/C1"))
    assert code == 1, err
    assert trials(cli) == [(status, detail)]
    assert err.count("it will be tried again") == again
    assert "1 trials are not graded; go on with: kernelwright resume" in out
    assert len(cli.payments()) == 1
    mood("")
    resumed(cli)


def test_what_it_prints_reaches_neither_stdout_nor_the_terminal(cli, mood):
    mood("prints")
    code, out, err = cli(*cli.run_arguments("--tasks", "T01/C1", "--json"))
    assert code == 0, err
    assert json.loads(out)["rows"][0]["passed"] == 1
    assert "the toy target is made" in err
    assert "was here" not in err
    (log,) = (cli.out / "trials").glob("*/worker.log")
    assert "the toy target was here" in log.read_text()
    assert json.loads(cli("grade", cli.out, "--json")[1])["judged"] == 1


def test_another_digest_in_a_worker_is_noticed_before_anything_is_paid(cli, mood):
    mood("")
    code, _, err = cli(*cli.run_arguments("--tasks", "T01/C1", fails="provider"))
    assert code == 1, err
    mood("lies")
    code, _, err = cli("resume", cli.out)
    assert (code, "changed: backend toy" in err) == (5, True)
    cli.out, paid = cli.folder / "another", len(cli.payments())
    code, _, err = cli(*cli.run_arguments("--tasks", "T01/C1"))
    assert code == 1, err
    ((status, detail),) = trials(cli)
    assert status is Status.harness_bug
    assert detail.startswith("the backend of 'toy' has digest 'toy 1 ")
    assert detail.endswith("(was a package changed while the run went on? a digest must be the same in every process)")
    assert len(cli.payments()) == paid


def test_one_that_hangs_before_the_first_trial_can_be_stopped(cli, mood):
    mood("hangs early")
    process = cli.start(*cli.run_arguments("--tasks", "T01/C1"))
    while not (cli.out / "lock.json").exists():
        time.sleep(0.02)
    time.sleep(0.3)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert f"stopped; go on with: kernelwright resume {cli.out}" in err
    assert cli.payments() == []
    mood("")
    resumed(cli)
