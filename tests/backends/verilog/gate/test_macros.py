"""The bound on macros: computed without expanding them."""

from __future__ import annotations

import pytest

from backends.verilog.gate.box import macros
from backends.verilog.gate.box.problem import RefusedError


def refusal(text: str) -> tuple[int, str]:
    with pytest.raises(RefusedError) as caught:
        macros.check(text)
    (problem,) = caught.value.problems
    assert problem.failure == "source_reject"
    return problem.line, problem.message


def test_doubling_thirty_times_is_refused_at_the_definition_that_goes_too_far() -> None:
    lines = ["`define D0 x x x x x x x x x x", *(f"`define D{i} `D{i - 1} `D{i - 1}" for i in range(1, 31))]
    assert refusal("\n".join([*lines, "`D30"])) == (16, "macro `D15 expands to more than 200000 tokens")


def test_doubling_by_an_argument_is_refused_too() -> None:
    use = "x"
    for _ in range(20):
        use = f"`D({use})"
    assert refusal(f"`define D(a) a a\nwire y =\n{use};") == (3, "macros expand to more than 200000 tokens")


def test_many_uses_of_a_small_macro_add_up() -> None:
    text = "`define M " + "x " * 1000 + "\n" + "`M\n" * 201
    assert refusal(text) == (202, "macros expand to more than 200000 tokens")


@pytest.mark.parametrize("text", ["`define A `B\n`define B `A\n`A", "`define A(x) `A(x)\n`A(1)"])
def test_a_macro_in_terms_of_itself_is_refused(text: str) -> None:
    line, message = refusal(text)
    assert line == 1
    assert message == "macro `A is defined by itself"


def test_a_long_chain_is_refused_before_it_is_followed() -> None:
    text = "\n".join(f"`define C{i} `C{i + 1}" for i in range(5000)) + "\n`C0\n"
    assert refusal(text) == (66, "uses of `C65 nest too deeply")


def test_of_two_definitions_the_larger_counts() -> None:
    big = "x " * 1000
    text = f"`ifdef A\n`define M {big}\n`else\n`define M 1\n`endif\n" + "`M\n" * 250
    assert refusal(text)[1] == "macros expand to more than 200000 tokens"


@pytest.mark.parametrize(
    "text",
    [
        "`define W 8\nwire [`W-1:0] x;",
        "`define MAX(a, b) ((a) > (b) ? (a) : (b))\nassign y = `MAX(`MAX(a, b), `MAX(c, d));",
        "`define A \\\n one \\\n two\n`A `A",
        '// `define A `A\nassign s = "`A";',
        "/* `define B `B */",
        "`define EMPTY\n`EMPTY `EMPTY",
    ],
)
def test_everyday_macros_pass(text: str) -> None:
    macros.check(text)
