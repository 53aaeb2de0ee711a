"""Pipeline timing in C: sizes and state of a pipeline, and one function for all instructions that go through it alike.

``pipe_K(m, in, work, taken)`` accounts for one completed instruction. Its stage and its operands are constants there, so that the
general functions of pipeline.h shrink to what the instruction needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from backends.isa.architecture import BoundOperand, Instruction
from backends.isa.definition import Access, Immediate
from backends.isa.machine import Linear
from backends.isa.native.cgen.layout import Layout, Place
from backends.isa.native.cgen.statements import Slots
from backends.isa.pipeline import PARTS, PATTERNS, PREDICTED, WAITS, Pattern, Pipeline

STATE = """
struct port { int64_t latest, free, beside; uint64_t uops; int64_t started[P_STATION]; };
struct entry { uint64_t pc; int64_t own, retired; int cause; };
struct pipe {
  int64_t t, cycles, fetched, line, configured, slot, quiet, dispatched, dispatches, retired, retiring, lanes, wait;
  int redirected, leaves, jumped, closed, cause, waited;
  uint64_t issues, entered, accesses, reordered, last_pc;
  int64_t issued[P_ROOM], begun[P_QUEUE], reorder[P_REORDER], free[P_PORTS + 1], busy_until[UNITS], groups[P_GROUPS];
  int64_t ready[P_CELLS];
  uint8_t made[P_CELLS];
  struct entry entries[P_RETIREMENT];
  struct port ports[P_PORTS + 1];
};
"""


@dataclass
class PipelineWriter:
    """Writes the pipeline of an architecture that has one."""

    layout: Layout
    pipeline: Pipeline
    texts: dict[str, str] = field(default_factory=dict)
    """Names of functions, by what follows their name."""

    @classmethod
    def of(cls, layout: Layout) -> PipelineWriter | None:
        """The writer, or None where the timing is another."""
        pipeline = layout.architecture.machine.timing.pipeline
        return None if pipeline is None else cls(layout, pipeline)

    def state(self) -> str:
        """Sizes, and the structs of the state."""
        fetch, dispatch, uops = self.pipeline.fetch, self.pipeline.dispatch, self.pipeline.uops
        sizes = {
            "LINE": fetch["line"], "PERIOD": fetch["period"], "FETCH": fetch["latency"], "REDIRECT": fetch["redirect"],
            "ROOM": fetch["buffer"] - fetch["line"] + 1, "WIDTH": dispatch["width"], "RETIREMENT": dispatch["retirement"],
            "QUEUE": dispatch["queue"], "UOP_LATENCY": uops["latency"], "UOP_WIDTH": uops["width"], "REORDER": uops["reorder"],
            "RETIRE": uops["retire"], "STATION": uops["station"], "PORTS": len(self.pipeline.ports), "PARTS": PARTS,
            "CELLS": 1 + sum(place.memory.size for place in self._files(lanes=False)),
            "GROUPS": PARTS + max((place.memory.size // place.memory.lanes for place in self._files(lanes=True)), default=0),
        }  # fmt: skip
        servers = ", ".join(str(count) for count in self.pipeline.ports.values()) or "0"
        macros = [f"#define P_{name} {size}" for name, size in sizes.items()]
        return "\n".join([*macros, f"#define P_SERVERS {servers}", STATE])

    def call(self, instruction: Instruction, works: bool, taken: str) -> str:
        """The statement that accounts for an instruction; ``works``: its body says the amount of work."""
        name = self.texts.setdefault(self._function(instruction), f"pipe_{len(self.texts)}")
        return f"{name}(m, in, {'m->work' if works else '1'}, {taken});"

    def functions(self) -> str:
        """Everything that `call` has called, general functions first."""
        general = (resources.files("backends.isa.native") / "pipeline.h").read_text(encoding="utf-8")
        head = "(struct machine *m, const struct insn *in, uint64_t work, int taken)"
        return "\n".join([general, *(f"NEVER void {name}{head} {{\n{text}\n}}" for text, name in self.texts.items())])

    def _files(self, *, lanes: bool) -> list[Place]:
        places = [place for place in self.layout.places.values() if place.memory.is_registers and not place.memory.single]
        return [place for place in places if (place.memory.lanes > 1) == lanes]

    def _function(self, instruction: Instruction) -> str:
        stage = self.pipeline.stages[instruction.timing]
        operands = [made for operand in instruction.operands if (made := self._operand(instruction, operand))]
        reads, writes = self._groups(instruction, stage.reads or {}), self._groups(instruction, stage.writes or {})
        lines = [
            f"static const struct stage stage = {{{self._stage(instruction)}}};",
            _array("operand", "operands", operands), _array("group", "reads", reads), _array("group", "writes", writes),
        ]  # fmt: skip
        numbers = f"m, (uint64_t)(in - m->program), &stage, operands, {len(operands)}"
        back = self._leads_back(instruction)
        if not stage.uops:
            return "\n".join([lines[0], lines[1], f"pipe_single({numbers}, work, taken, {back});"])
        slots = Slots.of(instruction)
        mask = self.pipeline.mask
        masked = f"in->i{slots.immediates[mask]} == 0" if mask in slots.immediates else "0"
        groups = f"reads, {len(reads)}, writes, {len(writes)}, {masked}"
        return "\n".join([*lines, f"pipe_uops({numbers}, {groups}, work, taken, {back});"])

    def _stage(self, instruction: Instruction) -> str:
        machine = self.layout.architecture.machine
        stage, cost = self.pipeline.stages[instruction.timing], machine.timing.costs[instruction.timing]
        port = list(self.pipeline.ports).index(stage.port) if stage.port else -1
        memory = int(machine.units[instruction.unit].kind == "memory")
        flags = (
            int(stage.first), int(stage.ends), WAITS.index(stage.waits), PREDICTED.index(stage.predicts), int(stage.configures),
            memory, int(stage.timed), int(stage.merged), int(stage.scalar), int(stage.shared), int(bool(stage.writes)),
            self.layout.units[instruction.unit], port, stage.after_configure, stage.uops, stage.less,
        )  # fmt: skip
        numbers = [*flags, *_linear(cost.interval), *_linear(cost.latency), -1 if stage.done is None else stage.done]
        return ", ".join(map(str, numbers))

    def _operand(self, instruction: Instruction, operand: BoundOperand) -> str:
        """A register with a value as ``{cell, late, writes, early}``; "" for other operands. The hard-zero register's cell is
        never written."""
        if not isinstance(operand.kind, Access) or not operand.file:
            return ""
        memory = self.layout.places[operand.file].memory
        if memory.lanes > 1:
            return ""
        base = 1
        for place in self._files(lanes=False):
            if place.memory.name == operand.file:
                break
            base += place.memory.size
        number = f"in->r{Slots.of(instruction).registers[operand.name]}"
        early = self.pipeline.early.get(operand.file, 0)
        late = early if self.pipeline.stages[instruction.timing].early and operand.kind.direction != "out" else 0
        writes = "0" if operand.kind.direction == "in" else "1" if memory.zero is None else f"{number} != {memory.zero}"
        return f"{{{base}u + {number}, {late}, {writes}, {early}}}"

    def _groups(self, instruction: Instruction, patterns: Mapping[str, Pattern]) -> list[str]:
        """Operands of uops as ``{first register, pattern}``."""
        slots = Slots.of(instruction)
        named = {name: f"in->r{slots.registers[name]}" for name in patterns if name in slots.registers}
        firsts = {name: name if name.isdigit() else named.get(name, "") for name in patterns}
        return [f"{{{firsts[name]}, {PATTERNS.index(pattern)}}}" for name, pattern in patterns.items() if firsts[name]]

    def _leads_back(self, instruction: Instruction) -> str:
        """C condition: the place that a jump names lies before it."""
        slots = Slots.of(instruction)
        for operand in instruction.operands:
            kind = operand.kind
            if isinstance(kind, Immediate) and (kind.distance or kind.label):
                return f"in->i{slots.immediates[operand.name]} < {'0' if kind.distance else 'in - m->program'}"
        return "0"


def _linear(cost: Linear) -> tuple[int, int, int]:
    return cost.base, cost.per.numerator, cost.per.denominator


def _array(type_: str, name: str, items: list[str]) -> str:
    return f"const struct {type_} {name}[] = {{{', '.join(items) or '{0}'}}};"
