"""A run as a timeline: Chrome's trace event format, which Perfetto and chrome://tracing open.

One process is the machine, one thread of it is a unit; an event spans an instruction from issue to completion. The format's
microseconds stand for cycles.
"""

from __future__ import annotations

import json

from backends.isa.architecture import Architecture, Instruction
from backends.isa.engine import Outcome, Program

DEFAULT_EVENTS = 100_000
"""Events recorded unless asked otherwise; viewers slow down beyond a million."""


def decode(architecture: Architecture, word: int) -> Instruction | None:
    """The instruction that a word encodes, or None."""
    return next((one for one in architecture.instructions if word & one.mask == one.match), None)


def chrome_trace(architecture: Architecture, program: Program, outcome: Outcome) -> str:
    """The recorded events as a JSON document. The outcome must come from a run with ``trace`` > 0."""
    if outcome.events is None:
        raise ValueError("the run recorded no events; pass trace= to Engine.run")
    threads = {unit: number for number, unit in enumerate(architecture.machine.units, start=1)}
    text = program.source.split("\n")
    decoded = [decode(architecture, int(word)) for word in program.words]
    named = [{"ph": "M", "pid": 1, "tid": 0, "name": "process_name", "args": {"name": architecture.definition.title}}]
    for unit, thread in threads.items():
        named.append({"ph": "M", "pid": 1, "tid": thread, "name": "thread_name", "args": {"name": unit}})
        named.append({"ph": "M", "pid": 1, "tid": thread, "name": "thread_sort_index", "args": {"sort_index": str(thread)}})
    spans = []
    for pc, issued, done in outcome.events.tolist():
        instruction = decoded[pc]
        assert instruction is not None  # it completed
        line = int(program.lines[pc])
        spans.append(
            {
                "ph": "X", "pid": 1, "tid": threads[instruction.unit], "name": instruction.mnemonic, "ts": issued,
                "dur": done - issued,
                "args": {"pc": pc, "line": line, "text": text[line - 1].strip() if 0 < line <= len(text) else ""},
            }
        )  # fmt: skip
    other = {"unit of time": "cycle", "cycles": outcome.cycles, "events left out": outcome.instructions - len(spans)}
    return json.dumps({"traceEvents": [*named, *spans], "displayTimeUnit": "ns", "otherData": other})
