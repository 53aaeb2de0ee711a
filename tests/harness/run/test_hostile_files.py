"""Text that would move a terminal's cursor, names that would leave their folder, links in a run, and records of other trials."""

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import IntegrityError
from harness.run.plan import BackendRecord, Lock, Options, secret_digest
from harness.run.store import Store
from harness.scoring.leaderboard import Identity
from harness.trial import Status, Trial, TrialSpec

ACTS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal or a reader's eye would act on."""
SPECS = [TrialSpec(model="m", backend="toy", workload=workload) for workload in ("T01/C1", "T02/C1")]
DEEP = "x" * (1 << 20)


@pytest.fixture
def store(tmp_path):
    """A finished run of two trials."""
    lock = Lock(
        created_at="", options=Options(models=("m",)), suite="", models={"m": {}}, versions={},
        backends={"toy": BackendRecord(version="1", sandbox="none", workloads=("T01/C1", "T02/C1"))},
        digests={"secret": secret_digest("s")},
    )  # fmt: skip
    made = Store.create(tmp_path / "run", lock.sealed(), "s")
    for spec in SPECS:
        with made.working_on(spec) as pending:
            (pending / "kernel.toy").write_text("y = a + b\n")
            (pending / "trial.json").write_text(Trial(spec=spec, status=Status.graded).model_dump_json())
            made.publish(spec)
    return made


# Text


def test_a_servers_message_does_not_act_on_a_terminal_nor_pose_as_ours(cli):
    code, out, err = cli(*cli.run_arguments("--tasks", "T01/C1", fails="hostile"))
    assert code == 1
    assert err == "[1/1] toyagent toy T01/C1: provider, not graded: no.31m [9/9] toyagent toy T01/C1: right on 4 input sets\n"
    shown = [out, err, *(cli(*command)[1] for command in (("report", cli.out), ("show", cli.out / "toyagent")))]
    assert not [ACTS.search(text) for text in shown if ACTS.search(text)]


@pytest.mark.parametrize("comment", ["\x9b2J\x9b31m", "\u202egnp.exe", "\x7f\x85[1/1] passed", DEEP])
def test_eval_does_not_pass_on_what_a_kernel_says(cli, comment):
    path = cli.folder / "kernel.toy"
    path.write_text(f"y = q # {comment}\n")
    code, out, err = cli("eval", path, "--task", "T01/C1", "--backend", "toy")
    assert (code, err) == (1, "")
    assert not ACTS.search(out)
    assert len(out) < 10_000
    as_json = cli("eval", path, "--task", "T01/C1", "--backend", "toy", "--json")[1]
    assert json.loads(as_json)["verdict"] in ("build_error", "limit")


def test_a_kernel_is_shown_on_a_terminal_without_what_it_would_do_there(cli, monkeypatch):
    assert cli(*cli.run_arguments("--tasks", "T01/C1"))[0] == 0
    (kernel,) = (cli.out / "trials").glob("*/kernel.toy")
    kernel.write_text("y = a + b # \x9b2J\n")
    assert cli("show", cli.out / "toyagent", "--kernel")[1] == "y = a + b # \x9b2J\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert cli("show", cli.out / "toyagent", "--kernel")[1] == "y = a + b # 2J\n"


@pytest.mark.parametrize("name", ["\x1b[31mm", "m\nOK", "m\u202e", "m\x9b"])
def test_names_that_are_printed_hold_nothing_that_acts(store, name):
    with pytest.raises(ValueError, match="holds characters that do not print"):
        TrialSpec(model=name, backend="toy", workload="T01/C1")
    with pytest.raises(ValueError, match="holds characters that do not print"):
        Identity(model="m", settings={}, suite=name, backend="toy", digests={})
    path = store.finished_folder(SPECS[0]) / "trial.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "spec": {**data["spec"], "model": name}}))
    with pytest.raises(IntegrityError, match=r"trial\.json is damaged: ValidationError"):
        store.trial(SPECS[0])


# Names


@given(
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=40),
    st.sampled_from(["..", "../../x", "/etc", "."]),
)
def test_no_name_leads_out_of_the_folder_of_trials(text, hostile):
    for model in (text, hostile, f"{hostile}/{text}"):
        id = TrialSpec(model=model, backend=hostile, workload=f"{hostile}/C1").id
        assert Path(id).name == id
        assert (Path("/trials") / id).resolve().parent == Path("/trials")


# Links


def linked(path, target):
    """Puts a link where a file or folder was."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("name", ["lock.json", "secret", "run.lock", "trials", "evaluations", "regrades"])
def test_a_link_in_a_run_is_refused_and_what_it_points_to_is_left_alone(store, tmp_path, name):
    outside = tmp_path / "outside"
    outside.write_text("precious")
    linked(store.folder / name, outside)
    with pytest.raises(IntegrityError) as caught:
        Store.open(store.folder)
    assert (
        str(caught.value)
        == f"{store.folder / name} is a link to {str(outside)!r}\n  hint: a run has none: put there what it stands for"
    )
    assert outside.read_text() == "precious"


@pytest.mark.parametrize("name", ["kernel.toy", "trial.json", "transcript.jsonl", "files"])
def test_a_link_in_a_trial_is_refused(store, name):
    linked(store.finished_folder(SPECS[0]) / name, "/etc/passwd")
    with pytest.raises(IntegrityError, match=rf"{re.escape(name)} is a link to '/etc/passwd'"):
        store.trial(SPECS[0])
    assert store.trial(SPECS[1])


def test_a_link_in_a_pending_folder_is_refused_before_anything_is_written(store, tmp_path):
    spec, outside = TrialSpec(model="m", backend="toy", workload="T03/C1"), tmp_path / "outside"
    outside.write_text("precious")
    store.pending_folder(spec).mkdir()
    (store.pending_folder(spec) / "journal.jsonl").symlink_to(outside)
    with pytest.raises(IntegrityError, match="is a link to"), store.working_on(spec):
        pass
    assert outside.read_text() == "precious"


def test_a_whole_trial_cannot_be_a_link_and_a_whole_run_can(store, tmp_path):
    (tmp_path / "elsewhere").symlink_to(store.folder)
    assert Store.open(tmp_path / "elsewhere").trial(SPECS[0])
    folder = store.finished_folder(SPECS[0])
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    with pytest.raises(IntegrityError, match="is a link to"):
        store.trial(SPECS[0])


def test_a_linked_kernel_is_not_published(cli):
    assert cli(*cli.run_arguments("--tasks", "T01/C1"))[0] == 0
    (kernel,) = (cli.out / "trials").glob("*/kernel.toy")
    linked(kernel, "/etc/passwd")
    for command in (
        ("leaderboard", "add", cli.out),
        ("report", cli.out, "-o", "page.html"),
        ("show", cli.out / "toyagent"),
        ("grade", cli.out),
    ):
        code, out, err = cli(*command)
        assert code == 5, err
        assert f"error: {kernel} is a link to '/etc/passwd'" in err
        assert "root:" not in out
    assert not (cli.folder / "results").exists()
    assert not (cli.folder / "page.html").exists()


# Records of something else


def test_a_trial_copied_into_anothers_place_is_noticed(store):
    shutil.rmtree(store.finished_folder(SPECS[0]))
    shutil.copytree(store.finished_folder(SPECS[1]), store.finished_folder(SPECS[0]))
    with pytest.raises(
        IntegrityError, match=r"trial\.json is the record of m--toy--T02-C1--r0\n  hint: it was moved or copied here"
    ):
        store.trial(SPECS[0])


def test_bytes_that_no_kernel_has_are_noticed(store):
    (store.finished_folder(SPECS[0]) / "kernel.toy").write_bytes(b"y = a + b\xff\n")
    with pytest.raises(IntegrityError, match=r"kernel\.toy is damaged: .*can't decode byte 0xff"):
        store.kernel(SPECS[0])
    (store.finished_folder(SPECS[0]) / "kernel.toy").write_bytes("\ud800".encode("utf-8", "surrogatepass"))
    assert store.kernel(SPECS[0]) == "\ud800"
