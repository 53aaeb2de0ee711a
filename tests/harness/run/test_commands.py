"""The verbs in processes of their own: what a user sees, and what is on disk afterwards."""

import json
import os
import pty
import signal
import subprocess
import time

import pytest

from harness.run.store import Store
from harness.trial import Status


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def statuses(cli):
    return [trial.status for trial in Store.open(cli.out).trials()]


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_run_from_start_to_table(cli):
    code, out, err = cli(*cli.run_arguments())
    assert code == 0, err
    assert "toyagent" in out
    assert f"results: {cli.out}" in out
    assert "\n[4/4] toyagent toy T0" in err  # two workers: the last to end may be any
    assert all(f" toyagent toy {workload}: right on 4 input sets" in err for workload in ("T01/C1", "T01/C3", "T02/C1", "T02/C3"))
    assert statuses(cli) == [Status.graded] * 4
    assert sorted(path.name for path in (cli.out / "trials").iterdir())[0] == "toyagent--toy--T01-C1--r0"
    assert len(cli.payments()) == 12


def test_json_is_one_document_on_stdout(cli):
    code, out, err = cli(*cli.run_arguments("--json", "--tasks", "T01/C1", "--repeats", "2"))
    assert code == 0, err
    result = json.loads(out)
    (row,) = result["rows"]
    assert (row["model"], row["backend"], row["planned"], row["graded"], row["passed"]) == ("toyagent", "toy", 2, 2, 2)
    assert result["folder"] == str(cli.out)


def test_the_lock_pins_what_decides_a_score(cli):
    cli(*cli.run_arguments("--tasks", "T02"))
    lock = Store.open(cli.out).lock
    assert set(lock.digests) == {
        "task T02", "backend toy", "manual toy", "baselines toy", "workloads", "models", "settings", "prompts", "harness",
        "numerics", "sandbox", "secret",
    }  # fmt: skip
    assert lock.command[:2] == ("kernelwright", "run")
    assert lock.suite == ""  # a part of a suite is not the suite


def test_runs_without_a_folder_get_one_of_their_own(cli):
    arguments = [a for a in cli.run_arguments("--tasks", "T01/C1", "--json") if a not in ("--out", cli.out)]
    first, second = (json.loads(cli(*arguments)[1])["folder"] for _ in range(2))
    assert first.startswith("results/runs/")
    assert first.endswith("toyagent-T01-C1")
    assert first != second


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--tasks", "T09"], "error: unknown task or suite 'T09'\n  hint: did you mean"),
        (["--backend", "tay"], "error: unknown backend 'tay'\n  hint: did you mean 'toy'"),
        (["--model", "toyagnt"], "error: unknown model 'toyagnt'"),
        (["--model", "toyagent/\u202ex"], "error: model name 'toyagent/\\u202ex' holds characters that do not print"),
        (["--suite", "toyy"], "error: unknown task suite 'toyy'\n  hint: did you mean 'toy'"),
        (["--model-option", "lag=3"], "error: unknown model option 'lag' in model 'toyagent'"),
        (["--model-option", "lag"], "error: --model-option 'lag' is not KEY=VALUE"),
        (["--model-option", "other:delay=1"], "error: model option 'other:delay' is for none of toyagent"),
        (["--model-option", "key=missing"], "needs an API key and the environment variable TOY_KEY is not set"),
        (["--backend-option", "gian=1"], "error: unknown backend option 'gian' in backend 'toy'\n  hint: did you mean 'gain'?"),
        (["--strategy", "port"], "error: nothing to run: no backend supports any chosen workload"),
        (["--strategy", "prot"], "'prot' is not one of"),
        (["--repeats", "0"], "Invalid value for '--repeats'"),
    ],
)
def test_what_can_be_known_is_found_before_anything_is_done(cli, change, message):
    code, out, err = cli(*cli.run_arguments(*change))
    assert code == 2
    assert message in err
    assert out == ""
    assert not (cli.out / "lock.json").exists()
    assert cli.payments() == []


def test_errors_are_json_too(cli):
    code, out, _ = cli(*cli.run_arguments("--json", "--tasks", "T09"))
    assert code == 2
    assert json.loads(out)["message"] == "unknown task or suite 'T09'"


def test_unsupported_workloads_are_listed_never_silent(cli):
    code, _, err = cli(*cli.run_arguments(suite="mixed"))
    assert code == 0, err
    assert "not run on toy: T13/C1: the toy target has no baseline for gelu" in err
    assert list(Store.open(cli.out).lock.backends["toy"].unsupported) == ["T13/C1", "T13/C3"]


@pytest.mark.parametrize(
    ("fails", "status"), [("provider", Status.provider), ("infra", Status.infra), ("bug", Status.harness_bug)]
)
def test_failures_are_not_graded_and_are_redone_without_paying_again(cli, fails, status):
    switch = cli.folder / "fails"
    switch.write_text(fails)
    code, out, err = cli(*cli.run_arguments("--tasks", "T01", fails=f"@{switch}"))
    assert code == 1, err
    assert "2 trials are not graded; go on with: kernelwright resume" in out
    assert statuses(cli) == [status] * 2
    assert err.count("it will be tried again") == (4 if fails == "infra" else 0)
    assert len(cli.payments()) == 2
    switch.write_text("")
    code, _, err = cli("resume", cli.out)
    assert code == 0, err
    assert statuses(cli) == [Status.graded] * 2
    assert len(cli.payments()) == 6


def test_a_worker_that_is_killed_continues_in_the_same_run(cli):
    code, _, err = cli(*cli.run_arguments("--tasks", "T01/C1", fails="killed once"))
    assert code == 0, err
    assert "the worker process was lost: killed by SIGKILL; it will be tried again" in err
    assert len(cli.payments()) == 3


def test_a_worker_that_always_dies_is_a_failure_of_the_machine(cli):
    code, _, err = cli(*cli.run_arguments("--tasks", "T01/C1", fails="killed"))
    assert code == 1, err
    (trial,) = Store.open(cli.out).trials()
    assert (trial.status, trial.detail) == (Status.infra, "the worker process was lost: killed by SIGKILL")
    assert len(cli.payments()) == 1


def test_two_runs_in_one_folder(cli):
    first = cli.start(*cli.run_arguments(delay=0.3))
    wait_for(cli.payments)
    code, _, err = cli("resume", cli.out)
    assert code == 2
    assert f"is in use by process {first.pid}" in err
    code, _, err = cli(*cli.run_arguments())
    assert code == 2
    assert "already holds a run\n  hint: go on with it: kernelwright resume" in err
    first.communicate(timeout=60)
    assert first.returncode == 0


def test_an_edited_lock_stops_resume_and_grade(cli):
    cli(*cli.run_arguments("--tasks", "T01/C1"))
    edit(cli.out / "lock.json", suite="toy")
    for verb in ("resume", "grade"):
        code, _, err = cli(verb, cli.out)
        assert code == 5
        assert "lock.json was edited: its checksum does not match its contents" in err


def test_an_edited_lock_with_a_right_checksum_is_noticed_too(cli):
    cli(*cli.run_arguments("--tasks", "T01/C1"))
    lock = Store.open(cli.out).lock
    options = lock.options.model_copy(
        update={"repeats": 1, "settings": lock.options.settings.model_copy(update={"feedback": "run"})}
    )
    (cli.out / "lock.json").write_text(lock.model_copy(update={"options": options}).sealed().model_dump_json())
    code, _, err = cli("resume", cli.out)
    assert code == 5
    assert "made with something else than what is here now; changed: settings" in err


def test_a_changed_target_stops_resume_and_grade_by_name(cli, monkeypatch):
    cli(*cli.run_arguments("--tasks", "T01/C1"))
    monkeypatch.setenv("TOY_VERSION", "2")
    for verb in ("resume", "grade"):
        code, _, err = cli(verb, cli.out)
        assert code == 5
        assert "changed: backend toy\n  hint: restore what changed" in err
    code, out, err = cli("grade", cli.out, "--accept-changes", "--json")
    assert code == 0, err
    assert json.loads(out)["changed"] == ["backend toy"]


def test_grade_finds_nothing_new_in_a_sound_run(cli):
    cli(*cli.run_arguments())
    code, out, err = cli("grade", cli.out, "--json")
    assert code == 0, err
    result = json.loads(out)
    assert (result["judged"], result["skipped"], result["differences"], result["failed"]) == (4, 0, [], {})
    assert len(cli.payments()) == 12
    (folder,) = (cli.out / "regrades").iterdir()
    assert json.loads((folder / "summary.json").read_text()) == result


def test_grade_reports_other_verdicts_and_other_speeds(cli, monkeypatch):
    cli(*cli.run_arguments("--tasks", "T01"))
    first, second = sorted((cli.out / "trials").iterdir())
    (first / "kernel.toy").write_text("y = a - b\n")
    monkeypatch.setenv("TOY_SLOWER", "5")
    code, out, _ = cli("grade", cli.out)
    assert code == 1
    assert f"{first.name}: the row states passed, judged again it is wrong" in out
    assert f"{second.name}: " in out
    assert "2 kernels judged again" in out
    assert "0 as before, 2 otherwise" in out


def test_ctrl_c_once_drains(cli):
    process = cli.start(*cli.run_arguments("--tasks", "T11/C[1-4]", suite="many", delay=0.15))
    wait_for(cli.payments)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopping: waiting for the running trials; once more stops at once" in err
    assert "trials are not graded; go on with" in out
    assert set(statuses(cli)) == {Status.graded}
    assert not list((cli.out / "trials").glob(".pending-*"))
    assert cli("resume", cli.out)[0] == 0
    assert len(cli.payments()) == 12


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_twice_stops_at_once_and_keeps_the_journals(cli, number):
    process = cli.start(*cli.run_arguments("--tasks", "T11/C[1-4]", suite="many", delay=0.3))
    wait_for(cli.payments)
    process.send_signal(number)
    time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert f"stopped; go on with: kernelwright resume {cli.out}" in err
    assert list((cli.out / "trials").glob(".pending-*/journal.jsonl"))
    paid = cli.payments()
    assert cli("resume", cli.out)[0] == 0
    assert sum(line in paid for line in cli.payments()) - len(paid) <= 2  # the two that were in flight


def test_a_terminal_shows_a_live_table_and_takes_ctrl_c(cli):
    parent, child = pty.openpty()
    process = subprocess.Popen(
        # The leader of a new session opens the terminal, so that it becomes the one that Ctrl-C is typed on.
        ["sh", "-c", 'exec "$@" <"$TTY" >"$TTY" 2>&1', "sh", *cli.command, *map(str, cli.run_arguments(suite="many", delay=0.3))],
        cwd=cli.folder, start_new_session=True, env={**os.environ, "COLUMNS": "120", "TERM": "xterm", "TTY": os.ttyname(child)},
    )  # fmt: skip
    wait_for(cli.log.exists)
    os.close(child)
    shown = bytearray()

    def read():
        try:
            shown.extend(os.read(parent, 4096))
        except OSError:  # the terminal is gone: the process has ended
            return False
        return True

    while b"running: T11/C1 (toyagent), T11/C2 (toyagent)" not in shown:
        assert read(), shown.decode()
    os.write(parent, b"\x03")
    while read():
        pass
    os.close(parent)
    assert process.wait(60) == 130
    text = shown.decode()
    assert "stopping: waiting for the running trials" in text
    assert set(statuses(cli)) == {Status.graded}


@pytest.mark.parametrize(
    ("kernel", "code", "shown"),
    [
        ("y = a + b\n", 0, ["T01/C1 on toy: passed", "right on 2 input sets", "% of the bound, limited by store"]),
        ("y = a - b\n", 1, ["T01/C1 on toy: wrong", "y: 16 of 16 elements wrong on public inputs", "[0]: expected "]),
        (
            "y = a + c\n",
            1,
            ["build_error", "error at line 1, column 9: unknown name 'c'", "    y = a + c", "    hint: known: a, b"],
        ),
        ("y = a[99]\n", 1, ["T01/C1 on toy: fault", "fault bounds at line 1: index 99 is outside of a"]),
        ("", 1, ["build_error", "the kernel is empty"]),
        ("\x00\x01", 1, ["build_error", "the kernel is not plain text"]),
        ("\udcff", 1, ["build_error", "the kernel is not valid Unicode text"]),
        ("#" * 10_000_000, 1, ["limit", "the kernel has 10000000 bytes; the limit is 4096"]),
    ],
)
def test_eval_reports_for_a_person(cli, kernel, code, shown):
    path = cli.folder / "kernel.toy"
    path.write_bytes(kernel.encode("utf-8", "surrogateescape"))
    found, out, err = cli("eval", path, "--task", "T01/C1", "--backend", "toy")
    assert (found, err) == (code, "")
    for text in shown:
        assert text in out


def test_eval_final_draws_hidden_inputs_of_its_own(cli):
    path = cli.folder / "kernel.toy"
    path.write_text("y = a - b\n")
    _, first, _ = cli("eval", path, "--task", "T01/C1", "--backend", "toy", "--final", "--json")
    evaluation = json.loads(first)
    assert (evaluation["stage"], evaluation["verdict"], evaluation["input_sets"]) == ("final", "wrong", 1)


def test_eval_at_held_out_sizes(cli):
    path = cli.folder / "kernel.toy"
    path.write_text("t = a[15]\ny = a + b\n")
    arguments = ("eval", path, "--task", "T15/C1", "--backend", "toy", "--final")
    assert cli(*arguments)[0] == 0
    code, out, _ = cli(*arguments, "--held-out")
    assert code == 1
    assert "T15/C1+held-out on toy: fault\nindex 15 is outside of a (0 to 11) (on held-out inputs 1)" in out
    code, _, err = cli("eval", path, "--task", "T01/C1", "--backend", "toy", "--held-out")
    assert (code, err.splitlines()[0]) == (2, "error: unknown workload 'T01/C1+held-out'")


def test_eval_profile_lists_the_hottest_lines(cli):
    path = cli.folder / "kernel.toy"
    path.write_text("spin 100\ny = a + b\n")
    _, out, _ = cli("eval", path, "--task", "T01/C1", "--backend", "toy", "--profile")
    assert "    line 1: 100 cycles, 1 times" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nowhere.toy", "--task", "T01/C1", "--backend", "toy"],
            "cannot read the kernel 'nowhere.toy': No such file or directory",
        ),
        (["k.toy", "--task", "T01", "--backend", "toy"], "unknown workload 'T01'\n  hint: did you mean 'T01/C"),
        (
            ["k.toy", "--task", "T13/C1", "--backend", "toy"],
            "backend 'toy' does not support T13/C1: the toy target has no baseline",
        ),
        (["k.toy", "--task", "T01/C1", "--backend", "tyo"], "unknown backend 'tyo'\n  hint: did you mean 'toy'"),
        (
            ["k.toy", "--task", "T01/C1"],
            "which backend? there are coral, coral-c, cpu, plena, tiny, toy, verilog, verilog-problems\n"
            "  hint: name one with --backend",
        ),
    ],
)
def test_eval_says_what_is_wrong_with_the_request(cli, arguments, message):
    (cli.folder / "k.toy").write_text("y = a + b\n")
    code, _, err = cli("eval", *arguments)
    assert code == 2
    assert message in err


@pytest.mark.parametrize("verb", ["run", "resume", "grade", "eval"])
def test_help_has_an_example(cli, verb):
    code, out, _ = cli(verb, "--help")
    assert code == 0
    assert f"Example: kernelwright {verb}" in out
    assert "--json" in out
