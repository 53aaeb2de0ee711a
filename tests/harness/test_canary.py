"""Every prompt and manual of every backend can be found in a training set, and none says what it is for."""

import re
import uuid
from functools import cache

import pytest

from harness import canary, plugins
from harness.agent import manual, prompts
from harness.agent.tools import offered
from harness.errors import KernelwrightError
from harness.run.plan import Options
from harness.run.selection import all_tasks
from harness.run.session import Session
from harness.trial import AgentSettings

BACKENDS = sorted(plugins.entries("backend"))
IDENTITY = re.compile(
    r"kernel-?wright|[\w-]*bench(?:mark)\w*|(?:kernel|triton|parallel|robust|multi)\w*-?bench\b|(?:compute|verilog|human)-?eval\b|rtllm"
    r"|leaderboard|\bevaluation|\beval\b|\bexam\b|\btest suite|\bthis is a test|being tested|\bsuite\b|\btrial\b"
    r"|canary|contaminat|held-out|hidden|\b[PCE]\d\d(?:\.\w+)?/C\d|\bseed|\bsecret",
    re.IGNORECASE,
)
"""Names of this project and of others like it, and words that belong to measuring a model and to nothing that it is asked for."""
TECHNICAL = ("Nothing is hidden: no cache", "three times with different seeds")
"""Where a manual means the machine or a tool of it."""


@cache
def session() -> Session:
    return Session(Options(models=()))


def backend(name):
    try:
        return session().backend(name)
    except KernelwrightError as error:
        pytest.skip(str(error))


def openings(name, documentation):
    """The first request of every task, with another task's kernel shown: the first configuration that fits."""
    target, tasks = backend(name), all_tasks(session().suites)
    settings = AgentSettings(documentation=documentation, strategy="one-shot")
    for task in tasks:
        for workload in (task.workload(configuration) for configuration in task.configurations):
            if target.support(workload).supported:
                example = prompts.example(target, workload, settings, tasks)
                yield workload.id, prompts.opening(target, workload, settings, offered(target, settings), example)
                break


def text_of(request):
    tools = "\n".join(f"{tool.name} {tool.description} {tool.parameters}" for tool in request.tools)
    return "\n".join([request.system, *(message.text for message in request.messages), tools])


def identity_in(text):
    for phrase in TECHNICAL:
        text = text.replace(phrase, "")
    return sorted({found.group() for found in IDENTITY.finditer(text)})


def test_the_mark_is_one_guid_on_a_line_that_says_nothing():
    assert str(uuid.UUID(canary.GUID)) == canary.GUID
    assert canary.GUID in canary.LINE
    assert not identity_in(canary.LINE)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("documentation", ["inline", "tool", "none"])
def test_every_prompt_carries_it(name, documentation):
    for id, request in openings(name, documentation):
        assert request.system.rstrip().endswith(canary.LINE), id
        assert (canary.LINE in request.messages[0].text) is (documentation == "inline"), id


@pytest.mark.parametrize("name", BACKENDS)
def test_every_manual_carries_it_on_every_page(name):
    pages = backend(name).info.manual
    assert pages.text.endswith(canary.LINE)
    for section in pages.sections:
        for number in range(1, len(manual.split(section.text.strip())) + 1):
            assert manual.read(pages, section.name, number).endswith(canary.LINE), section.name


@pytest.mark.parametrize("name", BACKENDS)
def test_no_prompt_and_no_manual_says_what_it_is_for(name):
    assert identity_in(backend(name).info.manual.text) == []
    for id, request in openings(name, "tool"):
        assert identity_in(text_of(request)) == [], id


@pytest.mark.parametrize("case", ["truncated", "empty", "refusal", "no_tool_call", "truncated_call", "after_submit", "submitted"])
def test_no_answer_says_so_either(case):
    assert identity_in(prompts.answer(case)) == []


@pytest.mark.parametrize("text", ["KernelBench", "a benchmark", "verilog-eval", "P15/C2", "this is a test", "Kernelwright"])
def test_words_that_would_say_so_are_known(text):
    assert identity_in(text)
