"""Integer expressions of assembly."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.isa.assembler.arithmetic import ArithmeticProblem, evaluate

NAMES = {"N": 64, "start": 4, "end": 20, ".loop": 7, "1b": 3}


def value(text):
    return evaluate(text, NAMES.get, NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7), ("0x1F", 31), ("0b101", 5), ("0o17", 15), ("1_000", 1000), ("'a'", 97), (r"'\n'", 10), (r"'\''", 39),
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 4 - 3", 3), ("1 << 2 + 1", 8), ("1 | 2 ^ 3 & 2", 1), ("7 / 2", 3),
        ("-7 / 2", -4),
        ("-7 % 4", 1), ("~0", -1), ("--3", 3), ("+3", 3), ("N * 4", 256), ("end - start", 16), (".loop", 7), ("1b + 1", 4),
        (" 2 ", 2), ("007", 7),
    ],
)  # fmt: skip
def test_values(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "message", "offset", "hint"),
    [
        ("", "the expression ends where a value is expected", 0, "a number, a name or a parenthesis"),
        ("1 +", "the expression ends where a value is expected", 3, "a number, a name or a parenthesis"),
        ("(1", "a parenthesis is not closed", 0, "add )"),
        ("1 2", "'2' after the end of the expression", 2, "an operator or the end of the operand"),
        ("* 2", "'*' where a value is expected", 0, "a number, a name or a parenthesis"),
        ("stat + 1", "undefined symbol 'stat'", 0, "did you mean 'start'?"),
        ("1f", "undefined symbol '1f'", 0, "did you mean '1b'?"),
        ("1 / 0", "division by zero", 2, ""),
        ("1 << 64", "shift by 64", 2, "0 to 63"),
        ("9999999999 * 9999999999", "the value leaves 64 bits", 11, "smaller numbers"),
        ("9" * 5000, "the value leaves 64 bits", 0, "smaller numbers"),
        ("1 @ 2", "'@ 2' is not a number, a name or an operator", 2, ""),
        ("12ab", "'12ab' is not a number, a name or an operator", 0, ""),
        ("(" * 100 + "1" + ")" * 100, "nested more than 64 deep", 65, "name a part with .equ"),
    ],
)
def test_problems_say_where(text, message, offset, hint):
    with pytest.raises(ArithmeticProblem) as caught:
        value(text)
    assert (caught.value.message, caught.value.offset, caught.value.hint) == (message, offset, hint)


@given(
    st.recursive(
        st.integers(0, 99).map(str),
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*&|^"), inner),
        max_leaves=8,
    )
)
def test_it_agrees_with_python(text):
    assert value(text) == eval(text)


@given(st.text(alphabet="01x'()+-*/<>~ Nab\\.", max_size=60))
def test_any_text_gives_a_value_or_a_problem(text):
    with contextlib.suppress(ArithmeticProblem):
        assert isinstance(value(text), int)
