"""isa check: its lines and its exit code."""

import json

from backends.isa.check import lints


def test_a_check_that_fails_is_a_line_and_exit_code_1(isa, monkeypatch):
    def broken(*_arguments):
        raise TypeError("u32 does not mix with tuple")

    monkeypatch.setattr(lints, "check", broken)
    done = isa("check", "tiny", "--seconds", "0.01", "--quick")
    assert done.code == 1
    first, *others = done.out.splitlines()
    assert first.startswith("failed   definition  TypeError: u32 does not mix with tuple, at ")
    assert [line.split()[:2] for line in others][:2] == [["ok", "encoding"], ["ok", "manual"]]
    assert done.err.endswith("0 of 6 checks found something wrong, 1 failed\n")
    assert json.loads(isa("check", "tiny", "--seconds", "0.01", "--quick", "--json").out)[0]["status"] == "failed"
