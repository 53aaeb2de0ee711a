"""Using a simulator: one template for all of them, confined; a simulator is a handful of hooks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backends.verilog.simulate.bench import Bench
from harness.errors import InfraError
from harness.sandbox import BoxLimits, Sandbox

RESULTS_BYTES = 64 << 20
"""Largest file that a simulation may write."""
_SLACK_S = 5.0
_LOADED = 6
"""Wall seconds allowed for a CPU second: machines are shared."""


@dataclass(frozen=True)
class Program:
    """A compiled simulation."""

    content: bytes
    """The file that the simulator's run command expects."""
    seconds: float = 0.0
    """CPU seconds that compiling took; 0 for one that was found in a cache."""


@dataclass(frozen=True)
class Refusal:
    """A design that a simulator could not compile."""

    log: str
    """What it said."""
    returncode: int
    """Its status; negative is a signal."""
    timed_out: bool = False
    """Whether it was stopped."""


@dataclass(frozen=True)
class Ran:
    """One finished simulation."""

    status: int
    """Exit status of the simulator; above 128, the signal that ended it plus 128."""
    result: bytes
    """What the bench wrote."""
    cpu_s: float
    """Its CPU time."""
    timed_out: bool = False
    """Whether the box's wall limit ended it."""


class Simulator(Protocol):
    """The hooks in which simulators differ."""

    name: str
    """Name in messages and records."""

    @property
    def version(self) -> str:
        """Its version; InfraError where it does not work."""

    def compile(self, bench: Bench, design: str) -> Program | Refusal:
        """Makes a program of a bench and a design."""

    def command(self, seed: int) -> Sequence[str]:
        """What runs the program ``program`` in the working folder; ``seed`` decides values that only hardware would."""


def run_all(
    sandbox: Sandbox, simulator: Simulator, program: Program, stimuli: Sequence[tuple[int, bytes]], cpu_s: int, memory_bytes: int
) -> list[Ran]:
    """Runs a program once for each (seed, stdin), in one box, one after the other; stops after the first that does not end well.
    InfraError if the box breaks."""
    files = {"program": program.content, **{f"in{index}": content for index, (_, content) in enumerate(stimuli)}}
    script = "\n".join([_SCRIPT, *(_step(simulator.command(seed), index) for index, (seed, _) in enumerate(stimuli))])
    done = sandbox.run(
        ["/bin/sh", "-c", script],
        files=files,
        collect=["status", *(f"out{index}" for index in range(len(stimuli)))],
        limits=BoxLimits(
            wall_s=_SLACK_S + _LOADED * cpu_s * len(stimuli),
            cpu_s=cpu_s,
            memory_bytes=memory_bytes,
            file_bytes=RESULTS_BYTES,
            processes=8,
        ),
    )
    statuses = _statuses(done.files.get("status", b"").decode("ascii", "replace"))
    ran = [
        Ran(status, done.files.get(f"out{index}", b""), cpu)
        for index, (status, cpu) in enumerate(statuses[: len(stimuli)])
    ]  # fmt: skip
    if done.timed_out and len(ran) < len(stimuli):
        ran.append(Ran(0, b"", float("nan"), timed_out=True))
    if not ran:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise InfraError(f"{simulator.name} did not start in the {sandbox.name} sandbox: {said!r}")
    return ran


_SCRIPT = """\
step() {  # INDEX COMMAND...: leaves out$index, and in the file status a line with the exit status and the CPU times so far
  index=$1; shift
  chmod +x program
  "$@" < in$index > log 2>&1
  code=$?
  if [ -f result ]; then mv result out$index; fi
  { echo "exit $code"; times; } >> status
  [ $code = 0 ] && tail -n 1 out$index | grep -q '^END [0-9a-f]* done '
}
"""


def _step(command: Sequence[str], index: int) -> str:
    return f"step {index} {shlex.join(command)} || exit 0"


def _statuses(text: str) -> list[tuple[int, float]]:
    """Exit status and CPU seconds of each simulation; the shell prints CPU time of all its children so far."""
    found, before = [], 0.0
    for status, times in re.findall(r"exit (\d+)\n(.*\n.*)\n", text):
        total = cpu_seconds(times)
        found.append((int(status), total - before))
        before = total
    return found


def cpu_seconds(times: str) -> float:
    """User and system time of a shell's children, from what its command ``times`` prints: two lines, the second is theirs."""
    found = re.fullmatch(r".*\n(\d+)m([\d.]+)s (\d+)m([\d.]+)s\n?", times)
    if found is None:
        raise InfraError(f"the shell's command 'times' printed {times!r}", "the sandbox needs a POSIX shell as /bin/sh")
    return 60 * (int(found[1]) + int(found[3])) + float(found[2]) + float(found[4])


def require(sandbox: Callable[[], Sandbox], argv: Sequence[str], hint: str, mounts: Mapping[str, Path] = {}) -> str:
    """First line that a program says of itself in a box; InfraError with the hint where it cannot be run."""
    done = sandbox().run(argv, mounts=mounts)
    text = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    if done.returncode or not text:
        raise InfraError(f"{argv[0]} does not work: {text!r}", hint)
    return text.splitlines()[0].strip()
