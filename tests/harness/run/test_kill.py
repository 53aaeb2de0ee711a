"""kill -9 at any instant: no finished trial is lost, no recorded reply is paid for again, and the results are the same."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.model import Request
from harness.run.journal import read_events
from harness.run.store import Store

KILLS = 10
DELAY = 0.05


def descendants(pid):
    found = []
    with contextlib.suppress(FileNotFoundError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def kill(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


def recorded(cli):
    """Replies that are on disk, as they stand in the log of payments."""
    from toyplugin import payment

    found = set()
    for folder in (cli.out / "trials").glob("*"):
        for name in ("journal.jsonl", "transcript.jsonl"):
            if (folder / name).exists():
                events, _ = read_events(folder / name)
                if events:
                    prompt = Request.model_validate(events[0].data)
                    found |= {payment(prompt, turn) for turn in range(sum(event.kind == "reply" for event in events))}
    return found


def finished(cli):
    """Every file of every finished trial."""
    return {path: path.read_bytes() for path in (cli.out / "trials").glob("[!.]*/*")}


def results(folder):
    return [
        (t.spec, t.status, t.final.verdict, t.final.speedup, t.turns, t.tool_calls, t.evaluations, t.first_pass, t.usage)
        for t in Store.open(folder).trials()
    ]


def strike(cli, chance, process):
    """Kills the parent, the fork server, one worker, or all of them in any order, at a random moment."""
    before = len(cli.payments())
    if chance.random() < 0.75:  # in the middle of its work; otherwise while it starts
        wait_for(lambda: len(cli.payments()) > before or process.poll() is not None)
    time.sleep(chance.uniform(0, 0.3))
    everyone = [process.pid, *descendants(process.pid)]
    kill(chance.choice([everyone[:1], everyone[1:2], everyone[-1:], chance.sample(everyone, len(everyone))]))
    if process.poll() is None and chance.random() < 0.5:
        time.sleep(chance.uniform(0, 0.3))  # time to go on without a worker or a server
    kill([process.pid])
    process.communicate()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everyone))


@pytest.mark.slow
def test_kill_minus_nine_at_random_instants(cli):
    chance = random.Random()
    paid: dict[str, int] = {}
    kept: dict[Path, bytes] = {}
    arguments = cli.run_arguments(suite="many", delay=DELAY)
    for _ in range(KILLS):
        has_begun = (cli.out / "lock.json").exists()
        strike(cli, chance, cli.start(*(["resume", cli.out, "--workers", "2"] if has_begun else arguments)))
        counts = Counter(cli.payments())
        assert {path: path.read_bytes() for path in kept} == kept, "a finished trial was lost or changed"
        assert {line: counts[line] for line in paid} == paid, "a recorded reply was paid for again"
        kept, paid = finished(cli), {line: counts[line] for line in recorded(cli)}
    assert paid, "no kill came after a recorded reply: this test has shown nothing"

    code, _, err = cli("resume", cli.out)
    assert code == 0, err
    assert {path: path.read_bytes() for path in kept} == kept
    interrupted = results(cli.out)
    cli.out = cli.folder / "undisturbed"
    assert cli(*cli.run_arguments(suite="many"))[0] == 0
    assert interrupted == results(cli.out)
    assert len(interrupted) == 12
