"""Parsers of foreign bytes, what to feed them, and the errors that they may end in. Anything else that escapes is a bug.

``python tests/harness/redteam/parsers.py --seconds 600`` goes on for so long (``make fuzz``); a crash is printed with what caused
it, and belongs into ``CRASHES``, which every run begins with.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backends.cpu import diagnostics
from backends.isa.assembler import assemble, disassemble
from backends.isa.bind import load
from backends.isa.elf import read_elf
from backends.isa.errors import DefinitionError
from backends.isa.machine import load_machine
from backends.verilog.gate import reply
from harness.agent import arguments
from harness.cli.common import key_values
from harness.errors import IntegrityError, UsageError
from harness.grading.redteam import read_corpus
from harness.models import wire
from harness.models.replay import read_recording
from harness.models.settings import Settings, read_settings
from harness.run.journal import read_events
from harness.run.store import read_lock, read_trial
from harness.scoring import leaderboard
from harness.testing import INSPECT, ToyBackend, vec_add
from isa_specs.coral.isa import isa as coral_isa
from isa_specs.tiny.isa import isa as tiny_isa

TINY, CORAL = load(tiny_isa), load(coral_isa)
ELF = (Path(__file__).parents[2] / "data" / "coral" / "elf" / "dot.elf").read_bytes()
DEEP = ("[" * 100_000, '{"a":' * 100_000, "(" * 100_000, "-" * 100_000 + "1")
"""Nesting beyond any stack."""
CRASHES = [*DEEP, "\0", "\ud800", "", "\n", "\ufeff{}", "NaN", "1e999", '{"schema_version": [1]}', "null", "\x1b[31m"]
"""What every parser is given first."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
crashes = st.sampled_from(CRASHES)


def near(*templates: str) -> st.SearchStrategy[str]:
    """Texts that are nearly right: pieces of valid ones, cut, doubled, and mixed with anything."""
    pieces = sorted({piece for text in templates for piece in text.replace("\n", " \n ").split(" ") if piece})
    mixed = st.lists(st.sampled_from(pieces) | st.text(max_size=6), max_size=40).map(" ".join)
    cut = st.tuples(st.sampled_from(templates), st.integers(0, 400), st.text(max_size=8), st.integers(0, 40))
    return mixed | cut.map(lambda c: c[0][: c[1]] + c[2] + c[0][c[1] + c[3] :]) | st.text(max_size=200) | crashes


def edited(record: Any) -> st.SearchStrategy[str]:
    """A valid JSON document of which one value has become another."""

    def change(drawn: tuple[int, Any]) -> str:
        at, value = drawn
        copy = json.loads(json.dumps(record))
        places = list(_places(copy))
        owner, key = places[at % len(places)]
        owner[key] = value
        return json.dumps(copy)

    return st.tuples(st.integers(0, 10_000), json_values).map(change) | near(json.dumps(record)) | json_values.map(json.dumps)


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """A binary file with a few other bytes, or cut off: most changes are in its headers, where they do most."""
    place = st.integers(0, 128) | st.integers(0, len(content))
    change = st.tuples(place, st.binary(min_size=1, max_size=4) | st.sampled_from([b"\xff" * 4, bytes(4)]))

    def apply(drawn: tuple[list[tuple[int, bytes]], int]) -> bytes:
        changes, end = drawn
        made = bytearray(content)
        for at, new in changes:
            made[at : at + len(new)] = new
        return bytes(made[:end])

    ends = st.just(len(content)) | st.integers(0, len(content))
    return st.tuples(st.lists(change, max_size=8), ends).map(apply) | st.binary(max_size=100).map(lambda tail: content[:4] + tail)


def as_bytes(text: str) -> bytes:
    """UTF-8, half surrogates too, as a file could hold them."""
    return text.encode("utf-8", "surrogatepass")


class Parser(NamedTuple):
    """A parser under test."""

    inputs: st.SearchStrategy[Any]
    """What it is given."""
    read: Callable[[Any, Path], object]
    """Reads one of them, in a folder of its own; whatever it raises is a bug."""
    is_text: bool = True
    """Whether it reads text, and so `CRASHES`."""


def refusing(*errors: type[Exception]) -> Callable[[Callable[[Any, Path], object]], Callable[[Any, Path], object]]:
    """Takes typed errors, with a message, for an answer."""

    def wrap(read: Callable[[Any, Path], object]) -> Callable[[Any, Path], object]:
        def call(value: Any, folder: Path) -> object:
            try:
                return read(value, folder)
            except errors as error:
                if not str(error).strip():
                    raise AssertionError("an error without a message") from error
                return None

        return call

    return wrap


def file(name: str, read: Callable[[Path], object], *errors: type[Exception]) -> Callable[[Any, Path], object]:
    """Writes the text into a file, and gives the reader its path."""

    @refusing(*errors)
    def call(text: str, folder: Path) -> object:
        (folder / name).write_bytes(as_bytes(text))
        return read(folder / name)

    return call


def corpus(path: Path) -> object:
    """The header of a cheat, in a corpus of its own."""
    folder = path.parent / "corpus" / "toy"
    folder.mkdir(parents=True, exist_ok=True)
    path.replace(folder / path.name)
    return read_corpus(folder.parent)


PROGRAM = ToyBackend().baseline(vec_add.workload("C1"))
ASSEMBLY = """.equ A, 3 * (2 + 1)
.data mem, A
.float 1.0, -2.5, 1e-5
.fill 4, 0.5
.text
.rept 3
    ADDI x1, x0, A
.endr
.macro twice reg
    ADD \\reg, \\reg, \\reg
.endm
    twice x3
again: SETVL x5, x4
    VAXPY x1, x2, f1   ; comment
    BNE x1, x0, again
    HALT
"""
CHEAT = (
    "/* cheat: zeros\n   expect: wrong|fault\n   workload: P01/C1\n   template: no\n   why: it fits\n   inside. */\n\nvoid f;\n"
)
GCC = (
    "kernel.c:3:7: error: expected ';' before '}' token\nkernel.c:4:1: warning: unused 'x' [-Wunused]\nld: undefined reference\n"
)
EVENT = {"kind": "reply", "at": 1.0, "data": {"message": {"role": "assistant", "text": "x"}, "stop": "end"}}
TOML = """[params]
A = 1
[units.u]
kind = "compute"
doc = "x"
[timing.t]
issue = "in-order"
[timing.t.costs]
a = { base = 1, per = "3/4" }
"""
TRIAL = {"schema_version": 1, "spec": {"model": "m", "backend": "b", "workload": "P01/C1"}, "status": "graded", "turns": 1}
BOARD = {"schema_version": 1, "rows": [{"id": "x"}]}

PARSERS: dict[str, Parser] = {
    "assembler": Parser(near(ASSEMBLY), lambda text, _: assemble(text, TINY)),
    "disassembler": Parser(st.lists(st.integers(0, 2**32 - 1), max_size=20), lambda words, _: disassemble(words, TINY), False),
    "ELF": Parser(damaged(ELF), refusing(UsageError)(lambda content, _: read_elf(content, CORAL)), False),
    "toy language": Parser(near(PROGRAM, "t = max(a, b[3]) * 2\n"), lambda s, _: ToyBackend().build(s, vec_add.workload("C1"))),
    "compiler's messages": Parser(near(GCC), lambda text, _: diagnostics.parse(text, text, "void kernel(void)")),
    "C text": Parser(
        near("#include <math.h>\nvoid kernel(const float *a) { }\n"), lambda text, _: diagnostics.check_text(text, 4096)
    ),
    "gate's reply": Parser(near('{"text": "module", "diagnostics": []}'), lambda text, _: reply.read(as_bytes(text))),
    "tool arguments": Parser(
        st.dictionaries(st.sampled_from(["source", "line", "name", "lime"]) | st.text(max_size=5), json_values, max_size=4),
        lambda values, _: list(arguments.problems(values, INSPECT.parameters)),
        False,
    ),
    "tool calls": Parser(edited({"source": "y = 1", "line": 1}), lambda text, _: wire.parse_arguments(text)),
    "server's errors": Parser(json_values, lambda value, _: wire.error_details(value), False),
    "journal": Parser(edited(EVENT), file("journal.jsonl", read_events, IntegrityError)),
    "transcript": Parser(edited(EVENT), file("transcript.jsonl", read_recording, UsageError)),
    "trial": Parser(edited(TRIAL), file("trial.json", lambda path: read_trial(path.parent), IntegrityError)),
    "lock": Parser(edited({"schema_version": 1, "seal": "x"}), file("lock.json", lambda p: read_lock(p.parent), IntegrityError)),
    "leaderboard": Parser(edited(BOARD), file("leaderboard.json", leaderboard.load, UsageError, IntegrityError)),
    "evidence": Parser(edited({"schema_version": 1}), file("evidence.json", leaderboard.load_evidence, IntegrityError)),
    "options": Parser(
        st.lists(near("pairs=25", "cpu:gain=1"), max_size=3),
        refusing(UsageError)(lambda values, _: key_values("--backend-option", values)),
        False,
    ),
    "settings": Parser(
        st.dictionaries(
            st.sampled_from(["temperature", "base_url", "extra"]) | st.text(max_size=6), near("0.5", "http://h/v1"), max_size=3
        ),
        refusing(UsageError)(lambda values, _: read_settings(Settings, values, "m")),
        False,
    ),
    "machine.toml": Parser(near(TOML), file("machine.toml", load_machine, DefinitionError, UsageError)),
    "cheats": Parser(near(CHEAT), file("zeros.c", corpus, UsageError)),
}
if find_spec("pyslang"):  # of the rtl extra
    import verilog_gate

    PARSERS["verilog gate"] = Parser(verilog_gate.mutants(), lambda text, _: verilog_gate.look(text))


def main() -> int:
    """Fuzzes all parsers in turns until the time is up; 1 if one crashed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    ends, cases, crashed = time.monotonic() + parser.parse_args().seconds, 0, 0

    def once(name: str, folder: Path) -> None:
        @settings(max_examples=1000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(PARSERS[name].inputs)
        def attack(value: Any) -> None:
            nonlocal cases
            cases += 1
            PARSERS[name].read(value, folder)

        attack()

    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < ends:
            for name in PARSERS:
                try:
                    once(name, Path(folder))
                except Exception as error:
                    crashed += 1
                    sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")
    sys.stdout.write(f"{cases:,} inputs of {len(PARSERS)} parsers, {crashed} crashes\n")
    return 1 if crashed else 0


if __name__ == "__main__":
    raise SystemExit(main())
