"""``export`` of a run of the toy target into each format."""

import csv
import io
import json
import shutil

import pytest

from harness.errors import UsageError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("made") / "run"


@pytest.fixture
def run(kernelwright, tmp_path, made):
    """A run of the scripted agent, made once and copied for every test."""
    if not made.exists():
        kernelwright("run", "--model", "scripted", "--backend", "toy", "--suite", "toy", "--workers", "1", "--out", made)
    shutil.copytree(made, tmp_path / "run")
    return tmp_path / "run"


def test_csv_and_json_to_stdout_and_to_a_file(kernelwright, run, tmp_path):
    rows = list(csv.DictReader(io.StringIO(kernelwright("export", "csv", "run").out)))
    assert [row["failure"] for row in rows] == [""] * 4
    assert len(kernelwright("export", "csv", "run", "--json").json) == 4
    assert kernelwright("export", "csv", "run", "--out", "t.csv").out == "written: t.csv\n"
    assert (tmp_path / "t.csv").read_text().count("\n") == 5


def test_parquet(kernelwright, run, tmp_path):
    reader = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'export'")
    assert kernelwright("export", "parquet", "run", "run", "--out", "t.parquet").out == "written: 8 trial(s) to t.parquet\n"
    assert reader.read_table(tmp_path / "t.parquet").num_rows == 8


def test_a_timeline_of_a_trial_and_of_a_run(kernelwright, run, tmp_path):
    kernelwright("export", "perfetto", "run/scripted--toy--T01-C1")
    kernelwright("export", "perfetto", "run", "--out", "all.json")
    one, whole = (json.loads((tmp_path / name).read_text())["traceEvents"] for name in ("trace.json", "all.json"))
    assert len({row["pid"] for row in one}) == 1
    assert len({row["pid"] for row in whole}) == 4


def test_kernels(kernelwright, run, tmp_path):
    out = kernelwright("export", "kernels", "run").out
    files = [path for path in (tmp_path / "kernels").rglob("*") if path.is_file() and path.name != "index.csv"]
    assert out == f"written: {len(files)} kernel(s) to kernels\n"
    assert any(path.name.startswith("graded-passed.") for path in files)
    assert "'kernels' is not empty" in kernelwright("export", "kernels", "run").error.message


def test_inspect(kernelwright, run, tmp_path):
    pytest.importorskip("inspect_ai", reason="needs the extra 'inspect'")
    from inspect_ai.log import read_eval_log

    assert kernelwright("export", "inspect", "run").out == "written: logs/scripted-toy.eval\n"
    log = read_eval_log(str(tmp_path / "logs" / "scripted-toy.eval"))
    assert log.results.scores[0].metrics["accuracy"].value == 1.0
    assert [sample.scores["kernelwright"].value for sample in log.samples] == ["C"] * 4


@pytest.mark.parametrize("verb", ["csv", "parquet", "perfetto", "kernels"])
def test_a_run_that_does_not_exist(kernelwright, verb):
    if verb == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra 'export'")
    assert isinstance(kernelwright("export", verb, "nowhere").error, UsageError)
