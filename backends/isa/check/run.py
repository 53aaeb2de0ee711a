"""All checks of an instruction set, cheapest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backends.isa.architecture import Architecture
from backends.isa.bind import load
from backends.isa.check import agreement, baselines, lints, manual, words
from backends.isa.check.result import Result, result
from backends.isa.define import Isa
from backends.isa.errors import DefinitionError
from backends.isa.machine import load_machine


def check(
    isa: Isa, cache: Path, *, seconds: float, seed: int = 0, quick: bool = False, every_edge: bool = False,
    profile: str | None = None, timing: str | None = None,
) -> Iterator[Result]:  # fmt: skip
    """Results as they come. ``seconds`` are spent comparing engines, on each machine alike, and what ``every_edge`` of every
    operand takes beside; ``quick`` judges only the smallest configuration of each task. UsageError for a profile or timing that
    there is not; DefinitionError for a machine.toml that says nothing sound."""
    definition = isa.definition
    machine = load_machine(definition.folder / "machine.toml", profile, timing)
    machines = []
    for name in (profile,) if profile else machine.profiles:
        for variant in (timing,) if timing else machine.timings:
            try:
                machines.append(load(isa, name, variant))
            except DefinitionError as error:
                yield result("definition", f"{name}, {variant}", "it does not bind", str(error).split("\n"))
    if not machines:
        return
    yield lints.check(definition, machines, whole=profile is None)
    for architecture in _one_of_each_profile(machines):
        yield words.check(architecture, seed)
    for architecture in machines:
        yield manual.check(architecture, cache)
    for architecture in machines:
        yield from agreement.check(architecture, cache, seconds / len(machines), seed, every_edge)
    usual = load_machine(definition.folder / "machine.toml").profile
    yield from baselines.check(definition.name, usual, [a for a in machines if a.machine.profile == usual], quick)


def _one_of_each_profile(machines: list[Architecture]) -> list[Architecture]:
    return list({architecture.machine.profile: architecture for architecture in reversed(machines)}.values())[::-1]
