"""Yosys's own words, put for somebody who writes a kernel. They explain a refusal; they never decide one."""

from __future__ import annotations

import re
from typing import NamedTuple

from backends.verilog.classes import Failure
from backends.verilog.synthesis.design import NOWHERE, Place
from backends.verilog.synthesis.rules import Problem

_AT = re.compile(r"kernel\.v:(\d+)(?:\.(\d+))?")
_ERROR = re.compile(r"^(?:kernel\.v:(\d+): )?ERROR: ?(.*)$", re.MULTILINE)
_LOOP = re.compile(r"^Warning: found logic loop in module .*:\n((?:[ ]{4}.*\n?)+)", re.MULTILINE)
_WIRE = re.compile(r"^ {4}wire \\(\S+) (?:\[(\d+)\] )?source: kernel\.v:(\d+)\.(\d+)", re.MULTILINE)
_CELL = re.compile(r"^ {4}cell \S+ \((\$\w+)\) source: kernel\.v:(\d+)", re.MULTILINE)
_TEXT_BYTES = 300
_SUBSET = "stay with Verilog-2005, logic, always_ff, always_comb, packed types, arrays and generate"
_COMPLETE = "give every signal a value on every path: a default at the top of the block, or an else and a default branch"


class _Phrase(NamedTuple):
    pattern: str
    failure: Failure
    message: str
    """``{0}`` and so on are the pattern's groups."""
    hint: str


_PHRASES = (
    _Phrase(r"Latch inferred for signal `\\\w+\.\\(\S+?)' from always_comb", Failure.latch,
            "{0!r} is a latch: always_comb leaves it unassigned on some path", _COMPLETE),
    _Phrase(r"Multiple edge sensitive events", Failure.clock, "a register reacts to two edges; there is one clock, clk",
            "write always @(posedge clk) and make everything else a condition"),
    _Phrase(r"Module `\\(\S+)' referenced in module `\\(\S+)' in cell `\\(\S+)' is not part of the design", Failure.elaboration,
            "instance {2!r} in {1!r} is of a module {0!r} that does not exist", "define the module in the same text"),
    _Phrase(r"Can't find object for defparam `(\w+)", Failure.port_contract, "module 'kernel' has no parameter {0!r}",
            "declare it in the header: module kernel #(parameter ...)"),
    _Phrase(r"Expression width (\d+) exceeds implementation limit of (\d+)", Failure.too_large,
            "an expression is {0} bits wide; at most {1} can be handled", "keep large state in arrays"),
    _Phrase(r"Can not open file", Failure.not_synthesizable, "files cannot be read", "compute tables, or write them as a case"),
    _Phrase(r"Can't call DPI function `(\S+?)'", Failure.not_synthesizable, "{0!r} is foreign", "only hardware is accepted"),
    _Phrase(r"syntax error, (.*)", Failure.not_synthesizable, "the synthesiser cannot read this: {0}", _SUBSET),
)  # fmt: skip


def of_error(text: str) -> Problem:
    """What stopped yosys, from what it printed."""
    found = _ERROR.search(text)
    if found is None:
        return Problem(Failure.not_synthesizable, "the synthesiser gave up without a reason", _SUBSET)
    place = Place(int(found[1]), None) if found[1] else _first_place(found[2])
    for pattern, failure, message, hint in _PHRASES:
        if match := re.search(pattern, found[2]):
            return Problem(failure, message.format(*match.groups()), hint, place)
    return Problem(Failure.not_synthesizable, f"the synthesiser says: {_plain(found[2])}", _SUBSET, place)


def of_loop(text: str) -> Problem:
    """The first combinational loop that yosys's ``check`` printed."""
    hint = "break it with a register: assign in always @(posedge clk)"
    loop = _LOOP.search(text)
    wires = list(dict.fromkeys(_WIRE.findall(loop[1]))) if loop else []
    if not wires:
        return Problem(Failure.comb_loop, "a signal depends on itself without a register in between", hint)
    lines = sorted({int(line) for _, line in _CELL.findall(loop[1])}) if loop else []
    names = list(dict.fromkeys(name for name, *_ in wires))
    through = f", through the operators on lines {', '.join(map(str, lines))}" if lines else ""
    if len(names) == 1:
        message = f"{names[0]!r} depends on itself without a register in between{through}"
    else:
        message = f"{' -> '.join(map(repr, names))} -> {names[0]!r} is a loop without a register{through}"
    return Problem(Failure.comb_loop, message, hint, Place(lines[0] if lines else int(wires[0][2]), None))


def of_conflict(text: str) -> Problem:
    """The first signal of which yosys's ``check`` said that it has several drivers."""
    found = re.search(r"multiple conflicting drivers for kernel\.\\(\S+)", text)
    name = repr(found[1]) if found else "a signal"
    hint = "assign each signal in one always block, or by one assign"
    return Problem(Failure.not_synthesizable, f"{name} has more than one driver", hint)


def _first_place(text: str) -> Place:
    match = _AT.search(text)
    return Place(int(match[1]), int(match[2]) if match[2] else None) if match else NOWHERE


def _plain(text: str) -> str:
    """Without yosys's escapes and generated names."""
    return re.sub(r"\$\w*\$kernel\.v:(\d+)\$\d+", r"line \1", text).replace("\\", "")[:_TEXT_BYTES]
