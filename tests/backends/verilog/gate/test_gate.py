"""The gate as the backend sees it: a text goes into a box, a verdict comes out, whatever happens in there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends.verilog.classes import Failure
from backends.verilog.gate import SOURCE_LIMIT, SourceGate, python, reply
from backends.verilog.interface import Contract, Port
from harness.errors import InfraError
from harness.sandbox import Completed, Sandbox
from harness.sandbox.choose import choose

PORTS = (Port("clk", "input", 1), Port("d", "input", 8), Port("q", "output", 8))
CONTRACT = Contract("stream", PORTS, {"W": 8, "N": 3})
GOOD = """module kernel #(parameter W = 1) (input wire clk, input wire [W-1:0] d, output reg [W-1:0] q);
  always @(posedge clk) q <= d; // copy
endmodule
"""


def test_a_kernel_passes_with_the_parameters_of_the_workload(gate: SourceGate) -> None:
    gated = gate.check(GOOD, CONTRACT)
    assert gated.failure is None
    assert gated.diagnostics == ()
    assert gated.parameters == {"W"}
    assert gated.text == GOOD.replace(" // copy", "")
    assert gated.seconds > 0


def test_a_refusal_shows_the_line_as_written(gate: SourceGate) -> None:
    gated = gate.check(GOOD.replace("<= d", "<= #1 d"), CONTRACT)
    assert (gated.text, gated.failure) == (None, Failure.source_reject)
    (told,) = gated.diagnostics
    assert (told.line, told.column, told.severity, told.cause) == (2, 30, "error", "source_reject")
    assert told.snippet == "always @(posedge clk) q <= #1 d; // copy"
    assert told.message == "delays are not part of the kernel language"
    assert told.hint == "remove it, and count clock cycles in a register where something must wait"


def test_a_breach_of_integrity_names_the_class_even_behind_a_mistake(gate: SourceGate) -> None:
    text = GOOD.replace("endmodule", "real r;\ninitial $finish;\nendmodule")
    assert gate.check(text, CONTRACT).failure is Failure.source_reject
    assert gate.check(GOOD.replace("endmodule", "real r;\nendmodule"), CONTRACT).failure is Failure.not_synthesizable


def test_warnings_do_not_refuse(gate: SourceGate) -> None:
    gated = gate.check("(* keep *) " + GOOD, CONTRACT)
    assert gated.text is not None
    assert [(told.severity, told.cause) for told in gated.diagnostics] == [("warning", "")]


@pytest.mark.parametrize(
    ("text", "failure", "message", "line"),
    [
        ("", Failure.syntax, "the text is empty", None),
        (" \n", Failure.syntax, "the text is empty", None),
        (GOOD + "// ü", Failure.source_reject, "the character 'ü' is not ASCII text", 4),
        (GOOD + "\0", Failure.source_reject, "the character '\\x00' is not ASCII text", 4),
        (GOOD + "/" * SOURCE_LIMIT, Failure.source_reject, "characters; the limit is 262144", None),
    ],
)
def test_texts_that_no_parser_need_see(text: str, failure: Failure, message: str, line: int | None, gate: SourceGate) -> None:
    gated = gate.check(text, CONTRACT)
    (told,) = gated.diagnostics
    assert (gated.failure, gated.text, told.line, gated.seconds) == (failure, None, line, 0.0)
    assert message in told.message


def test_another_top_module_with_free_ports(gate: SourceGate) -> None:
    assert gate.check_module(GOOD.replace("kernel", "TopModule"), "TopModule").text is not None


def test_a_text_that_need_not_become_hardware_may_hold_more_but_may_not_reach_out(gate: SourceGate) -> None:
    text = GOOD.replace("q <= d;", "if (d === 8'bx) q <= 0; else q <= d;")
    assert gate.check_module(text, "kernel").failure is Failure.not_synthesizable
    assert gate.check_module(text, "kernel", hardware=False).failure is None
    nested = GOOD.replace("endmodule", "function f(input a); return $random; endfunction\nendmodule")
    refused = gate.check_module(nested, "kernel", hardware=False)
    assert refused.failure is Failure.source_reject
    assert [told.message for told in refused.diagnostics] == ["$random is not part of the kernel language"]


class Scripted:
    """A sandbox whose box has ended in some way."""

    name = "scripted"

    def __init__(self, **done: Any) -> None:
        given = {"returncode": 0, "stdout": b"slang is loaded\n", "stderr": b"", "files": {}, "timed_out": False, "seconds": 0.1}
        self._done = Completed(**{**given, **done})

    def run(self, *_: Any, **__: Any) -> Completed:
        return self._done


def scripted(**done: Any) -> SourceGate:
    sandbox: Any = Scripted(**done)
    return SourceGate(lambda: sandbox)


@pytest.mark.parametrize(
    ("done", "failure", "message"),
    [
        ({"timed_out": True, "returncode": -9}, Failure.wall_timeout, "reading the text took more than 20 s"),
        ({"returncode": -9}, Failure.cpu_timeout, "reading the text took more than 10 s of processor time"),
        ({"returncode": -24}, Failure.cpu_timeout, "reading the text took more than 10 s of processor time"),
        ({"returncode": -6}, Failure.memory, "reading the text took more than 1024 MiB of memory"),
        ({"returncode": -11}, Failure.source_reject, "the parser did not survive the text (status -11)"),
        ({"files": {"result.json": b"{}"}}, Failure.source_reject, "the parser did not survive the text (status 0)"),
    ],
)
def test_a_box_without_an_answer_refuses_the_text(done: dict[str, Any], failure: Failure, message: str) -> None:
    gated = scripted(**done).check(GOOD, CONTRACT)
    assert (gated.text, gated.failure) == (None, failure)
    assert gated.diagnostics[0].message == message


def test_a_box_where_slang_does_not_start_is_no_fault_of_the_text() -> None:
    with pytest.raises(InfraError, match=r"slang does not start in the sandbox .*: no module"):
        scripted(stdout=b"", returncode=1, stderr=b"no module").check(GOOD, CONTRACT)


def answer(**changes: Any) -> bytes:
    return json.dumps({"text": "module kernel; endmodule\n", "parameters": ["N"], "problems": [], **changes}).encode()


PROBLEM = {"line": 1, "column": 1, "failure": "syntax", "message": "m", "hint": "h"}


def test_an_honest_reply_is_read() -> None:
    read = reply.read(answer())
    assert read is not None
    assert read.parameters == ("N",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        answer(text="\x1b[2J"),
        answer(text="x" * (4 << 20) + "x"),
        answer(parameters=["N); $finish; ("]),
        answer(parameters=["N"] * 5000),
        answer(text=None),
        answer(problems=[PROBLEM]),
        answer(problems=[PROBLEM] * 21, text=None),
        answer(problems=[{**PROBLEM, "failure": "passed"}], text=None),
        answer(problems=[{**PROBLEM, "message": "x" * 501}], text=None),
        answer(problems=[{**PROBLEM, "line": -1}], text=None),
        answer(verdict="passed"),
        answer(text=" " * reply.LARGEST),
    ],
    ids=range(15),
)
def test_a_reply_that_is_not_exactly_one_is_none(content: bytes) -> None:
    assert reply.read(content) is None


def test_the_box_sees_no_more_than_slang_and_the_rules(gate: SourceGate) -> None:
    place = python.find()
    inside = [name for name in place.mounts if name.startswith("/kernelwright/")]
    assert sorted(inside) == ["/kernelwright/box", "/kernelwright/nanobind_backend", "/kernelwright/pyslang"]


def test_a_python_in_a_private_home_is_copied_for_everyone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: Sandbox
) -> None:
    """As where no system Python has our version: the box then runs the copy."""
    monkeypatch.setattr(python, "FOLDERS", ())
    place = python.find.__wrapped__()
    done = sandbox.run(place.command("worker"), files={}, mounts=place.mounts)
    assert done.stdout.startswith(b"slang is loaded"), done.stderr


@pytest.mark.parametrize("tier", ["bubblewrap", "confined"])
def test_the_gate_works_in_every_tier_that_works_here(tier: str, cache: Path) -> None:
    try:
        sandbox = choose(tier, cache).chosen
    except InfraError as error:
        pytest.skip(f"{tier} does not work here: {error}")
    assert SourceGate(lambda: sandbox).check(GOOD, CONTRACT).failure is None


def test_the_digest_is_that_of_slang_and_the_rules(gate: SourceGate) -> None:
    assert gate.digest == SourceGate(lambda: pytest.fail("no box is needed")).digest
