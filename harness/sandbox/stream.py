"""Files as one stream of bytes, the form in which they enter and leave a box through a pipe.

A record per file: 64-bit length of the name, the name, 64-bit size, the content, all little-endian. `confine.c` holds the other
end. What comes out of a box is hostile: it is parsed with every length checked and is never a path that anything is opened by.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from harness.errors import UsageError

_LENGTH = struct.Struct("<Q")
_MISSING = 2**64 - 1


def check_name(name: str) -> str:
    """The name, if it is a plain relative path below the working folder; UsageError otherwise."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or str(path) != name or "\0" in name:
        raise UsageError(f"{name!r} is not a file name for a box", "use a relative path without '..', such as 'kernel.c'")
    return name


def pack(files: Mapping[str, bytes]) -> bytes:
    """The stream of these files."""
    records = []
    for name, content in files.items():
        encoded = check_name(name).encode()
        records += [_LENGTH.pack(len(encoded)), encoded, _LENGTH.pack(len(content)), content]
    return b"".join(records)


def unpack(stream: bytes, wanted: Iterable[str]) -> dict[str, bytes]:
    """The wanted files of a stream; what is missing, cut off, or not asked for is left out."""
    names, files, at = set(wanted), {}, 0
    while (name := _chunk(stream, at)) is not None:
        at += _LENGTH.size + len(name)
        if stream[at : at + _LENGTH.size] == _LENGTH.pack(_MISSING):
            at += _LENGTH.size
            continue
        content = _chunk(stream, at)
        if content is None:
            break
        at += _LENGTH.size + len(content)
        text = name.decode("utf-8", "replace")
        if text in names:
            files[text] = content
    return files


def _chunk(stream: bytes, at: int) -> bytes | None:
    """The length-prefixed bytes at an offset, or None if they are not all there."""
    if at + _LENGTH.size > len(stream):
        return None
    (length,) = _LENGTH.unpack_from(stream, at)
    begin = at + _LENGTH.size
    return stream[begin : begin + length] if length <= len(stream) - begin else None
