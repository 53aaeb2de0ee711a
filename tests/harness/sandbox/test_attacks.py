"""Attacks on boxes, in every tier; that they are attacks is shown by what gets through unconfined."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.sandbox import BoxLimits, Sandbox, probe

PASSWD = b"root:"
Processes = Callable[[str], list[int]]


def test_the_probe_stops_every_attack(sandbox: Sandbox, canary: Path) -> None:
    shown = sandbox.probe()
    assert shown.works, shown.detail
    assert {f"tools:{name}" for name in probe.names(canary, "tools")} < set(shown.attacks)
    assert {f"strict:{name}" for name in probe.names(canary, "strict")} < set(shown.attacks)


def test_the_attacks_are_real(open_air: Sandbox, canary: Path) -> None:
    with probe.baits(canary) as plan:
        attacks = probe.tools_attacks(open_air, canary, plan)
    through = {name.removeprefix("tools:") for name, stopped in attacks.items() if not stopped}
    assert through >= {"read-passwd", "read-secret", "read-proc", "write-outside", "connect-loopback", "connect-abstract"}
    assert through >= {"memory-file", "send-datagram"}
    if os.geteuid() != 0:  # else the unconfined tier gives up root, and so may not touch the victim either
        assert through >= {"signal-victim", "ptrace-victim", "read-victim-memory"}


def test_a_tier_that_lets_an_attack_through_does_not_work(open_air: Sandbox) -> None:
    shown = open_air.probe()
    assert not shown.works
    assert "read-passwd" in shown.detail


def test_an_unfinished_canary_proves_nothing(canary: Path) -> None:
    results = probe._parse("tools", canary, b"inherited-fd stopped\nread-passwd sto")
    assert results["tools:inherited-fd"]
    assert not results["tools:read-passwd"]
    assert not results["tools:fork-bomb"]


INCLUDE = '#include "/etc/passwd"\n'
HAS_INCLUDE = '#if __has_include("/etc/passwd")\n#error root: exists\n#endif\n'


@pytest.mark.parametrize("text", [INCLUDE, HAS_INCLUDE], ids=["include", "has-include"])
def test_the_compiler_cannot_read_the_machine_s_files(sandbox: Sandbox, open_air: Sandbox, text: str) -> None:
    argv, files = ["gcc", "-c", "kernel.c"], {"kernel.c": text.encode()}
    assert PASSWD in open_air.run(argv, files=files).stderr
    assert PASSWD not in sandbox.run(argv, files=files).stderr


def test_the_assembler_cannot_embed_the_machine_s_files(sandbox: Sandbox, open_air: Sandbox) -> None:
    argv, files = ["gcc", "-c", "k.c", "-o", "k.o"], {"k.c": b'__asm__(".data\\n.incbin \\"/etc/passwd\\"");\n'}
    assert PASSWD in open_air.run(argv, files=files, collect=["k.o"]).files["k.o"]
    done = sandbox.run(argv, files=files, collect=["k.o"])
    assert done.returncode != 0
    assert "k.o" not in done.files


def test_an_endless_include_is_stopped(sandbox: Sandbox) -> None:
    limits = BoxLimits(wall_s=10, memory_bytes=256 << 20, file_bytes=16 << 20)
    done = sandbox.run(["gcc", "-c", "kernel.c"], files={"kernel.c": b'#include "/dev/zero"\n'}, limits=limits)
    assert done.returncode != 0


def test_a_compile_bomb_is_stopped(sandbox: Sandbox) -> None:
    levels = [f"#define M{i + 1} {' '.join([f'M{i}'] * 16)}" for i in range(16)]
    source = "\n".join(["#define M0 x;", *levels, "M16"]).encode()
    done = sandbox.run(["gcc", "-E", "k.c", "-o", "k.i"], files={"k.c": source}, limits=BoxLimits(wall_s=0.5))
    assert done.timed_out
    assert done.returncode == -signal.SIGKILL


def test_a_huge_object_is_stopped(sandbox: Sandbox) -> None:
    limits = BoxLimits(wall_s=20, file_bytes=4 << 20)
    source = b'__asm__(".data\\n.fill 100000000,1,65");\n'
    done = sandbox.run(["gcc", "-c", "k.c", "-o", "k.o"], files={"k.c": source}, collect=["k.o"], limits=limits)
    assert done.returncode != 0
    assert len(done.files.get("k.o", b"")) <= 4 << 20


def test_spinning_ends_at_the_processor_limit(sandbox: Sandbox) -> None:
    done = sandbox.run(["sh", "-c", "while :; do :; done"], limits=BoxLimits(wall_s=60, cpu_s=1))
    assert not done.timed_out
    assert done.returncode == -signal.SIGKILL


def test_a_daemon_does_not_outlive_its_box(sandbox: Sandbox, processes: Processes) -> None:
    marker = f"86{os.getpid()}.5"
    done = sandbox.run(["sh", "-c", f"setsid sleep {marker} & setsid setsid sleep {marker} & echo started"])
    assert done.stdout == b"started\n"
    assert not done.timed_out
    assert not processes(marker)


def test_a_daemon_does_not_outlive_the_wall_limit(sandbox: Sandbox, processes: Processes) -> None:
    marker = f"87{os.getpid()}.5"
    done = sandbox.run(["sh", "-c", f"setsid sleep {marker} & sleep {marker}"], limits=BoxLimits(wall_s=0.3))
    assert done.timed_out
    assert not processes(marker)


def test_a_fork_bomb_ends_with_its_box(process_sandbox: Sandbox) -> None:
    bomb = "b() { b | b & }; b; sleep 60"
    begin = time.monotonic()
    done = process_sandbox.run(["bash", "-c", bomb], limits=BoxLimits(wall_s=0.5, cpu_s=2, processes=40))
    assert done.timed_out
    assert time.monotonic() - begin < 20  # not a measurement: the keeper would otherwise be chasing children for ever


def test_a_flood_of_output_is_read_and_dropped(sandbox: Sandbox) -> None:
    flood = "head -c 30000000 /dev/zero; head -c 30000000 /dev/zero >&2"
    done = sandbox.run(["sh", "-c", flood], limits=BoxLimits(output_bytes=1000))
    assert (done.returncode, done.stdout, done.stderr) == (0, bytes(1000), bytes(1000))


def test_only_plain_files_are_collected(sandbox: Sandbox) -> None:
    script = "ln -s /usr/bin/env link; mkfifo fifo; mkdir folder; ln -s /dev/zero device; echo text > plain"
    script += "; head -c 2000 /dev/zero > large"
    names = ["link", "fifo", "folder", "device", "plain", "large", "absent"]
    done = sandbox.run(["sh", "-c", script], collect=names, limits=BoxLimits(wall_s=10, file_bytes=2000))
    assert done.returncode == 0, done.stderr
    assert done.files == {"plain": b"text\n", "large": bytes(2000)}


def test_the_environment_is_ours_alone(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HARNESS", "x")
    done = sandbox.run(["env"], environment={"ADDED": "y"})
    names = {line.split(b"=")[0] for line in done.stdout.splitlines()}
    assert names >= {b"PATH", b"TMPDIR", b"ADDED"}
    assert names <= {b"PATH", b"TMPDIR", b"ADDED", b"HOME", b"LC_ALL", b"PWD", b"HOSTNAME", b"SHLVL", b"_"}


def test_what_is_mounted_cannot_be_changed(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "text").write_text("original")
    tmp_path.chmod(0o755)
    done = sandbox.run(
        ["sh", "-c", "cat /given/text /one; echo changed > /given/text; echo new > /given/new; rm /one"],
        mounts={"/given": tmp_path / "library", "/one": tmp_path / "library" / "text"},
    )
    assert done.stdout == b"originaloriginal"
    assert [path.name for path in (tmp_path / "library").iterdir()] == ["text"]
    assert (tmp_path / "library" / "text").read_text() == "original"
