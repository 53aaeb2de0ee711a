import csv

import pytest

from harness.errors import UsageError
from harness.scoring.attempts import attempts
from harness.scoring.export.kernels import COLUMNS, Source, write

from ..events import Story, public, repairing
from ..rows import sha
from ..trials import trial


@pytest.fixture
def source():
    return Source(trial(), attempts(repairing().events), "MULV\nHALT", ".s")


def test_one_file_per_kernel_named_by_its_outcome(tmp_path, source):
    assert write([source], tmp_path / "kernels") == 7
    names = sorted(path.name for path in (tmp_path / "kernels" / "m--toy--P01-C1--r0").iterdir())
    assert names == [
        "01-check-build_unknown_mnemonic.s", "02-check-built.s", "03-run-fault_vram_bounds.s", "04-run-numeric_sign.s",
        "05-run-passed.s", "06-profile-passed.s", "graded-passed.s",
    ]  # fmt: skip
    assert (tmp_path / "kernels" / "m--toy--P01-C1--r0" / "04-run-numeric_sign.s").read_text() == "SUB\nHALT"


def test_the_index_lists_every_file_with_its_digest(tmp_path, source):
    write([source], tmp_path)
    rows = list(csv.DictReader((tmp_path / "index.csv").read_text().splitlines()))
    assert list(rows[0]) == list(COLUMNS)
    assert all((tmp_path / row["file"]).is_file() for row in rows)
    assert rows[-1]["sha256"] == rows[-2]["sha256"] == sha("MULV\nHALT")
    assert (rows[0]["outcome"], rows[0]["cycles"], rows[-1]["cycles"]) == ("build/unknown_mnemonic", "", "500.0")


def test_a_kernel_that_is_no_unicode_is_kept(tmp_path):
    story = Story()
    story.attempt("run", "A", public())
    one = attempts(story.events)[0]
    write([Source(trial(), [type(one)(**{**vars(one), "source": "A\udc80"})], None, ".txt")], tmp_path)
    assert (tmp_path / "m--toy--P01-C1--r0" / "01-run-passed.txt").read_bytes() == "A\udc80".encode("utf-8", "surrogatepass")


def test_no_kernels_are_an_empty_index(tmp_path):
    assert write([], tmp_path / "new") == 0
    assert (tmp_path / "new" / "index.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_a_folder_that_holds_something_is_left_alone(tmp_path, source):
    (tmp_path / "mine").touch()
    with pytest.raises(UsageError, match="is not empty"):
        write([source], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
