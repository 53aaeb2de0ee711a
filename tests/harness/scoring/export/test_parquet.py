import sys

import pytest

from harness.errors import UsageError
from harness.scoring.export import parquet
from harness.scoring.report.flat import trial_record
from harness.trial import Status

from ..trials import trial, ungraded

TRIALS = [trial("P01/C1", 2.0, cost=0.5), trial("P01/C2", None), ungraded("P04/C1", Status.provider, detail="503 \udc80")]


@pytest.fixture
def reader():
    return pytest.importorskip("pyarrow.parquet", reason="needs the extra 'export'")


def test_the_columns_are_those_of_the_flat_record():
    assert list(parquet.COLUMNS) == list(trial_record(TRIALS[0]))


def test_what_is_written_is_read_back(tmp_path, reader):
    assert parquet.write(TRIALS, tmp_path / "t.parquet") == 3
    table = reader.read_table(tmp_path / "t.parquet")
    assert table.column_names == list(parquet.COLUMNS)
    assert table.to_pylist()[:2] == [trial_record(t) for t in TRIALS[:2]]
    assert table.schema.metadata[b"kernelwright.schema_version"] == b"1"
    assert table["detail"][2].as_py() == "503 ?"


def test_unknown_is_null_and_keeps_its_type(tmp_path, reader):
    parquet.write([ungraded()], tmp_path / "t.parquet")
    table = reader.read_table(tmp_path / "t.parquet")
    assert (table["cost"].null_count, str(table.schema.field("cost").type)) == (1, "double")
    assert str(table.schema.field("passed").type) == "bool"


def test_no_trials_are_an_empty_table(tmp_path, reader):
    parquet.write([], tmp_path / "t.parquet")
    assert reader.read_table(tmp_path / "t.parquet").num_rows == 0


def test_a_file_that_cannot_be_written(tmp_path, reader):
    with pytest.raises(UsageError, match="cannot write"):
        parquet.write(TRIALS, tmp_path / "no" / "t.parquet")


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="Parquet needs the package pyarrow") as error:
        parquet.write(TRIALS, tmp_path / "t.parquet")
    assert error.value.hint == "pip install 'kernelwright[export]'"
