"""What is read of the processor."""

import platform

import pytest

from backends import processor

V3 = {"avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "abm"}
V4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


@pytest.mark.parametrize(
    ("known", "level"), [(set(), 1), (V4, 1), (V3 - {"abm"}, 1), (V3, 3), (V3 | V4 - {"avx512vl"}, 3), (V3 | V4 | {"sse2"}, 4)]
)
def test_levels(known, level):
    assert processor.x86_level(frozenset(known)) == level


@pytest.mark.parametrize(
    ("text", "model", "features"),
    [
        ("processor\t: 0\nmodel name\t: Fast One\nflags\t\t: fpu avx2\nflags\t\t: other\n", "Fast One", {"fpu", "avx2"}),
        ("Features\t: fp asimd\n", "aarch64 none", {"fp", "asimd"}),
        (None, "aarch64 none", set()),
    ],
)
def test_what_linux_says(monkeypatch, tmp_path, text, model, features):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(platform, "processor", lambda: "none")
    monkeypatch.setattr(processor, "_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(processor, "_info", processor._info.__wrapped__)
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    assert (processor.model(), processor.features(), processor.x86_level()) == (model, features, None)
