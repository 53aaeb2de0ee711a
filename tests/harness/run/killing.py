"""``kill -9`` at random instants: what is killed, and what must hold afterwards.

``python tests/harness/run/killing.py --kill-points 100`` kills runs of the toy agent so often, resumes each time, and counts
finished trials that were lost or changed and recorded model calls that were paid for again (``make redteam``). Both must be 0.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.model import Request
from harness.run.journal import read_events
from harness.run.store import Store

PLUGINS = Path(__file__).parent / "plugins"
COMMAND = [sys.executable, "-P", "-c", "from harness.cli import main; main()"]
DELAY_S = 0.05
"""Of the toy agent's replies, so that most kills come in the middle of something."""
TRIALS = 12


class ToyRun:
    """A run of the toy agent in a folder of its own, by processes of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "payments"
        self.out = folder / "run"

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """``kernelwright ARGUMENTS``."""
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip

    def run_arguments(self, *arguments: object, suite: str = "toy", **settings: object) -> list[object]:
        """A run of the toy agent; settings are its options."""
        chosen = [f"--model-option={key}={value}" for key, value in ({"log": self.log} | settings).items()]
        toy = ["--model", "toyagent", "--backend", "toy", "--suite", suite, "--workers", "2", "--out", self.out]
        return ["run", *toy, *chosen, *arguments]

    def payments(self) -> list[str]:
        """What the model was paid for, in order."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def recorded(self) -> set[str]:
        """Replies that are on disk, as they stand in the log of payments."""
        from toyplugin import payment

        found = set()
        for folder in (self.out / "trials").glob("*"):
            for path in (folder / "journal.jsonl", folder / "transcript.jsonl"):
                if path.exists() and (events := read_events(path)[0]):
                    prompt = Request.model_validate(events[0].data)
                    found |= {payment(prompt, turn) for turn in range(sum(event.kind == "reply" for event in events))}
        return found

    def finished(self) -> dict[Path, bytes]:
        """Every file of every finished trial."""
        return {path: path.read_bytes() for path in (self.out / "trials").glob("[!.]*/*")}

    def results(self) -> list[tuple[object, ...]]:
        """What the finished trials came to, clocks aside."""
        return [
            (t.spec, t.status, t.final and t.final.verdict, t.final and t.final.speedup, t.turns, t.tool_calls, t.evaluations,
             t.first_pass, t.usage)
            for t in Store.open(self.out).trials()
        ]  # fmt: skip


def descendants(pid: int) -> list[int]:
    """Processes below one: the fork server first, then its workers and what they started."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def kill(pids: Sequence[int]) -> None:
    """SIGKILL to each that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for(condition: Callable[[], object]) -> None:
    """AssertionError after a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


@dataclass
class Campaign:
    """Kills one run again and again, and counts what should not have happened."""

    run: ToyRun
    chance: random.Random = field(default_factory=random.Random)
    points: Counter[str] = field(default_factory=Counter)
    """Kills by victim."""
    lost: set[str] = field(default_factory=set)
    """Finished trials of which a file was gone or another one after a kill."""
    paid_twice: int = 0
    """Model calls whose reply was on disk and that were made again."""
    checked: int = 0
    """Recorded replies that a kill came after."""
    _kept: dict[Path, bytes] = field(default_factory=dict)
    _paid: dict[str, int] = field(default_factory=dict)

    def strike(self) -> bool:
        """One kill at a random moment of the run, which is begun or resumed for it; False if it ended before."""
        resume = ["resume", self.run.out, "--workers", "2"]
        begun = (self.run.out / "lock.json").exists()
        process = self.run.start(*(resume if begun else self.run.run_arguments(suite="many", delay=DELAY_S)))
        victim = self._kill(process)
        self._look()
        if victim:
            self.points[victim] += 1
        return bool(victim)

    def _kill(self, process: subprocess.Popen[str]) -> str:
        before = len(self.run.payments())
        if self.chance.random() < 0.75:  # in the middle of its work; otherwise while it starts
            wait_for(lambda: len(self.run.payments()) > before or process.poll() is not None)
        time.sleep(self.chance.uniform(0, 0.3))
        everyone = [process.pid, *descendants(process.pid)]
        choices = {"parent": everyone[:1], "server": everyone[1:2], "worker": everyone[2:][-1:],
                   "all": self.chance.sample(everyone, len(everyone))}  # fmt: skip
        victim = self.chance.choice([name for name, pids in choices.items() if pids])
        if process.poll() is not None:
            victim = ""
        kill(choices.get(victim, []))
        if process.poll() is None and self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0, 0.3))  # time to go on without a worker or a server
        kill([process.pid])
        process.communicate()
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everyone))
        return victim

    def _look(self) -> None:
        """Compares with what was there after the kill before."""
        counts = Counter(self.run.payments())
        self.lost |= {
            path.parent.name for path, content in self._kept.items() if not path.exists() or path.read_bytes() != content
        }
        self.paid_twice += sum(counts[line] - count for line, count in self._paid.items())
        self._kept, self._paid = self.run.finished(), {line: counts[line] for line in self.run.recorded()}
        self.checked += len(self._paid)

    def finish(self) -> str:
        """Lets the run go on to its end; what went wrong, or empty."""
        process = self.run.start("resume", self.run.out, "--workers", "2")
        _, err = process.communicate(timeout=120)
        self._look()
        return "" if process.returncode == 0 else err


def undisturbed(folder: Path) -> list[tuple[object, ...]]:
    """Results of the same run without a kill."""
    run = ToyRun(folder)
    process = run.start(*run.run_arguments(suite="many"))
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return run.results()


def main() -> int:
    """Kills so many times; 1 if anything was lost, changed or paid for twice, or a run did not end as an undisturbed one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kill-points", type=int, default=50)
    wanted = parser.parse_args().kill_points
    sys.path.insert(0, str(PLUGINS))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH")]))
    points: Counter[str] = Counter()
    runs = lost = paid_twice = checked = different = 0
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "undisturbed").mkdir()
        expected = undisturbed(Path(name) / "undisturbed")
        while points.total() < wanted:
            runs += 1
            (folder := Path(name) / str(runs)).mkdir()
            campaign = Campaign(ToyRun(folder))
            while (points + campaign.points).total() < wanted and campaign.strike():
                pass
            problem = campaign.finish()
            sys.stderr.write(problem)
            different += bool(problem) or campaign.run.results() != expected
            points += campaign.points
            lost, paid_twice, checked = lost + len(campaign.lost), paid_twice + campaign.paid_twice, checked + campaign.checked
    by_victim = ", ".join(f"{name} {count}" for name, count in sorted(points.items()))
    sys.stdout.write(
        f"{points.total()} kill points ({by_victim}) in {runs} runs of {len(expected)} trials: {lost} finished trials lost or "
        f"changed, {paid_twice} model calls paid twice ({checked} recorded replies looked at), {different} runs that ended "
        "otherwise than undisturbed\n"
    )
    return 1 if lost or paid_twice or different or not checked else 0


if __name__ == "__main__":
    raise SystemExit(main())
