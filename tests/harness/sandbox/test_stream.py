from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.stream import pack, unpack

names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)


@given(st.dictionaries(names, st.binary(max_size=200), max_size=5))
def test_what_goes_in_comes_out(files: dict[str, bytes]) -> None:
    assert unpack(pack(files), files) == files


@given(st.dictionaries(names, st.binary(max_size=50), min_size=1, max_size=5), st.data())
def test_a_cut_stream_gives_only_whole_files(files: dict[str, bytes], data: st.DataObject) -> None:
    stream = pack(files)
    found = unpack(stream[: data.draw(st.integers(0, len(stream) - 1))], files)
    assert found.items() < files.items()


@given(st.binary(max_size=300))
def test_garbage_is_survived(stream: bytes) -> None:
    assert unpack(stream, ["a"]).keys() <= {"a"}


def test_a_missing_file_does_not_hide_the_next() -> None:
    missing = (1).to_bytes(8, "little") + b"m" + b"\xff" * 8
    assert unpack(missing + pack({"a": b"1"}), ["m", "a"]) == {"a": b"1"}


def test_what_was_not_asked_for_is_left_out() -> None:
    assert unpack(pack({"a": b"1", "b": b"2"}), ["b"]) == {"b": b"2"}
