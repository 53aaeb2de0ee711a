"""Memory shared between the harness and a box, in two forms: sealed anonymous files, and files where descriptors cannot go.

A box must not be able to change what it was given to read, nor to pull memory away under the harness (a truncated mapping is a
SIGBUS, which kills the harness: seen). Seals of the kernel see to both.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from pathlib import Path

from harness.errors import InfraError

_SEAL_FUTURE_WRITE = 0x10  # Linux 5.1; Python names it from 3.13 on
_FIXED = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class SealedMemory:
    """An anonymous file of fixed size, mapped here; a box inherits ``fd``.

    If the box may not write, the file is sealed against future writable mappings and writes: only the harness's own mapping,
    made before, still writes.
    """

    def __init__(self, size: int, *, writable: bool) -> None:
        self.size = size
        self.fd = os.memfd_create("kernelwright", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.fd, max(size, 1))
            self._map = mmap.mmap(self.fd, max(size, 1))
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, _FIXED | (0 if writable else _SEAL_FUTURE_WRITE))
        except OSError as error:
            os.close(self.fd)
            raise InfraError(f"cannot share {size} bytes of sealed memory with a box: {error}") from error

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Copies into the memory."""
        view = memoryview(data).cast("B")
        check_range(offset, view.nbytes, self.size)
        self._map[offset : offset + view.nbytes] = view

    def read(self, offset: int, size: int) -> bytes:
        """Copies out of the memory."""
        check_range(offset, size, self.size)
        return self._map[offset : offset + size]

    def close(self) -> None:
        """Gives the memory back; reading and writing then fail."""
        if not self._map.closed:
            self._map.close()
            os.close(self.fd)


class FileMemory:
    """A file that a container mounts: copied with read and write calls, as a mapping could be pulled away by truncation."""

    def __init__(self, path: Path, size: int) -> None:
        self.size = size
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._fd, max(size, 1))

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Copies into the memory."""
        view = memoryview(data).cast("B")
        check_range(offset, view.nbytes, self.size)
        while view.nbytes:
            done = os.pwrite(self._fd, view, offset)
            view, offset = view[done:], offset + done

    def read(self, offset: int, size: int) -> bytes:
        """Copies out of the memory; InfraError if the box has cut it short."""
        check_range(offset, size, self.size)
        parts = []
        while size:
            part = os.pread(self._fd, size, offset)
            if not part:
                raise InfraError(f"the box has truncated its shared memory: {size} of {self.size} bytes at {offset} are gone")
            parts.append(part)
            offset, size = offset + len(part), size - len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Gives the memory back; reading and writing then fail."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def check_range(offset: int, size: int, limit: int) -> None:
    """ValueError unless ``size`` bytes at ``offset`` lie within ``limit`` bytes: a bug of the caller."""
    if offset < 0 or size < 0 or offset + size > limit:
        raise ValueError(f"{size} bytes at {offset} are not within a shared memory of {limit} bytes")
