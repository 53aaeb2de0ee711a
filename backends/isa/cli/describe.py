"""Instruction sets on the command line: which there are, and what one looks like on its machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from backends.isa.architecture import Architecture, BoundMemory, Instruction
from backends.isa.crashes import said
from backends.isa.machine import load_machine
from backends.isa.manual import render
from backends.isa.manual.listing import mention
from backends.isa.registry import find, open_architecture, registered
from harness.backend import Manual
from harness.errors import KernelwrightError, unknown


def listing(as_json: bool) -> str:
    """``isa list``. One that is broken says why, and the others are listed."""
    rows = [_listed(name) for name in sorted(registered())]
    if as_json:
        return json.dumps(rows, indent=2)
    if not rows:
        return "no instruction set is registered; isa run and the others also take the path of an isa.py"
    return "\n".join(f"{row['name']:<12} {row.get('problem') or _one_line(row)}" for row in rows)


def architecture(name: str, profile: str | None, timing: str | None, as_json: bool) -> str:
    """``isa show``."""
    shown = open_architecture(name, profile, timing)
    return json.dumps(_facts(shown), indent=2) if as_json else "\n".join(_rows(shown))


def manual(
    name: str, section: str | None, profile: str | None, timing: str | None, sections: bool, as_json: bool
) -> str:  # fmt: skip
    """``isa manual``: what ``manual`` prints of a backend of this instruction set. UsageError for an unknown section."""
    pages = render(open_architecture(name, profile, timing))
    chosen = pages.sections
    if section is not None:
        found = pages.find(section)
        if found is None:
            raise unknown("section", section, [page.name for page in pages.sections], f"the manual of {name!r}")
        chosen = (found,)
    if as_json:
        return json.dumps([page.model_dump(mode="json") for page in chosen], indent=2)
    if sections:
        width = max(len(page.name) for page in chosen)
        return "\n".join(f"{page.name:{width}}  {page.title}" for page in chosen)
    return Manual(sections=chosen).text


def _listed(name: str) -> dict[str, Any]:
    try:
        definition = find(name).definition
        machine = load_machine(definition.folder / "machine.toml")
    except KernelwrightError as error:
        return {"name": name, "problem": f"not usable: {error.message}"}
    except Exception as error:  # of its author's code; the others are listed all the same
        return {"name": name, "problem": f"not usable: {said(error)}"}
    return {
        "name": name,
        "title": definition.title,
        "instructions": len(definition.ops),
        "profiles": list(machine.profiles),
        "timings": list(machine.timings),
    }


def _one_line(row: dict[str, Any]) -> str:
    choices = f"profiles {', '.join(row['profiles'])}; timings {', '.join(row['timings'])}"
    return f"{row['title']} ({row['instructions']} instructions; {choices})"


def _facts(shown: Architecture) -> dict[str, Any]:
    definition, machine = shown.definition, shown.machine
    return {
        "name": shown.name,
        "title": definition.title,
        "profile": machine.profile,
        "timing": machine.timing.name,
        "digest": shown.digest,
        "word_bits": definition.word_bits,
        "parameters": {name: str(value) if not isinstance(value, int) else value for name, value in shown.values.items()},
        "memories": {memory.name: _memory_facts(memory, shown) for memory in shown.memories.values()},
        "units": {unit.name: unit.kind for unit in machine.units.values()},
        "traps": dict(shown.traps),
        "instructions": [_instruction_facts(shown, one) for one in shown.instructions],
    }


def _memory_facts(memory: BoundMemory, shown: Architecture) -> dict[str, Any]:
    return {
        "kind": "register" if memory.single else "registers" if memory.is_registers else "memory",
        "dtype": memory.dtype.name,
        "image": (memory.image or memory.dtype).name,
        "size": memory.size,
        "lanes": memory.lanes,
        "regions": [asdict(region) for region in memory.regions],
        "align": memory.align,
        "doc": _said(memory.doc, shown),
    }


def _instruction_facts(shown: Architecture, one: Instruction) -> dict[str, Any]:
    cost = shown.machine.timing.costs[one.timing]
    return {
        "mnemonic": one.mnemonic,
        "syntax": list(one.syntax),
        "unit": one.unit,
        "interval": str(cost.interval),
        "latency": str(cost.latency),
        "match": one.match,
        "mask": one.mask,
        "offered": one.offered,
        "doc": _said(one.doc.split("\n")[0], shown),
    }


def _rows(shown: Architecture) -> Iterator[str]:
    definition, machine = shown.definition, shown.machine
    yield f"{shown.name}: {definition.title}"
    yield f"  profile    {machine.profile} (of {', '.join(machine.profiles)})"
    yield f"  timing     {machine.timing.name} (of {', '.join(machine.timings)})"
    yield f"  word       {definition.word_bits} bits"
    yield f"  digest     {shown.digest}"
    yield "  parameters " + " ".join(f"{name}={value}" for name, value in shown.values.items())
    yield "memories and registers"
    for memory in shown.memories.values():
        kind = "register" if memory.single else "registers" if memory.is_registers else "elements"
        size = "" if memory.single else f"{memory.size // memory.lanes:,} "
        if memory.lanes > 1:
            kind = f"registers of {memory.lanes} lanes"
        yield f"  {memory.name:<10} {size}{kind} of {memory.dtype.name:<5} {_said(memory.doc, shown)}".rstrip()
    yield "units"
    for unit in machine.units.values():
        yield f"  {unit.name:<10} {unit.kind:<8} {_said(unit.doc, shown)}".rstrip()
    yield f"instructions ({len(shown.instructions)})"
    digits = definition.word_bits // 4
    for one in shown.instructions:
        cost = machine.timing.costs[one.timing]
        cycles = str(cost.latency) if machine.timing.blocking else f"{cost.interval} / {cost.latency}"
        mark = "" if one.offered else " (not offered)"
        text, doc = f"{one.mnemonic} {', '.join(one.syntax)}".strip(), _said(one.doc.split("\n")[0], shown)
        yield f"  {one.match:0{digits}X}/{one.mask:0{digits}X}  {text:<36} {one.unit:<8} {cycles:>8}  {doc}{mark}"


def _said(text: str, shown: Architecture) -> str:
    """Prose of a definition, which names instructions by their keys, in this architecture's words."""
    return mention(text, shown).replace("`", "")
