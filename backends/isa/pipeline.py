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

from backends.isa.tables import Tables

Pattern = Literal["each", "half", "quarter", "pair", "once", "last"]
"""Which register of an operand's group uop q of n touches: q, q // 2, q // 4, (q + 1) // 2, 0, or 0 and only where q = n - 1."""
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
Predicted = Literal["", "taken", "backward", "never"]
PREDICTED: tuple[Predicted, ...] = get_args(Predicted)
Waits = Literal["", "retirement", "all"]
WAITS: tuple[Waits, ...] = get_args(Waits)
PARTS = 16
"""Most uops of an instruction."""
SECTIONS = {
    "fetch": ("line", "period", "latency", "redirect", "buffer"),
    "dispatch": ("width", "retirement", "queue"),
    "uops": ("latency", "width", "reorder", "retire", "station"),
}
"""Tables of a timing, and the sizes that they hold."""
BESIDE = {"dispatch": ("early",), "uops": ("mask",)}
"""What else they may hold."""


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


STAGE_KEYS = tuple(Stage.__dataclass_fields__)
"""What a cost class of a pipeline may say besides its cycles."""
Number = Callable[[str, Any], int]
"""Evaluates an entry: ``number("timing.rtl.fetch.line", 4)``."""


def read_pipeline(entry: str, timing: Mapping[str, Any], number: Number, tables: Tables) -> Pipeline:
    """The pipeline of a timing's table. Mistakes become problems of the tables, or are DefinitionErrors."""
    read = {name: _section(f"{entry}.{name}", timing.get(name), keys, number, tables) for name, keys in SECTIONS.items()}
    if read["fetch"].get("buffer", 0) < read["fetch"].get("line", 0):
        tables.problems.append(tables.wrong(f"{entry}.fetch.buffer", "is smaller than a line", "what is fetched must fit"))
    dispatch, uops = timing.get("dispatch") or {}, timing.get("uops") or {}
    early = tables.each(f"{entry}.dispatch.early", dispatch["early"], number) if "early" in dispatch else {}
    for name in early:
        tables.name("memory or register file", name, f"{entry}.dispatch.early")
    mask = uops.get("mask", "")
    if mask:
        tables.name("operand", str(mask), f"{entry}.uops", "mask")
    ports = tables.each(f"{entry}.ports", timing["ports"], number) if "ports" in timing else {}
    stages = tables.each(f"{entry}.costs", timing.get("costs"), lambda of, cost: read_stage(of, cost, ports, number, tables))
    return Pipeline(read["fetch"], read["dispatch"], read["uops"], early, str(mask), ports, stages)


def _section(entry: str, value: Any, keys: tuple[str, ...], number: Number, tables: Tables) -> dict[str, int]:
    """The sizes of a table of `SECTIONS`."""
    table = tables.table(entry, value)
    known = tables.known(entry, table, (*keys, *BESIDE.get(entry.rpartition(".")[2], ())))
    if known and (lacking := [key for key in keys if key not in table]):
        tables.problems.append(tables.wrong(entry, f"{', '.join(lacking)} is missing", f"it has {', '.join(keys)}"))
    sizes = tables.each(entry, {key: table[key] for key in keys if key in table} or None, number)
    for key, size in sizes.items():
        if size < 1:
            tables.problems.append(tables.wrong(f"{entry}.{key}", f"is {size}", "sizes of a pipeline are at least 1"))
    return sizes


def read_stage(entry: str, value: Any, ports: Mapping[str, int], number: Number, tables: Tables) -> Stage:
    """The stage of a cost class; keys that are none of its own are for others."""
    given = {key: value[key] for key in STAGE_KEYS if key in value} if isinstance(value, Mapping) else {}
    made: dict[str, Any] = {}
    for key, said in given.items():
        choices: tuple[str, ...] | None = {"waits": WAITS, "predicts": PREDICTED, "port": tuple(ports)}.get(key)
        if key in ("reads", "writes"):
            made[key] = _patterns(f"{entry}.{key}", said, tables)
        elif choices is not None:
            if said not in choices:
                raise tables.wrong(entry, f"{key} is {said!r}", ", ".join(filter(None, choices)) or "there are none", key)
            made[key] = said
        elif isinstance(Stage.__dataclass_fields__[key].default, bool):
            if not isinstance(said, bool):
                raise tables.wrong(entry, f"{key} is {said!r}", "true or false", key)
            made[key] = said
        else:
            made[key] = number(f"{entry}.{key}", said)
    return Stage(**made)


def _patterns(entry: str, value: Any, tables: Tables) -> dict[str, Pattern]:
    """Which registers of its operands' groups a uop reads or writes."""
    table = dict(tables.table(entry, value))
    for name, pattern in table.items():
        if pattern not in PATTERNS:
            raise tables.wrong(entry, f"{name} is {pattern!r}", ", ".join(PATTERNS), name)
        if not name.isdecimal():  # the number of a fixed register
            tables.name("operand", name, entry)
    return table
