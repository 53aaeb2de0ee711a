from __future__ import annotations

import json

import pytest

from harness.models.wire import clean, count, error_details, parse_arguments, without_trailing


@pytest.mark.parametrize("raw", ['{"a": 1}', " {} ", "", "  "])
def test_arguments_that_are_an_object(raw):
    assert parse_arguments(raw) == (json.loads(raw or "{}") if raw.strip() else {}, "")


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ("{", "Expecting property name"),
        ('{"a": "unterminated', "Unterminated string"),
        ("[1]", "an array instead of an object"),
        ('"x"', "a string instead of an object"),
        ("3", "a number instead of an object"),
        ("true", "a boolean instead of an object"),
        ("null", "null instead of an object"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": Infinity}', "Infinity is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("{} trailing", "Extra data"),
    ],
)
def test_arguments_that_are_not(raw, error):
    arguments, found = parse_arguments(raw)
    assert arguments is None
    assert error in found


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"error": {"code": 5, "message": "m"}}, ("5", "m")),
        ({"message": "m", "code": "c"}, ("c", "m")),
        ({"error": "just words"}, ("", "just words")),
        ({"detail": "m"}, ("", "m")),
        ({"error": {"type": "overloaded_error"}}, ("", "overloaded_error")),
        ("text", ("", "text")),
        (None, ("", "")),
    ],
)
def test_error_bodies(body, details):
    assert error_details(body) == details


def test_counts_are_never_guessed():
    usage = {"a": 3, "b": {"c": 0}, "d": None, "e": "7", "f": True, "g": -1}
    assert [count(usage, *path) for path in (("a",), ("b", "c"), ("d",), ("e",), ("f",), ("g",), ("x", "y"), ("a", "b"))] == [
        3, 0, None, None, None, None, None, None,
    ]  # fmt: skip
    assert count(None, "a") is None


def test_clean_reaches_everywhere():
    assert clean({"\ud800": ["a\udfffb", {"k": 1.5}, None]}) == {"\ufffd": ["a\ufffdb", {"k": 1.5}, None]}


def test_trailing_items():
    items = [{"type": "a"}, {"type": "r"}, {"type": "b"}, {"type": "r"}, {"type": "r"}]
    assert without_trailing(items, frozenset({"r"})) == items[:3]
    assert without_trailing([{"type": "r"}], frozenset({"r"})) == []
