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
