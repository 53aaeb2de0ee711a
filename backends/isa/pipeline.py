"""The tables of pipeline timing: sizes of a core's queues, and how the instructions of a cost class go through them.

.. code-block:: toml

    [timing.rtl]
    issue = "pipeline"
    [timing.rtl.fetch]
    line = 4                      # words that one fetch brings, aligned
    period = 2                    # cycles from one fetch to the next
    latency = 2                   # cycles from a fetch to the issue of what it brings
    redirect = 2                  # cycles from the issue of a mispredicted jump to the fetch of its target
    buffer = 8                    # words; a fetch waits until a line fits
    [timing.rtl.dispatch]
    width = 4                     # instructions that issue in a cycle, in order
    retirement = 8                # instructions between issue and retirement, in order
    queue = 4                     # memory accesses that wait for the one slot
    early = { x = 1 }             # by register file: cycles that operands which are read early come later
    [timing.rtl.uops]             # of instructions on groups of registers
    latency = 3                   # cycles from issue to the first dispatch
    width = 3                     # dispatched in a cycle, in order, when their operands are there
    reorder = 8                   # between dispatch and retirement
    retire = 4                    # retired in a cycle
    station = 8                   # dispatched and waiting for a port
    mask = "vm"                   # immediate operand that is 0 where the mask in the file's register 0 is read
    [timing.rtl.ports]
    alu = 2                       # uops that start in a cycle

    [timing.rtl.costs]
    add = { interval = 1, latency = 1 }
    load = { interval = { base = 3, per = 1 }, latency = { base = 2, per = 1 }, early = true }
    [timing.rtl.costs.vadd]
    interval = 1
    latency = 2
    port = "alu"
    uops = 1
    reads = { vs2 = "each", vs1 = "each" }
    writes = { vd = "each" }

`Stage` says what a cost class may hold besides interval and latency; `backends.isa.golden.pipeline` says what it all means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from backends.isa.errors import DefinitionError
from harness.errors import did_you_mean

Pattern = Literal["each", "half", "quarter", "pair", "once", "last"]
"""Which register of an operand's group uop q of n touches: q, q // 2, q // 4, (q + 1) // 2, 0, or 0 and only where q = n - 1."""
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
Predicted = Literal["", "taken", "backward", "never"]
PREDICTED: tuple[Predicted, ...] = get_args(Predicted)
Waits = Literal["", "retirement", "all"]
WAITS: tuple[Waits, ...] = get_args(Waits)
COST_KEYS = frozenset(("interval", "latency", "base", "per"))
PARTS = 16
"""Most uops of an instruction."""
SECTIONS = {
    "fetch": ("line", "period", "latency", "redirect", "buffer"),
    "dispatch": ("width", "retirement", "queue"),
    "uops": ("latency", "width", "reorder", "retire", "station"),
}
"""Tables of a timing, and the sizes that they hold."""


@dataclass(frozen=True)
class Stage:
    """How an instruction of a cost class goes through the pipeline, besides its interval and latency."""

    first: bool = False
    """Whether it only issues as the first of a cycle."""
    ends: bool = False
    """Whether no instruction after it issues in its cycle."""
    waits: Waits = ""
    """Issues when all before it have retired, or when everything is done, memory accesses included."""
    early: bool = False
    """Whether its register operands are read early."""
    predicts: Predicted = ""
    """Jumps: foreseen to be taken always, if they lead backwards, or never."""
    configures: bool = False
    """Whether it changes what instructions with ``after_configure`` depend on."""
    after_configure: int = 0
    """Least distance to the issue of the last instruction that configures."""
    done: int | None = None
    """Cycles until its retirement entry is done, after the slot begins (memory accesses) or after issue; uops: until its
    reorder entry is done, after it starts. None: the latency (uops: one less)."""
    port: str = ""
    """What it, or each of its uops, needs for ``interval`` cycles: a port. "": nothing."""
    uops: int = 0
    """Uops of a unit of work; 0: the instruction has none."""
    less: int = 0
    """How many fewer uops there are."""
    timed: bool = False
    """Whether bodies say the cycles of each uop (``work(n, part=q)``), to which the interval and the latency are added."""
    reads: Mapping[str, Pattern] | None = None
    """Operands that uops read: names, or numbers of fixed registers."""
    writes: Mapping[str, Pattern] | None = None
    """Operands that uops write."""
    merged: bool = False
    """Whether only the last uop takes a reorder entry."""
    scalar: bool = False
    """Whether it has a result in a register that is no group: it retires alone, and the result is there then."""
    shared: bool = False
    """Whether its retirement entry is also done when that of an instance before it, of the same address, is."""


@dataclass(frozen=True)
class Pipeline:
    """Sizes of a core, see the module docstring, and the stages of all cost classes."""

    fetch: Mapping[str, int]
    dispatch: Mapping[str, int]
    uops: Mapping[str, int]
    early: Mapping[str, int]
    mask: str
    ports: Mapping[str, int]
    stages: Mapping[str, Stage]


Wrong = Callable[[str, str, str], DefinitionError]
"""Makes an error of entry, message and hint."""


def read_pipeline(name: str, entry: Mapping[str, Any], number: Callable[[str, Any], int], wrong: Wrong) -> Pipeline:
    """The pipeline of a timing's table. ``number`` evaluates an entry. DefinitionError for what is wrong."""
    where = f"timing.{name}"
    tables: dict[str, dict[str, Any]] = {}
    for section, keys in SECTIONS.items():
        table = dict(entry.get(section) or {})
        extra = {"dispatch": {"early"}, "uops": {"mask"}}.get(section, set())
        if set(table) - extra != set(keys):
            raise wrong(f"{where}.{section}", f"holds {', '.join(table) or 'nothing'}", f"{', '.join(keys)}")
        tables[section] = table
    sizes = {
        section: {key: number(f"{where}.{section}.{key}", tables[section][key]) for key in keys}
        for section, keys in SECTIONS.items()
    }
    if small := next((f"{s}.{k}" for s, table in sizes.items() for k, size in table.items() if size < 1), None):
        raise wrong(f"{where}.{small}", "is 0", "sizes of a pipeline are at least 1")
    if sizes["fetch"]["buffer"] < sizes["fetch"]["line"]:
        raise wrong(f"{where}.fetch.buffer", "is smaller than a line", "what is fetched must fit")
    early = {
        file: number(f"{where}.dispatch.early.{file}", cycles) for file, cycles in tables["dispatch"].get("early", {}).items()
    }
    ports = {port: number(f"{where}.ports.{port}", servers) for port, servers in dict(entry.get("ports") or {}).items()}
    stages = {
        cost: read_stage(f"{where}.costs.{cost}", value if isinstance(value, Mapping) else {}, ports, number, wrong)
        for cost, value in dict(entry.get("costs") or {}).items()
    }
    return Pipeline(sizes["fetch"], sizes["dispatch"], sizes["uops"], early, str(tables["uops"].get("mask", "")), ports, stages)


def stageless(value: Any) -> Any:
    """An entry of ``costs`` without what its stage says."""
    return {key: entry for key, entry in value.items() if key in COST_KEYS} if isinstance(value, Mapping) else value


def read_stage(
    where: str, value: Mapping[str, Any], ports: Mapping[str, int], number: Callable[[str, Any], int], wrong: Wrong
) -> Stage:
    """The stage of a cost class."""
    given = {key: entry for key, entry in value.items() if key not in COST_KEYS}
    known = Stage.__dataclass_fields__
    for key in given:
        if key not in known:
            raise wrong(where, f"{key!r} is no property of a class", did_you_mean(key, known) or ", ".join(known))
    made: dict[str, Any] = {}
    for key, entry in given.items():
        if key in ("reads", "writes"):
            if bad := next((pattern for pattern in entry.values() if pattern not in PATTERNS), None):
                raise wrong(f"{where}.{key}", f"{bad!r} is no pattern", ", ".join(PATTERNS))
            made[key] = dict(entry)
        elif key in ("waits", "predicts", "port"):
            allowed: tuple[str, ...] = {"waits": WAITS, "predicts": PREDICTED, "port": tuple(ports)}[key]
            if entry not in allowed:
                raise wrong(f"{where}.{key}", f"{entry!r} is not known", ", ".join(filter(None, allowed)))
            made[key] = entry
        elif isinstance(known[key].default, bool):
            made[key] = bool(entry)
        else:
            made[key] = number(f"{where}.{key}", entry)
    return Stage(**made)
