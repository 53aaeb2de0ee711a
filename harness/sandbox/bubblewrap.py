"""Tier ``bubblewrap``, the default: own namespaces of every kind, an own root of read-only binds, and the launcher inside.

The box has no network, no other process in sight, no /proc unless asked for, one temporary file system of limited size (for
tools) and an unused uid. Debian's bwrap is not setuid: it needs unprivileged user namespaces.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

from harness.errors import InfraError
from harness.sandbox.launch import ENVIRONMENT, Program, Site, Wall
from harness.sandbox.process import ProcessSandbox
from harness.sandbox.staging import private_folder, stage
from harness.sandbox.system import FOLDERS, SETTINGS, is_public, libc_files

HINT = "apt-get install bubblewrap, and allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone)"
_LAUNCHER = "/box/confine"
_TEMPORARY = "/tmp"
_WORK = "/tmp/work"
_NOBODY = "65534"


def create(cache: Path) -> ProcessSandbox:
    """The tier; ``cache`` holds the compiled launcher."""
    return ProcessSandbox("bubblewrap", arrange, cache, HINT)


def arrange(program: Program, site: Site, stack: ExitStack) -> Wall:
    """The bwrap command line for a program."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise InfraError("bubblewrap is not installed: no program 'bwrap'", HINT)
    fds: list[int] = [site.pid_fd]
    mounts = {**({} if program.workshop else libc_files()), **program.mounts, _LAUNCHER: site.launcher}
    # fmt: off
    command = [
        bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL",
        "--uid", _NOBODY, "--gid", _NOBODY, "--hostname", "box", "--info-fd", str(site.pid_fd),
        *_environment(program),
        *(_workshop(program) if program.workshop else ()),
        *_mounts(mounts.items(), site, stack, fds),
        *(("--proc", "/proc") if program.limits.proc else ()),
        "--remount-ro", "/",
        "--", _LAUNCHER,
    ]
    # fmt: on
    options = ["--profile", "tools", *(["--chdir", _WORK] if program.workshop else [])]
    # Pid 1 collects, so it forks the program: one task more.
    return Wall(command, options, fds=fds, reports_pid=True, extra_processes=program.collect is not None)


def _environment(program: Program) -> Iterator[str]:
    yield "--clearenv"
    for name, value in {**ENVIRONMENT, "TMPDIR": _TEMPORARY, **program.environment}.items():
        yield from ("--setenv", name, value)


def _workshop(program: Program) -> Iterator[str]:
    """System folders as they are here, devices, and one temporary file system that counts as the box's memory."""
    for folder in map(Path, FOLDERS):
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        elif folder.exists():
            yield from ("--ro-bind", str(folder), str(folder))
    for path in SETTINGS:
        yield from ("--ro-bind-try", path, path)
    # A fresh /dev is a file system without limit of size, /dev/shm included.
    yield from ("--dev", "/dev", "--remount-ro", "/dev")
    yield from ("--size", str(program.limits.memory_bytes), "--tmpfs", _TEMPORARY, "--dir", _WORK)


def _mounts(mounts: Iterable[tuple[str, Path]], site: Site, stack: ExitStack, fds: list[int]) -> Iterator[str]:
    """Binds; what the box's uid cannot reach here is handed over open (a file) or copied (a folder)."""
    for inside, path in mounts:
        if not path.exists():
            raise InfraError(f"{path} is to be mounted in a box as {inside}, but does not exist")
        if site.uid is None or is_public(path):
            yield from ("--ro-bind", str(path.resolve()), inside)
        elif path.is_file():
            file = stack.enter_context(FileIO(path, "r"))
            fds.append(file.fileno())
            yield from ("--perms", "0555", "--ro-bind-data", str(file.fileno()), inside)
        else:
            folder = private_folder(site.uid, stack)
            yield from ("--ro-bind", str(stage(path, folder / "mount", site.uid)), inside)
