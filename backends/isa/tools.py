"""The agent's tools of a simulated target: the machine in the middle of a run, and a program as the machine sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from backends.isa.architecture import Architecture
from backends.isa.assembler import disassemble
from backends.isa.engine import Engine, Outcome, Program
from backends.isa.faults import fault, line_of
from backends.isa.view import parse_range, place, show_loops, show_range, show_registers
from harness.backend import Diagnostic, ToolSpec
from harness.errors import UsageError, did_you_mean

MAX_ROWS = 300
"""Most lines that a tool answers with."""
MAX_VISIT = 1_000_000_000
MAX_SECONDS = 10.0
"""How long ``inspect`` may run a kernel."""
Prepare = Callable[[], tuple[Engine, int]]
"""Resets the machine, loads inputs and program, and returns it with the most instructions a run may have."""

_SOURCE = {"type": "string", "description": "The complete text of the kernel."}
SPECS = (
    ToolSpec(
        name="inspect",
        description="Runs a kernel on public inputs, stops before a line, and shows registers, memory or open loops there.",
        parameters={
            "type": "object",
            "properties": {
                "source": _SOURCE,
                "at": {
                    "type": "string",
                    "description": "Line number or label to stop before; without it, the end of the program.",
                },
                "visit": {"type": "integer", "description": "Which execution of that line, from 1.", "minimum": 1},
                "what": {
                    "type": "string",
                    "description": "Separated by commas: registers, loops, SPACE, SPACE[START:COUNT], "
                    "SPACE[START:COUNT] as DTYPE. Without it, registers and loops.",
                },
            },
            "required": ["source"],
            "additionalProperties": False,
        },
    ),
    ToolSpec(
        name="disassemble",
        description="Assembles a kernel and shows the words it becomes, with macros and repetitions expanded.",
        parameters={"type": "object", "properties": {"source": _SOURCE}, "required": ["source"], "additionalProperties": False},
    ),
)


def inspected(architecture: Architecture, program: Program, arguments: Mapping[str, Any], prepare: Prepare) -> str:
    """The answer of ``inspect``. ValueError, with a message for the model, if the arguments are wrong."""
    try:
        items = [item.strip() for item in arguments.get("what", "registers, loops").split(",") if item.strip()]
        ranges = {item: parse_range(architecture, item) for item in items if item not in ("registers", "loops")}
        stop = _stop(program, arguments.get("at", ""), arguments.get("visit", 1))
    except UsageError as error:
        raise ValueError(f"{error.message}; {error.hint}" if error.hint else error.message) from None
    engine, fuel = prepare()
    outcome = engine.run(program, fuel=fuel, stop=stop, seconds=MAX_SECONDS)

    def rows() -> Iterator[str]:
        yield _where(architecture, program, outcome, fuel)
        yield f"{outcome.instructions} instructions and {outcome.cycles} cycles so far"
        for item in items:
            if item == "registers":
                yield show_registers(engine, architecture)
            elif item == "loops":
                yield show_loops(outcome.loops, program)
            else:
                yield show_range(engine, ranges[item])

    return _capped("\n".join(rows()))


def disassembled(architecture: Architecture, program: Program) -> str:
    """The answer of ``disassemble``."""
    return _capped(f"{len(program.words)} words\n{disassemble(program.words, architecture).rstrip()}")


def problems(diagnostics: Sequence[Diagnostic]) -> str:
    """The answer of both tools to a kernel that cannot be built."""
    return _capped("the kernel does not build\n" + "\n".join(map(diagnostic_line, diagnostics)))


def diagnostic_line(diagnostic: Diagnostic) -> str:
    """``line 3, column 5: error: message (hint)``."""
    column = f", column {diagnostic.column}" if diagnostic.column else ""
    place = f"line {diagnostic.line}{column}: " if diagnostic.line else ""
    return f"{place}{diagnostic.severity}: {diagnostic.message}" + (f" ({diagnostic.hint})" if diagnostic.hint else "")


def _stop(program: Program, at: str, visit: int) -> tuple[int, int] | None:
    """Where to stop: the first word of a line or of the next line that has one, or a label."""
    at = at.strip()
    if not 1 <= visit <= MAX_VISIT:
        raise UsageError(f"visit {visit} is not possible", f"1 to {MAX_VISIT}")
    if not at:
        return None
    if not at.isdecimal():
        if at not in program.labels:
            raise UsageError(f"there is no label {at!r}{did_you_mean(at, program.labels)}", "a line number or a label")
        return program.labels[at], visit
    later = np.flatnonzero(program.lines >= int(at))
    if not len(later):
        raise UsageError(
            f"no instruction stands at or after line {at}", f"the last one is in line {int(program.lines.max(initial=0))}"
        )
    # Lines need not rise with addresses where macros expand; the nearest line at or below is meant, and its first word.
    line = program.lines[later].min()
    return int(np.flatnonzero(program.lines == line)[0]), visit


def _where(architecture: Architecture, program: Program, outcome: Outcome, fuel: int) -> str:
    if outcome.trap is not None:
        return f"the kernel trapped before it got there: {fault(architecture, program, outcome.trap).message}"
    if outcome.ended in ("fuel", "time"):
        allowed = f"{fuel} instructions" if outcome.ended == "fuel" else f"{MAX_SECONDS:g} s"
        return f"stopped after {allowed} at {place(program, outcome.pc)}"
    if outcome.ended == "end":
        return "the program ended"
    line = line_of(program, outcome.pc)
    text = program.source.split("\n")[line - 1].strip() if line and program.source else ""
    return f"stopped before {place(program, outcome.pc)}" + (f": {text}" if text else "")


def _capped(text: str) -> str:
    rows = text.split("\n")
    if len(rows) <= MAX_ROWS:
        return text
    return "\n".join([*rows[:MAX_ROWS], f"[... {len(rows) - MAX_ROWS} more lines ...]"])
