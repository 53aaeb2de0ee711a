"""The trace follows the Trace Event Format, and its slices follow the trial."""

import json
from itertools import pairwise

import pytest

from harness.model import Usage
from harness.scoring.export.perfetto import JUDGE, MODEL, THREADS, TOOLS, trace

from ..events import Story, call, public, repairing
from ..trials import trial

FIELDS = {"X": {"ts", "dur", "tid", "args"}, "M": {"tid", "args"}, "C": {"ts", "args"}, "i": {"ts", "tid", "s"}}


def rows(*trials):
    document = json.loads(trace(trials))
    assert document["displayTimeUnit"] == "ms"
    return document["traceEvents"]


@pytest.fixture
def story():
    return repairing()


def test_every_row_has_what_its_phase_needs(story):
    for row in rows((trial(), story.events)):
        assert {"ph", "name", "pid", *FIELDS[row["ph"]]} == set(row)
        assert row.get("ts", 0) >= 0
        assert row.get("dur", 0) >= 0


def test_slices_of_a_thread_follow_each_other(story):
    for tid in THREADS:
        slices = [r for r in rows((trial(), story.events)) if r["ph"] == "X" and r["tid"] == tid]
        assert slices
        assert all(a["ts"] + a["dur"] <= b["ts"] + 1e-6 for a, b in pairwise(slices))


def test_the_first_turn_and_its_tool(story):
    found = rows((trial(), story.events))
    first = {tid: next(r for r in found if r["ph"] == "X" and r["tid"] == tid) for tid in THREADS}
    assert (first[MODEL]["name"], first[MODEL]["ts"], first[MODEL]["dur"]) == ("turn 1", 0.0, 1e6)
    assert (first[TOOLS]["name"], first[TOOLS]["ts"], first[TOOLS]["dur"]) == ("check", 1e6, 0.5e6)
    assert first[JUDGE]["name"] == "build: build/unknown_mnemonic"
    assert first[MODEL]["args"] == {"stop": "tool_calls", "input_tokens": 100, "output_tokens": 20, "cost": 0.25}


def test_a_slice_never_begins_before_what_preceded_it():
    """An evaluation from the cache claims the seconds that it took when it was made."""
    story = Story()
    asked = call("run", source="A")
    story.reply(asked, latency_s=30.0)
    story.tool(asked, public(seconds=99.0))
    slices = [r for r in rows((trial(), story.events)) if r["ph"] == "X"]
    assert all(r["ts"] >= 0 for r in slices)
    assert next(r for r in slices if r["tid"] == JUDGE)["ts"] == 1e6


def test_counters_rise(story):
    found = [r for r in rows((trial(), story.events)) if r["ph"] == "C"]
    for name, last in (("tokens", 840), ("cost", 1.75), ("best speedup", 2.0)):
        values = [value for r in found if r["name"] == name for value in r["args"].values()]
        assert values == sorted(values)
        assert values[-1] == last


def test_what_is_unknown_has_no_counter():
    story = Story()
    story.reply(asked := call("run", source="A"), cost=None, usage=Usage())
    story.tool(asked, public())
    assert {r["name"] for r in rows((trial(), story.events)) if r["ph"] == "C"} == {"best speedup"}


def test_retries_are_marked():
    story = Story()
    story.reply(retries=("503, waited 2 s",))
    assert [r["name"] for r in rows((trial(), story.events)) if r["ph"] == "i"] == ["503, waited 2 s"]


def test_trials_of_a_run_share_one_clock():
    late = Story(start=1010.0)
    late.attempt("run", "A", public())
    found = rows((trial("P01/C1"), repairing().events), (trial("P04/C1"), late.events), (trial("P09/C1"), []))
    assert [r["args"]["name"] for r in found if r["name"] == "process_name"] == ["m--toy--P01-C1--r0", "m--toy--P04-C1--r0"]
    assert min(r["ts"] for r in found if r["pid"] == 2 and r["ph"] == "X") == 10e6


def test_nothing_is_an_empty_trace():
    assert rows() == []
