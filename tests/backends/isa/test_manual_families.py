"""Pages of several instructions: what `reference` shows, and what becomes of the instructions' own pages."""

import shutil
from pathlib import Path

import pytest

from backends.isa.bind import load
from backends.isa.errors import DefinitionError
from backends.isa.manual import programs, render
from backends.isa.registry import find

FOLDER = Path(__file__).parent / "family_isa"


@pytest.fixture(scope="module")
def manual():
    return render(load(find(str(FOLDER))))


@pytest.fixture(scope="module")
def rows(manual):
    return manual.find("sums").text.splitlines()


def test_instructions_of_a_page_have_none_of_their_own(manual):
    assert [section.name for section in manual.sections] == [
        "start", "machine", "instructions", "sums", "alone", "semantics", "traps", "assembler", "formats",
    ]  # fmt: skip


def test_each_is_found_on_its_page(manual):
    for mnemonic in ("sum1.r", "sum2.i", "LESS0.R", " sum2.r"):
        assert manual.find(mnemonic) == manual.find("sums")
    assert manual.find("alone").title == "alone: Gives 1"
    assert manual.find("sum") is None


def test_the_index_has_a_row_for_the_page_and_one_for_what_is_alone(manual):
    text = manual.find("instructions").text
    assert "7 instructions on 2 pages" in text
    assert "| sums | Sums and differences | `sum1.r` `sum1.i` `sum2.r` `sum2.i` `less0.r` `less0.i` |" in text
    assert "| `alone rd` | 1 | Gives 1. |" in text


def test_those_that_differ_in_numbers_share_a_row(rows):
    assert "| `sum1.r` `sum2.r` with `rd, rs1, rs2` | Sum, plus n. | 0x00000001 for the first |" in rows
    assert "| `less0.r rd, rs1, rs2` | Difference. | 0x00000005 |" in rows
    assert "`less0.r`: It wraps." in rows


def test_operands_are_merged_with_their_places(rows):
    assert "| `rd` | `x0` to `x7` | register, written; not `x0`, which is always 0 | 8:6 |" in rows
    assert "| `imm` | 0 to 255 | number | 23:16 |" in rows


def test_a_body_is_shown_once_with_what_it_captured(manual, rows):
    text = manual.find("sums").text
    assert text.count("return compute(rs1, rs2) + more") == 1
    assert "| where | compute | more |" in rows
    assert "| sum1.r | plus | 1 |" in rows
    assert "| less0.r | minus | 0 |" in rows
    assert "| where | compute | extra |" in rows
    assert "| sum2.i | plus | 2 |" in rows
    assert "def minus(a: u32, b: u32)" in manual.find("semantics").text


def test_programs_are_translated_as_in_chapters(manual):
    assert programs(manual.find("sums")) == ["    sum1.r x1, x0, x0\n"]


def test_a_pattern_that_fits_nothing_is_named(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "isa")
    (folder / "manual" / "instructions" / "20-more.md.j2").write_text('# More\n\n{{ reference("alon") }}\n')
    with pytest.raises(DefinitionError, match=r"20-more.md.j2:3: no instruction .* key like 'alon'; did you mean 'alone'\?"):
        render(load(find(str(folder))))
