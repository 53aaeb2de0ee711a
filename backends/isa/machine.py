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
Every key must be known and every name declared: a key that nobody reads would change cycles without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

from backends.isa.definition import Definition
from backends.isa.dtypes import DTYPES, DType
from backends.isa.errors import DefinitionError
from backends.isa.pipeline import STAGE_KEYS, Pipeline, read_pipeline
from backends.isa.tables import Named, NamedKind, Tables
from harness.errors import did_you_mean, unknown
from harness.task import integer_expression

TABLES = ("default_profile", "default_timing", "params", "profiles", "units", "timing", "peaks")
UnitKind = Literal["compute", "memory", "dma"]
ISSUES: Mapping[str, tuple[str, ...]] = {
    "blocking": ("issue", "costs"),
    "in-order": ("issue", "forwarded", "costs"),
    "pipeline": ("issue", "fetch", "dispatch", "uops", "ports", "costs"),
}
"""How instructions start, and the keys of such a timing."""
LINEAR = ("base", "per")
STAGES = ("interval", "latency")
WORK = ("mac", "add", "mul", "div", "max", "exp", "sqrt", "load", "store")
"""Kinds of peaks: of `harness.task.Work`, and elements moved (`backends.isa.port.Moves`)."""


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
    named: tuple[Named, ...] = ()
    """What the file names and a definition declares, in all profiles and timings."""

    def undeclared(self, definition: Definition) -> Iterator[DefinitionError]:
        """What the file names and this definition does not declare."""
        operands = sorted({operand.name for op in definition.ops for operand in op.operands})
        declared: Mapping[NamedKind, tuple[Iterable[str], str]] = {
            "parameter": (definition.params, "isa.param(...) declares one"),
            "memory or register file": (definition.memories, "isa.memory(...) and isa.registers(...) declare them"),
            "operand": (operands, "operands are parameters of an instruction's function"),
        }
        for kind, name, where in self.named:
            known, hint = declared[kind]
            if name not in known:
                said = f"{definition.name!r} declares no {kind} {name!r}"
                yield DefinitionError(said, f"{hint}{did_you_mean(name, known)}", where=where)


def load_machine(
    path: Path, profile: str | None = None, timing: str | None = None, overrides: Mapping[str, int | str] = {}
) -> Machine:
    """The machine at a profile and timing, the file's defaults unless named; ``overrides`` replace parameters.

    UsageError for a profile or timing that is not there; DefinitionError with all that is wrong in the file.
    """
    tables = Tables(path)
    data = tables.data
    tables.known("", data, TABLES)
    units, timings = (tables.attempt(tables.table, name, data.get(name)) for name in ("units", "timing"))
    profiles = tables.attempt(tables.table, "profiles", data.get("profiles", {"default": {}}))
    if not units or not timings or not profiles:
        raise tables.error()
    profile = profile or str(data.get("default_profile", next(iter(profiles))))
    timing = timing or str(data.get("default_timing", next(iter(timings))))
    if profile not in profiles:
        raise unknown("profile", profile, profiles, path.name)
    if timing not in timings:
        raise unknown("timing", timing, timings, path.name)
    reader = _Reader(tables)
    given = reader.parameters("params", data.get("params", {}))
    each = {name: reader.parameters(f"profiles.{name}", table) for name, table in profiles.items()}
    reader.values = given | each[profile] | {name: reader.value(name, value) for name, value in overrides.items()}
    made_units = tables.each("units", units, reader.unit)
    made = tables.each("timing", timings, reader.timing)  # all, so that none waits to be found wrong
    peaks = reader.peaks(data["peaks"], tuple(units)) if "peaks" in data else {}
    if not tables.problems:
        for kind, peak in peaks.items():
            tables.attempt(reader.check_peak, f"peaks.{kind}", peak, made)
    if tables.problems:
        raise tables.error()
    return Machine(
        profile, made[timing], reader.values, made_units, peaks, tuple(profiles), tuple(timings), path, tuple(tables.named)
    )


class _Reader:
    """Makes a machine of tables. What is wrong is raised, or becomes a problem of the tables where reading goes on."""

    def __init__(self, tables: Tables) -> None:
        self.tables, self.wrong = tables, tables.wrong
        self.values: Mapping[str, int | DType] = {}

    def parameters(self, entry: str, value: Any) -> dict[str, int | DType]:
        """The values of ``params`` or of a profile, which may say nothing."""
        if value == {}:
            return {}
        made: dict[str, int | DType] = self.tables.each(entry, value, self.value)
        for name in made:
            self.tables.name("parameter", name, entry)
        return made

    def value(self, entry: str, value: Any) -> int | DType:
        if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, str) and value not in DTYPES):
            said = f"{value!r} is neither an integer nor a storage type"
            self.tables.problems.append(self.wrong(entry, said, f"storage types: {', '.join(DTYPES)}"))
            return 1  # what is computed from it is no further problem
        return DTYPES[value] if isinstance(value, str) else value

    def number(self, entry: str, value: Any) -> int:
        integers = {name: v for name, v in self.values.items() if isinstance(v, int)}
        try:
            if isinstance(value, bool) or not isinstance(value, int | str):
                raise ValueError(f"{value!r} is not an integer")  # noqa: TRY004 - one handler reports both
            number = integer_expression(value, integers)
        except (ValueError, SyntaxError, ZeroDivisionError) as error:
            raise self.wrong(entry, str(error), "an integer, or an expression over parameters such as '2*VLEN'") from None
        if number < 0:
            raise self.wrong(entry, f"{value!r} is {number}", "it must not be negative")
        return number

    def choice(self, entry: str, table: Mapping[str, Any], key: str, choices: Iterable[str]) -> str:
        """The value of a key, which must be one of the choices."""
        value, names = table.get(key), list(choices)
        if value not in names:
            said = f"{key} is {value!r}" if key in table else f"{key} is missing"
            raise self.wrong(entry, said, f"{', '.join(names[:-1])} or {names[-1]}" if names[1:] else names[0], key)
        return str(value)

    def linear(self, entry: str, value: Any) -> Linear:
        if not isinstance(value, Mapping):
            return Linear(self.number(entry, value))
        self.tables.known(entry, value, LINEAR)
        above, _, below = str(value.get("per", 0)).partition("/")
        divisor = self.number(entry, below or "1")
        if divisor == 0:
            raise self.wrong(entry, f"per = {value['per']!r} divides by zero", "a fraction such as 22/25", "per")
        return Linear(self.number(entry, value.get("base", 0)), Fraction(self.number(entry, above), divisor))

    def cost(self, entry: str, value: Any, beside: Iterable[str] = ()) -> Cost:
        """``beside``: keys that are for others."""
        if not isinstance(value, Mapping):
            linear = self.linear(entry, value)
            return Cost(linear, linear)
        said = next((keys for keys in (STAGES, LINEAR) if any(key in value for key in keys)), None)
        known = self.tables.known(entry, value, (*(said or (*STAGES, *LINEAR)), *beside))
        missing = [key for key in said or STAGES if key not in value] if said is not LINEAR and known else []
        if missing:
            raise self.wrong(entry, f"{' and '.join(missing)} missing", "both interval and latency, or base and per")
        if said is STAGES:
            interval, latency = (self.linear(f"{entry}.{key}", value.get(key, 0)) for key in STAGES)
            return Cost(interval, latency)
        linear = self.linear(entry, {key: value[key] for key in LINEAR if key in value})
        return Cost(linear, linear)

    def unit(self, entry: str, value: Any) -> Unit:
        table = self.tables.table(entry, value)
        self.tables.known(entry, table, ("kind", "doc"))
        kind: UnitKind = self.choice(entry, table, "kind", get_args(UnitKind))  # type: ignore[assignment]
        if not isinstance(table.get("doc", ""), str):
            raise self.wrong(entry, f"doc is {table['doc']!r}", "a sentence", "doc")
        return Unit(entry.removeprefix("units."), kind, table.get("doc", ""))

    def timing(self, entry: str, value: Any) -> Timing:
        table = self.tables.table(entry, value)
        issue = self.tables.attempt(self.choice, entry, table, "issue", tuple(ISSUES))
        every = dict.fromkeys(key for keys in ISSUES.values() for key in keys)
        self.tables.known(entry, table, ISSUES[issue] if issue else every)
        beside = STAGE_KEYS if issue == "pipeline" else ()
        costs = self.tables.each(f"{entry}.costs", table.get("costs"), lambda of, cost: self.cost(of, cost, beside))
        pipeline = read_pipeline(entry, table, self.number, self.tables) if issue == "pipeline" else None
        forwarded = table.get("forwarded", [])
        if not isinstance(forwarded, list) or not all(isinstance(name, str) for name in forwarded):
            raise self.wrong(entry, f"forwarded is {forwarded!r}", 'a list of memories: ["acc"]', "forwarded")
        for name in forwarded:
            self.tables.name("memory or register file", name, entry, "forwarded")
        return Timing(entry.removeprefix("timing."), issue == "blocking", costs, frozenset(forwarded), pipeline)

    def peaks(self, value: Any, units: tuple[str, ...]) -> dict[str, Peak]:
        made = self.tables.each("peaks", value, lambda entry, peak: self.peak(entry, peak, units))
        self.tables.known("peaks", value, WORK)
        return made

    def peak(self, entry: str, value: Any, units: tuple[str, ...]) -> Peak:
        table = self.tables.table(entry, value)
        self.tables.known(entry, table, ("unit", "amount", "cost", "work"))
        unit = self.choice(entry, table, "unit", units)
        if not isinstance(table.get("cost"), str):
            raise self.wrong(entry, f"cost is {table.get('cost')!r}", "the cost class of an instruction", "cost")
        amount, work = (self.number(entry, table.get(name, least)) for name, least in (("amount", 1), ("work", 0)))
        if amount < 1:
            raise self.wrong(entry, f"amount is {amount}", "an instruction does at least 1 operation", "amount")
        return Peak(unit, amount, table["cost"], work)

    def check_peak(self, entry: str, peak: Peak, timings: Mapping[str, Timing]) -> None:
        """DefinitionError for a peak that no bound can rest on in some timing."""
        for name, timing in timings.items():
            if peak.cost not in timing.costs:
                hint = f"timing.{name} has none of that name{did_you_mean(peak.cost, timing.costs)}"
                raise self.wrong(entry, f"cost class {peak.cost!r}", hint, "cost")
        costs = [timing.costs[peak.cost] for timing in timings.values()]
        varies = any(linear.per for cost in costs for linear in (cost.interval, cost.latency))
        if varies != bool(peak.work):
            hint = "how much work goes with the amount" if varies else "leave it out"
            said = f"the cost of {peak.cost!r} {'depends' if varies else 'does not depend'} on work, and work is {peak.work}"
            raise self.wrong(entry, said, hint, "work")
