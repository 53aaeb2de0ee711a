"""The tables of pipeline timing: what is read, and what is said of mistakes."""

import re
from pathlib import Path

import pytest

from backends.isa.errors import DefinitionError
from backends.isa.machine import load_machine

SOURCE = Path(__file__).parent / "bytes_isa" / "machine.toml"


@pytest.fixture
def machine(tmp_path):
    def machine(old="", new=""):
        text = SOURCE.read_text()
        assert old in text
        path = tmp_path / "machine.toml"
        path.write_text(text.replace(old, new, 1))
        return load_machine(path, timing="piped")

    return machine


def test_classes_say_costs_and_stages(machine):
    timing = machine().timing
    assert (timing.blocking, timing.in_order) == (False, False)
    assert timing.pipeline is not None
    stage = timing.pipeline.stages["vplus"]
    assert (stage.port, stage.uops, stage.less, stage.reads, stage.writes) == (
        "lanes", 2, 1, {"rs1": "pair", "1": "last"}, {"rd": "half"}
    )  # fmt: skip
    assert timing.costs["load"].interval.cycles(4) == 6
    assert timing.pipeline.stages["branch"].predicts == "backward"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("redirect = 3\n", "", "piped.fetch: redirect is missing\n  hint: it has line, period, latency, redirect"),
        ("retirement = 3", "retirement = 0", "piped.dispatch.retirement: is 0\n  hint: sizes of a pipeline are at least 1"),
        ("buffer = 3", "buffer = 1", "piped.fetch.buffer: is smaller than a line\n  hint: what is fetched must fit"),
        ('"backward"', '"forward"', "piped.costs.branch: predicts is 'forward'\n  hint: taken, backward, never"),
        ('port = "lanes"', 'port = "lane"', "piped.costs.get: port is 'lane'\n  hint: multiplier, lanes, slow"),
        ('"quarter"', '"third"', "piped.costs.vtimes.reads: rd is 'third'\n  hint: each, half"),
        ("scalar = true", "scaler = true", "piped.costs.get: unknown key 'scaler'\n  hint: did you mean 'scalar'"),
        ("scalar = true", 'scalar = "yes"', "piped.costs.get: scalar is 'yes'\n  hint: true or false"),
        ("retirement = 3", "retirement = 3\nqueu = 2", "piped.dispatch: unknown key 'queu'\n  hint: did you mean 'queue'"),
    ],
)  # fmt: skip
def test_mistakes(machine, old, new, message):
    with pytest.raises(DefinitionError, match=re.escape(message)):
        machine(old, new)
