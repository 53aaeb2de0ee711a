"""Results that a bench would not leave are never outputs; and undefined bits count only where elements are."""

from __future__ import annotations

import pytest

from backends.verilog.simulate.findings import RunFailedError, observe
from backends.verilog.simulate.runs import Kind, Run
from backends.verilog.simulate.trace import parse

NONCE = "5eed" * 8
RUN = Run(Kind.plain, (0,), nonce=NONCE)


def stream(beats: list[str], counted: int | None = None, reason="done") -> bytes:
    lines = [f"D {cycle} {int(cycle == 16)} {data}" for cycle, data in enumerate(beats, 1)]
    given = len(beats) if counted is None else counted
    return "\n".join([*lines, f"END {NONCE} {reason} 48 16 {given} 0 1", ""]).encode()


def seen(workload, content, complete=True):
    return observe(workload, RUN, parse(content, NONCE, complete=complete))


def test_outputs_and_cycles(add):
    observation = seen(add, stream([f"{beat:032x}" for beat in range(16)]))
    assert observation.outputs[0]["y"][::4].tolist() == list(range(16))
    assert observation.cycles == 16


@pytest.mark.parametrize("counted", [15, 17])
def test_counts_that_do_not_agree_are_refused(add, counted):
    with pytest.raises(ValueError, match=rf"16 output beats in the results, {counted} counted, 16 due"):
        seen(add, stream(["0" * 32] * 16, counted))


def test_too_few_beats_of_a_run_that_claims_to_be_done_are_refused(add):
    with pytest.raises(ValueError, match="15 output beats in the results, 15 counted, 16 due"):
        seen(add, stream(["0" * 32] * 15))


def test_a_beat_that_is_too_long_is_refused(add):
    with pytest.raises(ValueError, match="an output beat has more than 128 bits"):
        seen(add, stream(["0" * 32] * 15 + ["1" + "0" * 32]))


def test_memory_of_another_size_is_refused(copy):
    content = f"P 41\nM {'0' * 16}\nEND {NONCE} done 70 4 4 0 11\n".encode()
    with pytest.raises(ValueError, match="the results do not hold the 4 memory words from the first output on"):
        seen(copy, content)


def test_another_number_of_problems_is_refused(copy):
    with pytest.raises(ValueError, match="0 problems in the results of a run of 1"):
        seen(copy, f"END {NONCE} done 70 4 4 0 11\n".encode())


def test_an_undefined_bit_is_found_in_its_element(add):
    beats = ["0" * 32] * 5 + ["0" * 16 + "0000x000" + "0" * 8] + ["0" * 32] * 10
    with pytest.raises(RunFailedError) as caught:
        seen(add, stream(beats))
    assert caught.value.message == "output beat 5 (cycle 6) is undefined (X or Z) in y[21] (run without stalls)"


def test_of_a_run_that_was_cut_off_the_beginning_is_checked(add):
    assert seen(add, b"D 1 0 " + b"0" * 32 + b"\n", complete=False) is None
    with pytest.raises(RunFailedError, match=r"m_last is 1 with output beat 0"):
        seen(add, b"D 1 1 " + b"0" * 32 + b"\n", complete=False)
