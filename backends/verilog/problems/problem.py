"""A problem of somebody else's set, as it is kept in a suite folder: all its texts, and what its own reference scored."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from harness.errors import UsageError
from harness.files import write_atomically
from harness.record import Record
from harness.suites import MANIFEST, Skipped

FORMAT = "verilog-problems"
"""The format of these folders, and the name of the backend that runs them."""

Verdicts = Literal["counts", "words"]
"""How a bench says what it found: ``Mismatches: k in N samples`` at its end (VerilogEval), or words with "pass" (RTLLM)."""


class Problem(Record):
    """A module to be written, and the bench that judges it."""

    id: str
    """Unique in its suite."""
    name: str
    """A readable name."""
    top: str
    """What the module must be called."""
    prompt: str
    """The statement, as its authors wrote it."""
    bench: str
    """Their test bench."""
    bench_top: str
    """Its top module."""
    support: str = ""
    """Modules that the bench instantiates beside the one to be written: the reference of VerilogEval."""
    reference: str
    """Their own solution, under the name that the module must have."""
    data: dict[str, str] = {}
    """Files that the bench reads, by name."""
    verdicts: Verdicts
    """How the bench reports."""
    samples: int
    """Samples that the bench compared for the reference; 1 where it does not count them."""


class ProblemSet(Record):
    """The content of a suite folder's manifest."""

    schema_version: Literal[1] = 1
    """Version of this layout."""
    format: Literal["verilog-problems"] = "verilog-problems"
    """Tells what can open the folder."""
    name: str
    """Name of the suite."""
    description: str
    """One line: whose set, which prompt style."""
    license: str = ""
    """The licence text that came with the set; it must stay with it."""
    problems: tuple[Problem, ...]
    """Those whose reference passes here."""
    skipped: tuple[Skipped, ...]
    """The others, with the reason."""


def save(problems: ProblemSet, folder: Path) -> None:
    """Writes the manifest of a suite folder."""
    write_atomically(folder / MANIFEST, problems.model_dump_json(indent=1) + "\n")


def load(folder: Path) -> ProblemSet:
    """Reads a suite folder. UsageError if it holds something else."""
    path = folder / MANIFEST
    try:
        return ProblemSet.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path} is no set of Verilog problems: {error}", "import the set again") from error
