from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.errors import InfraError
from harness.sandbox.memory import FileMemory, SealedMemory


@pytest.fixture(params=[SealedMemory, FileMemory])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SealedMemory | FileMemory]:
    made = SealedMemory(100, writable=True) if request.param is SealedMemory else FileMemory(tmp_path / "memory", 100)
    with closing(made):
        yield made


def test_copies_in_and_out(memory: SealedMemory | FileMemory) -> None:
    assert memory.read(0, 100) == bytes(100)
    memory.write(3, b"abc")
    memory.write(96, memoryview(bytearray(b"wxyz")))
    assert memory.read(2, 5) == b"\0abc\0"
    assert memory.read(96, 4) == b"wxyz"


@pytest.mark.parametrize(("offset", "size"), [(-1, 1), (100, 1), (0, 101), (50, -1)])
def test_bounds(memory: SealedMemory | FileMemory, offset: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes at {offset} are not within a shared memory of 100 bytes"):
        memory.read(offset, size)


def test_closed_twice_and_then_refuses(memory: SealedMemory | FileMemory) -> None:
    memory.close()
    memory.close()
    with pytest.raises((ValueError, OSError)):
        memory.read(0, 1)


def test_a_box_s_copy_of_the_descriptor_cannot_write_inputs_but_the_harness_can() -> None:
    with closing(SealedMemory(4096, writable=False)) as memory:
        with pytest.raises(PermissionError):
            os.pwrite(memory.fd, b"x", 0)
        with pytest.raises(PermissionError):
            mmap.mmap(memory.fd, 4096)
        with mmap.mmap(memory.fd, 4096, prot=mmap.PROT_READ) as seen:
            memory.write(0, b"fresh")
            assert seen[:5] == b"fresh"


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("size", [0, 8192])
def test_size_is_sealed(writable: bool, size: int) -> None:
    with closing(SealedMemory(4096, writable=writable)) as memory:
        with pytest.raises(PermissionError):
            os.ftruncate(memory.fd, size)


def test_truncation_of_a_file_is_noticed_not_fatal(tmp_path: Path) -> None:
    with closing(FileMemory(tmp_path / "memory", 4096)) as memory:
        os.truncate(tmp_path / "memory", 10)
        with pytest.raises(InfraError, match="the box has truncated its shared memory: 4086 of 4096 bytes at 10 are gone"):
            memory.read(0, 4096)
