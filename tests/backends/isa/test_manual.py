import dataclasses
import shutil
from pathlib import Path

import pytest

from backends.isa.bind import load
from backends.isa.errors import DefinitionError
from backends.isa.manual import programs, render
from backends.isa.manual.listing import statement, translate
from backends.isa.registry import find

FOLDER = Path(__file__).parent / "manual_isa"


def architecture(profile=None, timing=None, folder=FOLDER):
    return load(find(str(folder)), profile, timing)


def page(name, **machine):
    return next(section for section in render(architecture(**machine)).sections if section.name == name).text


def row(text, start):
    return next(line for line in text.splitlines() if line.startswith(start))


def twin(made):
    """The same machine with other mnemonics and destinations last."""
    ops = tuple(
        dataclasses.replace(op, mnemonic=f"z{op.mnemonic.lower()}", syntax=(*op.syntax[1:], op.syntax[0]) if op.syntax else ())
        for op in made.ops
    )
    return dataclasses.replace(made, ops=ops)


def test_sections_are_chapters_then_pages_in_a_fixed_order():
    assert [section.name for section in render(architecture()).sections] == [
        "start", "machine", "instructions", "VDBL", "ADDS", "MODE", "SKIP", "MIX", "semantics", "traps", "assembler", "formats",
    ]  # fmt: skip


def test_the_same_text_every_time():
    assert render(architecture()) == render(architecture())


def test_an_instruction_page_says_everything_about_it():
    assert page("ADDS") == (FOLDER / "adds.md").read_text()


def test_bodies_lose_docstrings_and_lint_comments_only():
    assert "```python\n# one lane after the other\nfor lane in range(LANES):\n    rd[lane] = double(rs1[lane])\n```" in page(
        "VDBL"
    )
    assert "```python\njump(target)\n```" in page("SKIP")


def test_helpers_are_shown_with_their_signatures():
    assert 'def double(value: f32) -> f32:\n    """Twice a value."""\n    return value + value' in page("semantics")


def test_windows_say_where_they_lie():
    assert row(page("VDBL"), "| `rd`").endswith("address in `mem`: 4 bf16 there are written, at a multiple of 4 |")
    assert row(page("MIX"), "| `rd`").endswith("address in `mem`: 4 bf16 there are read and written, at a multiple of 4 |")


def test_costs_follow_the_timing():
    assert "**Cost**: 2 + ceil(3/2 * work) cycles; *work* is" in page("VDBL")
    assert "**Cost**: result after 6 cycles, unit busy for 1 cycle." in page("VDBL", timing="overlapped")
    assert "Timing overlaps" in page("machine", timing="overlapped")


def test_chapters_look_facts_up_and_examples_are_translated():
    assert page("start").startswith(
        "A row has 4 lanes; `VDBL` takes 7 cycles (2 + ceil(3/2 * work) cycles),\nmemory holds 64. See `MODE rs1`.\n"
    )
    assert "    ADDS x2, x0, 4           ; a row further\nloop1: VDBL x2, x0\n    MODE 0, x2\n" in page("start")


def test_a_profile_shows_its_own_instructions():
    assert "Deep." in page("start", profile="deep")
    assert "`AGAIN`" in page("instructions", profile="deep")
    assert "AGAIN" not in page("instructions")


def test_instructions_that_are_not_offered_are_nowhere():
    assert "SECRET" not in render(architecture()).text


def test_every_trap_is_listed_with_what_raises_it():
    table = page("traps")
    assert row(table, "| `too_big`") == "| `too_big` | `ADDS` takes sums below 100. | `ADDS` |"
    assert row(table, "| `mem_misaligned`").endswith("| `VDBL`, `MIX` |")
    assert row(table, "| `pc_out_of_range`").endswith("| any, when it is fetched |")
    assert "x_out_of_range" not in table


def test_formats_are_those_of_the_machine():
    assert row(page("formats"), "| `bf16`").startswith("| `bf16` | 16 | f32 | the upper half")
    assert "e4m3" not in page("formats")


def test_a_twin_has_a_manual_of_its_own():
    made = load(twin(find(str(FOLDER)).definition))
    text = render(made).text
    assert "zvdbl rs1, rd" in text
    assert "    zadds x0, 4, x2" in text
    assert "`zmode_set`" not in text
    assert "Set by `zmode`." in text
    assert not [i.mnemonic for i in architecture().instructions if f"`{i.mnemonic}" in text or f"\n{i.mnemonic} " in text]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("add_small x1, x2", "ADDS x1, x2"),
        ("a: b: add_small x1,x2, 3 # so", "a: b: ADDS x1, x2, 3     # so"),
        ("again2 x1, x2", "again2 x1, x2"),
        ("; add_small x1", "; add_small x1"),
        (".equ add, 3", ".equ add, 3"),
        ("", ""),
    ],
)
def test_translation_of_a_line(written, read):
    assert translate(written, architecture()) == read


def test_defaults_are_written_where_they_are_no_longer_last():
    made = load(twin(find(str(FOLDER)).definition))
    adds = next(i for i in made.instructions if i.key == "add_small")
    assert statement(adds, ["x1", "x2"]) == "zadds x2, 7, x1"


def test_too_many_operands_in_a_chapter_are_refused():
    with pytest.raises(DefinitionError, match=r"mode_set has 1 operand\(s\), and 2 are written: 0, x1"):
        translate("mode_set 0, x1", architecture())


def test_programs_are_the_blocks_fenced_as_asm():
    sections = {section.name: section for section in render(architecture()).sections}
    assert programs(sections["MODE"]) == ["ADDS x1, x0, 3\nMODE 0, x1   ; three\n"]
    assert programs(sections["traps"]) == []


@pytest.mark.parametrize(
    ("chapter", "message"),
    [
        ("# A\n\n{{ m('v_duoble') }}", r"9-x.md.j2:3: this machine offers no instruction 'v_duoble'; did you mean 'v_double'\?"),
        ("# A\n{{ m('secret') }}", "9-x.md.j2:2: this machine offers no instruction 'secret'"),
        ("# A\n{{ params.LANE }}", r"9-x.md.j2:2: there is no parameter 'LANE'; did you mean 'LANES'\?"),
        ("# A\n{{ memory('me') }}", r"9-x.md.j2:2: there is no memory 'me'; did you mean 'mem'\?"),
        ("# A\n{{ nonsense }}", "9-x.md.j2:2: 'nonsense' is undefined"),
        ("# A\n{% if %}", "9-x.md.j2:2: Expected an expression"),
        ("# A\n\n{{ 1 + 'a' }}", r"9-x.md.j2:3: TypeError: unsupported operand"),
        ("# A\n{{ cycles() }}", r"9-x.md.j2:2: TypeError: .* missing 1 required positional argument: 'key'"),
        ("# A\n{% include 'no' %}", r"9-x.md.j2:2: TemplateNotFound: 'no'"),
        ("# A\n{{ 'a' | upper_case }}", r"9-x.md.j2:2: No filter named 'upper_case'"),
        ("No title", "starts with 'No title'"),
        ("# A\n{% filter asm %}\nadd_small 1, 2, 3, 4\n{% endfilter %}", r"9-x.md.j2:\d: add_small has 3 operand"),
    ],
)
def test_a_wrong_chapter_is_named_with_its_line(tmp_path, chapter, message):
    folder = shutil.copytree(FOLDER, tmp_path / "isa")
    (folder / "manual" / "9-x.md.j2").write_text(chapter)
    with pytest.raises(DefinitionError, match=message):
        render(architecture(folder=folder))


def test_what_a_chapter_may_use_is_said_where_a_name_is_unknown(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "isa")
    (folder / "manual" / "9-x.md.j2").write_text("# A\n{{ reference('v*') }}")
    with pytest.raises(DefinitionError, match=r"9-x.md.j2:2: 'reference' is undefined") as caught:
        render(architecture(folder=folder))
    assert 'params.NAME, m("KEY")' in caught.value.hint
    assert 'those in manual/instructions reference("KEY*")' in caught.value.hint


def test_a_chapter_is_utf_8_with_or_without_its_mark(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "isa")
    chapter = folder / "manual" / "9-x.md.j2"
    chapter.write_bytes(b"\xef\xbb\xbf# A\n")
    assert render(architecture(folder=folder)).find("x").title == "A"
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "manual" / "9-x.md.j2").write_bytes(b"# A\n\nx\xe4\n")
    with pytest.raises(DefinitionError, match=r"9-x.md.j2:3: not UTF-8 text: invalid continuation byte at byte 6, 0xe4"):
        render(architecture(folder=other))


@pytest.mark.parametrize(("name", "folder"), [("20-more.md", "."), ("20-more.j2", "."), ("5-sums.md", "instructions")])
def test_a_file_numbered_as_a_chapter_is_one_or_refused(tmp_path, name, folder):
    copied = shutil.copytree(FOLDER, tmp_path / "isa")
    (copied / "manual" / folder).mkdir(exist_ok=True)
    (copied / "manual" / folder / name).write_text("# A\n")
    with pytest.raises(DefinitionError, match=rf"{name}: chapters end in .md.j2\n  hint: rename it {name.split('.')[0]}.md.j2"):
        render(architecture(folder=copied))


def test_notes_beside_chapters_are_nobodys_business(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "isa")
    for name in ("validation.md", "10-start.md.j2~", "10-picture.png"):
        (folder / "manual" / name).write_text("notes")
    assert render(architecture(folder=folder)) == render(architecture())


def test_a_wrong_example_is_said_of_its_instruction(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "isa")
    text = (folder / "isa.py").read_text()
    (folder / "isa.py").write_text(text.replace("mode_set x1  ; three", "mode_set x1, x2"))
    with pytest.raises(DefinitionError, match=r"isa.py:\d+: mode_set: example: mode_set has 1 operand\(s\), and 2 are written"):
        render(architecture(folder=folder))


def test_a_chapter_cannot_take_the_name_of_a_page(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "isa")
    (folder / "manual" / "traps.md.j2").write_text("# My traps\n")
    message = (
        r"two sections of the manual are called 'traps': 'My traps' \(.*/manual/traps.md.j2\) and 'Traps' "
        r"\(a page that makes itself\)\n  hint: rename the chapter's file"
    )
    with pytest.raises(DefinitionError, match=message):
        render(architecture(folder=folder))


def test_an_instruction_cannot_take_the_name_of_a_page():
    made = find(str(FOLDER)).definition
    ops = tuple(dataclasses.replace(op, mnemonic="Traps") if op.key == "mix" else op for op in made.ops)
    message = r"are called '[Tt]raps': .*\(isa.py:\d+: mix\).*\n  hint: give the instruction another mnemonic"
    with pytest.raises(DefinitionError, match=message):
        render(load(dataclasses.replace(made, ops=ops)))
