"""The manual: complete, and every program in it does what programs should."""

from __future__ import annotations

from pathlib import Path

from backends.isa.architecture import Architecture
from backends.isa.assembler import assemble
from backends.isa.check.result import Result, result
from backends.isa.engine import Engine, load_images
from backends.isa.engines import open_engine
from backends.isa.errors import DefinitionError
from backends.isa.manual import programs, render
from backends.isa.manual.chapters import offered

FUEL = 200_000
"""Instructions that a program of a manual may take."""


def check(architecture: Architecture, cache: Path) -> Result:
    """Renders it, looks for every instruction, and assembles and runs every program."""
    machine = f"{architecture.machine.profile}, {architecture.machine.timing.name}"
    try:
        manual = render(architecture)
    except DefinitionError as error:
        return result("manual", machine, "it does not render", [str(error)])
    shown = offered(architecture)
    pages = {one.mnemonic: page for one in shown if (page := manual.find(one.mnemonic)) is not None}
    problems = [f"no page about {one.mnemonic}" for one in shown if one.mnemonic not in pages]
    problems += [f"the page about {mnemonic} has no program" for mnemonic, page in pages.items() if not programs(page)]
    ran, engine = 0, open_engine(architecture, cache)
    for section in manual.sections:
        for source in programs(section):
            ran += 1
            problem = _problem(engine, source)
            if problem:
                problems.append(f"section {section.name}: {problem}: {source.strip().splitlines()[0]!r}")
    words = sum(len(section.text.split()) for section in manual.sections)
    covered = f"pages for {len(pages)} of {len(shown)} instructions"
    seen = f"{len(manual.sections)} sections, {words:,} words; {covered}; {ran} programs run"
    return result("manual", machine, seen, problems)


def _problem(engine: Engine, source: str) -> str:
    """What is wrong with a program of a manual; "" if nothing. A part of a program may run off its end where that traps."""
    assembly = assemble(source, engine.architecture)
    if assembly.program is None:
        return assembly.diagnostics[0].message
    engine.reset()
    load_images(engine, assembly.program)
    outcome = engine.run(assembly.program, fuel=FUEL)
    ran_out = outcome.trap is not None and outcome.trap.cause == "pc_out_of_range" and outcome.pc == len(assembly.program.words)
    if outcome.ended == "end" or (engine.architecture.definition.ends == "trap" and ran_out):
        return ""
    return f"it ends by {outcome.ended}" + (f", {outcome.trap.cause}" if outcome.trap else "")
