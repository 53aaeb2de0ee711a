"""Files that tools leave in a trial's folder: waveforms, pictures. They are for people and decide nothing."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from harness.errors import InfraError
from harness.files import write_atomically

FILES = "files"
"""Name of their folder in that of the trial."""
MOST_BYTES = 32 << 20
"""What all files of a trial may come to; further ones are not kept."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Attachments:
    """The files of one trial. Names begin with a digest of the content, so that a resumed trial leaves no second copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, content: bytes) -> str | None:
        """Writes a file and returns its name, or None where there is no room for it. InfraError, for it is the backend that
        chose it, if the name is not a plain one."""
        if not _NAME.fullmatch(name):
            raise InfraError(
                f"a tool left a file named {name!r}",
                "the backend must use up to 64 letters, digits, '.', '_' and '-', beginning with a letter or digit",
            )
        path = self._folder / f"{hashlib.sha256(content).hexdigest()[:12]}-{name}"
        if not path.exists():
            kept = sum(file.stat().st_size for file in self._folder.iterdir()) if self._folder.exists() else 0
            if kept + len(content) > MOST_BYTES:
                return None
            self._folder.mkdir(exist_ok=True)
            write_atomically(path, content)
        return path.name
