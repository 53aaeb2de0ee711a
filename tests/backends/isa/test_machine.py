"""machine.toml: what it says, and what it may not say."""

from fractions import Fraction

import pytest

from backends.isa.dtypes import bf16, fp16
from backends.isa.errors import DefinitionError
from backends.isa.machine import Linear, load_machine
from harness.errors import UsageError

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
        ('cost = "add"\nper = 3', "unknown per"),
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
        ('kind = "dma"', 'kind = "disk"', r"machine.toml: units.copy: kind is 'disk'\n  hint: compute, memory or dma"),
        ('issue = "blocking"', 'issue = "fast"', r"timing.sequential: issue is 'fast'\n  hint: blocking, in-order or pipeline"),
        ("add = 1\n", "add = -1\n", r"timing.sequential.costs.add: -1 is -1\n  hint: it must not be negative"),
        ('"2*VLEN"', '"2*VLANE"', r"costs.map: .*'VLANE' is not"),
        ('"22/25"', '"22/0"', r"costs.load: per = '22/0' divides by zero"),
        ("base = 17", "bass = 17", r"costs.load: unknown bass"),
        ("latency = 6", "delay = 6", r"costs.add: .*\n  hint: both interval and latency"),
        ('"fp16"', '"half"', r"SCALAR: 'half' is neither an integer nor a storage type\n  hint: storage types: i8, u8"),
        ('unit = "vector"', 'unit = "victor"', r"peaks.add: .*\n  hint: unit \(one of vector, copy\)"),
        ('cost = "add"', 'cost = "ad"', r"peaks.add: cost class 'ad'\n  hint: timing.sequential has none of that name"),
        ("[params]", "[parameters]", r"parameters: no such table"),
        ("[units.vector]", "[units.vector", r"machine.toml: "),
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
