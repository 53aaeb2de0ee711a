import pytest

from harness.agent.arguments import ArgumentError
from harness.agent.manual import PAGE, read, search, split
from harness.backend import Manual, ManualSection
from harness.testing import MANUAL


def manual(**texts):
    return Manual(sections=tuple(ManualSection(name=name, title=f"On {name}", text=text) for name, text in texts.items()))


def test_sections_are_found_by_name_and_title_in_any_case():
    assert (
        read(MANUAL, "Timing ")
        == read(MANUAL, "timing")
        == read(manual(timing=MANUAL.sections[1].text), "on TIMING").replace("On timing", "Timing")
    )


def test_an_unknown_section_names_the_nearest():
    with pytest.raises(ArgumentError, match="no section 'timming'; did you mean 'timing'"):
        read(MANUAL, "timming")
    with pytest.raises(ArgumentError, match="there is 'language', 'timing', 'faults'"):
        read(MANUAL, "zzz")


def test_a_long_section_can_be_read_to_its_end():
    rows = [f"row {number} " + "x" * 90 for number in range(200)]
    book = manual(long="\n".join(rows))
    pages = [read(book, "long", page) for page in (1, 2, 3)]
    assert pages[0].startswith("## On long (page 1 of 3)\n\nrow 0 ")
    assert [row for page in pages for row in page.split("\n")[2:-2]] == rows
    with pytest.raises(ArgumentError, match=r"section 'long' has 3 page\(s\), not 4"):
        read(book, "long", 4)


def test_split_cuts_lines_longer_than_a_page():
    pages = split("y" * (2 * PAGE + 5))
    assert [len(page) for page in pages] == [PAGE, PAGE, 5]


def test_search_ranks_rare_words_and_titles_first():
    found = search(manual(add="adds numbers", mul="multiplies numbers, then adds", div="divides numbers"), "mul adds")
    titles = [row for row in found.split("\n") if row.startswith("##")]
    assert titles == ["## On mul (section `mul`)", "## On add (section `add`)"]


def test_search_shows_the_lines_that_fit_with_their_numbers():
    found = search(MANUAL, "spin cycles")
    assert found.startswith("## Timing (section `timing`)\n")
    assert "line 4: `spin N` costs N cycles and does nothing." in found


def test_search_without_a_hit_names_the_sections():
    assert search(MANUAL, "quantum") == "Nothing in the manual has any word of 'quantum'. Its sections: language, timing, faults."
    assert search(Manual(sections=()), "?!") == "Nothing in the manual has any word of '?!'. Its sections: none."


def test_search_finds_parts_and_plurals_of_names():
    book = manual(matrix="M_MM_WO drains the accumulators", vector="V_ADD_VV adds rows", other="nothing of the kind")
    for query, first in (("accumulator", "matrix"), ("M_MM_WO", "matrix"), ("v_add_vv", "vector"), ("row", "vector")):
        assert search(book, query).startswith(f"## On {first} (section"), query
    assert "On vector" not in search(book, "accumulator")


def test_a_long_section_does_not_win_by_its_length():
    long = "\n".join(
        f"line {number} is about this and that and a mask" if number % 9 == 0 else "filler text here" for number in range(200)
    )
    found = search(manual(long=long, short="The mask selects heads.", third="unrelated"), "mask selects")
    assert found.startswith("## On short (section")


def test_search_shows_few_sections_and_says_how_many_more():
    book = manual(**{f"s{number}": "word" for number in range(9)})
    assert search(book, "word").endswith("(4 more sections fit less well)")
