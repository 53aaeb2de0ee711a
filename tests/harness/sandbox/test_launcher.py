"""The launcher by itself, without a tier around it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.sandbox.native import HERE, compile_trusted


@pytest.fixture
def launcher(cache: Path) -> Path:
    return compile_trusted(HERE / "confine.c", cache)


def test_it_ends_where_nobody_holds_the_other_end_of_its_pipes(launcher: Path, tmp_path: Path) -> None:
    """A harness that is killed while a container starts must not leave a launcher that waits for it for ever."""
    os.mkfifo(tmp_path / "lifeline")
    os.mkfifo(tmp_path / "ready")
    argv = [launcher, "--open-read", f"5={tmp_path}/lifeline", "--open-write", f"3={tmp_path}/ready", "--", "/bin/true"]
    done = subprocess.run(argv, capture_output=True, timeout=10, check=False)
    assert done.returncode != 0
    assert b"ready" in done.stderr


def test_pipes_that_are_held_block_as_programs_expect(launcher: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "words")
    with open(os.open(tmp_path / "words", os.O_RDWR), "r+b", buffering=0) as held:  # noqa: PTH123 - both ends, which pathlib refuses
        argv = [launcher, "--open-read", f"0={tmp_path}/words", "--", "/usr/bin/head", "-c", "4"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as program:
            with pytest.raises(subprocess.TimeoutExpired):
                program.wait(0.3)
            held.write(b"word")
            assert program.communicate(timeout=10)[0] == b"word"
