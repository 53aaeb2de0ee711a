import json
from types import SimpleNamespace

import numpy as np
import pytest

from backends.isa.engine import Outcome, Program
from backends.isa.profile import counters, profile, table
from backends.isa.trace import chrome_trace

SOURCE = "ADD a\nMUL b\n"
PROGRAM = Program(np.array([1, 2, 2], np.uint64), np.array([1, 2, 2], np.int32), SOURCE)


def outcome(events=None):
    stalls = np.array([[1, 0, 0, 0, 0, 0], [1, 3, 0, 0, 0, 0], [1, 0, 0, 0, 4, 0]], np.int64)
    counts = np.array([1, 2, 1], np.int64)
    return Outcome("end", 3, 10, 4, None, counts, stalls, {"alu": 5}, events=events)


def test_lines_are_summed_and_the_hottest_comes_first():
    made = profile(outcome(), PROGRAM)
    assert [(line.line, line.cycles, line.count) for line in made.lines] == [(2, 9.0, 2), (1, 1.0, 1)]
    assert made.lines[0].causes == {"issue": 2.0, "data": 3.0, "dma": 4.0}
    assert made.total == sum(made.causes.values()) == 10
    assert made.occupancy == {"alu": 0.5}


def test_words_without_lines_count_by_address():
    made = profile(outcome(), Program.of([1, 2, 2]))
    assert {line.line: line.cycles for line in made.lines} == {1: 1.0, 2: 4.0, 3: 5.0}


def test_counters_name_units_and_causes():
    expected = {"instructions": 4.0, "busy.alu": 5.0, "stall.issue": 3.0, "stall.data": 3.0, "stall.dma": 4.0}
    assert counters(outcome()) == expected


def test_the_table_shows_the_text_of_lines():
    text = table(profile(outcome(), PROGRAM), SOURCE, limit=1)
    assert "90.0%" in text
    assert "| MUL b" in text
    assert text.endswith("1 more lines")


def test_a_trace_has_a_thread_per_unit_and_an_event_per_instruction():
    alu = SimpleNamespace(mask=3, match=1, unit="alu", mnemonic="ADD")
    mul = SimpleNamespace(mask=3, match=2, unit="mul", mnemonic="MUL")
    isa = SimpleNamespace(
        instructions=(alu, mul), machine=SimpleNamespace(units={"alu": 0, "mul": 0}), definition=SimpleNamespace(title="t")
    )
    events = np.array([[0, 0, 1], [1, 1, 5]], np.int64)
    made = json.loads(chrome_trace(isa, PROGRAM, outcome(events)))
    spans = [event for event in made["traceEvents"] if event["ph"] == "X"]
    assert [(s["name"], s["ts"], s["dur"], s["tid"], s["args"]["text"]) for s in spans] == [
        ("ADD", 0, 1, 1, "ADD a"),
        ("MUL", 1, 4, 2, "MUL b"),
    ]
    assert made["otherData"]["events left out"] == 2
    with pytest.raises(ValueError, match="recorded no events"):
        chrome_trace(isa, PROGRAM, outcome())
