"""isa manual: the manual of an instruction set, registered or not."""

from pathlib import Path

from backends.isa.manual import render
from backends.isa.registry import open_architecture

FOLDER = Path(__file__).parents[1] / "manual_isa"


def test_the_manual_of_a_folder_is_printed(isa):
    assert isa("manual", FOLDER).out == render(open_architecture(str(FOLDER))).text + "\n"
    assert "overlaps" in isa("manual", FOLDER, "machine", "--timing", "overlapped").out


def test_a_section_is_found_by_name_or_mnemonic(isa):
    done = isa("manual", FOLDER, "adds")
    assert done.out.startswith("## ADDS: A register plus a number\n")
    assert "## Traps" not in done.out
    assert [page["name"] for page in isa("manual", FOLDER, "adds", "--json").json] == ["ADDS"]


def test_sections_are_listed(isa):
    assert [line.split()[0] for line in isa("manual", FOLDER, "--sections").out.splitlines()][:2] == ["start", "machine"]


def test_an_unknown_section_is_said_with_the_nearest(isa):
    done = isa("manual", FOLDER, "machin")
    assert done.code == 2
    assert "unknown section 'machin' in the manual of" in done.err
    assert "did you mean 'machine'?" in done.err
