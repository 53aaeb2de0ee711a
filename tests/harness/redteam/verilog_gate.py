"""The Verilog gate under fuzzing: mutated attacks and mutated ordinary designs, and what must hold of every answer.

The program of the box is called in a forked child, with the limits of the box: slang may run out of time, memory or stack on a
text, and the gate has an answer for that, so a child that dies is one. An exception of our own rules is not.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import resource
import traceback
from collections import Counter
from pathlib import Path

from hypothesis import strategies as st

from backends.verilog.gate import reply
from backends.verilog.gate.box.elaborate import Top
from backends.verilog.gate.box.rules import SYSTEM_NAMES
from backends.verilog.gate.box.worker import check

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "cheats" / "verilog", ROOT / "backends" / "verilog" / "gate" / "ordinary")
TEXTS = [
    path.read_text(encoding="ascii") for folder in FOLDERS for path in sorted(folder.glob("*.v")) if path.stat().st_size < 8000
]
TOKEN = re.compile(r"\s+|\\\S+|[\w$`']+|.")
NAME = re.compile(r"[$`]\w*")
SNIPPETS = [
    "`define A", "`A", '`"', "``", "\\\n", "/*", "*/", "//", "(*", "*)", "$", "\\$finish ", "bench.", "$root.", "#1", "@(",
    "1'bx", "'0", "generate", "endgenerate", "begin", "end", "module x; endmodule", '`include "a"', '`line 1 "a" 0', "import",
    '"\\"', "\t", "\f",
]  # fmt: skip
CPU_SECONDS = 10
MEMORY = 2 << 30
outcomes: Counter[str] = Counter()
"""Answers so far, for whoever goes on for minutes."""


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A text of the corpus with up to four runs of tokens deleted, doubled, exchanged, or replaced by those of another."""
    tokens = TOKEN.findall(draw(st.sampled_from(TEXTS)))
    others = TOKEN.findall(draw(st.sampled_from(TEXTS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(tokens) - 1, 0)))
        length = draw(st.integers(0, 12))
        start = draw(st.integers(0, len(others) - 1))
        match draw(st.sampled_from(["delete", "double", "splice", "insert", "reverse"])):
            case "delete":
                del tokens[at : at + length]
            case "double":
                tokens[at:at] = tokens[at : at + length]
            case "splice":
                tokens[at : at + length] = others[start : start + draw(st.integers(0, 40))]
            case "insert":
                tokens.insert(at, draw(st.sampled_from(SNIPPETS)))
            case "reverse":
                tokens[at : at + length] = tokens[at : at + length][::-1]
    return "".join(tokens)[:16_000]


def look(text: str) -> None:
    """AssertionError, with what happened, if our rules fail on a text, or let through what they never may."""
    if not text.isascii():
        return  # refused before it comes to the box
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _answer(text, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8", errors="replace") as pipe:
        said = pipe.read()
    status = os.waitpid(child, 0)[1]
    answer = said or f"signal {os.WTERMSIG(status)}"
    outcomes[answer.split("\n")[0]] += 1
    assert answer in ("accepted", "refused", "out of memory") or answer.startswith("signal "), answer


def _answer(text: str, writer: int) -> None:
    """The forked child: never returns."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 2)
        faulthandler.disable()  # a crash here is an answer, and pytest's would be taken for one of its own
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        limit = _address_space() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            said = _judged(text)
        except MemoryError:
            said = "out of memory"
        except BaseException:
            said = traceback.format_exc()
        os.write(writer, said.encode()[-4000:])
    finally:
        os._exit(0)


def _address_space() -> int:
    """Bytes that this process has mapped: it inherits what other tests needed, some of them tens of GB."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _judged(text: str) -> str:
    top = Top("kernel", None, {})
    found = check(text, top)
    if reply.read(json.dumps(found).encode()) is None:
        return f"no reply that the gate would take\n{found}"
    if found["text"] is None:
        return "refused"
    clean = found["text"]
    odd = set(NAME.findall(clean)) - SYSTEM_NAMES
    if odd:
        return f"accepted with {sorted(odd)}\n{clean}"
    again = check(clean, top)
    return "accepted" if again["text"] == clean else f"the canonical text reads differently\n{clean}\n--\n{again}"
