from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.agent import prompts
from harness.agent.loop import converse
from harness.agent.tools import Toolbox, offered
from harness.errors import ProviderError, UsageError
from harness.grading.evaluate import Judge
from harness.model import Message, Request, StopReason, ToolResult, ToolSpec, Usage
from harness.models.resolve import create_model
from harness.testing import ToyBackend, vec_add
from harness.trial import AgentSettings, Status

WORKLOAD = vec_add.workload("C1")
BASELINE = ToyBackend().baseline(WORKLOAD)


class Watched:
    """A model and the replies it gave."""

    def __init__(self, model):
        self.model, self.replies, self.requests = model, [], []

    def reply(self, request):
        self.requests.append(request)
        self.replies.append(self.model.reply(request))
        return self.replies[-1]

    @property
    def calls(self):
        return [(call.name, call.arguments["source"]) for reply in self.replies for call in reply.message.tool_calls]


def play(spec: str, **settings):
    backend, agent = ToyBackend(), AgentSettings(**settings)
    toolbox = Toolbox(Judge(backend, "secret"), backend, WORKLOAD, agent)
    model = Watched(create_model(spec, baseline=lambda: BASELINE))
    opening = prompts.opening(backend, WORKLOAD, agent, offered(backend, agent))
    return converse(model, toolbox, opening, agent.limits), model


def test_it_errs_reads_repairs_and_submits():
    outcome, model = play("scripted")
    assert (outcome.status, outcome.kernel) == (Status.graded, BASELINE)
    misspelled, wrong = BASELINE.replace("= t", "= tt"), BASELINE.replace("a + b", "a - b")
    assert model.calls == [
        ("check", misspelled), ("check", BASELINE), ("run", wrong), ("run", BASELINE), ("submit", BASELINE),
    ]  # fmt: skip
    said = [reply.message.text for reply in model.replies]
    assert said[1].startswith("It says: BUILD ERROR")
    assert said[1].endswith("I rewrite line 2.")
    assert said[3].startswith("It says: WRONG")
    assert all(reply.cost == 0.0 and reply.stop is StopReason.tool_calls for reply in model.replies)


@pytest.mark.parametrize(("feedback", "tools"), [("none", ["submit"]), ("build", ["check", "check", "submit"]),
                                                 ("run", ["check", "check", "run", "run", "submit"])])  # fmt: skip
def test_it_uses_the_tools_there_are(feedback, tools):
    outcome, model = play("scripted", feedback=feedback)
    assert [name for name, _ in model.calls] == tools
    assert outcome.kernel == BASELINE


def test_a_fresh_one_takes_the_same_turn_at_every_point():
    _, model = play("scripted")
    for request, reply in zip(model.requests, model.replies, strict=True):
        stored = Request.model_validate_json(request.model_dump_json())
        assert create_model("scripted", baseline=lambda: BASELINE).reply(stored) == reply


def test_it_gives_up_on_a_baseline_that_fails():
    request = Request(system="", messages=(Message(role="user", text="go"),), tools=(_tool("run"), _tool("submit")))
    model, calls = create_model("scripted", baseline=lambda: "y = a\n"), []
    while not calls or calls[-1].name != "submit":
        message = model.reply(request).message
        calls += message.tool_calls
        assert len(calls) < 9
        result = ToolResult(call_id=calls[-1].id, name="run", content="FAULT: trap at line 1")
        request = request.model_copy(
            update={"messages": (*request.messages, message, Message(role="tool", tool_results=(result,)))}
        )
    assert [call.arguments["source"] for call in calls] == ["y = aa\n", "y = a\n", "y = a\n"]


def _tool(name: str) -> ToolSpec:
    return ToolSpec(name=name, description="", parameters={"type": "object"})


def test_the_compiler_submits_the_baseline():
    outcome, model = play("compiler", feedback="none")
    assert (outcome.status, outcome.kernel) == (Status.graded, BASELINE)
    assert model.calls == [("submit", BASELINE)]
    assert model.model.info.is_offline


@pytest.mark.parametrize(
    ("spec", "settings", "message"),
    [
        ("compiler/x", {}, "model 'compiler' takes no name, got 'x'"),
        ("compiler", {"a": 1}, "unknown model option 'a' in model 'compiler'"),
        ("scripted", {"scirpt": "x"}, "unknown model option 'scirpt' in model 'scripted'"),
        ("scripted/no/such.json", {}, "script 'no/such.json' cannot be read: No such file or directory"),
    ],
)
def test_what_offline_models_refuse(spec, settings, message):
    with pytest.raises(UsageError) as caught:
        create_model(spec, settings, baseline=lambda: BASELINE)
    assert caught.value.message == message


@pytest.mark.parametrize("spec", ["compiler", "scripted"])
def test_they_need_a_baseline(spec):
    with pytest.raises(UsageError, match="was given none"):
        create_model(spec)


def script(folder: Path, content: object) -> str:
    path = folder / "script.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def test_a_script_is_followed(tmp_path, opening, extend):
    path = script(
        tmp_path,
        [
            {
                "text": "one",
                "calls": [{"name": "run", "arguments": {"source": "$baseline", "n": 1}}, {"name": "run", "raw": "{oops"}],
            },
            {"stop": "length", "text": "two", "usage": {"output_tokens": 7}},
            {},
        ],
    )
    model = create_model(f"scripted/{path}", baseline=lambda: "KERNEL")
    first = model.reply(opening)
    assert first.stop is StopReason.tool_calls
    assert [(c.id, c.arguments) for c in first.message.tool_calls] == [
        ("call_1_0", {"source": "KERNEL", "n": 1}),
        ("call_1_1", None),
    ]
    request = extend(opening, first.message, "a", "b")
    second = model.reply(request)
    assert (second.stop, second.message.text, second.usage) == (StopReason.length, "two", Usage(output_tokens=7))
    request = extend(request, second.message, "go on")
    third = model.reply(request)
    assert (third.stop, third.message) == (StopReason.end, Message(role="assistant"))
    with pytest.raises(ProviderError, match=r"script .* has 3 replies and the conversation asks for one more"):
        model.reply(extend(request, third.message, "go on"))
    assert create_model("scripted", {"script": path}, baseline=lambda: "KERNEL").reply(opening) == first


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{not json", "the file: Invalid JSON"),
        ({"text": "x"}, "the file: Input should be a valid array"),
        ([{"txt": "x"}], "0.txt: Extra inputs are not permitted"),
        ([{}, {"stop": "never"}], "1.stop: Input should be 'end'"),
    ],
)
def test_a_file_that_is_no_script(tmp_path, content, reason):
    with pytest.raises(UsageError) as caught:
        create_model(f"scripted/{script(tmp_path, content)}")
    assert f"is not a list of replies: {reason}" in caught.value.message
