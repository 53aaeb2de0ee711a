"""Attacks a tier before it is trusted: `canary.c` runs in a box of each kind, with something real to reach for each attack.

The baits lie outside the box where any user of the machine could reach them, so that only the sandbox can be what stops the
canary: a world-readable secret, a world-writable folder, a listening socket, a process, a variable of the environment.
"""

from __future__ import annotations

import contextlib
import os
import platform
import select
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import KernelwrightError
from harness.sandbox import BoxLimits, Probe, Sandbox
from harness.sandbox.native import HERE, compile_trusted

_LIMITS = BoxLimits(wall_s=20, cpu_s=5, memory_bytes=512 << 20, file_bytes=1 << 20, processes=16)
_KERNEL_LIMITS = BoxLimits(wall_s=20, cpu_s=5, memory_bytes=512 << 20, file_bytes=0, processes=1)
_SPIN_S = 0.1
_CANARY = "/canary/canary"
_PROFILES = {"tools": 1, "strict": 2}


def attack(sandbox: Sandbox, cache: Path) -> Probe:
    """What the tier stopped; a tier that cannot start is one that does not work, never an exception."""
    try:
        canary = compile_trusted(HERE / "canary.c", cache)
        with baits(canary) as plan:
            attacks = {**tools_attacks(sandbox, canary, plan), **strict_attacks(sandbox, canary, plan)}
            attacks["spin"] = sandbox.run(
                [_CANARY, "spin"], mounts={_CANARY: canary}, limits=BoxLimits(wall_s=_SPIN_S, cpu_s=5)
            ).timed_out  # fmt: skip
    except KernelwrightError as error:
        return Probe(tier=sandbox.name, works=False, detail=str(error))
    through = sorted(name for name, stopped in attacks.items() if not stopped)
    detail = f"{len(attacks) - len(through)} of {len(attacks)} attacks stopped on Linux {platform.release()}"
    if through:
        detail += f"; not: {', '.join(through)}"
    return Probe(tier=sandbox.name, works=not through, detail=detail, attacks=attacks)


@contextlib.contextmanager
def baits(canary: Path) -> Iterator[list[str]]:
    """Sets out what there is to attack and yields the canary's plan that says where."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kernelwright-bait-")))
        folder.chmod(0o755)
        (folder / "secret").write_text("the expected outputs", encoding="utf-8")
        (folder / "secret").chmod(0o644)
        (folder / "outside").mkdir()
        (folder / "outside").chmod(0o777)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0kernelwright-{os.getpid()}-{id(folder)}")
        abstract.listen()
        victim = stack.enter_context(subprocess.Popen([canary, "wait"], stdin=subprocess.PIPE, start_new_session=True))
        stack.callback(victim.kill)
        os.environ["KERNELWRIGHT_CANARY"] = "a key of a model's provider"
        stack.callback(os.environ.pop, "KERNELWRIGHT_CANARY", None)
        yield [
            f"secret={folder / 'secret'}",
            f"outside={folder / 'outside'}",
            f"port={listener.getsockname()[1]}",
            f"abstract={abstract.getsockname()[1:].decode()}",
            f"victim={victim.pid}",
        ]


def limits_plan(limits: BoxLimits) -> list[str]:
    """The canary's plan for attacks on limits."""
    return [
        f"processes={limits.processes}",
        f"memory={limits.memory_bytes}",
        f"cpu={limits.cpu_s}",
        f"file={limits.file_bytes}",
    ]  # fmt: skip


def tools_attacks(sandbox: Sandbox, canary: Path, plan: Sequence[str]) -> dict[str, bool]:
    """Attacks from a box for compilers and simulators: name to whether it was stopped."""
    argv = [_CANARY, "tools", *plan, *limits_plan(_LIMITS)]
    done = sandbox.run(argv, mounts={_CANARY: canary}, limits=_LIMITS)
    # What the fork bomb leaves behind holds the pipes: that the run has ended in time is the proof that it is dead.
    return {**_parse("tools", canary, done.stdout), "tools:daemon": not done.timed_out}


def strict_attacks(sandbox: Sandbox, canary: Path, plan: Sequence[str]) -> dict[str, bool]:
    """Attacks from a box for kernels: name to whether it was stopped."""
    own = ["fds={request},{reply},{input},{output}", "input={input}", "output={output}"]
    box = sandbox.start(
        [_CANARY, "strict", *plan, *own, *limits_plan(_KERNEL_LIMITS)],
        mounts={_CANARY: canary},
        memories={"input": (4096, False), "output": (4096, True)},
        limits=_KERNEL_LIMITS,
    )
    try:
        select.select([box.reply_fd], [], [], _KERNEL_LIMITS.wall_s)  # it never replies, so this is its end
    finally:
        _, printed = box.close()
    return _parse("strict", canary, printed)


def names(canary: Path, profile: str) -> list[str]:
    """The attacks that the canary knows for a profile."""
    done = subprocess.run([canary, "list"], capture_output=True, text=True, check=True)
    listed = (line.split() for line in done.stdout.splitlines())
    return [name for name, profiles in listed if int(profiles) & _PROFILES[profile]]


def _parse(profile: str, canary: Path, printed: bytes) -> dict[str, bool]:
    """An attack that the canary did not report on, because it died first, does not count as stopped."""
    lines = printed.decode("utf-8", "replace").splitlines()
    return {f"{profile}:{name}": f"{name} stopped" in lines for name in names(canary, profile)}
