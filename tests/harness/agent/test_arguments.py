import pytest

from harness.agent.arguments import problems
from harness.errors import did_you_mean

SCHEMA = {
    "type": "object",
    "properties": {
        "source": {"type": "string"},
        "page": {"type": "integer", "minimum": 1},
        "what": {"enum": ["registers", "memory"]},
        "scale": {"type": ["number", "null"], "maximum": 2},
        "deep": {"type": "boolean"},
    },
    "required": ["source"],
}


@pytest.mark.parametrize(
    "arguments",
    [{"source": ""}, {"source": "x", "page": 1, "what": "memory", "scale": 0.5, "deep": True}, {"source": "x", "scale": 2}],
)
def test_right_arguments_have_no_problems(arguments):
    assert list(problems(arguments, SCHEMA)) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "the argument 'source' (a string) is missing"),
        ({"source": 3}, "the argument 'source' is 3 (integer); it must be a string"),
        ({"source": None}, "the argument 'source' is None (null); it must be a string"),
        ({"source": ["a" * 99]}, f"the argument 'source' is ['{'a' * 55}... (array); it must be a string"),
        ({"source": "x", "page": 0}, "the argument 'page' is 0; it must be an integer, at least 1"),
        ({"source": "x", "page": True}, "the argument 'page' is True (boolean); it must be an integer, at least 1"),
        ({"source": "x", "page": "1"}, "the argument 'page' is '1' (string); it must be an integer, at least 1"),
        ({"source": "x", "page": 1.5}, "the argument 'page' is 1.5 (number); it must be an integer, at least 1"),
        ({"source": "x", "what": "heap"}, "the argument 'what' is 'heap'; it must be one of 'registers', 'memory'"),
        ({"source": "x", "scale": None}, None),
        ({"source": "x", "scale": 3}, "the argument 'scale' is 3; it must be a number or null, at most 2"),
        ({"source": "x", "sorce": "y"}, "there is no argument 'sorce'; did you mean 'source'?"),
        ({"source": "x", "q": 1}, "there is no argument 'q'; there is 'source', 'page', 'what', 'scale', 'deep'"),
        ({"source": "a\ud800"}, "the argument 'source' holds half of a surrogate pair, which is no character"),
    ],
)
def test_each_problem_says_what_would_be_right(arguments, message):
    assert list(problems(arguments, SCHEMA)) == ([message] if message else [])


def test_an_empty_schema_takes_nothing():
    assert list(problems({"x": 1}, {"type": "object"})) == ["there is no argument 'x'; there are none"]


def test_nothing_close_lists_what_there_is():
    assert did_you_mean("zzz", ["check", "run"]) == "; there is 'check', 'run'"
