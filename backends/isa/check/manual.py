"""The manual: complete, and every program in it does what programs should."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from backends.isa.architecture import Architecture, Instruction
from backends.isa.assembler import assemble
from backends.isa.check.result import Result, result, trying
from backends.isa.engine import Engine, load_images
from backends.isa.engines import open_engine
from backends.isa.errors import DefinitionError
from backends.isa.faults import fault, line_of
from backends.isa.manual import pages, programs, render
from backends.isa.manual.chapters import Page, offered
from backends.isa.manual.listing import translate

FUEL = 200_000
"""Instructions that a program of a manual may take."""
SET_UP = (
    'its plain form traps: give it @isa.op(..., example="...") with lines that set its registers up and then itself (section 4, '
    "The manual, of the guide)"
)


class Problem(NamedTuple):
    """What is wrong with a program of a manual."""

    message: str
    line: int
    """Of the program, from 1."""
    trapped: bool = False


def check(architecture: Architecture, cache: Path) -> Result:
    """Renders it, looks for every instruction, and assembles and runs every program."""
    machine = f"{architecture.machine.profile}, {architecture.machine.timing.name}"
    try:
        manual = render(architecture)
    except DefinitionError as error:
        return result("manual", machine, "it does not render", [str(error)])
    shown = offered(architecture)
    covered = {one.mnemonic: page for one in shown if (page := manual.find(one.mnemonic)) is not None}
    problems = [f"no page about {one.mnemonic}" for one in shown if one.mnemonic not in covered]
    problems += [f"the page about {mnemonic} has no program" for mnemonic, page in covered.items() if not programs(page)]
    engine = open_engine(architecture, cache)
    problems += _of_programs(engine)
    ran = sum(len(programs(section)) for section in manual.sections)
    words = sum(len(section.text.split()) for section in manual.sections)
    chapters = sum(isinstance(page.made_from, Path) for page in pages(architecture))
    seen = (
        f"{len(manual.sections)} sections, {chapters} from chapters, {words:,} words; "
        f"pages for {len(covered)} of {len(shown)} instructions; {ran} programs run"
    )
    return result("manual", machine, seen, problems)


def _of_programs(engine: Engine) -> list[str]:
    """What is wrong with programs, each with the line that is wrong and its place.

    Pages without an author repeat examples: what is wrong with one is said of its instruction alone.
    """
    found: list[str] = []
    said: set[str] = set()
    for page in pages(engine.architecture):
        for source in programs(page.section):
            with trying(f"a program of section {page.section.name} ({page.where})"):
                problem = _problem(engine, source)
            if problem is None:
                continue
            lines = [line.strip() for line in source.splitlines()] or [""]
            wrong = lines[problem.line - 1]
            if page.made_from is None and wrong in said:
                continue
            said.add(wrong)
            plain = isinstance(page.made_from, Instruction) and not page.made_from.example
            where = _place(page, lines, problem.line, engine.architecture)
            hint = f"; {SET_UP}" if problem.trapped and plain else ""
            found.append(f"section {page.section.name} ({where}): {problem.message}: {wrong!r}{hint}")
    return found


def _problem(engine: Engine, source: str) -> Problem | None:
    """What is wrong with a program; None if nothing. A part of a program may run off its end where that traps."""
    architecture = engine.architecture
    assembly = assemble(source, architecture)
    if assembly.program is None:
        first = assembly.diagnostics[0]
        return Problem(first.message + (f" ({first.hint})" if first.hint else ""), first.line or 1)
    program = assembly.program
    engine.reset()
    load_images(engine, program)
    outcome = engine.run(program, fuel=FUEL)
    ran_out = outcome.trap is not None and outcome.trap.cause == "pc_out_of_range" and outcome.pc == len(program.words)
    if outcome.ended == "end" or (architecture.definition.ends == "trap" and ran_out):
        return None
    line = line_of(program, outcome.pc) or max(len(source.splitlines()), 1)
    if outcome.trap is not None:
        return Problem(f"it ends by trap, {fault(architecture, program, outcome.trap).message}", line, trapped=True)
    end = f"it does not end within {FUEL:,} instructions" if outcome.ended == "fuel" else f"it ends by {outcome.ended}"
    return Problem(end, line)


def _place(page: Page, shown: list[str], line: int, architecture: Architecture) -> str:
    """Where the line of a program was written: that of its chapter, as far as it can be told, or the instruction's definition.

    Templates write programs in other words than they are shown in, and may repeat lines: the place is the one in the chapter
    around which most lines say the same.
    """
    if not isinstance(page.made_from, Path):
        return page.where
    written = [_as_shown(text, architecture) for text in page.made_from.read_text(encoding="utf-8-sig").splitlines()]

    def alike(start: int) -> tuple[bool, int]:
        pairs = [(shown[at], written[start + at]) for at in range(len(shown)) if 0 <= start + at < len(written)]
        return written[start + line - 1] == shown[line - 1], sum(one == other != "" for one, other in pairs)

    start = max(range(1 - line, len(written) - line + 1), key=alike)
    return f"{page.where}:{start + line}" if alike(start)[1] else page.where


def _as_shown(line: str, architecture: Architecture) -> str:
    try:
        return translate(line, architecture).strip()
    except DefinitionError:  # a line with expressions of its template
        return line.strip()
