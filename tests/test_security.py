"""SECURITY.md promises nothing that no test holds it to."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## What each layer enforces")[2].partition("\n## ")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines() if line.startswith("| ")][1:]
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", TABLE)))


def test_every_layer_names_tests():
    assert len(ROWS) >= 12
    for layer, enforces, tests in ROWS:
        assert enforces
        assert re.search(r"`tests/", tests), f"{layer}: no test is named"


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_the_tests_exist(file, test):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert f"def {test or 'test_'}" in text, f"{file} has no {test or 'test'}"
