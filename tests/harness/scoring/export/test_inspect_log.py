"""Logs are read back by Inspect's own reader, where it is installed."""

import sys

import pytest

from harness.errors import UsageError
from harness.model import Usage
from harness.scoring.attempts import attempts
from harness.scoring.export import inspect_log
from harness.scoring.export.inspect_log import Header, Sample
from harness.trial import Status, Verdict

from ..events import Story, call, repairing
from ..trials import trial, ungraded

HEADER = Header("2026-01-01T00:00:00+00:00", "core", {"agent": {"strategy": "zero-shot"}}, {"kernelwright": "0.1.0"})


def samples():
    story = repairing()
    final = attempts(story.events)[-1].evaluation
    known = {"usage": Usage(input_tokens=700, output_tokens=140, cached_tokens=50), "cost": 1.75, "turns": 7}
    passed = trial("P01/C1", model="acme/large", final=final, started_at="2026-01-01T00:00:10+00:00", **known)
    failed = trial("P04/C1", None, model="acme/large", verdict=Verdict.timeout, repeat=1)
    lost = ungraded("P09/C1", Status.provider, model="acme/large", detail="503 \x1b[31m")
    odd = Story()
    odd.reply(bad := call("jump").model_copy(update={"arguments": None, "raw": "{", "error": "not JSON \udc80"}), text="\udc80")
    odd.tool(bad, problem="unknown tool")
    other = trial("P01/C1", 1.0, model="other/model")
    return [
        Sample(passed, story.events, "MULV\nHALT"), Sample(failed, [], None), Sample(lost, odd.events, None),
        Sample(other, [], "A"),
    ]  # fmt: skip


@pytest.fixture
def logs(tmp_path):
    pytest.importorskip("inspect_ai", reason="needs the extra 'inspect'")
    from inspect_ai.log import read_eval_log

    return {path.name: read_eval_log(str(path)) for path in inspect_log.write(samples(), HEADER, tmp_path / "logs")}


def test_one_log_per_model_and_backend(logs):
    assert list(logs) == ["acme-large-toy.eval", "other-model-toy.eval"]
    log = logs["acme-large-toy.eval"]
    assert (log.status, log.eval.model, log.eval.task, log.eval.config.epochs) == ("success", "acme/large", "kernelwright/toy", 2)
    assert (log.results.total_samples, log.results.completed_samples) == (3, 2)
    assert log.results.scores[0].metrics["accuracy"].value == 0.5
    assert log.stats.model_usage["acme/large"].input_tokens == 700


def test_a_sample_is_a_trial(logs):
    one = next(s for s in logs["acme-large-toy.eval"].samples if s.id == "P01/C1")
    score = one.scores["kernelwright"]
    assert (score.value, score.answer, score.metadata["speedup"]) == ("C", "MULV\nHALT", 2.0)
    assert [m.role for m in one.messages[:4]] == ["system", "user", "assistant", "tool"]
    assert one.messages[2].tool_calls[0].arguments == {"source": "ADDD\nHALT"}
    assert one.messages[3].text == "BUILD ERROR: unknown mnemonic 'ADDD' (line 1)"
    assert (one.model_usage["acme/large"].total_tokens, one.model_usage["acme/large"].input_tokens_cache_read) == (840, 50)


def test_a_failure_has_its_class(logs):
    one = next(s for s in logs["acme-large-toy.eval"].samples if s.id == "P04/C1")
    assert (one.epoch, one.scores["kernelwright"].value) == (2, "I")
    assert one.scores["kernelwright"].metadata["failure"] == "limit/timeout"
    assert one.model_usage == {}, "unknown is not 0"


def test_a_trial_that_is_nobodys_failure_has_an_error_and_no_score(logs):
    one = next(s for s in logs["acme-large-toy.eval"].samples if s.id == "P09/C1")
    assert one.scores is None
    assert one.error.message == "provider: 503 "
    assert one.messages[-1].error.message == "unknown tool"


def test_without_inspect_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    with pytest.raises(UsageError, match="Inspect logs need the package inspect-ai") as error:
        inspect_log.write([], HEADER, tmp_path)
    assert error.value.hint == "pip install 'kernelwright[inspect]'"
