import sys

import pytest

from harness import plugins
from harness.testing import MANUAL


def broken(_context):
    raise RuntimeError("half a plugin")


@pytest.fixture
def broken_plugin(monkeypatch):
    real = plugins.load
    monkeypatch.setattr(plugins, "load", lambda kind, name: broken if (kind, name) == ("backend", "toy") else real(kind, name))


def test_lists_name_origin_version(kernelwright):
    rows = {row["name"]: row for row in kernelwright("backends", "list", "--json").json}
    assert {"cpu", "toy"} <= set(rows)
    assert rows["toy"] == {
        "name": "toy", "origin": "kernelwright-toy 1.0", "version": "1", "title": "Toy, an 8-lane elementwise machine",
        "problem": "",
    }  # fmt: skip
    [line] = [line for line in kernelwright("backends", "list").out.splitlines() if line.startswith("toy ")]
    assert "kernelwright-toy 1.0" in line


@pytest.mark.usefixtures("broken_plugin")
def test_a_broken_plugin_is_a_line(kernelwright):
    result = kernelwright("backends", "list")
    assert result.code == 0
    assert "not usable: backend 'toy' (kernelwright-toy 1.0) cannot be made: RuntimeError: half a plugin" in result.out


@pytest.mark.parametrize("command", [("backends", "show"), ("manual",)])
def test_a_factory_that_exits_is_an_error(kernelwright, monkeypatch, command):
    monkeypatch.setattr(plugins, "load", lambda _kind, _name: lambda _context: sys.exit(3))
    result = kernelwright(*command, "toy")
    assert result.code == 2
    assert "backend 'toy' (kernelwright-toy 1.0) cannot be made: SystemExit: 3" in str(result.error)


def test_shows_what_a_backend_says_of_itself(kernelwright):
    facts = kernelwright("backends", "show", "toy", "--json").json
    assert facts["manual"] == {"digest": MANUAL.digest, "sections": ["language", "timing", "faults"]}
    assert {"T01/C1", "T02/C3"} <= set(facts["supported"])
    assert facts["offers"] == ["ToolProvider"]
    assert facts["deterministic"] is True
    text = kernelwright("backends", "show", "toy").out
    assert "repeat exactly" in text
    assert f"{len(facts['supported'])} workloads" in text
    assert f"unsupported  {len(facts['unsupported'])} workloads" in text
    assert "because the toy target has no baseline for" in text


def test_options_go_to_the_backend(kernelwright):
    assert kernelwright("backends", "show", "toy", "--backend-option", "gain=1").code == 0
    result = kernelwright("backends", "show", "toy", "--backend-option", "gian=1")
    assert str(result.error) == "unknown backend option 'gian' in backend 'toy'\n  hint: did you mean 'gain'?"


def test_unknown_backend(kernelwright):
    assert "did you mean 'toy'" in str(kernelwright("backends", "show", "tay").error)
