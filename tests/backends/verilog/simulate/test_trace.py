"""Results are believed only if every line is a bench's and the last one is this run's."""

from __future__ import annotations

import pytest

from backends.verilog.simulate.trace import Beat, Change, Ending, Violation, known_bits, parse

NONCE = "00c0ffee" * 4
END = f"END {NONCE} done 40 2 2 0 3\n"


def test_a_run_of_the_stream_profile():
    trace = parse(f"D 3 0 00ff\nH 4 1 0 00ff 0 00fe\nD 5 1 0xXz\n{END}".encode(), NONCE, complete=True)
    assert trace.beats == [Beat(3, "0", "00ff"), Beat(5, "1", "0xXz")]
    assert trace.changes == [Change(4, 1, ("0", "00ff"), ("0", "00fe"))]
    assert trace.ending == Ending("done", 40, 2, 2, 0, 3)
    assert trace.violation is None


def test_a_run_of_the_memory_profile():
    trace = parse(f"W 4 17\nP 30\nM 01\nM 02\n{END}".encode(), NONCE, complete=True)
    assert [(problem.cycles, problem.words) for problem in trace.problems] == [(30, ["01", "02"])]
    assert trace.writes == [(4, 17)]


def test_a_violation():
    trace = parse(f"V w_bounds 9 1 2 77\n{END}".encode(), NONCE, complete=True)
    assert trace.violation == Violation("w_bounds", 9, 1, 2, "77")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("D 3 0 00ff\n", "the results have no end"),
        (END.rstrip("\n"), "the results do not end with a line"),
        (END.replace("00c0ffee", "00000000", 1), "the results are those of another run"),
        (END + END, "unexpected line in the results: 'END 00c0ffee"),
        (END + "D 3 0 00ff\n", "unexpected line in the results: 'D 3 0 00ff'"),
        ("hello\n" + END, "unexpected line in the results: 'hello'"),
        ("D 3 0 00ff extra\n" + END, "unexpected line"),
        ("M 00\n" + END, "memory words before the end of a problem"),
        ("", "the results have no end"),
    ],
)
def test_anything_else_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        parse(content.encode(), NONCE, complete=True)


def test_of_a_killed_run_the_whole_lines_count():
    trace = parse(b"D 3 0 00ff\nD 4 0 0", NONCE, complete=False)
    assert (trace.beats, trace.ending) == ([Beat(3, "0", "00ff")], None)


@pytest.mark.parametrize(("digits", "known"), [("0fa5", (0x0FA5, 0)), ("0xa5", (0x00A5, 0x0F00)), ("Z0X1", (0x0001, 0xF0F0))])
def test_undefined_digits(digits, known):
    assert known_bits(digits) == known
