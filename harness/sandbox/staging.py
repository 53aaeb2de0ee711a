"""Temporary folders of boxes, and copies of files in them for a uid that cannot reach the originals."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path


def private_folder(uid: int | None, stack: ExitStack, parent: Path | None = None) -> Path:
    """A new folder that only the box's uid (and root) may enter; deleted when the stack unwinds."""
    folder = Path(tempfile.mkdtemp(prefix="kernelwright-", dir=parent))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    _give(folder, uid)
    return folder


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
