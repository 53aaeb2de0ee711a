"""``machine.toml``: the sizes, units and costs that turn a definition into a machine.

.. code-block:: toml

    default_profile = "SPEC"
    default_timing = "sequential"

    [params]                      # what every profile has
    VLEN = 64
    [profiles.SPEC]               # what differs
    SCALAR = "fp16"               # a storage type by name

    [units.vector]
    kind = "compute"              # compute, memory or dma: names the cause of waiting for it
    doc = "One row of VLEN lanes."

    [timing.sequential]
    issue = "blocking"            # the next instruction starts when this one is complete
    [timing.sequential.costs]     # by cost class (an instruction's key, unless it names another)
    V_ADD_VV = 1                  # cycles; or an expression over parameters, "2*VLEN"
    H_PREFETCH_V = { base = 17, per = "22/25" }  # base + ceil(22 * work / 25), work being what the body says

    [timing.overlapped]
    issue = "in-order"            # one instruction a cycle, when its operands and its unit are ready
    forwarded = ["m_acc"]         # memories whose own unit never waits for them
    [timing.overlapped.costs]
    M_MM = { interval = 4, latency = "MLEN" }    # the unit is busy for interval, the result is there after latency

    [timing.rtl]
    issue = "pipeline"            # several instructions a cycle, and queues: see `backends.isa.pipeline`

    [peaks.mac]                   # for bounds: the most that any instruction does
    unit = "matrix"
    amount = "MLEN * BLEN * BLEN"
    cost = "M_MM"                 # per interval of this cost class
    [peaks.load]
    unit = "hbm"
    amount = "MLEN * MLEN"
    cost = "H_PREFETCH_M"
    work = "2 * MLEN"             # where that cost depends on work: the least that goes with the amount, in proportion

Timing is versioned apart from semantics: it decides cycles and nothing else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from backends.isa.dtypes import DTYPES, DType
from backends.isa.errors import DefinitionError
from backends.isa.pipeline import Pipeline, read_pipeline, stageless
from harness.errors import unknown
from harness.task import integer_expression

UnitKind = Literal["compute", "memory", "dma"]


@dataclass(frozen=True)
class Linear:
    """base + ceil(per * work) cycles."""

    base: int
    per: Fraction = Fraction(0)

    def cycles(self, work: int = 1) -> int:
        """Cycles for an amount of work."""
        return self.base - (-self.per.numerator * work // self.per.denominator)

    def __str__(self) -> str:
        scaled = f"ceil({self.per} * work)" if self.per.denominator > 1 else f"{self.per} * work"
        return str(self.base) if not self.per else f"{self.base} + {scaled}" if self.base else scaled


@dataclass(frozen=True)
class Cost:
    """What an instruction of a class costs."""

    interval: Linear
    """Cycles that the unit is busy."""
    latency: Linear
    """Cycles until the results are there."""


@dataclass(frozen=True)
class Unit:
    """An execution unit."""

    name: str
    kind: UnitKind
    doc: str


@dataclass(frozen=True)
class Timing:
    """A timing variant."""

    name: str
    blocking: bool
    """Whether an instruction starts only when the one before is complete."""
    costs: Mapping[str, Cost]
    forwarded: frozenset[str]
    """Memories whose own unit never waits for them (accumulators)."""
    pipeline: Pipeline | None = None
    """The queues of a pipelined core, where the timing is one."""

    @property
    def in_order(self) -> bool:
        """Whether it is a scoreboard with ready times."""
        return not self.blocking and self.pipeline is None


@dataclass(frozen=True)
class Peak:
    """The most operations of one kind that the machine does."""

    unit: str
    amount: int
    """Most operations of one instruction."""
    cost: str
    """Cost class of that instruction."""
    work: int = 0
    """Where the cost depends on work: the least work that goes with ``amount`` operations. A share of them takes no less
    than that share of it, in however many instructions."""


@dataclass(frozen=True)
class Machine:
    """A profile and a timing of a machine.toml."""

    profile: str
    timing: Timing
    values: Mapping[str, int | DType]
    units: Mapping[str, Unit]
    peaks: Mapping[str, Peak]
    profiles: tuple[str, ...]
    """All that the file offers."""
    timings: tuple[str, ...]
    """All that the file offers."""
    path: Path


def load_machine(
    path: Path, profile: str | None = None, timing: str | None = None, overrides: Mapping[str, int | str] = {}
) -> Machine:
    """The machine at a profile and timing, the file's defaults unless named; ``overrides`` replace parameters.

    UsageError for a profile or timing that is not there; DefinitionError for what is wrong in the file.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DefinitionError(f"{path} does not exist", "it gives the parameters values; see docs/guides/add-an-isa.md") from None
    except (ValueError, RecursionError) as error:  # not TOML, or not UTF-8
        raise DefinitionError(str(error), "see the head of backends/isa/machine.py for an example", where=str(path)) from None
    reader = _Reader(path, data)
    profiles, timings = data.get("profiles", {"default": {}}), reader.table(data, "timing")
    profile = profile or str(data.get("default_profile", next(iter(profiles))))
    timing = timing or str(data.get("default_timing", next(iter(timings))))
    if profile not in profiles:
        raise unknown("profile", profile, profiles, path.name)
    if timing not in timings:
        raise unknown("timing", timing, timings, path.name)
    reader.values = {
        name: reader.value(name, text) for name, text in (data.get("params", {}) | profiles[profile] | dict(overrides)).items()
    }
    units = {name: reader.unit(name, entry) for name, entry in reader.table(data, "units").items()}
    made = {name: reader.timing(name, entry) for name, entry in timings.items()}  # all, so that none waits to be found wrong
    peaks = {kind: reader.peak(kind, entry, units) for kind, entry in data.get("peaks", {}).items()}
    for kind, peak in peaks.items():
        if lacking := [name for name, variant in made.items() if peak.cost not in variant.costs]:
            raise reader.wrong(f"peaks.{kind}", f"cost class {peak.cost!r}", f"timing.{lacking[0]} has none of that name")
        reader.check_work(kind, peak, made)
    return Machine(profile, made[timing], reader.values, units, peaks, tuple(profiles), tuple(timings), path)


class _Reader:
    """Reads one file; its errors name the file and the entry."""

    def __init__(self, path: Path, data: Mapping[str, Any]) -> None:
        self.path = path
        self.values: dict[str, int | DType] = {}
        extra = set(data) - {"default_profile", "default_timing", "params", "profiles", "units", "timing", "peaks"}
        if extra:
            raise self.wrong(", ".join(sorted(extra)), "no such table", "params, profiles, units, timing and peaks exist")

    def wrong(self, entry: str, message: str, hint: str) -> DefinitionError:
        return DefinitionError(message, hint, where=f"{self.path.name}: {entry}")

    def table(self, data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        if not isinstance(data.get(name), Mapping) or not data[name]:
            raise self.wrong(name, "this table is missing or empty", "see the head of backends/isa/machine.py for an example")
        return dict(data[name])

    def value(self, name: str, value: Any) -> int | DType:
        if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, str) and value not in DTYPES):
            raise self.wrong(name, f"{value!r} is neither an integer nor a storage type", f"storage types: {', '.join(DTYPES)}")
        return DTYPES[value] if isinstance(value, str) else value

    def number(self, entry: str, value: Any) -> int:
        integers = {name: v for name, v in self.values.items() if isinstance(v, int)}
        try:
            if isinstance(value, bool) or not isinstance(value, int | str):
                raise ValueError(f"{value!r} is not a number of cycles")  # noqa: TRY004 - one handler reports both
            number = integer_expression(value, integers)
        except (ValueError, SyntaxError, ZeroDivisionError) as error:
            raise self.wrong(entry, str(error), "an integer, or an expression over parameters such as '2*VLEN'") from None
        if number < 0:
            raise self.wrong(entry, f"{value!r} is {number}", "it must not be negative")
        return number

    def linear(self, entry: str, value: Any) -> Linear:
        if not isinstance(value, Mapping):
            return Linear(self.number(entry, value))
        if extra := set(value) - {"base", "per"}:
            raise self.wrong(entry, f"unknown {', '.join(sorted(extra))}", '{ base = 17, per = "22/25" }')
        above, _, below = str(value.get("per", 0)).partition("/")
        divisor = self.number(entry, below or "1")
        if divisor == 0:
            raise self.wrong(entry, f"per = {value['per']!r} divides by zero", "a fraction such as 22/25")
        return Linear(self.number(entry, value.get("base", 0)), Fraction(self.number(entry, above), divisor))

    def cost(self, entry: str, value: Any) -> Cost:
        if isinstance(value, Mapping) and ("interval" in value or "latency" in value):
            if set(value) != {"interval", "latency"}:
                raise self.wrong(entry, f"{dict(value)!r}", "both interval and latency, and nothing else")
            return Cost(self.linear(entry, value["interval"]), self.linear(entry, value["latency"]))
        linear = self.linear(entry, value)
        return Cost(linear, linear)

    def unit(self, name: str, entry: Mapping[str, Any]) -> Unit:
        if entry.get("kind") not in ("compute", "memory", "dma"):
            raise self.wrong(f"units.{name}", f"kind is {entry.get('kind')!r}", "compute, memory or dma")
        return Unit(name, entry["kind"], str(entry.get("doc", "")))

    def timing(self, name: str, entry: Mapping[str, Any]) -> Timing:
        issue = entry.get("issue")
        if issue not in ("blocking", "in-order", "pipeline"):
            raise self.wrong(f"timing.{name}", f"issue is {issue!r}", "blocking, in-order or pipeline")
        costs, pipeline = self.table(entry, "costs"), None
        if issue == "pipeline":
            pipeline = read_pipeline(name, entry, self.number, self.wrong)
            costs = {key: stageless(value) for key, value in costs.items()}
        made = {key: self.cost(f"timing.{name}.costs.{key}", value) for key, value in costs.items()}
        return Timing(name, issue == "blocking", made, frozenset(entry.get("forwarded", ())), pipeline)

    def peak(self, kind: str, entry: Mapping[str, Any], units: Mapping[str, Unit]) -> Peak:
        if entry.get("unit") not in units or "cost" not in entry:
            raise self.wrong(f"peaks.{kind}", f"{dict(entry)!r}", f"unit (one of {', '.join(units)}), amount and cost")
        if extra := set(entry) - {"unit", "amount", "cost", "work"}:
            raise self.wrong(f"peaks.{kind}", f"unknown {', '.join(sorted(extra))}", "unit, amount, cost and work exist")
        amount, work = (self.number(f"peaks.{kind}", entry.get(name, least)) for name, least in (("amount", 1), ("work", 0)))
        if amount < 1:
            raise self.wrong(f"peaks.{kind}", f"amount is {amount}", "an instruction does at least 1 operation")
        return Peak(entry["unit"], amount, entry["cost"], work)

    def check_work(self, kind: str, peak: Peak, timings: Mapping[str, Timing]) -> None:
        costs = [timing.costs[peak.cost] for timing in timings.values()]
        varies = any(linear.per for cost in costs for linear in (cost.interval, cost.latency))
        if varies != bool(peak.work):
            hint = "how much work goes with the amount" if varies else "leave it out"
            said = f"the cost of {peak.cost!r} {'depends' if varies else 'does not depend'} on work, and work is {peak.work}"
            raise self.wrong(f"peaks.{kind}", said, hint)
