"""What tools leave in a trial's folder."""

import pytest

from harness.errors import InfraError
from harness.run import attachments
from harness.run.attachments import Attachments


def test_the_same_file_is_kept_once(tmp_path):
    keep = Attachments(tmp_path / "files").keep
    names = [keep("wave.vcd", content) for content in (b"a", b"b", b"a")]
    assert names[0] == names[2] != names[1]
    assert all(name.endswith("-wave.vcd") for name in names)
    assert {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()} == {names[0]: b"a", names[1]: b"b"}


def test_what_is_too_much_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(attachments, "MOST_BYTES", 10)
    keep = Attachments(tmp_path / "files").keep
    assert keep("a.bin", b"123456") is not None
    assert keep("b.bin", b"12345") is None
    assert keep("c.bin", b"1234") is not None


@pytest.mark.parametrize("name", ["", "../trial.json", "a/b", ".hidden", "x" * 65, "a\n"])
def test_names_stay_in_the_folder(tmp_path, name):
    with pytest.raises(InfraError, match="a tool left a file named"):
        Attachments(tmp_path / "files").keep(name, b"")
    assert not (tmp_path / "files").exists()
