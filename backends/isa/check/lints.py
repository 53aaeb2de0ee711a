"""What is legal in a definition and yet a mistake: parts that nobody uses or explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backends.isa.architecture import Architecture
from backends.isa.check.result import Result, result
from backends.isa.definition import Definition
from backends.isa.manual import facts


def check(definition: Definition, machines: Sequence[Architecture], whole: bool = True) -> Result:
    """Lints of a definition over machines that it makes; only over the ``whole`` of its profiles can it be said what is idle."""
    first = machines[0]
    seen = (
        f"{len(definition.ops)} instructions, {len(definition.memories)} memories and register files, {len(definition.traps)} "
        f"causes of traps, {len(first.machine.units)} units; bound on {len(machines)} machines"
    )
    return result(
        "definition",
        "",
        seen,
        [*_explained(definition, first), *(_used(definition, machines) if whole else ()), *_costs(machines)],
    )


def _explained(definition: Definition, first: Architecture) -> Iterator[str]:
    """Everything that a manual names has words of its own; `Isa.op` has seen to the instructions."""
    for memory in definition.memories.values():
        if not memory.doc:
            yield f"{memory.name}: no doc"
    for trap in definition.traps.values():
        if not trap.doc:
            yield f"trap {trap.name}: it does not say what is legal"
    for param in definition.params.values():
        if not param.doc:
            yield f"parameter {param.name}: no doc"
    for unit in first.machine.units.values():
        if not unit.doc:
            yield f"machine.toml: unit {unit.name} has no doc"


def _used(definition: Definition, machines: Sequence[Architecture]) -> Iterator[str]:
    """Every cause is raised, every unit and cost class is somebody's, every instruction exists on some machine."""
    instructions = [instruction for architecture in machines for instruction in architecture.instructions]
    raised = {cause for a in machines for instruction in a.instructions for cause in facts.traps(instruction, a)}
    raised |= {cause for a in machines if a.handler is not None for cause in facts.raised(a.handler.body, a)}
    yield from (f"trap {name}: no instruction raises it" for name in definition.traps if name not in raised)
    bound = {instruction.key for instruction in instructions}
    yield from (f"{op.where}: no profile checked has it" for op in definition.ops if op.key not in bound)
    units = {op.unit for op in definition.ops}
    yield from (f"machine.toml: no instruction uses unit {name}" for name in machines[0].machine.units if name not in units)
    timings = {op.timing for op in definition.ops}
    for timing in {a.machine.timing.name: a.machine.timing for a in machines}.values():
        peaks = {peak.cost for peak in machines[0].machine.peaks.values()}
        idle = [name for name in timing.costs if name not in timings | peaks]
        yield from (f"machine.toml: timing.{timing.name}: no instruction costs {name!r}" for name in idle)


def _costs(machines: Sequence[Architecture]) -> Iterator[str]:
    """A unit is free again no later than the result is there (where results pass a pipeline's ports, they may leave before), and
    a peak belongs to the unit that it is said to keep busy."""
    for timing in {a.machine.timing.name: a.machine.timing for a in machines if a.machine.timing.pipeline is None}.values():
        for name, cost in timing.costs.items():
            if cost.interval.base > cost.latency.base or cost.interval.per > cost.latency.per:
                yield f"machine.toml: timing.{timing.name}: {name} keeps its unit for {cost.interval}, longer than {cost.latency}"
    units = {(i.timing, i.unit) for a in machines for i in a.instructions}
    for kind, peak in machines[0].machine.peaks.items():
        if (peak.cost, peak.unit) not in units:
            yield f"machine.toml: peaks.{kind}: no instruction of unit {peak.unit} costs {peak.cost!r}"
