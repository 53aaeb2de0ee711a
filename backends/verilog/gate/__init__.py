"""The source gate: the first of the layers between a kernel's text and the tools that will read it.

`SourceGate` sends a text to slang in a box and gets back either the reasons why it is refused or a *canonical text*: the design's
tokens and nothing else. Only that text is given to simulators and synthesisers, so that all of them read the same design and
none can be addressed apart. What is in the box is in the folder ``box`` (open ``box/worker.py`` first): the list of what
may appear (`box.rules`, `box.special`, `box.semantics`), the bound on macros, elaboration and the contract of ports, and the
canonical text. Nothing that comes out of the box is trusted further than `reply` checks it.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from backends.verilog.classes import Failure
from backends.verilog.gate import python, reply
from backends.verilog.interface import MODULE, Contract, Port
from harness.backend import Diagnostic
from harness.errors import InfraError
from harness.record import digest
from harness.sandbox import BoxLimits, Completed, Sandbox

SOURCE_LIMIT = 256 * 1024
"""Bytes of a kernel."""
LIMITS = BoxLimits(wall_s=20.0, cpu_s=10, memory_bytes=1 << 30, file_bytes=reply.LARGEST, processes=8, output_bytes=16 * 1024)
"""What one look at a text may use."""
_READY = b"slang is loaded"
_WIDEST = 200


@dataclass(frozen=True)
class Gated:
    """What the gate made of a text."""

    text: str | None
    """The canonical text, tokens on the lines of the kernel; None if it was refused."""
    parameters: frozenset[str]
    """Parameters that the top module declares."""
    diagnostics: tuple[Diagnostic, ...]
    """Why it was refused, or warnings; places are those of the kernel as written."""
    failure: Failure | None
    """The class of the refusal; None if the text may pass."""
    seconds: float
    """Wall time of the box."""


class SourceGate:
    """Slang in a sandbox."""

    def __init__(self, sandbox: Callable[[], Sandbox]) -> None:
        self._sandbox = sandbox

    @cached_property
    def digest(self) -> str:
        """Digest of all that decides what passes: slang's version, our rules, the limits."""
        try:
            slang = version("pyslang")
        except PackageNotFoundError as error:
            raise InfraError("the source gate needs the Python package 'pyslang'", "pip install 'kernelwright[rtl]'") from error
        here = Path(__file__).parent
        return digest(slang, SOURCE_LIMIT, [path.read_text(encoding="utf-8") for path in sorted(here.rglob("*.py"))])

    def check(self, source: str, contract: Contract) -> Gated:
        """Whether a kernel may pass, with the contract's parameters set as far as it declares them."""
        return self.check_module(source, MODULE, contract.ports, contract.parameters)

    def check_module(
        self,
        source: str,
        top: str,
        ports: tuple[Port, ...] | None = None,
        parameters: Mapping[str, int] | None = None,
        *,
        hardware: bool = True,
    ) -> Gated:
        """Whether a text with another top module may pass; ``ports`` of None leaves its ports free. A text that need not become
        ``hardware`` may hold what a synthesiser cannot take, but nothing that reaches out of the design."""
        problem = _unreadable(source)
        if problem is not None:
            return Gated(None, frozenset(), (problem,), _class_of(source), 0.0)
        request = {
            "top": top,
            "ports": None if ports is None else [[port.name, port.direction, port.width] for port in ports],
            "parameters": dict(parameters or {}),
            "hardware": hardware,
        }
        done = self._run(request, source)
        answer = reply.read(done.files.get("result.json", b""))
        if answer is None:
            failure, message = _cause(done)
            return Gated(
                None, frozenset(), (_error(message, "write it more simply, in smaller expressions"),), failure, done.seconds
            )
        failures = [finding.failure for finding in answer.problems if finding.failure is not None]
        diagnostics = tuple(_diagnostic(finding, source) for finding in answer.problems)
        worst = Failure.source_reject if Failure.source_reject in failures else next(iter(failures), None)
        return Gated(answer.text, frozenset(answer.parameters), diagnostics, worst, done.seconds)

    def _run(self, request: Mapping[str, Any], source: str) -> Completed:
        """One look at a text; InfraError if slang could not even be loaded."""
        place = python.find()
        files = {"request.json": json.dumps(request).encode(), "kernel.v": source.encode("ascii")}
        done = self._sandbox().run(
            place.command("worker"), files=files, collect=["result.json"], mounts=place.mounts, limits=LIMITS
        )  # fmt: skip
        if not done.stdout.startswith(_READY):
            said = done.stderr.decode(errors="replace").strip()[-500:]
            raise InfraError(f"slang does not start in the sandbox ({place.program}, status {done.returncode}): {said}")
        return done


def _cause(done: Completed) -> tuple[Failure, str]:
    """Why a box came back without a reply: the text was too much for slang, in one way or another."""
    if done.timed_out:
        return Failure.wall_timeout, f"reading the text took more than {LIMITS.wall_s:g} s"
    if done.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        return Failure.cpu_timeout, f"reading the text took more than {LIMITS.cpu_s} s of processor time"
    if done.returncode == -signal.SIGABRT or b"bad_alloc" in done.stderr or b"MemoryError" in done.stderr:
        return Failure.memory, f"reading the text took more than {LIMITS.memory_bytes >> 20} MiB of memory"
    return Failure.source_reject, f"the parser did not survive the text (status {done.returncode})"


def _class_of(source: str) -> Failure:
    """The class of a text that `_unreadable` refuses."""
    return Failure.syntax if not source.strip() else Failure.source_reject


def _unreadable(source: str) -> Diagnostic | None:
    """What is wrong with a text before it is Verilog."""
    if not source.strip():
        return _error("the text is empty", f"write a Verilog module {MODULE!r} with the ports of the interface")
    if len(source) > SOURCE_LIMIT:
        return _error(
            f"the text has {len(source)} characters; the limit is {SOURCE_LIMIT}", "compute tables in generate or for loops"
        )
    for number, line in enumerate(source.split("\n"), 1):
        for at, character in enumerate(line):
            if not (" " <= character <= "~" or character in "\t\r\f"):
                hint = "write plain ASCII, comments included"
                return _error(f"the character {character!r} is not ASCII text", hint, number, at + 1, source)
    return None


def _diagnostic(finding: reply.Finding, source: str) -> Diagnostic:
    made = _error(finding.message, finding.hint, finding.line or None, finding.column or None, source)
    if finding.failure is None:
        return made.model_copy(update={"severity": "warning"})
    return made.model_copy(update={"cause": finding.failure.value})


def _error(message: str, hint: str, line: int | None = None, column: int | None = None, source: str = "") -> Diagnostic:
    lines = source.split("\n")
    shown = lines[line - 1].strip()[:_WIDEST] if line is not None and line <= len(lines) else ""
    return Diagnostic(severity="error", message=message, line=line, column=column, snippet=shown, hint=hint)
