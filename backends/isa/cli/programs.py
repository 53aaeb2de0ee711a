"""Programs on the command line: assembled, disassembled, run, traced."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backends.isa.architecture import Architecture
from backends.isa.assembler import Assembly, assemble, disassemble, parse_words
from backends.isa.cli.files import parse_dump, parse_load, write_dump
from backends.isa.engine import Engine, Outcome, Program, load_images
from backends.isa.engines import open_engine
from backends.isa.faults import fault, limit_fault
from backends.isa.profile import profile, table
from backends.isa.registry import open_architecture
from backends.isa.tools import diagnostic_line
from backends.isa.trace import chrome_trace, decode
from harness.backend import Fault
from harness.errors import UsageError
from harness.files import write_atomically
from harness.paths import cache_dir

FAILED = 1
"""Exit code of a program that has errors or did not end."""
ELF_MAGIC = b"\x7fELF"
"""How an ELF file begins."""


@dataclass(frozen=True)
class Job:
    """A run as the command line says it."""

    name: str
    file: Path
    profile_name: str | None
    timing: str | None
    engine: str
    loads: Sequence[str]
    dumps: Sequence[str]
    compat: bool
    fuel: int


class BrokenProgramError(Exception):
    """The program has errors."""

    def __init__(self, assembly: Assembly) -> None:
        super().__init__()
        self.assembly = assembly


def assemble_file(
    name: str, file: Path, profile: str | None, compat: bool, as_hex: bool, output: Path | None, as_json: bool
) -> int:
    """``isa asm``; returns the exit code."""
    architecture = open_architecture(name, profile)
    assembly = assemble(_text(file, _content(file)), architecture, strict=not compat, compat=compat)
    if assembly.program is None:
        return _say_errors(assembly, as_json)
    _say_warnings(assembly)
    program = assembly.program
    words = "".join(f"{_hex(architecture, word)}\n" for word in program.words)
    if output is not None:
        _write(
            output,
            program.words.astype(f"<u{architecture.definition.word_bits // 8}").tobytes() if output.suffix == ".bin" else words,
        )
    if as_json:
        lines = [
            {"word": _hex(architecture, word), "line": int(line)} for word, line in zip(program.words, program.lines, strict=True)
        ]
        print(json.dumps({"words": lines, "labels": dict(program.labels)}, indent=2))
    elif as_hex:
        sys.stdout.write(words if output is None else "")
    elif output is None:
        sys.stdout.write(_listing(architecture, program))
    return 0


def disassemble_file(name: str, file: Path, profile: str | None) -> str:
    """``isa disasm``: text that assembles to the same words; those of an ELF file with its symbols."""
    architecture, content = open_architecture(name, profile), _content(file)
    if content.startswith(ELF_MAGIC):
        program = _elf(architecture, file, content)
        return disassemble(program.words, architecture, names=program.labels).rstrip("\n")
    return disassemble(parse_words(_text(file, content)), architecture).rstrip("\n")


def run(job: Job, as_json: bool) -> int:
    """``isa run``; returns the exit code."""
    architecture = open_architecture(job.name, job.profile_name, job.timing)
    try:
        engine, program = _prepared(architecture, job)
    except BrokenProgramError as error:
        return _say_errors(error.assembly, as_json)
    dumps = [parse_dump(architecture, text, program.symbols) for text in job.dumps]
    outcome = engine.run(program, fuel=job.fuel)
    for dump in dumps:
        write_dump(engine, dump)
    found = _fault(architecture, program, outcome, job.fuel)
    if as_json:
        print(json.dumps(_as_json(architecture, engine, program, outcome, found), indent=2))
    else:
        print(_report(architecture, program, outcome, found))
    if found is not None:
        if not as_json:
            print(f"fault: {found.message}", file=sys.stderr)
        return FAILED
    return 0


def trace(job: Job, output: Path, events: int) -> int:
    """``isa trace``; returns the exit code. A program that faults leaves the trace of what came before."""
    architecture = open_architecture(job.name, job.profile_name, job.timing)
    try:
        engine, program = _prepared(architecture, job)
    except BrokenProgramError as error:
        return _say_errors(error.assembly, as_json=False)
    outcome = engine.run(program, fuel=job.fuel, trace=events)
    _write(output, chrome_trace(architecture, program, outcome))
    recorded = min(outcome.instructions, events)
    print(
        f"{recorded} of {outcome.instructions} instructions, {outcome.cycles} cycles: {output}; open it at https://ui.perfetto.dev"
    )
    found = _fault(architecture, program, outcome, job.fuel)
    if found is not None:
        print(f"fault: {found.message}", file=sys.stderr)
        return FAILED
    return 0


def read_program(architecture: Architecture, text: str, compat: bool) -> Program:
    """A program from assembly or, where every token of the text is a word in hexadecimal, from words. What is odd but has a
    meaning is a warning on stderr; `BrokenProgramError` if there are errors."""
    if _is_words(text, architecture.definition.word_bits):
        return Program.of(np.asarray(parse_words(text), np.uint64))
    assembly = assemble(text, architecture, strict=False, compat=compat)
    if assembly.program is None:
        raise BrokenProgramError(assembly)
    _say_warnings(assembly)
    return assembly.program


def _prepared(architecture: Architecture, job: Job) -> tuple[Engine, Program]:
    """A reset machine with everything loaded, and the program."""
    content = _content(job.file)
    if content.startswith(ELF_MAGIC):
        program = _elf(architecture, job.file, content)
    else:
        program = read_program(architecture, _text(job.file, content), job.compat)
    loads = [parse_load(architecture, text, program.symbols) for text in job.loads]
    if job.engine not in ("auto", "native", "golden"):
        raise UsageError(f"--engine {job.engine!r} does not exist", "auto, native or golden")
    engine = open_engine(architecture, cache_dir() / "isa", job.engine)
    engine.reset()
    load_images(engine, program)
    for load in loads:
        engine.write(load.memory.name, load.start, load.data)
    return engine, program


def _fault(architecture: Architecture, program: Program, outcome: Outcome, fuel: int) -> Fault | None:
    if outcome.trap is not None:
        return fault(architecture, program, outcome.trap)
    return limit_fault(program, outcome.pc, "instructions", fuel) if outcome.ended == "fuel" else None


def _as_json(
    architecture: Architecture, engine: Engine, program: Program, outcome: Outcome, found: Fault | None
) -> dict[str, Any]:
    made = profile(outcome, program)
    return {
        "isa": architecture.name,
        "profile": architecture.machine.profile,
        "timing": architecture.machine.timing.name,
        "engine": engine.name,
        "ended": outcome.ended,
        "cycles": outcome.cycles,
        "instructions": outcome.instructions,
        "counters": {
            "instructions": _by_mnemonic(architecture, program, outcome),
            "busy": {unit: int(busy) for unit, busy in outcome.busy.items()},
            "stalls": {cause: int(cycles) for cause, cycles in made.causes.items()},
        },
        "lines": [line.model_dump() for line in made.lines],
        "fault": found.model_dump() if found else None,
    }


def _by_mnemonic(architecture: Architecture, program: Program, outcome: Outcome) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for pc in np.flatnonzero(outcome.counts):
        instruction = decode(architecture, int(program.words[pc]))
        assert instruction is not None  # it was executed
        counts[instruction.mnemonic] += int(outcome.counts[pc])
    return dict(counts.most_common())


def _report(architecture: Architecture, program: Program, outcome: Outcome, found: Fault | None) -> str:
    machine = architecture.machine
    ended = "ended" if found is None else "stopped by a fault"
    head = f"{ended} after {outcome.cycles:,} cycles and {outcome.instructions:,} instructions"
    source = program.source
    if not source and not program.lines.any():  # lines of a text that is not at hand are better than words beside them
        source = disassemble(program.words, architecture, labels=False)
    body = table(profile(outcome, program), source) if outcome.instructions else ""
    return f"{head} ({architecture.name}, profile {machine.profile}, timing {machine.timing.name})\n{body}".rstrip()


def _listing(architecture: Architecture, program: Program) -> str:
    """Address, word, line and text of each instruction."""
    text = program.source.split("\n")
    rows = []
    for pc, (word, line) in enumerate(zip(program.words, program.lines, strict=True)):
        source = text[line - 1].rstrip() if 0 < line <= len(text) else ""
        rows.append(f"{pc:6}  {_hex(architecture, word)}  {line:5}  {source}\n")
    return "".join(rows)


def _say_errors(assembly: Assembly, as_json: bool) -> int:
    """Shows why a program does not assemble; returns the exit code."""
    if as_json:
        first = assembly.problems[0]
        where = first.diagnostic
        found = Fault(cause=first.cause, message=where.message, line=where.line)
        diagnostics = [{"cause": problem.cause, **problem.diagnostic.model_dump(mode="json")} for problem in assembly.problems]
        print(json.dumps({"ended": "build_error", "fault": found.model_dump(), "diagnostics": diagnostics}, indent=2))
    else:
        for diagnostic in assembly.diagnostics:
            print(_with_snippet(diagnostic_line(diagnostic), diagnostic.snippet, diagnostic.column), file=sys.stderr)
    return FAILED


def _say_warnings(assembly: Assembly) -> None:
    for diagnostic in assembly.diagnostics:
        print(diagnostic_line(diagnostic), file=sys.stderr)


def _with_snippet(message: str, snippet: str, column: int | None) -> str:
    return f"{message}\n    {snippet}" if snippet else message


def _is_words(text: str, bits: int) -> bool:
    """Whether a text is words in hexadecimal: a mnemonic such as ADD is not, for it is shorter than a word."""
    digits = bits // 4
    word = re.compile(rf"0[xX][0-9a-fA-F]{{1,{digits}}}|[0-9a-fA-F]{{{digits}}}")
    lines = [re.split(r"[;#]|//", line, maxsplit=1)[0].strip() for line in text.split("\n")]
    return any(lines) and all(word.fullmatch(line) for line in lines if line)


def _hex(architecture: Architecture, word: np.uint64) -> str:
    return f"0x{int(word):0{architecture.definition.word_bits // 4}X}"


def _content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise UsageError(f"{error.strerror}: {str(file)!r}", "the path of a program, or - for stdin") from None


def _text(file: Path, content: bytes) -> str:
    if content.startswith(ELF_MAGIC):
        raise UsageError(f"{str(file)!r} is an ELF file", "assembly is understood here; isa run and isa disasm read ELF files")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(file)!r} is not UTF-8 text: {error.reason} at byte {error.start}") from None


def _elf(architecture: Architecture, file: Path, content: bytes) -> Program:
    from backends.isa.elf import read_elf  # its parser is imported only for them

    try:
        return read_elf(content, architecture)
    except UsageError as error:
        raise UsageError(f"{str(file)!r}: {error.message}", error.hint) from None


def _write(path: Path, content: str | bytes) -> None:
    try:
        write_atomically(path, content, durable=False)
    except OSError as error:
        raise UsageError(f"{error.strerror}: {str(path)!r}") from None
