"""Temporary folders of boxes, and copies of files in them for a uid that cannot reach the originals."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from functools import cache
from io import FileIO
from pathlib import Path

PREFIX = "kernelwright-box-"
_LOCK = ".lock"
_YOUNG_S = 60.0


def private_folder(uid: int | None, stack: ExitStack, parent: Path | None = None) -> Path:
    """A new folder that only the box's uid (and root) may enter; deleted when the stack unwinds.

    Folders of harnesses that were killed are deleted by the next one: a folder whose lock nobody holds is nobody's.
    """
    parent = parent or Path(tempfile.gettempdir())
    remove_orphans(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    lock = stack.enter_context(FileIO(folder / _LOCK, "x"))
    fcntl.flock(lock, fcntl.LOCK_EX)
    _give(folder, uid)
    return folder


def make_folder(path: Path, uid: int | None) -> Path:
    """A new folder of the box's uid; returns the path."""
    path.mkdir()
    _give(path, uid)
    return path


@cache
def remove_orphans(parent: Path) -> None:
    """Deletes what killed harnesses have left in a folder for temporary files; once per process."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime > _YOUNG_S:  # one just made has no lock yet
                with FileIO(folder / _LOCK, "r") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # it is in use, somebody else's, or gone


def stage(source: Path, target: Path, uid: int | None) -> Path:
    """Copies a file or folder to ``target``, parents included, readable by the box's uid; returns ``target``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)
    for path in (target, *(target.rglob("*") if target.is_dir() else ())):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        _give(path, uid)
    return target


def _give(path: Path, uid: int | None) -> None:
    if uid is not None:
        os.chown(path, uid, uid, follow_symlinks=False)
