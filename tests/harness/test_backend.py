"""What belongs to the contract of backends itself."""

from harness.backend import Manual, ManualSection


def test_a_manual_is_a_folder_of_pages_in_order(tmp_path):
    (tmp_path / "20-memory.md").write_text("# Memory map\n\nWords.\n")
    (tmp_path / "10_overview.md").write_text("# Overview\nA machine.\n")
    (tmp_path / "draft.txt").write_text("# Not a page\n")
    assert Manual.read(tmp_path).sections == (
        ManualSection(name="overview", title="Overview", text="A machine."),
        ManualSection(name="memory", title="Memory map", text="Words."),
    )


def test_a_section_is_found_by_name_title_or_a_row_about_it():
    first = ManualSection(name="loads", title="Loads and stores", text="| `lw rd, 0(rs)` | loads |\n| `lh` `lb` with `rd` | |")
    second = ManualSection(name="lh", title="Half words", text="| x | `sw` |")
    manual = Manual(sections=(first, second))
    assert [manual.find(name) for name in ("LOADS", "loads and stores", "lw", "lb", "lh")] == [first, first, first, first, second]
    assert [manual.find(name) for name in ("sw", "l", "w", "rd,", "")] == [None] * 5
