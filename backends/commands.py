"""The command groups that the backends of this distribution add to ``kernelwright``.

The command line imports this module at every start: it holds declarations only, and the work is in `backends.isa.cli`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

isa = typer.Typer(help="Programs of instruction sets, by hand.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Registered instruction set, or the path of an isa.py.")]
File = Annotated[Path, typer.Argument(help="Program: assembly, words in hexadecimal, or ELF.")]
Profile = Annotated[str | None, typer.Option("--profile-name", help="Profile of machine.toml; its default if left out.")]
Timing = Annotated[str | None, typer.Option(help="Timing of machine.toml; its default if left out.")]
Engine = Annotated[str, typer.Option(help="auto, native or golden.")]
Load = Annotated[
    list[str] | None, typer.Option("--load", help="SPACE=FILE[@OFFSET] or SYMBOL=FILE[@OFFSET]: initial values; repeatable.")
]
Dump = Annotated[
    list[str] | None,
    typer.Option("--dump", help="SPACE[:START:END]=FILE or SYMBOL..SYMBOL=FILE: values after the run; repeatable."),
]
Compat = Annotated[bool, typer.Option("--compat", help="Encode as the instruction set's other toolchain does.")]
Fuel = Annotated[int, typer.Option(help="Most instructions to run.", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
FUEL = 1_000_000_000


@isa.command("list", epilog="Example: kernelwright isa list")
def list_isas(as_json: AsJson = False) -> None:
    """Lists instruction sets and their profiles and timings."""
    from backends.isa.cli import describe

    typer.echo(describe.listing(as_json))


@isa.command(epilog="Example: kernelwright isa show plena --profile-name SPEC")
def show(name: Name, profile_name: Profile = None, timing: Timing = None, as_json: AsJson = False) -> None:
    """Shows memories, units, encodings and cycles."""
    from backends.isa.cli import describe

    typer.echo(describe.architecture(name, profile_name, timing, as_json))


@isa.command(epilog="Example: kernelwright isa manual tiny overview")
def manual(
    name: Name, section: Annotated[str | None, typer.Argument(help="Print only this section.")] = None,
    profile_name: Profile = None, timing: Timing = None,
    sections: Annotated[bool, typer.Option("--sections", help="List the sections.")] = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Prints the manual of an instruction set, which need not be registered."""
    from backends.isa.cli import describe

    typer.echo(describe.manual(name, section, profile_name, timing, sections, as_json))


@isa.command(epilog="Example: kernelwright isa asm tiny kernel.s --hex")
def asm(
    name: Name, file: File, profile_name: Profile = None, compat: Compat = False,
    as_hex: Annotated[bool, typer.Option("--hex", help="One word a line instead of a listing.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write there: words in hex, or binary if *.bin.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Assembles a program. Exit code 1 if it has errors; all of them are shown."""
    from backends.isa.cli import programs

    raise typer.Exit(programs.assemble_file(name, file, profile_name, compat, as_hex, output, as_json))


@isa.command(epilog="Example: kernelwright isa disasm tiny words.hex")
def disasm(name: Name, file: File, profile_name: Profile = None) -> None:
    """Turns hexadecimal words, or those of an ELF file, into assembly text."""
    from backends.isa.cli import programs

    typer.echo(programs.disassemble_file(name, file, profile_name))


@isa.command(epilog="Example: kernelwright isa run plena program.s --load hbm=image.bin --dump vram:0:64=row.bin --json")
def run(
    name: Name, file: File, profile_name: Profile = None, timing: Timing = None, engine: Engine = "auto", load: Load = None,
    dump: Dump = None, compat: Compat = False, fuel: Fuel = FUEL, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Runs a program on a reset machine. Exit code 0 if it ended, 1 with a message if it did not.

    START, END and OFFSET count registers, words, elements, or bytes of byte memories. Files are raw little-endian elements.
    Programs of GNU assembly and ELF files have symbols: --dump results..results_end=FILE, --dump y..y+64=FILE.
    """
    from backends.isa.cli import programs

    job = programs.Job(name, file, profile_name, timing, engine, tuple(load or ()), tuple(dump or ()), compat, fuel)
    raise typer.Exit(programs.run(job, as_json))


@isa.command(epilog="Example: kernelwright isa trace tiny kernel.s -o trace.json")
def trace(
    name: Name, file: File,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the trace goes.")],
    profile_name: Profile = None, timing: Timing = None, engine: Engine = "auto", load: Load = None, compat: Compat = False,
    fuel: Fuel = FUEL, events: Annotated[int, typer.Option(help="Most instructions to record.", min=1)] = 100_000,
) -> None:  # fmt: skip
    """Writes a program's timeline for Perfetto.

    ui.perfetto.dev and chrome://tracing open it; 1 us there is 1 cycle.
    """
    from backends.isa.cli import programs

    job = programs.Job(name, file, profile_name, timing, engine, tuple(load or ()), (), compat, fuel)
    raise typer.Exit(programs.trace(job, output, events))


@isa.command(epilog="Example: kernelwright isa check plena --seconds 60")
def check(
    name: Name, profile_name: Profile = None, timing: Timing = None,
    seconds: Annotated[float, typer.Option(help="Time for comparing the engines, on all machines together.", min=0)] = 30.0,
    seed: Annotated[int, typer.Option(help="Of random programs.", min=0)] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Baselines of the smallest configuration only.")] = False,
    every_edge: Annotated[bool, typer.Option("--every-edge", help="Every edge of every operand, in whatever time.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Checks a definition, its machine, its manual, its engines against each other, and its backend's baselines.

    All profiles and timings unless named. One line per check says what was tried and seen. Exit code 1 if something is wrong.
    """
    from backends.isa.cli import check as checks

    raise typer.Exit(checks.report(name, profile_name, timing, seconds, seed, quick, every_edge, as_json))
