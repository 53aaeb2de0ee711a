"""Instructions per call and per line, counted by valgrind's callgrind: deterministic, for profiles, ties and regressions.

The kernel is called twice; a dump is taken on every entry, and collecting is on only inside it, so the last dump is exactly the
second call. The counter's known hole, client requests, is closed by `elf.inspect`; a count below what storing the outputs takes
is refused as well. Time is scored elsewhere (`race`).
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

from backends.cpu.layout import Layout
from backends.cpu.toolchain import Artifact
from harness.backend import Limits, Profile, ProfileLine
from harness.sandbox import BoxLimits, Sandbox
from harness.task import Tensors

_CALLS = 2
_PARTS = [f"cg.{part}" for part in range(1, _CALLS + 2)]
"""Dumps taken on entries to the kernel; the last call's own is ``cg``, written at the end."""
_SLOWDOWN = 6
"""Wall limits are this many times those of an execution: emulation is slow, multiply-adds most of all."""
_WIDEST_STORE = 32
_LINES = 40
"""Lines reported."""
_COST = re.compile(r"(\d+) (\d+)$")


class Profiler:
    """Runs kernels under callgrind."""

    def __init__(self, sandbox: Sandbox, counter: Path) -> None:
        self._sandbox, self._counter = sandbox, counter
        self.reason = ""
        """Why the last profile could not be made; empty if it could."""

    def profile(self, artifact: Artifact, inputs: Tensors, limits: Limits) -> Profile | None:
        """Instructions of one warm call, by line of the kernel; None, with `reason` set, where they could not be counted."""
        valgrind = shutil.which("valgrind")
        if valgrind is None:
            return self._refuse("valgrind is not installed: apt-get install valgrind")
        layout = Layout.of(artifact.workload)
        image = layout.inputs.image(1)
        layout.inputs.write(image, 0, inputs)
        argv = [
            valgrind, "--tool=callgrind", "--quiet", "--callgrind-out-file=cg", "--dump-line=yes", "--compress-strings=no",
            "--compress-pos=no", "--combine-dumps=no", "--dump-before=kernel", "--toggle-collect=kernel",
            "/kernel/counter", "./kernel.so", str(_CALLS), "inputs",
            str(layout.inputs.stride), str(layout.outputs.stride), *layout.arguments(),
        ]  # fmt: skip
        done = self._sandbox.run(
            argv,
            # A copy, as a mounted file may have no name by which valgrind finds its symbols.
            files={"inputs": image.tobytes(), "kernel.so": artifact.verify().read_bytes()},
            collect=["cg", *_PARTS],
            mounts={"/kernel/counter": self._counter},
            environment={"PATH": "/usr/bin:/bin", "HOME": "."},
            limits=BoxLimits(
                wall_s=limits.wall_s * _SLOWDOWN, cpu_s=int(limits.wall_s * _SLOWDOWN), memory_bytes=4 << 30, proc=True
            ),
        )
        if done.timed_out or done.returncode:
            how = "took too long" if done.timed_out else f"ended with status {done.returncode}"
            return self._refuse(f"counting instructions {how}: {done.stderr[-200:].decode('utf-8', 'replace').strip()!r}")
        entries = sum(name in done.files for name in _PARTS)
        if entries != _CALLS or "cg" not in done.files:
            return self._refuse(f"{entries} entries to 'kernel' were seen in {_CALLS} calls")
        return self._report(done.files["cg"].decode("utf-8", "replace"), layout)

    def _report(self, text: str, layout: Layout) -> Profile | None:
        total, by_line = parse_callgrind(text)
        least = sum(tensor.bytes for tensor in layout.outputs.tensors.values()) // _WIDEST_STORE
        if total < max(least, 1):
            return self._refuse(f"{total} instructions cannot have stored the outputs; at least {least} are needed")
        self.reason = ""
        lines = tuple(ProfileLine(line=line, cycles=cost) for line, cost in by_line.most_common(_LINES))
        elsewhere = total - sum(by_line.values())
        causes = {"kernel": float(total - elsewhere), "library functions": float(elsewhere)} if elsewhere else {}
        return Profile(unit="instructions", total=total, lines=lines, causes=causes)

    def _refuse(self, reason: str) -> Profile | None:
        self.reason = reason
        return None


def parse_callgrind(text: str, file: str = "kernel.c") -> tuple[int, Counter[int]]:
    """Total instructions of a callgrind dump, and those of each line of one file. The format is that of ``--compress-pos=no``."""
    total, by_line, current, inclusive = 0, Counter[int](), "", False
    for row in text.splitlines():
        if row.startswith(("fl=", "fi=", "fe=")):
            current = row[3:].rsplit("/", 1)[-1]
        elif row.startswith("calls="):
            inclusive = True  # the next row repeats what the callee's own rows say
        elif match := _COST.match(row):
            if not inclusive:
                total += int(match[2])
                if current == file:
                    by_line[int(match[1])] += int(match[2])
            inclusive = False
    return total, by_line
