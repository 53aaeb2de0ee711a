from harness.testing import MANUAL


def test_prints_all_of_it(kernelwright):
    result = kernelwright("manual", "toy")
    assert result.code == 0
    assert result.out.strip() == MANUAL.text


def test_prints_one_section_by_name_or_title(kernelwright):
    by_name, by_title = kernelwright("manual", "toy", "language"), kernelwright("manual", "toy", "the LANGUAGE")
    assert by_name == by_title
    assert by_name.out.startswith("## The language\n\nA kernel is a list of lines.")
    assert "Timing" not in by_name.out


def test_lists_sections(kernelwright):
    assert [line.split()[0] for line in kernelwright("manual", "toy", "--sections").out.splitlines()] == [
        "language", "timing", "faults",
    ]  # fmt: skip


def test_searches(kernelwright):
    out = kernelwright("manual", "toy", "--search", "cycle budget").out
    assert "section `faults`" in out
    assert "line 3" in out


def test_json_holds_the_sections(kernelwright):
    assert [page["name"] for page in kernelwright("manual", "toy", "--json").json] == ["language", "timing", "faults"]


def test_unknown_names_suggest_others(kernelwright):
    result = kernelwright("manual", "toy", "langage")
    assert result.code == 2
    assert str(result.error) == "unknown section 'langage' in the manual of 'toy'\n  hint: did you mean 'language'?"
    assert "did you mean 'toy'" in str(kernelwright("manual", "tay").error)


def test_a_folder_is_no_backend_and_the_error_says_what_takes_one(kernelwright, tmp_path):
    result = kernelwright("manual", str(tmp_path))
    assert result.code == 2
    assert "is a file or folder, not the name of a backend" in str(result.error)
    assert "isa manual take the folder of an instruction set" in str(result.error)
