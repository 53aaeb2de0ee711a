from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from harness.sandbox.staging import private_folder, remove_orphans, stage


def test_a_private_folder_is_private_and_temporary(tmp_path: Path) -> None:
    with ExitStack() as stack:
        folder = private_folder(None, stack, tmp_path)
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_orphans_are_removed_and_others_left_alone(tmp_path: Path) -> None:
    with ExitStack() as stack:
        alive = private_folder(None, stack, tmp_path)
        orphan, young, foreign = (tmp_path / f"kernelwright-box-{name}" for name in ("orphan", "young", "foreign"))
        for folder in (orphan, young, foreign):
            folder.mkdir()
        (orphan / ".lock").touch()
        (young / ".lock").touch()
        for folder in (alive, orphan, foreign):
            os.utime(folder, (0, 0))
        remove_orphans.__wrapped__(tmp_path)
        assert (alive.exists(), orphan.exists(), young.exists(), foreign.exists()) == (True, False, True, True)


def test_staged_copies_are_readable_by_all(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "program").write_text("#!/bin/sh\n")
    (source / "inner" / "program").chmod(0o700)
    (source / "text").write_text("x")
    (source / "text").chmod(0o600)
    target = stage(source, tmp_path / "a" / "target", None)
    assert (target / "inner" / "program").stat().st_mode & 0o777 == 0o755
    assert (target / "text").stat().st_mode & 0o777 == 0o644
    assert target.stat().st_mode & 0o777 == 0o755
