"""Synthetic transcripts for the tests of what is read from them."""

from typing import Any

from harness.agent.tools import Answer
from harness.backend import Diagnostic, Fault, Profile, ProfileLine
from harness.model import Message, Reply, Request, StopReason, ToolCall, ToolResult, Usage
from harness.trial import ErrorShape, Evaluation, Event, Mismatch, Verdict

from .rows import sha
from .trials import evaluation

PROFILE = Profile(
    unit="cycles", total=100.0,
    lines=(ProfileLine(line=2, cycles=90.0, count=8, causes={"memory": 60.0, "issue": 30.0}), ProfileLine(line=1, cycles=10.0)),
    causes={"memory": 60.0, "issue": 40.0}, occupancy={"vector": 0.25},
)  # fmt: skip


class Story:
    """A transcript in the making: one second per reply, half a second per tool call."""

    def __init__(self, prompt: str = "Write a kernel.", start: float = 1000.0) -> None:
        self.now = start
        request = Request(system="You write a kernel.", messages=(Message(role="user", text=prompt),), tools=())
        self.events = [Event(kind="prompt", at=self.now, data=request.model_dump(mode="json"))]

    def reply(
        self, *calls: ToolCall, text: str = "", stop: StopReason | None = None, cost: float | None = 0.25, **fields: Any
    ) -> None:
        """A reply of 100 input and 20 output tokens."""
        stop = stop or (StopReason.tool_calls if calls else StopReason.end)
        base = {"usage": Usage(input_tokens=100, output_tokens=20), "latency_s": 1.0, "cost": cost}
        message = Message(role="assistant", text=text, tool_calls=calls)
        self._add("reply", Reply(message=message, stop=stop, **{**base, **fields}), 1.0)

    def tool(self, call: ToolCall, judged: Evaluation | None = None, problem: Any = "", content: str = "answer") -> None:
        """A call that was answered, its evaluation before it."""
        if judged:
            self._add("evaluation", judged, 0.25)
        result = ToolResult(call_id=call.id, name=call.name, content=content, is_error=bool(problem))
        self._add("tool", Answer(call=call, result=result, problem=problem, seconds=0.5), 0.25)

    def attempt(self, tool: str, source: str, judged: Evaluation, content: str = "answer") -> None:
        """A reply with one call, and its answer."""
        asked = call(tool, source=source)
        self.reply(asked, text=f"I try {tool}.")
        self.tool(asked, judged.model_copy(update={"kernel": sha(source), "seconds": 0.25}), content=content)

    def submit(self, source: str, judged: Evaluation) -> None:
        """The end of a trial."""
        asked = call("submit", source=source)
        self.reply(asked)
        self.tool(asked, content="Submitted.")
        self._add("evaluation", judged.model_copy(update={"kernel": sha(source), "stage": "final"}), 0.5)

    def _add(self, kind: Any, record: Any, seconds: float) -> None:
        self.now += seconds
        self.events.append(Event(kind=kind, at=self.now, data=record.model_dump(mode="json")))


def call(name: str, **arguments: Any) -> ToolCall:
    """A well-formed call."""
    return ToolCall(id="c1", name=name, raw="{}", arguments=arguments)


def public(verdict: Verdict | None = Verdict.passed, speedup: float = 1.0, **fields: Any) -> Evaluation:
    """An evaluation on public inputs; with verdict None, of a build that succeeded."""
    stage = {"stage": "build"} if verdict is None else {"stage": "public"}
    judged = evaluation(verdict=verdict or Verdict.wrong, speedup=speedup, **{**stage, **fields})
    return judged.model_copy(update={"verdict": verdict})


def unbuilt(cause: str = "unknown_mnemonic") -> Evaluation:
    """A kernel that does not build."""
    wrong = Diagnostic(severity="error", message="unknown mnemonic 'ADDD'", line=1, cause=cause)
    late = Diagnostic(severity="error", message="and another", line=2, cause="syntax")
    return public(Verdict.build_error, stage="build", diagnostics=(wrong, late), summary="unknown mnemonic 'ADDD' (line 1)")


def trapped(cause: str = "vram_bounds") -> Evaluation:
    """A kernel that traps."""
    return public(Verdict.fault, fault=Fault(cause=cause, message="out of bounds"), summary="out of bounds")


def wrong(kind: Any = "sign", place: Any = "all", **fields: Any) -> Evaluation:
    """A kernel whose output y is wrong."""
    shape = ErrorShape(kind=kind, place=place, worst=12.0, map=("99", "90"))
    mismatch = Mismatch(output="y", inputs="public inputs", wrong=3, total=4, pattern="", shape=shape)
    return public(Verdict.wrong, mismatches=(mismatch,), summary="3 of 4 elements of y are wrong", **fields)


def repairing(speedup: float = 2.0) -> Story:
    """An agent that misspells, traps, computes something wrong, repairs it all, makes it faster and submits."""
    story = Story()
    story.attempt("check", "ADDD\nHALT", unbuilt(), "BUILD ERROR: unknown mnemonic 'ADDD' (line 1)")
    story.attempt("check", "ADD\nHALT", public(None), "BUILT: the kernel builds.")
    story.attempt("run", "ADD\nHALT", trapped(), "FAULT: out of bounds")
    story.attempt("run", "SUB\nHALT", wrong(), "WRONG: 3 of 4 elements of y are wrong")
    story.attempt("run", "MUL\nHALT", public(speedup=1.0), "PASSED on 2 public input sets.")
    story.attempt("profile", "MULV\nHALT", public(speedup=speedup, profile=PROFILE), "PASSED on 2 public input sets.")
    story.submit("MULV\nHALT", public(speedup=speedup, summary="right on 4 input sets; 2.000x the baseline's speed"))
    return story
