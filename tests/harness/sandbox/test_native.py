from __future__ import annotations

import ctypes
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import InfraError
from harness.sandbox import native


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "number.h").write_text("#define NUMBER 3\n")
    path = tmp_path / "program.c"
    path.write_text('#include "number.h"\nint number(void) { return NUMBER; }\nint main(void) { return number(); }\n')
    return path


def run(program: Path) -> int:
    return subprocess.run([program], check=False).returncode


def test_programs_and_libraries(source: Path, tmp_path: Path) -> None:
    program = native.compile_trusted(source, tmp_path / "cache")
    library = native.compile_trusted(source, tmp_path / "cache", shared=True)
    assert run(program) == 3
    assert ctypes.CDLL(str(library)).number() == 3
    assert program.stat().st_mode & 0o777 == 0o755


def test_compiled_once(source: Path, tmp_path: Path) -> None:
    first = native.compile_trusted(source, tmp_path / "cache")
    inode = first.stat().st_ino
    assert native.compile_trusted(source, tmp_path / "cache") == first
    assert first.stat().st_ino == inode


def test_an_edit_of_a_header_is_noticed(source: Path, tmp_path: Path) -> None:
    before = native.compile_trusted(source, tmp_path / "cache")
    (tmp_path / "number.h").write_text("#define NUMBER 4\n")
    after = native.compile_trusted(source, tmp_path / "cache")
    assert (run(before), run(after)) == (3, 4)


def test_many_at_once_leave_one_file(source: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: native.compile_trusted(source, tmp_path / "cache"), range(4)))
    assert len(paths) == 1
    assert list((tmp_path / "cache" / "native").iterdir()) == list(paths)


def test_a_mistake_is_reported_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    source.write_text("int main(void) { return nonsense; }\n")
    with pytest.raises(InfraError, match=r"(?s)cannot compile program\.c: .*nonsense"):
        native.compile_trusted(source, tmp_path / "cache")
    assert list((tmp_path / "cache" / "native").iterdir()) == []


def test_no_compiler_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native.shutil, "which", lambda name: None)
    with pytest.raises(InfraError, match="apt-get install gcc libc6-dev"):
        native.compiler.__wrapped__()
