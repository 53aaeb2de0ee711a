import contextlib
import dataclasses
import json
import os
import re
import signal
import threading

import pytest

from harness.agent import prompts
from harness.backend import ToolOutput
from harness.errors import InfraError, ProviderError, UsageError
from harness.grading.evaluate import Judge
from harness.grading.seeds import seed
from harness.model import Reply, Usage
from harness.run.journal import read_events
from harness.run.trial import TrialSetup, run_trial
from harness.testing import ScriptedModel, ToyBackend, calls, says, toy_suite, vec_add
from harness.trial import AgentLimits, AgentSettings, Evaluation, Status, Trial, TrialSpec, Verdict

WORKLOAD = vec_add.workload("C3")
SPEC = TrialSpec(model="scripted", backend="toy", workload=WORKLOAD.id)
GOOD, SLOW, BAD = "y = a + b", "t = a + b\ny = t + 0", "y = a - b"
SCRIPT = [
    says("Let me think."),
    calls(("check", {"source": "y = q"}), ("runn", {}), cost=0.5),
    calls(("run", {"source": BAD}), ("inspect", {"source": BAD, "line": 1, "name": "y"}), cost=0.25),
    calls(("profile", {"source": GOOD}), cost=0.25),
    calls(("submit", {"source": GOOD}), ("run", {"source": BAD}), cost=0.0),
]
"""A course with every kind of event: useless words, a bad call, evaluations, the target's own tool, a call after submit."""


class CountingBackend(ToyBackend):
    """Counts what is paid for beyond the model: executions and own tools."""

    payments = 0

    def execute(self, build, batch, limits):
        self.payments += 1
        return super().execute(build, batch, limits)

    def call_tool(self, name, arguments, workload, seed):
        self.payments += 1
        return super().call_tool(name, arguments, workload, seed)


class Drawing(ToyBackend):
    """Its tool leaves a file."""

    def call_tool(self, name, arguments, workload, seed):
        return ToolOutput("drawn", {"wave.vcd": b"$enddefinitions"})


def setup(script=SCRIPT, backend=None, workload=WORKLOAD, **fields):
    backend = backend or ToyBackend()
    model = script if isinstance(script, ScriptedModel) else ScriptedModel(script)
    return TrialSetup(
        backend=backend,
        workload=workload,
        model=model,
        judge=Judge(backend, "secret"),
        public_seed=seed("secret", WORKLOAD.id, "public"),
        **fields,
    )


class Generic(ToyBackend):
    """One text serves all sizes."""

    @property
    def info(self):
        return dataclasses.replace(super().info, generic_sizes=True)


def timeless(record):
    """A trial or event as data, without what a clock decides."""
    text = json.dumps(record.model_dump(mode="json"))
    return json.loads(re.sub(r'"(seconds|tool_seconds|at|started_at)": [^,}]+', r'"\1": 0', text))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class TestFinished:
    def test_files_of_tools_are_kept_and_not_shown(self, tmp_path):
        run_trial(SPEC, tmp_path, setup(backend=Drawing()))
        (path,) = (tmp_path / "files").iterdir()
        assert path.read_bytes() == b"$enddefinitions"
        (answer,) = [
            event["data"]
            for event in map(json.loads, (tmp_path / "transcript.jsonl").read_text().splitlines())
            if event["kind"] == "tool" and event["data"]["call"]["name"] == "inspect"
        ]
        assert (answer["files"], answer["result"]["content"]) == ([path.name], "drawn")

    def test_every_field_is_filled(self, tmp_path):
        trial = run_trial(SPEC, tmp_path, setup(digests={"harness": "h"}))
        assert (trial.spec, trial.status, trial.detail, trial.passed) == (SPEC, Status.graded, "", True)
        assert (trial.evaluations, trial.first_pass, trial.iterations) == (3, 3, 4)
        assert (trial.turns, trial.tool_calls) == (5, 7)
        assert trial.usage == Usage(input_tokens=500, output_tokens=50)
        assert trial.cost == 1.0
        assert trial.model_ids == ("scripted-1",)
        assert trial.tool_seconds > 0
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", trial.started_at)
        assert set(trial.digests) == {"task", "backend", "manual", "prompts", "settings", "harness"}
        assert trial.digests["prompts"] == prompts.digest()

    def test_the_folder_holds_what_the_docstring_says(self, tmp_path):
        trial = run_trial(SPEC, tmp_path, setup())
        assert names(tmp_path) == ["evaluations.jsonl", "kernel.toy", "transcript.jsonl", "trial.json"]
        assert Trial.model_validate_json((tmp_path / "trial.json").read_bytes()) == trial
        assert (tmp_path / "kernel.toy").read_text() == GOOD
        stored = [Evaluation.model_validate_json(row) for row in (tmp_path / "evaluations.jsonl").read_text().splitlines()]
        assert [evaluation.stage for evaluation in stored] == ["build", "public", "public", "final"]
        assert stored[-1] == trial.final

    def test_the_transcript(self, tmp_path, golden):
        run_trial(SPEC, tmp_path, setup())
        events, _ = read_events(tmp_path / "transcript.jsonl")
        golden("transcript.jsonl", "".join(json.dumps(timeless(event)) + "\n" for event in events))

    def test_hidden_inputs_are_never_shown(self, tmp_path):
        model = ScriptedModel(SCRIPT)
        run_trial(SPEC, tmp_path, setup(model))
        assert "hidden" not in re.sub("that you never see", "", model.requests[-1].model_dump_json())
        assert "secret" not in model.requests[-1].model_dump_json()

    def test_a_graded_trial_is_not_run_again(self, tmp_path):
        first = run_trial(SPEC, tmp_path, setup())
        model = ScriptedModel([])
        assert run_trial(SPEC, tmp_path, setup(model)) == first
        assert model.requests == []

    def test_a_wrong_submission_is_graded_as_such(self, tmp_path):
        trial = run_trial(SPEC, tmp_path, setup([calls(("submit", {"source": BAD}))]))
        assert (trial.status, trial.final.verdict, trial.passed) == (Status.graded, Verdict.wrong, False)
        assert all(not mismatch.examples or mismatch.output == "y" for mismatch in trial.final.mismatches)
        assert (trial.evaluations, trial.first_pass, trial.iterations) == (0, None, 1)

    def test_a_limit_grades_the_best(self, tmp_path):
        limits = AgentSettings(limits=AgentLimits(turns=2))
        script = [calls(("run", {"source": GOOD})), calls(("run", {"source": SLOW}))]
        trial = run_trial(SPEC, tmp_path, setup(script, settings=limits))
        assert (trial.status, trial.detail) == (Status.budget, "reached the limit turns=2 with 2")
        assert (trial.final.speedup, trial.iterations) == (2.0, 2)
        assert (tmp_path / "kernel.toy").read_text() == GOOD

    def test_a_limit_without_a_pass_grades_nothing(self, tmp_path):
        script = [calls(("run", {"source": BAD}))]
        trial = run_trial(SPEC, tmp_path, setup(script, settings=AgentSettings(limits=AgentLimits(turns=1))))
        assert (trial.status, trial.final) == (Status.budget, None)
        assert "kernel.toy" not in names(tmp_path)

    def test_a_model_of_no_use_is_refused(self, tmp_path):
        trial = run_trial(SPEC, tmp_path, setup([says()] * 3))
        assert (trial.status, trial.detail) == (Status.refused, "3 replies in a row were of no use: empty, empty, empty")

    @pytest.mark.parametrize(
        ("is_offline", "costs", "total"), [(True, (None, None), 0.0), (False, (0.5, None), None), (False, (0.5, 0.25), 0.75)]
    )
    def test_an_unknown_price_makes_the_cost_unknown(self, tmp_path, is_offline, costs, total):
        script = [says(cost=costs[0]), calls(("submit", {"source": GOOD}), cost=costs[1])]
        assert run_trial(SPEC, tmp_path, setup(ScriptedModel(script, is_offline=is_offline))).cost == total

    @pytest.mark.parametrize(("backend", "sizes"), [(ToyBackend(), "N = 12"), (Generic(), "N = 16")])
    def test_held_out_sizes_are_told_only_where_no_kernel_could_be_written_without(self, tmp_path, backend, sizes):
        task = dataclasses.replace(vec_add, configurations={"C1": {"N": 16}}, held_out={"C1": {"N": 12}})
        model = ScriptedModel([calls(("run", {"source": GOOD})), calls(("submit", {"source": GOOD}))])
        trial = run_trial(SPEC, tmp_path, setup(model, backend, task.workload("C1", held_out=True)))
        assert (trial.final.workload, trial.final.verdict) == ("T01/C1+held-out", Verdict.passed)
        said = str(model.requests)
        assert f"Sizes: {sizes}" in said
        assert "held" not in said

    def test_one_shot_prompts_show_another_task(self, tmp_path):
        model = ScriptedModel(SCRIPT)
        run_trial(SPEC, tmp_path, setup(model, settings=AgentSettings(strategy="one-shot"), suite=toy_suite().tasks))
        assert "t = max(x, 0)" in model.requests[0].messages[0].text


class Killed(BaseException):
    """Stands for the process's death: nothing after it is written."""


class TestResume:
    def reference(self, folder):
        folder.mkdir()
        model, backend = ScriptedModel(SCRIPT), CountingBackend()
        trial = run_trial(SPEC, folder, setup(model, backend))
        return trial, read_events(folder / "transcript.jsonl")[0], backend.payments

    @pytest.mark.parametrize("torn", [False, True])
    def test_from_every_event_on_nothing_is_paid_twice(self, tmp_path, torn):
        trial, events, payments = self.reference(tmp_path / "whole")
        rows = (tmp_path / "whole" / "transcript.jsonl").read_bytes().splitlines(keepends=True)
        for survived in range(len(rows) + 1):
            folder = tmp_path / f"{survived}"
            folder.mkdir()
            torn_row = rows[survived][: len(rows[survived]) // 2] if torn and survived < len(rows) else b""
            (folder / "journal.jsonl").write_bytes(b"".join(rows[:survived]) + torn_row)
            model, backend = ScriptedModel(SCRIPT), CountingBackend()
            resumed = run_trial(SPEC, folder, setup(model, backend))
            assert timeless(resumed) == timeless(trial), survived
            assert [timeless(e) for e in read_events(folder / "transcript.jsonl")[0]] == [timeless(e) for e in events], survived
            assert len(model.requests) == len(SCRIPT) - sum(event.kind == "reply" for event in events[:survived]), survived
            assert backend.payments <= payments - self.already_paid(events[:survived]), survived
            assert names(folder) == names(tmp_path / "whole")

    def already_paid(self, events):
        """Executions and own tools that the surviving events paid for; a baseline execution may have to be redone."""
        runs = sum(event.kind == "evaluation" and event.data["stage"] != "build" for event in events)
        own = sum(event.kind == "tool" and event.data["call"]["name"] == "inspect" for event in events)
        return runs + own

    def test_a_kill_at_every_fsync(self, tmp_path, monkeypatch):
        trial, events, _ = self.reference(tmp_path / "whole")
        original = os.fsync
        for instant in range(len(events) + 6):
            folder, left = tmp_path / f"{instant}", [instant]
            folder.mkdir()

            def dies(descriptor, left=left):
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
                original(descriptor)

            monkeypatch.setattr(os, "fsync", dies)
            replies = []
            for _attempt in range(2):
                model = ScriptedModel(SCRIPT)
                with contextlib.suppress(Killed):
                    resumed = run_trial(SPEC, folder, setup(model))
                replies.append(len(model.requests))
                left[0] = 10_000
                monkeypatch.setattr(os, "fsync", original)
            assert timeless(resumed) == timeless(trial), instant
            # A reply is recorded before anything follows from it; only one whose record was not yet on disk is asked for again.
            assert sum(replies) <= len(SCRIPT) + 1

    def test_charged_seconds_survive_a_kill_between_evaluation_and_answer(self, tmp_path):
        _trial, _, _ = self.reference(tmp_path / "whole")
        rows = (tmp_path / "whole" / "transcript.jsonl").read_bytes().splitlines(keepends=True)
        last = max(index for index, row in enumerate(rows) if b'"stage":"public"' in row and b'"evaluation"' in row)
        folder = tmp_path / "cut"
        folder.mkdir()
        (folder / "journal.jsonl").write_bytes(b"".join(rows[: last + 1]))
        evaluation = Evaluation.model_validate(json.loads(rows[last])["data"])
        run_trial(SPEC, folder, setup())
        answers = [event for event in read_events(folder / "transcript.jsonl")[0] if event.kind == "tool"]
        (profiled,) = [event for event in answers if event.data["call"]["name"] == "profile"]
        assert profiled.data["seconds"] == evaluation.seconds

    def test_other_settings_do_not_continue_a_journal(self, tmp_path):
        run_trial(SPEC, tmp_path, setup(lambda _: fail(ProviderError("down"))))
        trial = run_trial(SPEC, tmp_path, setup(settings=AgentSettings(documentation="none")))
        assert trial.status is Status.harness_bug
        assert "was begun with another prompt than this trial's" in trial.detail

    def test_a_damaged_journal_is_a_clear_ending(self, tmp_path):
        (tmp_path / "journal.jsonl").write_bytes(b"garbage\nmore\n")
        trial = run_trial(SPEC, tmp_path, setup())
        assert not trial.status.is_graded
        assert "journal.jsonl line 1 is not an event" in trial.detail
        assert (tmp_path / "journal.jsonl").read_bytes() == b"garbage\nmore\n"


def fail(error):
    raise error


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "status", "detail"),
        [
            (ProviderError("500 from the server", "try later"), Status.provider, "500 from the server (try later)"),
            (InfraError("the sandbox died"), Status.infra, "the sandbox died"),
            (OSError(28, "No space left on device"), Status.infra, "OSError: [Errno 28] No space left on device"),
            (ZeroDivisionError("division by zero"), Status.harness_bug, "ZeroDivisionError: division by zero"),
            (KeyboardInterrupt(), Status.cancelled, "KeyboardInterrupt"),
        ],
    )
    def test_each_failure_has_its_status_and_is_redone(self, tmp_path, error, status, detail):
        def script(request):
            turn = sum(message.role == "assistant" for message in request.messages)
            return SCRIPT[turn] if turn < 3 else fail(error)

        trial = run_trial(SPEC, tmp_path, setup(script))
        assert (trial.status, trial.detail, trial.final) == (status, detail, None)
        assert (trial.turns, trial.evaluations) == (3, 2)
        assert type(error).__name__ in (tmp_path / "error.txt").read_text()
        assert names(tmp_path) == ["error.txt", "evaluations.jsonl", "journal.jsonl", "transcript.jsonl", "trial.json"]

        model = ScriptedModel(SCRIPT)
        redone = run_trial(SPEC, tmp_path, setup(model))
        assert redone.status is Status.graded
        assert len(model.requests) == 2
        assert names(tmp_path) == ["evaluations.jsonl", "kernel.toy", "transcript.jsonl", "trial.json"]

    def test_a_judge_that_breaks_is_no_failure_of_the_model(self, tmp_path, monkeypatch):
        monkeypatch.setattr(Judge, "grade", lambda *_: fail(InfraError("cc vanished")))
        trial = run_trial(SPEC, tmp_path, setup())
        assert (trial.status, trial.final) == (Status.infra, None)
        monkeypatch.undo()
        model = ScriptedModel([])
        assert run_trial(SPEC, tmp_path, setup(model)).passed
        assert model.requests == []

    def test_sigterm_cancels(self, tmp_path):
        before = signal.getsignal(signal.SIGTERM)

        def script(_request) -> Reply:
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait(10)
            return says("too late")

        trial = run_trial(SPEC, tmp_path, setup(script))
        assert (trial.status, trial.detail) == (Status.cancelled, "KeyboardInterrupt: SIGTERM")
        assert signal.getsignal(signal.SIGTERM) is before

    def test_a_trial_runs_in_a_thread_too(self, tmp_path):
        done = []
        thread = threading.Thread(target=lambda: done.append(run_trial(SPEC, tmp_path, setup())))
        thread.start()
        thread.join()
        assert done[0].passed

    def test_a_strategy_without_an_example_is_told_before_anything_is_paid(self, tmp_path):
        model = ScriptedModel(SCRIPT)
        trial = run_trial(SPEC, tmp_path, setup(model, settings=AgentSettings(strategy="one-shot")))
        assert "needs another task" in trial.detail
        assert model.requests == []
        assert UsageError.__name__ in (tmp_path / "error.txt").read_text()
