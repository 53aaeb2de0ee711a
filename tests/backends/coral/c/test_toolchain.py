"""What the toolchain remembers, on a box that does what it is told."""

import shutil

import pytest

from backends.coral.c.toolchain import CLANG, LINKER, Toolchain
from harness.sandbox import Completed

FILES = {"kernel.c": "", "kernel.h": "", "start.s": "", "link.ld": ""}

pytestmark = pytest.mark.skipif(not (shutil.which(CLANG) and shutil.which(LINKER)), reason=f"needs {CLANG} and {LINKER}")


class Box:
    """A sandbox whose runs end as listed, the first for the trivial kernel; the last one again and again."""

    def __init__(self, *ends: Completed) -> None:
        self.ends, self.runs = ends, 0

    def run(self, command: object, **options: object) -> Completed:
        self.runs += 1
        return self.ends[min(self.runs, len(self.ends)) - 1]


GOOD = Completed(0, b"", b"", {"kernel.elf": b"program"}, False, 0.1)
SLOW = Completed(-9, b"", b"", {}, True, 20.0)


def test_a_text_is_compiled_once() -> None:
    box = Box(GOOD)
    toolchain = Toolchain(lambda: box, autovectorize=False)  # type: ignore[arg-type, return-value]
    assert [toolchain.compile(FILES).program for _ in range(3)] == [b"program"] * 3
    assert box.runs == 2


def test_a_timeout_is_tried_again() -> None:
    box = Box(GOOD, SLOW, GOOD)
    toolchain = Toolchain(lambda: box, autovectorize=False)  # type: ignore[arg-type, return-value]
    assert toolchain.compile(FILES).timed_out
    assert toolchain.compile(FILES).program == b"program"
