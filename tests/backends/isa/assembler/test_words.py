"""Words as text."""

import pytest

from backends.isa.assembler import parse_words
from harness.errors import UsageError


def test_one_word_a_line_with_comments():
    assert parse_words("0x0000844D\n844d ; x\n\n# y\n  FF // z\n0XA") == [0x844D, 0x844D, 0xFF, 10]
    assert parse_words("") == []


def test_every_wrong_line_is_named():
    with pytest.raises(UsageError) as caught:
        parse_words("12\nxyz\n1 2\n0x\n" + "q\n" * 5)
    assert caught.value.message == (
        "line 2: 'xyz' is not a hexadecimal word; line 3: '1 2' is not a hexadecimal word; "
        "line 4: '0x' is not a hexadecimal word; "
        "line 5: 'q' is not a hexadecimal word; line 6: 'q' is not a hexadecimal word; and 3 more"
    )
    with pytest.raises(UsageError, match="line 1: 0x100000000 does not fit 32 bits"):
        parse_words("0x100000000", 32)
