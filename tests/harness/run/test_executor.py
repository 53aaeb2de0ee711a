import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.errors import InfraError, UsageError
from harness.run.executor import create, describe_status


def never():
    return False


def run(jobs, workers=2, stopping=never):
    from toyplugin.jobs import work

    ended = []
    create(workers).run(work, jobs, lambda job, error: ended.append((job[0], error)), stopping)
    return ended


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_each_job_has_a_process_of_its_own(tmp_path):
    ended = run(("touch", tmp_path / str(n)) for n in range(7))
    assert ended == [("touch", None)] * 7
    pids = {path.read_text() for path in tmp_path.iterdir()}
    assert len(pids) == 7
    assert str(os.getpid()) not in pids


def test_a_dead_worker_is_reported_and_harms_nothing_else(tmp_path):
    ended = run([("kill", tmp_path), ("touch", tmp_path / "a"), ("fail", tmp_path), ("touch", tmp_path / "b")])
    assert sorted(ended) == sorted(
        [("kill", "killed by SIGKILL"), ("touch", None), ("fail", "exited with status 1"), ("touch", None)]
    )


def test_a_dead_server_ends_its_workers_and_is_replaced(tmp_path):
    ended = run([("sleep", tmp_path / "pid"), ("kill server", tmp_path), ("touch", tmp_path / "after")])
    assert sorted(ended) == [
        ("kill server", "its server process died"), ("sleep", "its server process died"), ("touch", None)
    ]  # fmt: skip
    wait_for(lambda: not is_running((tmp_path / "pid").read_text()))


def test_jobs_are_taken_only_when_a_worker_is_free(tmp_path):
    taken = []

    def jobs():
        for n in range(5):
            taken.append(n)
            yield "touch", tmp_path / str(n)

    from toyplugin.jobs import work

    ahead = []
    create(2).run(work, jobs(), lambda job, _error: ahead.append(len(taken) - len(ahead)), never)
    assert max(ahead) <= 2


def test_stopping_drains(tmp_path):
    from toyplugin.jobs import work

    ended = []
    create(2).run(
        work, [("touch", tmp_path / str(n)) for n in range(50)], lambda job, _: ended.append(job), lambda: len(ended) >= 3
    )
    assert 3 <= len(ended) <= 5
    assert len(list(tmp_path.iterdir())) == len(ended)


def test_nothing_to_do_starts_nothing(tmp_path):
    assert run([]) == []
    assert run([("touch", tmp_path / "x")], stopping=lambda: True) == []
    assert not list(tmp_path.iterdir())


def test_an_exception_in_the_caller_kills_the_workers(tmp_path):
    pids = tmp_path / "pid"

    def stopping():
        if pids.exists() and pids.read_text():
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        run([("sleep", pids)], stopping=stopping)
    assert not is_running(pids.read_text())


def test_what_a_worker_leaves_behind_is_killed(tmp_path):
    pids = tmp_path / "pids"
    assert run([("leave children", pids)]) == [("leave children", None)]
    assert not any(is_running(pid) for pid in pids.read_text().split())


def test_workers_do_not_outlive_a_killed_caller(tmp_path):
    pids = tmp_path / "pid"
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from toyplugin.jobs import work; from harness.run.executor import create\n"
        "create(1).run(work, [('sleep', Path(sys.argv[2]))], print, lambda: False)"
    )
    caller = subprocess.Popen([sys.executable, "-P", "-c", code, str(Path(__file__).parent / "plugins"), str(pids)])
    wait_for(lambda: pids.exists() and pids.read_text())
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    wait_for(lambda: not is_running(pids.read_text()))


def test_no_zombies_and_no_open_connections_are_left(tmp_path):
    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    def children():  # zombies are among them; other tests of this process may have left a server of theirs
        return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}

    run([("touch", tmp_path / "a")])
    before, others = descriptors(), children()
    run([("touch", tmp_path / "b"), ("kill", tmp_path)])
    assert descriptors() == before
    assert children() == others


def test_stdout_stays_the_callers(tmp_path, capfd):
    run([("print", tmp_path)])
    out, err = capfd.readouterr()
    assert (out, err) == ("", "a worker's stdout is not the caller's\n")


def test_warm_up_happens_once_in_the_server(tmp_path):
    from toyplugin.jobs import Warm

    create(2).run(Warm(), [tmp_path / "a", tmp_path / "b"], lambda job, error: None, never)
    servers = {pid for path in tmp_path.iterdir() for pid in path.read_text().split()}
    assert len(servers) == 1


def test_work_that_cannot_be_loaded_is_a_clear_error(monkeypatch, tmp_path, capfd):
    from toyplugin import jobs

    monkeypatch.setattr(jobs.work, "__module__", "no_such_module")
    monkeypatch.setitem(sys.modules, "no_such_module", jobs)
    with pytest.raises(InfraError, match="the worker server could not start"):
        create(1).run(jobs.work, [("touch", tmp_path / "a")], print, never)
    assert "No module named 'no_such_module'" in capfd.readouterr().err


def test_an_error_for_people_while_warming_up_is_raised_as_it_is(tmp_path, capfd):
    from toyplugin.jobs import Cold

    with pytest.raises(UsageError, match="the pond is frozen\n  hint: wait for spring"):
        create(1).run(Cold(), [tmp_path / "a"], print, never)
    assert capfd.readouterr().err == ""
    assert list(tmp_path.iterdir()) == []


def test_workers_must_be_positive():
    with pytest.raises(UsageError, match="workers must be at least 1, got 0"):
        create(0)


@pytest.mark.parametrize(("status", "text"), [(0, None), (1 << 8, "exited with status 1"), (11, "killed by SIGSEGV")])
def test_wait_statuses(status, text):
    assert describe_status(status) == text
