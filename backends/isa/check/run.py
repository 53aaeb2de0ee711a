"""All checks of an instruction set, cheapest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backends.isa.architecture import Architecture
from backends.isa.bind import load
from backends.isa.check import agreement, baselines, lints, manual, words
from backends.isa.check.result import Result, guarded, result
from backends.isa.define import Isa
from backends.isa.errors import DefinitionError
from backends.isa.machine import load_machine


def check(
    isa: Isa, cache: Path, *, seconds: float, seed: int = 0, quick: bool = False, every_edge: bool = False,
    profile: str | None = None, timing: str | None = None,
) -> Iterator[Result]:  # fmt: skip
    """Results as they come. ``seconds`` are spent comparing engines, on each machine alike, and what ``every_edge`` of every
    operand takes beside; ``quick`` judges only the smallest configuration of each task. A check that an exception ends is a
    result, too. UsageError for a profile or timing that there is not; DefinitionError for an unsound machine.toml."""
    definition = isa.definition
    folder = definition.folder
    machine = load_machine(folder / "machine.toml", profile, timing)
    machines: list[Architecture] = []
    for name in (profile,) if profile else machine.profiles:
        for variant in (timing,) if timing else machine.timings:
            yield from guarded("definition", f"{name}, {variant}", folder, _bind, isa, name, variant, machines)
    if not machines:
        return
    yield from guarded("definition", "", folder, lints.check, definition, machines, profile is None)
    for made in _one_of_each_profile(machines):
        yield from guarded("encoding", made.machine.profile, folder, words.check, made, seed)
    for made in machines:
        yield from guarded("manual", _named(made), folder, manual.check, made, cache)
    share = seconds / len(machines)
    for made in machines:
        yield from guarded("agreement", _named(made), folder, agreement.check, made, cache, share, seed, every_edge)
    usual = load_machine(folder / "machine.toml").profile
    yield from guarded("baselines", "", folder, baselines.check, definition.name, usual, machines, quick)


def _bind(isa: Isa, profile: str, timing: str, machines: list[Architecture]) -> Iterator[Result]:
    """Adds the machine to ``machines``, or yields what is wrong with it."""
    try:
        machines.append(load(isa, profile, timing))
    except DefinitionError as error:
        yield result("definition", f"{profile}, {timing}", "it does not bind", str(error).split("\n"))


def _named(architecture: Architecture) -> str:
    return f"{architecture.machine.profile}, {architecture.machine.timing.name}"


def _one_of_each_profile(machines: list[Architecture]) -> list[Architecture]:
    return list({architecture.machine.profile: architecture for architecture in reversed(machines)}.values())[::-1]
