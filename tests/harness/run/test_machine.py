"""A disk that is full or becomes read-only, a clock that jumps, a sandbox that disappears: in the middle of a run, for real."""

import contextlib
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.run.journal import RESERVE_BYTES, read_events
from harness.run.store import FREE_BYTES, Store
from harness.trial import Status

SPARE_BYTES = 16 << 20


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def mount(*arguments):
    """Skips where this process may not mount anything."""
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr.strip()}")


@pytest.fixture
def unmounting():
    """Adds a folder to those that are unmounted in the end, the last first."""
    folders = []
    yield folders.append
    for folder in reversed(folders):
        subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)


def resumed(cli, trials=12):
    """Finishes the run of three replies a trial; no model call may have been paid twice."""
    code, _, err = cli("resume", cli.out)
    assert code == 0, err
    assert [trial.status for trial in Store.open(cli.out).trials()] == [Status.graded] * trials
    assert Counter(cli.payments()).most_common(1)[0][1] == 1, "a reply was paid for twice"
    assert len(cli.payments()) == 3 * trials


def finished(cli):
    return {path: path.read_bytes() for path in (cli.out / "trials").glob("[!.]*/*")}


def interrupted_by(cli, harm, undo):
    """A run that something happens to after a few trials: it must end with code 1 and keep what was finished."""
    process = cli.start(*cli.run_arguments(suite="many", delay=0.05))
    wait_for(lambda: len(cli.payments()) > 8 or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    before = finished(cli)
    harm()
    out, err = process.communicate(timeout=60)
    undo()
    assert process.returncode == 1, err
    assert {path: path.read_bytes() for path in before} == before, "a finished trial was lost or changed"
    assert len(cli.payments()) < 36
    return out, err


def test_a_disk_that_fills_up(cli, unmounting):
    cli.out.mkdir()
    mount("-t", "tmpfs", "-o", f"size={FREE_BYTES + SPARE_BYTES}", "none", cli.out)
    unmounting(cli.out)
    filler = cli.out / "run.lock.filler"

    def fill():
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
        with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"x")

    out, err = interrupted_by(cli, fill, filler.unlink)
    said = f"stopping: cannot write to {re.escape(str(cli.out))}: only [01] MiB are free, a run needs {FREE_BYTES >> 20} MiB"
    assert re.search(said, err), err
    assert "ended early: cannot write to" in out
    resumed(cli)


def test_a_disk_that_is_full_from_the_start(cli, unmounting):
    cli.out.mkdir()
    mount("-t", "tmpfs", "-o", "size=512k", "none", cli.out)
    unmounting(cli.out)
    code, _, err = cli(*cli.run_arguments())
    assert code == 2
    assert err.startswith(
        f"error: cannot write to {cli.out}: only 0 MiB are free, a run needs {FREE_BYTES >> 20} MiB\n  hint: free"
    )
    assert cli.payments() == []


def test_a_disk_that_becomes_read_only(cli, unmounting):
    def freeze():
        mount("--bind", cli.out, cli.out)
        unmounting(cli.out)
        mount("-o", "remount,bind,ro", cli.out)

    def thaw():
        subprocess.run(["umount", "--lazy", cli.out], check=True)

    cli.out.mkdir()
    mount("--bind", cli.out, cli.out)  # where this is not allowed, nothing need be started
    subprocess.run(["umount", cli.out], check=True)
    out, err = interrupted_by(cli, freeze, thaw)
    assert f"stopping: cannot write to {cli.out}: Read-only file system" in err
    assert "ended early: cannot write to" in out
    resumed(cli)


def test_a_disk_that_is_read_only_from_the_start(cli, unmounting):
    cli.out.mkdir()
    mount("-t", "tmpfs", "-o", "ro", "none", cli.out)
    unmounting(cli.out)
    code, _, err = cli(*cli.run_arguments())
    assert (code, err.splitlines()[0]) == (2, f"error: cannot write to {cli.out}: Read-only file system")
    assert cli.payments() == []


def test_files_that_may_not_grow(cli):
    """Without any right to mount: the room for one reply is there, and for little more."""

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (RESERVE_BYTES + 6000, RESERVE_BYTES + 6000))

    process = cli.start(*cli.run_arguments(suite="many"), preexec_fn=small_files)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert f"stopping: cannot write to {cli.out}: File too large" in err
    assert 0 < len(cli.payments()) < 36
    resumed(cli)


CLOCK = """
import random, time
clock = random.Random(1)
time.time = lambda: clock.choice([0.0, 1e9, 4e9, 2.5e11]) + clock.random()
"""


def test_a_clock_that_jumps(cli):
    """By decades, at every look at it, in parent and workers."""
    (cli.folder / "sitecustomize.py").write_text(CLOCK)
    path = os.pathsep.join([str(cli.folder), os.environ["PYTHONPATH"]])
    process = cli.start(*cli.run_arguments(), env={**os.environ, "PYTHONPATH": path})
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    trials = list(Store.open(cli.out).trials())
    assert [(trial.status, trial.final.speedup, trial.turns) for trial in trials] == [(Status.graded, 2.0, 3)] * 4
    assert all(0 <= trial.tool_seconds < 10 and 0 <= trial.final.seconds < 10 for trial in trials)
    times = [event.at for path in (cli.out / "trials").glob("*/transcript.jsonl") for event in read_events(path)[0]]
    assert max(times) - min(times) > 2e11, "the clock did not jump: this test has shown nothing"
    assert cli("grade", cli.out)[0] == 0
    assert cli("show", next((cli.out / "trials").iterdir()))[0] == 0


WRAPPER = """#!/bin/sh
[ -e {gone} ] && {{ echo 'bwrap: Creating new namespace failed' >&2; exit 1; }}
exec {real} "$@"
"""


@pytest.fixture
def bwrap(monkeypatch):
    """A bubblewrap that stops working while the file is there whose path this is."""
    real = shutil.which("bwrap")
    if real is None:
        pytest.skip("no bubblewrap here")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # boxes of root have a uid of their own
        (folder / "bwrap").write_text(WRAPPER.format(gone=folder / "gone", real=real))
        (folder / "bwrap").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield folder / "gone"


def test_a_sandbox_that_disappears(cli, bwrap, monkeypatch):
    """It works while it is chosen, and not for the first kernel."""
    create = Store.create

    def created(*arguments):
        bwrap.touch()
        return create(*arguments)

    monkeypatch.setattr(Store, "create", created)
    arguments = ("--model", "compiler", "--backend", "cpu", "--tasks", "P01/C1", "--sandbox", "bubblewrap", "--workers", "1")
    code, _, err = cli("run", *arguments, "--out", cli.out)
    if code == 3:
        pytest.skip(err)
    assert code == 1, err
    (trial,) = Store.open(cli.out).trials()
    assert trial.status is Status.infra
    assert "Creating new namespace failed" in trial.detail
    assert err.count("it will be tried again") == 2
    code, _, err = cli("resume", cli.out)
    assert code == 5, err
    assert "made with something else than what is here now; changed: sandbox" in err
    bwrap.unlink()
    code, _, err = cli("resume", cli.out)
    assert code == 0, err
    (trial,) = Store.open(cli.out).trials()
    assert (trial.status, trial.final.verdict, trial.final.sandbox) == (Status.graded, "passed", "bubblewrap")
