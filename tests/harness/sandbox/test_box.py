"""Boxes as the harness uses them: answers, memory, pausing, deaths, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from harness.errors import InfraError, UsageError
from harness.sandbox import Box, BoxLimits, Sandbox, bubblewrap
from harness.sandbox.choose import TIERS

Processes = Callable[[str], list[int]]

KERNEL = BoxLimits(wall_s=10, cpu_s=20, memory_bytes=512 << 20, file_bytes=0, processes=1, output_bytes=1000)
MEMORIES = {"input": (4096, False), "output": (4096, True)}
ARGV = ["/kernel/answer", "{request}", "{reply}", "{input}", "{output}"]


@pytest.fixture
def box(sandbox: Sandbox, answer: Path) -> Iterator[Box]:
    box = sandbox.start(ARGV, mounts={"/kernel/answer": answer}, memories=MEMORIES, limits=KERNEL)
    yield box
    box.close()


def ask(box: Box, request: bytes) -> bytes:
    os.write(box.request_fd, request)
    assert select.select([box.reply_fd], [], [], 20)[0], "no reply"
    return os.read(box.reply_fd, 16)


def test_it_answers_and_shares_memory(box: Box) -> None:
    assert ask(box, b"p") == b"p"
    for round in range(3):
        box.memories["input"].write(0, bytes([round]) * 4096)
        assert ask(box, b"c") == b"c"
        assert box.memories["output"].read(0, 4096) == bytes([round + 1]) * 4096
    assert box.alive()
    status, printed = box.close()
    assert printed == b"printed\n"
    assert status in (0, -signal.SIGKILL)
    assert box.close() == (status, printed)
    assert not box.alive()


@pytest.mark.parametrize(("request_byte", "status"), [(b"x", 7), (b"v", -signal.SIGSEGV)])
def test_it_reports_how_it_died(box: Box, request_byte: bytes, status: int) -> None:
    assert ask(box, request_byte) == b""
    assert box.close()[0] == status


def test_pausing_stops_it(box: Box) -> None:
    output = box.memories["output"]
    os.write(box.request_fd, b"i")
    wait_until(lambda: output.read(0, 1) != bytes(1))
    box.pause()
    frozen = {output.read(0, 1) for _ in range(1000)}
    assert len(frozen) == 1
    box.resume()
    wait_until(lambda: output.read(0, 1) not in frozen)
    box.pause()
    assert box.close()[0] == -signal.SIGKILL


def test_pausing_the_dead_is_harmless(box: Box) -> None:
    assert ask(box, b"x") == b""
    box.pause()
    box.resume()


def test_a_flood_does_not_block_it(box: Box) -> None:
    assert ask(box, b"f") == b"f"
    assert box.close()[1] == b"f" * 1000


def test_memory_has_bounds(box: Box) -> None:
    with pytest.raises(ValueError, match="not within a shared memory of 4096 bytes"):
        box.memories["input"].write(4090, bytes(10))
    with pytest.raises(ValueError, match="not within"):
        box.memories["output"].read(-1, 4)


def test_a_missing_mount_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(InfraError, match="absent is to be mounted in a box as /x, but does not exist"):
        sandbox.run(["true"], mounts={"/x": tmp_path / "absent"})


def test_a_program_that_does_not_exist(sandbox: Sandbox) -> None:
    done = sandbox.run(["no-such-program"])
    assert done.returncode == 127
    assert b"no-such-program: No such file or directory" in done.stderr


def test_status_of_a_tool_that_died(sandbox: Sandbox) -> None:
    assert sandbox.run(["sh", "-c", "exit 3"]).returncode == 3
    source = b"int main(void) { __builtin_trap(); }"
    done = sandbox.run(["sh", "-c", "gcc t.c -o t && exec ./t"], files={"t.c": source})
    assert done.returncode == -signal.SIGILL


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../b", "", ".", "a//b"])
def test_file_names_stay_in_the_working_folder(process_sandbox: Sandbox, name: str) -> None:
    with pytest.raises(UsageError, match="is not a file name for a box"):
        process_sandbox.run(["true"], files={name: b""})
    with pytest.raises(UsageError, match="is not a file name for a box"):
        process_sandbox.run(["true"], collect=[name])


def test_files_go_in_and_out(sandbox: Sandbox) -> None:
    large = os.urandom(3 << 20)
    files = {"a/b/large": large, "empty": b""}
    done = sandbox.run(["sh", "-c", "cp a/b/large copy; pwd >&2"], files=files, collect=["copy", "empty", "a/b/large"])
    assert done.files == {"copy": large, "empty": b"", "a/b/large": large}
    assert sandbox.run(["ls"]).stdout == b""


def test_its_own_proc_only_where_asked_for(cache: Path) -> None:
    tier = bubblewrap.create(cache)
    if not tier.probe().works:
        pytest.skip("bubblewrap does not work here")
    assert tier.run(["ls", "/proc/self"]).returncode != 0
    done = tier.run(["sh", "-c", "ls -d /proc/[0-9]*"], limits=BoxLimits(proc=True))
    assert len(done.stdout.split()) <= 4


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary folders that no other process of the tests uses, and that boxes can enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def test_nothing_is_left_behind(process_sandbox: Sandbox, answer: Path, temporary: Path) -> None:
    def work() -> None:
        process_sandbox.run(["sh", "-c", "sleep 100 & echo x > f"], files={"a": b"1"}, collect=["f"])
        process_sandbox.run(["sleep", "100"], limits=BoxLimits(wall_s=0.05))
        box = process_sandbox.start(ARGV, mounts={"/kernel/answer": answer}, memories=MEMORIES, limits=KERNEL)
        box.close()
        with pytest.raises(InfraError):
            process_sandbox.run(["true"], mounts={"/x": Path("/absent")})

    work()
    before = inventory()
    for _ in range(4):
        work()
    assert inventory() == before
    assert list(temporary.iterdir()) == []


def inventory() -> tuple[int, list[str], int]:
    """Open descriptors, children (zombies too), threads."""
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return len(list(Path("/proc/self/fd").iterdir())), children, threading.active_count()


HARNESS = """
import pathlib, sys, time
from harness.sandbox import BoxLimits
from harness.sandbox.choose import TIERS
sandbox = TIERS[sys.argv[1]](pathlib.Path(sys.argv[2]))
box = sandbox.start(
    ["/kernel/answer", "{request}", "{reply}", "{input}", "{output}"],
    mounts={"/kernel/answer": pathlib.Path(sys.argv[3])},
    memories={"input": (4096, False), "output": (4096, True)},
    limits=BoxLimits(processes=1),
)
print("started", flush=True)
sandbox.run(["sleep", sys.argv[4]])
"""


def test_boxes_die_with_a_killed_harness(sandbox: Sandbox, cache: Path, answer: Path, processes: Processes) -> None:
    marker = f"88{os.getpid()}.5"
    argv = [sys.executable, "-c", HARNESS, sandbox.name, str(cache), str(answer), marker]
    harness = subprocess.Popen(argv, stdout=subprocess.PIPE)
    with harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"started\n"
        wait_until(lambda: set(processes(marker)) - {harness.pid} and processes("/kernel/answer"))
        harness.kill()
    wait_until(lambda: not processes(marker) and not processes("/kernel/answer"))


def test_it_works_in_worker_processes(process_sandbox: Sandbox) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(process_sandbox.run, ["sh", "-c", f"echo {i}"]) for i in range(4)]
        assert [future.result().stdout for future in done] == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_boxes_do_not_depend_on_the_thread_that_started_them(process_sandbox: Sandbox, answer: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(process_sandbox.start, ARGV, mounts={"/kernel/answer": answer}, memories=MEMORIES, limits=KERNEL)
        box = started.result()
    time.sleep(0.05)
    with contextlib.closing(box):
        assert ask(box, b"c") == b"c"


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_an_ordinary_user_can_use_it(process_sandbox: Sandbox) -> None:
    """The whole probe in a child that has given up root."""
    child = os.fork()
    if child == 0:
        os._exit(_as_ordinary_user(process_sandbox.name))
    assert os.waitpid(child, 0)[1] == 0


def _as_ordinary_user(name: str) -> int:
    try:
        os.setgroups([])
        os.setresgid(23456, 23456, 23456)
        os.setresuid(23456, 23456, 23456)
        with tempfile.TemporaryDirectory() as folder:
            probe = TIERS[name](Path(folder)).probe()
            sys.stderr.write(probe.detail)
            return 0 if probe.works else 1
    except BaseException as error:
        sys.stderr.write(repr(error))
        return 2


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
