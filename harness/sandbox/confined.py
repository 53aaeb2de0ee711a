"""Tier ``confined``: the launcher alone, for machines that deny user namespaces (AppArmor, an unprivileged container).

Landlock stands for the root of its own, seccomp for the network and process namespaces. Honest about the rest: there is no
/proc to give, temporary files count against no limit but the size of each, the box sees the machine's host name, users' names
and load, and where the harness is not root the box shares its uid (signals and ptrace are denied by the filters alone).
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from io import FileIO
from pathlib import Path

from harness.errors import InfraError
from harness.sandbox.launch import ENVIRONMENT, Program, Site, Wall
from harness.sandbox.process import ProcessSandbox
from harness.sandbox.staging import make_folder, private_folder, stage
from harness.sandbox.system import FOLDERS, SETTINGS, is_public, libc_files, tasks_of_user

HINT = "Linux 5.13 or newer with Landlock in the kernel's list of security modules (lsm=landlock,...)"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random")


def create(cache: Path) -> ProcessSandbox:
    """The tier; ``cache`` holds the compiled launcher."""
    return ProcessSandbox("confined", partial(arrange, confine=True), cache, HINT)


def arrange(program: Program, site: Site, stack: ExitStack, *, confine: bool) -> Wall:
    """The launcher's command line for a program in a temporary folder, confined or (`harness.sandbox.unconfined`) not."""
    if confine and program.limits.proc:
        raise InfraError("the confined sandbox cannot give a box its own /proc", "use the bubblewrap sandbox for valgrind")
    folder = private_folder(site.uid, stack)
    places = {inside: _place(inside, path, folder, site.uid) for inside, path in program.mounts.items()}
    work = make_folder(folder / "work", site.uid)
    # The new uid may not see the cache folder, so the keeper gets the launcher as an open file.
    launcher = stack.enter_context(FileIO(site.launcher, "r")).fileno()
    options = ["--chdir", str(work)]
    if confine:
        options += ["--profile", "tools", "--landlock", "require"]
        seen = [*FOLDERS, *SETTINGS] if program.workshop else [*libc_files(), *map(str, libc_files().values())]
        options += [text for path in [*seen, *map(str, places.values())] for text in ("--read", path)]
        options += [text for path in ([str(work), *_DEVICES] if program.workshop else []) for text in ("--write", path)]
    return Wall(
        ["confine"],
        options,
        executable=launcher,
        fds=[launcher],
        environment={**ENVIRONMENT, "TMPDIR": str(work), **program.environment},
        translate=partial(_translate, places),
        extra_processes=(program.collect is not None) + (tasks_of_user() if site.uid is None else 0),
    )


def _place(inside: str, path: Path, folder: Path, uid: int | None) -> Path:
    """Where a mount really lies: itself, or a copy for a uid that cannot reach it."""
    if not path.exists():
        raise InfraError(f"{path} is to be mounted in a box as {inside}, but does not exist")
    return path.resolve() if uid is None or is_public(path) else stage(path, folder / "mounts" / inside.lstrip("/"), uid)


def _translate(places: dict[str, Path], text: str) -> str:
    """Replaces the mounts' names in an argument by where they are, the longest first."""
    for inside in sorted(places, key=len, reverse=True):
        text = text.replace(inside, str(places[inside]))
    return text
