"""What boxes see of the machine's own files, and under whose name they run there."""

from __future__ import annotations

import itertools
import os
import platform
import stat
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from harness.errors import InfraError

FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
"""Programs and libraries, for compilers and simulators. Most are links into /usr."""
SETTINGS = ("/etc/alternatives", "/etc/ld.so.cache")
"""Which program ``cc`` is and where libraries are; nothing about the machine's users."""
_LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}
_LIBRARIES = ("libc.so.6", "libm.so.6", "libmvec.so.1", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1")
_UIDS = (0x7000_0000, 1 << 28)  # between systemd's container range and the end of a signed int; see systemd's UIDS-GIDS.md
_UIDS_OF_A_CONTAINER = (61184, 4336)  # systemd's range for services' transient users: all that a small user namespace may map
_boxes = itertools.count()


@cache
def libc_files() -> Mapping[str, Path]:
    """The loader and libc's own libraries (path in a box to real path): all that a native kernel may link to."""
    loader = _LOADERS.get(platform.machine())
    if loader is None or not Path(loader).exists():
        raise InfraError(f"no glibc loader known for this machine ({platform.machine()!r})", "use glibc on x86-64 or aarch64")
    folder = _libc_folder()
    found = {str(folder / name): (folder / name).resolve() for name in _LIBRARIES if (folder / name).exists()}
    return {loader: Path(loader).resolve(), **found}


def _libc_folder() -> Path:
    """Where the libc lies that this very process has mapped."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        if line.endswith("/libc.so.6"):
            return Path(line.split(maxsplit=5)[5]).parent
    raise InfraError("this Python is not linked to glibc's libc.so.6", "use a glibc distribution")


def spare_uid() -> int | None:
    """A uid that nobody else has, one per box, if the harness is root; else None, as only root can change.

    Limits on processes do not bind uid 0, and files of root's would be a box's to read on any mistake of the other layers.
    """
    if os.geteuid() != 0:
        return None
    maps = [line.split() for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()]
    top = max(int(first) + int(count) for first, _, count in maps)
    base, span = _UIDS if top >= sum(_UIDS) else _UIDS_OF_A_CONTAINER
    return base + (os.getpid() * 64 + next(_boxes) % 64) % span


def is_public(path: Path) -> bool:
    """Whether any user may read the path, through folders that any user may pass."""
    path = path.resolve()
    needed = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
    return path.stat().st_mode & needed == needed and all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)


def tasks_of_user() -> int:
    """Processes and threads that this user has now: RLIMIT_NPROC counts them all where there is no user namespace."""
    uid, count = os.getuid(), 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and folder.stat().st_uid == uid:
                count += len(list((folder / "task").iterdir()))
        except OSError:
            continue  # it has just ended
    return count
