"""A good backend passes every check; one that is broken in one way fails the check that looks for it, with the right words."""

import pytest
from broken import BROKEN, STOP, Crashes, GoodToy

from harness.conformance import endings, kernels, kit
from harness.conformance.bench import Bench
from harness.conformance.result import MOST, Report, found, lines, markdown
from harness.errors import InfraError
from harness.testing import ToyBackend, toy_suite


@pytest.fixture(autouse=True)
def little_patience(monkeypatch):
    monkeypatch.setattr(endings, "GRACE_S", 0.1)
    monkeypatch.setattr(endings, "WALL_S", 0.1)
    STOP.clear()
    yield
    STOP.set()


def test_a_good_backend_passes_every_check(bench_of):
    done = list(kit.results(bench_of(GoodToy)))
    [exploits] = [result for result in done if result.check == "exploits"]
    done.remove(exploits)
    assert [(result.check, result.status, result.problems) for result in done] == [
        (name, "ok", ()) for name in kit.CHECKS if name != "exploits"
    ]
    assert not any(result.fix for result in done)
    assert (exploits.status, exploits.seen) == ("skipped", "the corpus has no folder for this backend")


@pytest.mark.parametrize(("kind", "check", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_what_is_broken_is_found_and_said(bench_of, kind, check, words):
    result = kit.run(bench_of(kind), check)
    assert result.status == "wrong"
    assert any(words in problem for problem in result.problems), result.problems
    assert result.fix


def test_every_check_has_a_backend_that_fails_it():
    untested = set(kit.CHECKS) - {check for _, check, _ in BROKEN}
    assert untested == {"options", "exploits"}  # below


def test_a_cheat_that_passes_is_found(bench_of, tmp_path, monkeypatch):
    (tmp_path / "toy").mkdir()
    head = "# cheat: {0}\n# expect: wrong\n# workload: T01/*\n# why: nobody looks.\n"
    (tmp_path / "toy" / "honest.toy").write_text(head.format("honest") + "y = a + b\n")
    (tmp_path / "toy" / "zeros.toy").write_text(head.format("zeros") + "y = 0\n")
    monkeypatch.setattr(kernels, "corpus_folder", lambda: tmp_path)
    result = kit.run(bench_of(GoodToy), "exploits")
    assert result.seen == "2 of 2 cheats tried, stopped 1 by passed, 1 by judge"
    assert result.problems == ("T01/C1: honest: passed: right on 4 input sets; 2.000x the baseline's speed",)


def test_an_option_that_is_swallowed_is_found():
    workloads = [task.workload("C1") for task in toy_suite().tasks]
    result = kit.run(Bench("toy", lambda _options: GoodToy(), workloads, registered=False), "options")
    assert result.problems == ("--backend-option no-such-option=1 was accepted in silence",)


def test_an_option_that_does_not_show_in_the_digest_is_found():
    bench = Bench("toy", lambda _options: GoodToy(), [], {"gain": "2"}, registered=False)
    assert "without {'gain': '2'} it is the same" in kit.run(bench, "digest").problems[0]


def test_a_backend_that_crashes_fails_every_check_that_runs_it_and_no_other(bench_of):
    status = {result.check: result.status for result in kit.results(bench_of(Crashes))}
    failed = {check for check, found in status.items() if found == "wrong"}
    assert failed == {"leaks", "inputs", "repeat", "profiles", "baseline", "bound", "nulls", "faults", "limits"}


def test_a_machine_that_fails_is_said(bench_of):
    class NoSandbox(GoodToy):
        def execute(self, build, batch, limits):
            raise InfraError("no sandbox works here", "install bubblewrap")

    result = kit.run(bench_of(NoSandbox), "inputs")
    assert (result.problems, result.fix) == (("no sandbox works here",), "install bubblewrap")


def test_what_cannot_be_tried_is_skipped_with_what_it_takes(bench_of):
    skipped = [result for result in kit.results(bench_of(ToyBackend)) if result.status == "skipped"]
    assert [result.check for result in skipped] == ["words", "exploits", "faults", "limits"]
    assert all("harness.backend.Specimens" in result.fix for result in skipped if result.check != "exploits")


def test_quick_tries_the_first_configuration_of_each_task(bench_of):
    assert [w.id for w in bench_of(GoodToy, quick=True).supported] == ["T01/C1", "T02/C1"]


def test_a_report_says_what_was_tried_on_what(bench_of):
    bench = bench_of(GoodToy, quick=True)
    report = kit.report(bench, [found("a", "three | things", [], "no"), found("b", "it", ["one"], "mend it")])
    assert (report.backend, report.conforms, report.workloads) == ("toy", False, ("T01/C1", "T02/C1"))
    assert Report.model_validate_json(report.model_dump_json()) == report
    text = markdown(report)
    assert "1 of 2 checks passed on 2 workloads" in text
    assert "| a | ok | three \\| things |" in text
    assert "| b | wrong | it<br>one |" in text


def test_a_result_is_a_line_with_its_problems_and_remedy():
    result = found("bound", "tried", [f"problem {n}" for n in range(MOST + 2)], "mend it")
    first, *rest = lines(result)
    assert first == "wrong    bound      tried"
    assert [line.strip() for line in rest][-2:] == ["and 2 more", "fix: mend it"]


def test_the_digest_is_asked_of_another_process():
    bench = kit.open_bench("tiny", ["P01/C1"])
    assert "another process" in kit.run(bench, "digest").seen


def test_context_of_a_registered_backend_has_its_options():
    bench = kit.open_bench("tiny", ["P01/C1"], {"timing": "pipelined"})
    assert "pipelined" in bench.backend.info.title
