import json
import math

import pytest

from harness.errors import UsageError
from harness.model import Usage
from harness.scoring.comparison import Comparison, adjusted, compare, differences, tournament
from harness.scoring.statistics import Decision
from harness.trial import Status, Trial, Verdict

from .trials import trial, ungraded

TASKS = [f"P{n:02}" for n in range(1, 13)]


def run(model: str, speed: float | None = 1.0, tasks: list[str] = TASKS, **changed: float | None) -> list[Trial]:
    """Two sizes of each task at one speed; ``P03=None`` makes a task fail."""
    return [
        trial(f"{task}/C{c}", changed.get(task, speed), model=model, cost=0.5, usage=Usage(input_tokens=10, output_tokens=5))
        for task in tasks
        for c in (1, 2)
    ]


def test_the_same_twice_is_a_tie_and_not_undecided() -> None:
    found = compare(run("a"), run("b"))
    assert found.score.decision is found.passing.decision is Decision.tie
    assert found.speed is not None
    assert (found.speed.estimate.value, found.speed.decision, found.faster, found.slower) == (1.0, Decision.tie, 0, 0)
    assert (found.gained, found.lost, found.mcnemar_p, found.cohens_h) == (0, 0, 1.0, 0.0)


def test_faster_everywhere_is_better() -> None:
    found = compare(run("a", 1.0), run("b", 1.5))
    assert found.speed is not None
    assert found.speed.estimate.value == pytest.approx(1.5)
    assert found.score.estimate.value == pytest.approx(2.5 / 2)
    assert found.score.decision is found.speed.decision is Decision.better
    assert found.passing.decision is Decision.tie
    assert (found.faster, found.equal, found.slower, found.superiority) == (24, 0, 0, 1.0)


def test_turned_around_it_is_worse_by_the_same() -> None:
    ab, ba = compare(run("a", 1.0), run("b", 1.5)), compare(run("b", 1.5), run("a", 1.0))
    assert ba.score.decision is Decision.worse
    assert ab.score.p_value == ba.score.p_value
    assert ab.score.estimate.value * ba.score.estimate.value == pytest.approx(1)


def test_flips_are_counted_and_named() -> None:
    a = run("a", P01=None, P02=None, P03=None)
    b = run("b", P03=None, P04=None)
    found = compare(a, b)
    assert (found.gained, found.lost) == (4, 2)
    flips = {pair.workload: pair.flip for pair in found.pairs if pair.flip}
    assert flips == {
        "P01/C1": "gained",
        "P01/C2": "gained",
        "P02/C1": "gained",
        "P02/C2": "gained",
        "P04/C1": "lost",
        "P04/C2": "lost",
    }
    assert found.passing.estimate.value == pytest.approx(2 / 24)
    assert found.passing.decision is Decision.undecided
    first = found.pairs[0]
    assert (first.a_failure, first.b_failure, first.ratio, first.b_speedup) == ("numeric/other", "", None, 1.0)


def test_repeats_are_averaged_and_most_must_pass() -> None:
    def repeats(model: str, passes: int) -> list[Trial]:
        return [trial("P01/C1", 1.0 if r < passes else None, model=model, repeat=r) for r in range(3)]

    found = compare(repeats("a", 1), repeats("b", 2))
    [pair] = found.pairs
    assert (pair.a_passed, pair.b_passed, pair.a_graded, pair.flip) == (1, 2, 3, "gained")
    assert found.passing.estimate.value == pytest.approx(1 / 3)
    assert found.score.estimate.value == pytest.approx(2 ** (1 / 3))


def test_only_common_workloads_count_and_the_others_are_named() -> None:
    found = compare(run("a", tasks=TASKS[:8]), run("b", 2.0, tasks=TASKS[6:]))
    assert [pair.workload for pair in found.pairs] == ["P07/C1", "P07/C2", "P08/C1", "P08/C2"]
    assert (len(found.only_a), len(found.only_b)) == (12, 8)
    assert found.a.metrics.workloads == found.b.metrics.workloads == 4
    assert found.cost_difference == 0.0


def test_few_tasks_decide_nothing() -> None:
    found = compare(run("a", tasks=TASKS[:3]), run("b", 9.0, tasks=TASKS[:3]))
    assert found.score.decision is Decision.undecided
    assert compare(run("a", tasks=TASKS[:3]), run("b", tasks=TASKS[:3])).score.decision is Decision.undecided


def test_one_task_has_no_interval() -> None:
    found = compare(run("a", tasks=TASKS[:1]), run("b", 2.0, tasks=TASKS[:1]))
    assert (found.score.estimate.low, found.score.estimate.high) == (None, None)


def test_lost_trials_do_not_count() -> None:
    a = [*run("a", tasks=TASKS[:6]), ungraded("P07/C1", Status.infra, model="a")]
    found = compare(a, run("b", tasks=TASKS[:7]))
    assert found.only_b == ("P07/C1", "P07/C2")


def test_what_the_difference_costs() -> None:
    dear = [t.model_copy(update={"cost": 2.0}) for t in run("b")]
    found = compare(run("a"), dear)
    assert (found.cost_difference, found.token_difference) == (24 * 1.5, 0)
    unknown = [t.model_copy(update={"cost": None}) for t in run("b")]
    assert compare(run("a"), unknown).cost_difference is None


def test_never_both_passing_has_no_speed() -> None:
    found = compare(run("a", None), run("b"))
    assert (found.speed, found.superiority) == (None, 0.0)
    assert found.passing.decision is Decision.better
    assert found.cohens_h == pytest.approx(math.pi)


def test_impossible_comparisons_say_why() -> None:
    with pytest.raises(UsageError, match=r"no workload has a graded trial of both 'a' and 'b' on 'toy'") as error:
        compare(run("a", tasks=["P01"]), run("b", tasks=["P02", "P03", "P04"]))
    assert error.value.hint == "A has P01/C1, P01/C2; B has P02/C1, P02/C2, P03/C1, P03/C2 and 2 more"
    with pytest.raises(UsageError, match=r"A ran on 'toy' and B on 'other'"):
        compare(run("a"), [trial(backend="other")])
    with pytest.raises(UsageError, match=r"A holds trials of several agents: a on toy, b on toy"):
        compare([*run("a"), *run("b")], run("b"))
    with pytest.raises(UsageError, match="B has no finished trial"):
        compare(run("a"), [])


def test_many_agents_at_once_are_corrected_for() -> None:
    agents = {name: run(name, speed) for name, speed in (("a", 1.0), ("b", 1.5), ("c", 1.5))}
    found = tournament({**agents, "d": run("d", tasks=["X01"])})
    assert [(one.a.label, one.b.label) for one in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [one.score.decision for one in found] == [Decision.better, Decision.better, Decision.tie]
    assert [one.score.adjusted for one in found] == pytest.approx(
        [3 * one.score.p_value if i < 2 else 1.0 for i, one in enumerate(found)]
    )
    assert adjusted(found[:1])[0].score.adjusted == found[0].score.p_value


def test_a_difference_that_holds_alone_may_not_hold_among_many() -> None:
    six = [f"P{n:02}" for n in range(1, 7)]  # p = 2 / 2**6, which is 0.031
    one = compare(run("a", 1.0, six), run("b", 1.5, six))
    assert one.score.decision is Decision.better
    assert adjusted([one, one])[0].score.decision is Decision.undecided


def test_digests_that_forbid_and_those_that_are_compared() -> None:
    a = {"task P01": "1", "task P09": "1", "backend toy": "1", "prompts": "1", "settings": "1", "secret": "1", "models": "1"}
    b = {"task P01": "2", "task P09": "2", "backend toy": "2", "prompts": "2", "settings": "1", "secret": "2", "models": "2"}
    assert differences(a, b, ["P01/C1"]) == (["backend toy", "task P01"], ["prompts"])
    assert differences(a, a, ["P01/C1"]) == ([], [])


def test_a_comparison_survives_json() -> None:
    found = compare(run("a", P01=None), run("b", 1.1))
    assert Comparison.model_validate_json(found.model_dump_json()) == found
    json.dumps(found.model_dump(mode="json"), allow_nan=False)


def test_verdicts_of_faults_are_classes_of_the_pair() -> None:
    found = compare([trial("P01/C1", None, model="a", verdict=Verdict.timeout)], [trial("P01/C1", 1.0, model="b")])
    assert found.pairs[0].a_failure == "limit/timeout"
