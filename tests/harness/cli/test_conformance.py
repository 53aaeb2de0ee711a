import re

import pytest

from harness.conformance.kit import CHECKS


def test_one_line_for_each_check(kernelwright):
    result = kernelwright("backends", "check", "toy", "--tasks", "T01/C1", "--tasks", "T02/C1")
    for check in CHECKS:
        assert any(line[:19].split()[1:2] == [check] for line in result.out.splitlines() if line[:1].isalpha()), check
    assert "fix: offer harness.backend.Specimens" in result.out
    assert re.search(rf"^toy: {len(CHECKS)} checks on 2 workloads: \d+ ok, \d+ skipped, 0 wrong$", result.err, re.MULTILINE)


def test_a_check_may_be_chosen_and_a_report_written(kernelwright, tmp_path):
    result = kernelwright(
        "backends", "check", "toy", "--tasks", "T0?/C1", "--only", "bound", "--only", "repeat", "--report", "toy.md"
    )
    assert result.code == 0
    assert [line.split()[1] for line in result.out.splitlines()] == ["bound", "repeat"]
    text = (tmp_path / "toy.md").read_text()
    assert text.startswith("# Conformance of `toy`\n\n2 of 2 checks passed on 2 workloads.")
    assert "- package: kernelwright-toy 1.0, backend version 1" in text


def test_json_on_stdout_and_in_a_file(kernelwright, tmp_path):
    result = kernelwright("backends", "check", "toy", "--tasks", "T01/C1", "--only", "faults", "--report", "toy.json", "--json")
    assert result.json["results"][0]["status"] == "skipped"
    assert result.json["workloads"] == ["T01/C1"]
    assert (tmp_path / "toy.json").read_text().startswith('{\n  "schema_version": 1,')


def test_exit_code_1_when_something_is_wrong(kernelwright, monkeypatch):
    import toyplugin

    monkeypatch.setattr(toyplugin.Toy, "brief", lambda _self, _workload: 1 / 0)
    result = kernelwright("backends", "check", "toy", "--tasks", "T01/C1", "--only", "briefs")
    assert result.code == 1
    assert "ZeroDivisionError: division by zero (test_conformance.py:" in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tay"], "did you mean 'toy'"),
        (["toy", "--only", "limit"], "did you mean 'limits'?"),
        (["toy", "--tasks", "T09"], "unknown task or suite 'T09'"),
        (["toy", "--backend-option", "gain"], "is not KEY=VALUE"),
    ],
)
def test_names_that_do_not_exist(kernelwright, arguments, message):
    result = kernelwright("backends", "check", *arguments)
    assert result.code == 2
    assert message in str(result.error)
