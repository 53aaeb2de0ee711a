"""SECURITY.md promises nothing that no test holds it to."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
HEADINGS = ("What each layer enforces", "When files, packages or the machine go wrong")
TABLES = [PAGE.partition(f"## {heading}")[2].partition("\n## ")[0] for heading in HEADINGS]
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", "".join(TABLES))))


@pytest.mark.parametrize("table", TABLES, ids=HEADINGS)
def test_every_row_names_tests(table):
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 12
    for what, promise, tests in rows:
        assert promise
        assert re.search(r"`tests/", tests), f"{what}: no test is named"


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_the_tests_exist(file, test):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert f"def {test or 'test_'}" in text, f"{file} has no {test or 'test'}"
