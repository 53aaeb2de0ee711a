"""Digests of what decides a score."""

from harness.record import digest, file_digests


def test_files_are_told_apart_by_path_and_text(tmp_path):
    (tmp_path / "inner").mkdir()
    for name, text in (("a.py", "1"), ("inner/a.py", "1"), ("inner/b.j2", "2"), ("notes.md", "3")):
        (tmp_path / name).write_text(text)
    before = file_digests(tmp_path, {".py", ".j2"})
    assert before == {"a.py": digest("1"), "inner/a.py": digest("1"), "inner/b.j2": digest("2")}
    (tmp_path / "inner" / "b.j2").write_text("4")
    assert file_digests(tmp_path, {".py", ".j2"}) != before
