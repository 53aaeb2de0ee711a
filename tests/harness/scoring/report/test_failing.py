from harness.scoring.report.failing import MOST, failure_table
from harness.scoring.report.table import result_table
from harness.trial import Status, Verdict

from ..events import trapped
from ..trials import trial, ungraded
from .test_versus import text


def failed(model: str, *verdicts: Verdict):
    return [trial(f"P{n:02}/C1", None, model=model, verdict=verdict) for n, verdict in enumerate(verdicts, start=1)]


def test_the_commonest_class_comes_first(golden):
    trials = [
        *failed("a", Verdict.timeout, Verdict.timeout, Verdict.build_error), *failed("b", Verdict.timeout),
        trial("P09/C1", 1.0, model="b"), ungraded("P08/C1", Status.provider, model="b"),
    ]  # fmt: skip
    table = failure_table(trials)
    assert table is not None
    golden("report/failures.txt", text(table, 100))


def test_nothing_failed_is_no_table():
    assert failure_table([trial()]) is None
    assert "why trials failed" not in text(result_table([trial()]))
    assert "why trials failed" in text(result_table(failed("a", Verdict.timeout)))


def test_many_classes_are_summed_up():
    trials = [trial(f"P{n:02}/C1", final=trapped(f"cause_{n}")) for n in range(MOST + 5)]
    table = failure_table(trials)
    assert table is not None
    assert "and 5 more" in text(table)
