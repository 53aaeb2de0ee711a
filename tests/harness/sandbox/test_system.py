from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from harness.errors import InfraError
from harness.sandbox import system


def test_kernels_see_libc_and_little_else() -> None:
    files = system.libc_files()
    assert all(path.is_file() for path in files.values())
    names = {Path(name).name for name in files}
    assert {"libc.so.6", "libm.so.6"} <= names
    assert len(names) <= 8


def test_an_unknown_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.platform, "machine", lambda: "vax")
    with pytest.raises(InfraError, match="no glibc loader known for this machine \\('vax'\\)"):
        system.libc_files.__wrapped__()  # past the cache: a process does not change its machine


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change its uid")
def test_every_box_gets_a_uid_that_nobody_has() -> None:
    uids = {system.spare_uid() for _ in range(64)}
    assert len(uids) == 64
    assert not uids & {user.pw_uid for user in pwd.getpwall()}


def test_an_ordinary_user_keeps_its_uid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    assert system.spare_uid() is None


def test_public_paths(tmp_path: Path) -> None:
    assert system.is_public(Path("/usr/bin/env"))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_text("")
    assert not system.is_public(closed / "file")
