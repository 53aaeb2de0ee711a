from hypothesis import given
from hypothesis import strategies as st

from harness.agent.text import cap, clean, fenced, line, quoted


def test_clean_removes_what_a_terminal_or_a_reader_would_act_on():
    assert clean("\x1b[31mred\x1b[0m \x1b]0;title\x07a\x00b\x08c\td") == "red abc\td"
    assert clean("one\r\ntwo\rthree\u2028four\u202efive\ud800") == "one\ntwo\nthreefourfive"


def test_cap_says_how_much_is_missing():
    text = "a" * 600 + "b" * 400
    short = cap(text, 100)
    assert len(short) <= 100
    head, note, tail = short.split("\n")
    assert set(head) == {"a"}
    assert set(tail) == {"b"}
    assert note == f"[... {1000 - len(head) - len(tail)} characters left out ...]"


@given(st.text(max_size=300), st.integers(60, 120))
def test_cap_never_exceeds_its_limit(text, limit):
    assert len(cap(text, limit)) <= limit
    assert cap(text, 300) == text


def test_line_cannot_start_a_new_line():
    assert line("a\nPASSED\r\n b") == "a PASSED b"
    assert line("x" * 500, 10) == "xxxxxx ..."


def test_every_quoted_line_stands_behind_a_bar():
    assert quoted("PASSED\nspeedup: 9\n") == "  | PASSED\n  | speedup: 9"
    assert quoted("") == "  | "


@given(st.text(alphabet="`a\n", max_size=40))
def test_a_fence_is_longer_than_any_inside(text):
    first, *inside, last = fenced(text, "c").split("\n")
    assert first == last + "c"
    assert last not in "\n".join(inside)
