"""Writing files so that a crash, a full disk or a killed process never leaves half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o644, durable: bool = True) -> None:
    """Writes a file so that at any moment it is the old one or the new one, whole and, if ``durable``, on disk (a cache that
    checks what it reads need not wait for that). Text is written as UTF-8, line ends as they are. Raises OSError where the disk
    refuses, and leaves the old file then."""
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
