"""machine.toml: what it says, and what it may not say."""

from fractions import Fraction
from pathlib import Path

import pytest

from backends.isa.bind import load
from backends.isa.dtypes import bf16, fp16
from backends.isa.errors import DefinitionError
from backends.isa.machine import WORK, Linear, load_machine
from backends.isa.registry import find
from backends.isa.tables import Tables
from harness.errors import UsageError
from tasks import core

SCRATCH = Path(__file__).parent / "scratch_isa"

TEXT = """
default_profile = "SMALL"
[params]
VLEN = 64
[profiles.SMALL]
SCALAR = "fp16"
[profiles.LARGE]
SCALAR = "bf16"
VLEN = 128
[units.vector]
kind = "compute"
[units.copy]
kind = "dma"
[timing.sequential]
issue = "blocking"
[timing.sequential.costs]
add = 1
map = "2*VLEN"
load = { base = 17, per = "22/25" }
[timing.overlapped]
issue = "in-order"
forwarded = ["acc"]
[timing.overlapped.costs]
map = 1
add = { interval = 1, latency = 6 }
[peaks.add]
unit = "vector"
amount = "VLEN"
cost = "add"
"""


@pytest.fixture
def machine(tmp_path):
    def load(text=TEXT, **options):
        path = tmp_path / "machine.toml"
        path.write_text(text)
        return load_machine(path, **options)

    return load


@pytest.mark.parametrize(
    ("peak", "message"),
    [
        ('cost = "add"\nwork = 2', "the cost of 'add' does not depend on work, and work is 2"),
        ('cost = "load"', "the cost of 'load' depends on work, and work is 0"),
        ('cost = "add"\namount = 0', "amount is 0"),
        ('cost = "add"\nper = 3', "unknown key 'per'"),
        ('cost = "none"', "cost class 'none'"),
    ],
)
def test_peaks_that_no_bound_can_rest_on_are_refused(machine, peak, message):
    text = TEXT.replace('amount = "VLEN"\ncost = "add"', peak).replace("map = 1", "map = 1\nload = 1")
    with pytest.raises(DefinitionError, match=message):
        machine(text)


def test_work_goes_with_the_amount_of_a_peak(machine):
    text = TEXT.replace('cost = "add"', 'cost = "load"\nwork = "2*VLEN"').replace("map = 1", "map = 1\nload = 1")
    assert machine(text).peaks["add"].work == 128


def test_defaults_are_the_file_s(machine):
    found = machine()
    assert (found.profile, found.timing.name, found.timing.blocking) == ("SMALL", "sequential", True)
    assert found.values == {"VLEN": 64, "SCALAR": fp16}
    assert found.timing.costs["map"].latency == Linear(128)
    assert (found.profiles, found.timings) == (("SMALL", "LARGE"), ("sequential", "overlapped"))


def test_a_profile_and_overrides_replace_parameters_everywhere(machine):
    found = machine(profile="LARGE", overrides={"VLEN": 32})
    assert found.values == {"VLEN": 32, "SCALAR": bf16}
    assert found.peaks["add"].amount == 32


def test_interval_and_latency_may_differ(machine):
    found = machine(timing="overlapped")
    assert (found.timing.costs["add"].interval.base, found.timing.costs["add"].latency.base) == (1, 6)
    assert found.timing.forwarded == {"acc"}
    assert not found.timing.blocking


@pytest.mark.parametrize(("blocks", "cycles"), [(0, 17), (1, 18), (8, 25), (25, 39), (128, 130)])
def test_work_is_charged_in_whole_cycles(blocks, cycles):
    assert Linear(17, Fraction(22, 25)).cycles(blocks) == cycles


def test_a_cost_reads_as_its_formula():
    assert str(Linear(17, Fraction(22, 25))) == "17 + ceil(22/25 * work)"
    assert str(Linear(0, Fraction(4))) == "4 * work"
    assert str(Linear(3)) == "3"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "dma"', 'kind = "disk"', r"machine.toml:13: units.copy: kind is 'disk'\n  hint: compute, memory or dma"),
        ('issue = "blocking"', 'issue = "fast"', r"timing.sequential: issue is 'fast'\n  hint: blocking, in-order or pipeline"),
        ("add = 1\n", "add = -1\n", r"timing.sequential.costs.add: -1 is -1\n  hint: it must not be negative"),
        ('"2*VLEN"', '"2*VLANE"', r"costs.map: .*'VLANE' is not"),
        ('"22/25"', '"22/0"', r"costs.load: per = '22/0' divides by zero"),
        (
            "base = 17",
            "bass = 17",
            r"toml:19: .*costs.load: unknown key 'bass'\n  hint: did you mean 'base'\? keys .*: base, per",
        ),
        (", latency = 6", "", r"costs.add: latency missing\n  hint: both interval and latency"),
        ("latency = 6", "delay = 6", r"toml:25: .*costs.add: unknown key 'delay'\n  hint: .*: interval, latency"),
        ('"fp16"', '"half"', r"SCALAR: 'half' is neither an integer nor a storage type\n  hint: storage types: i8, u8"),
        ('unit = "vector"', 'unit = "victor"', r"peaks.add: unit is 'victor'\n  hint: vector or copy"),
        ('cost = "add"', 'cost = "ad"', r"peaks.add: cost class 'ad'\n  hint: timing.sequential has none of that name"),
        ("[params]", "[parameters]", r"machine.toml:3: top level: unknown key 'parameters'\n  hint: did you mean 'params'"),
        ("[units.vector]", "[units.vector", r"machine.toml:10: Expected"),
        ('kind = "dma"', 'kind = "dma"\ndok = "Copies."', r"toml:14: units.copy: unknown key 'dok'\n  hint: .*kind, doc"),
        ("forwarded", "forwared", r"toml:22: timing.overlapped: unknown key 'forwared'\n  hint: did you mean 'forwarded'"),
        ('"blocking"', '"blocking"\nforwarded = ["acc"]', r"timing.sequential: unknown key 'forwarded'\n  hint: .*issue, costs"),
        ('issue = "in-order"', 'isue = "in-order"', r"toml:21: .*overlapped: unknown key 'isue'\n  hint: did you mean 'issue'"),
        ('issue = "in-order"', "", r"timing.overlapped: issue is missing\n  hint: blocking, in-order or pipeline"),
        ('["acc"]', '"acc"', r"timing.overlapped: forwarded is 'acc'\n  hint: a list of memories"),
        ("[peaks.add]", "[peaks.sub]", r"toml:26: peaks: unknown key 'sub'\n  hint: .*mac, add, mul, div, max, exp, sqrt, load"),
        ("[params]\nVLEN = 64", "params = 3", r"toml:3: params: 3 is no table"),
        ("[profiles.SMALL]", "[profiles]\nTINY = 3\n[profiles.SMALL]", r"toml:6: profiles.TINY: 3 is no table"),
        ('[units.copy]\nkind = "dma"', "[units]\ncopy = 3", r"toml:13: units.copy: 3 is no table"),
    ],
)
def test_a_wrong_entry_is_named(machine, old, new, message):
    assert old in TEXT
    with pytest.raises(DefinitionError, match=message):
        machine(TEXT.replace(old, new, 1))


def test_a_profile_or_timing_that_is_not_there_is_a_usage_error(machine):
    with pytest.raises(UsageError, match=r"unknown profile 'SMAL' in machine.toml\n  hint: did you mean 'SMALL'"):
        machine(profile="SMAL")
    with pytest.raises(UsageError, match=r"unknown timing 'overlap' in machine.toml\n  hint: did you mean 'overlapped'"):
        machine(timing="overlap")


def test_a_missing_file_says_what_it_is_for(tmp_path):
    with pytest.raises(DefinitionError, match=r"does not exist\n  hint: it gives the parameters values"):
        load_machine(tmp_path / "machine.toml")


def test_all_mistakes_are_said_at_once_each_with_its_line(machine):
    text = TEXT.replace("VLEN = 64", 'VLEN = "x"').replace('"dma"', '"disk"').replace("add = 1\n", "add = -1\n")
    with pytest.raises(DefinitionError) as caught:
        machine(text.replace("[peaks.add]", "[peaks.add]\nutin = 1"))
    found = [line for line in str(caught.value).split("\n") if "hint" not in line]
    assert [line.partition(":")[2].partition(": ")[0] for line in found] == ["4", "13", "17", "27"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[units.u]\nkind = 'compute'\n'dok' = 1", 3),
        ("units.u = { kind = 'compute', dok = 1 }", 1),
        ("[units]\nu.dok = 1  # dok", 2),
        ('[units.u]\ndoc = """\n[units.v]\nkind = 1\n"""\ndok = 1', 6),
        ("\ufeff[units.u]\r\ndok = 1", 2),
    ],
)
def test_lines_of_keys_are_found_however_they_are_written(tmp_path, text, line):
    path = tmp_path / "machine.toml"
    path.write_bytes(text.encode())
    assert Tables(path).where("units.u", "dok") == f"machine.toml:{line}: units.u"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("LANES = 4", "LANES = 4\nLANE = 3", r"toml:6: params: 'scratch' declares no parameter 'LANE'\n  hint: .*mean 'LANES'"),
        ('["acc"]', '["ac"]', r"toml:27: timing.overlapped: 'scratch' declares no memory or register file 'ac'\n.*mean 'acc'"),
    ],
)
def test_what_no_definition_declares_is_refused_in_whichever_timing(tmp_path, old, new, message):
    for name in ("isa.py", "machine.toml"):
        (tmp_path / name).write_text((SCRATCH / name).read_text().replace(old, new))
    with pytest.raises(DefinitionError, match=message):
        load(find(str(tmp_path)))


def test_kinds_of_peaks_are_those_of_the_tasks():
    kinds = {kind for task in core().tasks for name in task.configurations for kind in task.workload(name).work.operations}
    assert kinds <= set(WORK)


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    path = tmp_path / "machine.toml"
    path.write_bytes(b"[params]\nN = 1 # \xe4")
    with pytest.raises(DefinitionError, match=r"machine.toml:2: byte 0xe4 is not UTF-8\n  hint: save"):
        load_machine(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DefinitionError, match=r"machine.toml cannot be read: Is a directory"):
        load_machine(path)
