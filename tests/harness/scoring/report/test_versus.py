"""The terminal's view of a comparison, as a snapshot, and the words that depend on what was found."""

import io

import pytest
from rich.console import Console

from harness.model import Usage
from harness.scoring.comparison import compare, tournament
from harness.scoring.report.versus import differing, matrix, remarks, rendering, sentence
from harness.trial import Status, Trial, Verdict

from ..trials import trial, ungraded


def text(shown, width=110):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(shown)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def run(model: str, speed: float, tasks: int, **failed: Verdict) -> list[Trial]:
    return [
        trial(f"P{n:02}/C1", None if f"P{n:02}" in failed else speed + n / 100, model=model,
              verdict=failed.get(f"P{n:02}", Verdict.wrong), cost=0.02 * speed, usage=Usage(input_tokens=1000, output_tokens=200))
        for n in range(1, tasks + 1)
    ]  # fmt: skip


@pytest.fixture
def found():
    a = [*run("acme/small", 1.0, 8, P01=Verdict.timeout, P02=Verdict.wrong), trial("P77/C1", model="acme/small", cost=0.0)]
    b = [*run("acme/large", 1.4, 8, P02=Verdict.fault, P03=Verdict.build_error),
         ungraded("P01/C2", Status.provider, model="acme/large")]  # fmt: skip
    return compare(a, b, notes=["another prompts"])


def test_the_whole_of_it(found, golden):
    golden("compare/two_models.txt", text(rendering([found])))


def test_all_pairs_if_asked_for(found, golden):
    golden("compare/all_pairs.txt", text(rendering([found], all_pairs=True)))


def test_only_what_differs_is_listed(found):
    assert [pair.workload for pair in differing(found)] == ["P01/C1", "P03/C1", "P04/C1", "P05/C1", "P06/C1", "P07/C1", "P08/C1"]
    same = compare(run("a", 1.0, 8), run("b", 1.0, 8))
    assert differing(same) == []
    assert "workloads differ" not in text(rendering([same]))


@pytest.mark.parametrize(
    ("speed", "begins"),
    [
        (1.5, "b is better: (1 + score) is 1.245x [1.24"), (0.5, "b is worse: (1 + score) is 0.755x ["),
        (1.0, "A tie: (1 + score) is 1.000x [1.000, 1.000], p = 1.000."),
    ],
)  # fmt: skip
def test_the_finding_in_words(speed, begins):
    assert sentence(compare(run("a", 1.0, 8), run("b", speed, 8))).startswith(begins)


def test_few_tasks_are_said_to_be_few():
    said = sentence(compare(run("a", 1.0, 2), run("b", 2.0, 2)))
    assert said.startswith("Undecided between a and b: ")
    assert said.endswith("With 2 task(s) nothing can be told; 6 are the least.")
    assert "are the least" not in sentence(compare(run("a", 1.0, 8), run("b", 1.0, 8, P01=Verdict.wrong)))


def test_remarks_name_what_was_left_out(found):
    assert remarks(found) == ["note: another prompts", "note: 1 workload(s) of acme/small alone are left out: P77/C1"]
    lost = compare(run("a", 1.0, 8), [*run("b", 1.0, 8), ungraded("P01/C1", Status.infra, model="b", repeat=1)])
    assert remarks(lost) == ["note: 1 trial(s) of b were not graded and do not count"]


def test_markup_in_a_name_is_a_name():
    a, b = run("[red]a[/red]", 1.0, 2), run("b", 1.0, 2)
    assert "[red]a[/red]" in text(rendering([compare(a, b)]))


def test_an_unknown_price_is_unknown():
    b = [t.model_copy(update={"cost": None}) for t in run("b", 1.0, 8)]
    shown = text(rendering([compare(run("a", 1.0, 8), b)]))
    [cost] = [line.replace("│", " ").split() for line in shown.splitlines() if "│ cost" in line]
    assert cost == ["cost", "$0.16", "-", "-"]


def test_a_tournament_is_a_square(golden):
    slow, fast, twin = run("slow", 1.0, 8), run("fast", 2.0, 8), run("twin", 2.0, 8)
    golden("compare/tournament.txt", text(matrix(tournament({"slow": slow, "fast": fast, "twin": twin}), "core on toy")))


def test_pairs_that_may_not_be_compared_stay_empty():
    a, b = run("a", 1.0, 8), run("b", 2.0, 8)
    assert tournament({"a": a, "b": b}, {"a": {"backend toy": "1"}, "b": {"backend toy": "2"}}) == []
    assert len(tournament({"a": a, "b": b}, {"a": {"prompts": "1"}, "b": {"prompts": "2"}})) == 1
