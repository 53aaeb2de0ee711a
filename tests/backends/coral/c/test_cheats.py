"""Every kernel in ``tests/cheats/coral-c`` ends in a verdict that its header allows; none passes."""

import pytest

from harness.grading.evaluate import Judge
from harness.grading.redteam import CHECKOUT, Cheat, read_corpus
from harness.task import Task

CHEATS = [cheat for cheat in read_corpus(CHECKOUT) if cheat.backend == "coral-c"]


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_is_caught(cheat: Cheat, judge_c: Judge, tasks: dict[str, Task]) -> None:
    task, configuration = cheat.workloads[0].split("/")
    evaluation = judge_c.grade(cheat.source, tasks[task].workload(configuration))
    assert evaluation.verdict in cheat.expect, (evaluation.verdict, evaluation.summary, evaluation.diagnostics[:2])


def test_the_corpus_is_there() -> None:
    assert len(CHEATS) > 10
