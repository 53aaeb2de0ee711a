"""Traps as people and models read them: where in the source, which operand, what was legal."""

from __future__ import annotations

from backends.isa.architecture import Architecture
from backends.isa.engine import Program, Trapped
from harness.backend import Fault


def line_of(program: Program, pc: int) -> int | None:
    """The source line of a word, or None where it is not known."""
    return int(program.lines[pc]) or None if 0 <= pc < len(program.words) else None


def fault(architecture: Architecture, program: Program, trapped: Trapped) -> Fault:
    """A trap with its source line, its values, and what is legal."""
    facts = [trapped.operand] if trapped.operand else []
    if trapped.address is not None:
        facts.append(f"{'' if trapped.operand else 'value '}{trapped.address}")
    if trapped.limit is not None:
        facts.append(f"(limit {trapped.limit})")
    line = line_of(program, trapped.pc)
    place = f"line {line}" if line else f"pc {trapped.pc}"
    values = f": {' '.join(facts)}" if facts else ""
    legal = architecture.traps.get(trapped.cause, "")
    return Fault(
        cause=trapped.cause,
        message=f"{trapped.cause} at {place}{values}" + (f"; {legal}" if legal else ""),
        pc=trapped.pc,
        line=line,
        operand=trapped.operand,
        address=trapped.address,
        limit=trapped.limit,
    )


def limit_fault(program: Program, pc: int, what: str, limit: int) -> Fault:
    """A run that used up its budget of ``what`` (``instructions`` or ``cycles``), stopped at ``pc``."""
    message = f"more than {limit} {what}; stopped {_at(program, pc)}"
    return Fault(cause="limit", message=message, pc=pc, line=line_of(program, pc), limit=limit)


def timeout_fault(program: Program, pc: int, seconds: float) -> Fault:
    """A run that took longer than it may, stopped at ``pc``."""
    message = f"more than {seconds:g} s; stopped {_at(program, pc)}"
    return Fault(cause="timeout", message=message, pc=pc, line=line_of(program, pc))


def _at(program: Program, pc: int) -> str:
    line = line_of(program, pc)
    return f"at line {line}" if line else f"at pc {pc}"
