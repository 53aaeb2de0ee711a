from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest

from backends.isa.architecture import BoundMemory
from backends.isa.cli.files import parse_dump, parse_load, write_dump
from backends.isa.dtypes import bf16, fp16, u8
from harness.errors import UsageError


def memory(name, dtype, size, image=None):
    return BoundMemory(name, dtype, size, "", "", 1, size, "trap", 0, False, None, False, False, image)


ISA = SimpleNamespace(
    memories={"ram": memory("ram", u8, 8), "fp": memory("fp", bf16, 4, fp16), "big": memory("big", u8, 1 << 34)}
)


def test_an_image_is_read_at_an_offset(tmp_path):
    (tmp_path / "a@b").write_bytes(b"\1\2")
    loaded = parse_load(ISA, f"ram={tmp_path / 'a@b'}@0x4")
    assert (loaded.memory.name, loaded.start, loaded.data.tolist()) == ("ram", 4, [1, 2])


def test_an_image_of_another_type_is_converted(tmp_path):
    (tmp_path / "f").write_bytes(np.array([1e-6, 1.5, np.inf], np.float16).tobytes())
    data = parse_load(ISA, f"fp={tmp_path / 'f'}").data
    assert data.dtype == ml_dtypes.bfloat16
    assert data.astype(np.float64).tolist() == [float(ml_dtypes.bfloat16(np.float16(1e-6))), 1.5, np.inf]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ram", "is not SPACE=FILE"),
        ("rum=x", "unknown space 'rum'"),
        ("ram=missing", "No such file"),
        ("ram=long", "9 elements from 0 on end at 9"),
        ("fp=odd", "3 bytes are no whole number of fp16 elements of 2"),
    ],
)
def test_wrong_loads_are_explained(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long").write_bytes(bytes(9))
    (tmp_path / "odd").write_bytes(bytes(3))
    with pytest.raises(UsageError, match=message):
        parse_load(ISA, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ram:1=x", "is not SPACE"),
        ("ram:a:b=x", "START and END are numbers"),
        ("ram:4:2=x", "4 to 2 is no part of it"),
        ("ram:0:9=x", "0 to 9 is no part of it"),
        ("big=x", "would write 17,179,869,184 bytes"),
    ],
)
def test_wrong_dumps_are_explained(text, message):
    with pytest.raises(UsageError, match=message):
        parse_dump(ISA, text)


def test_a_dump_is_raw_little_endian(tmp_path):
    engine = SimpleNamespace(read=lambda name, start, count: np.arange(start, start + count).astype(ml_dtypes.bfloat16))
    write_dump(engine, parse_dump(ISA, f"fp:1:3={tmp_path / 'out'}"))
    assert (tmp_path / "out").read_bytes() == np.array([0x3F80, 0x4000], "<u2").tobytes()
