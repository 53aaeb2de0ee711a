"""Classes of failures and what the design note says of them."""

import re
from pathlib import Path

from backends.verilog.classes import Failure

NOTE = Path(__file__).parents[3] / "docs" / "design" / "verilog.md"


def test_the_note_has_every_class_with_its_letter():
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w) \|", NOTE.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows == {failure.value: failure.letter for failure in Failure}


def test_only_a_breach_of_integrity_is_rejected():
    assert [failure for failure in Failure if failure.rejected] == [Failure.source_reject]
