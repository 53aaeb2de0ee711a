"""The native engine: a library made from an architecture's checked bodies, and the machine's state in its memory."""

from __future__ import annotations

import ctypes
import mmap
import sys
import time
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.isa.architecture import Architecture
from backends.isa.conversion import encode, pattern_type
from backends.isa.dtypes import Elements
from backends.isa.engine import CAUSES, Ended, LoopState, Outcome, Program, Trapped
from backends.isa.native.build import compile_unit
from backends.isa.native.cgen.layout import Layout, Place
from backends.isa.native.cgen.unit import HEADER, translate
from backends.isa.pages import MEMORY_LIMIT, PAGE_BITS, page_weight
from harness.errors import UsageError, unknown

SLICE = 1 << 16
"""Instructions before Python first looks for signals and at the clock."""
SLICE_SECONDS = 0.1
"""How long a slice should take, about."""
MAX_WORDS = 1 << 26
"""Most words of a program."""
_CLOCK_LIMIT = 1 << 50
"""Ready times are kept below 2**53; an engine whose clock has come this far starts it anew."""
_NORESERVE = 0x4000
_ENDED: Mapping[int, Ended] = {1: "end", 2: "trap", 3: "fuel", 4: "stopped"}
_ARRAYS = ("memory", "ready", "dirty", "pages", "dirtied", "weight", "busy", "unit_free", "loop_register", "loop_body")


class _Header(ctypes.Structure):
    """The head of the machine's struct: every field has 8 bytes."""

    _fields_ = [(field.split()[-1].lstrip("*"), ctypes.c_void_p if "*" in field else ctypes.c_uint64) for field in HEADER]


class NativeEngine:
    """A machine with state; see `backends.isa.engine.Engine`. ``cache`` is where libraries are kept."""

    name = "native"

    def __init__(self, architecture: Architecture, cache: Path, *, memory_limit: int = MEMORY_LIMIT) -> None:
        self.architecture = architecture
        self._layout = Layout(architecture)
        text = translate(self._layout)
        self._library = ctypes.CDLL(str(compile_unit(text, cache, self._layout.parts)))
        for function, arguments in (("kw_run", 0), ("kw_reset", 0), ("kw_mark", 3)):
            getattr(self._library, function).argtypes = [
                ctypes.c_void_p,
                *[ctypes.c_int, ctypes.c_uint64, ctypes.c_uint64][:arguments],
            ]
            getattr(self._library, function).restype = None
        places = list(self._layout.places.values())
        exported = (ctypes.c_uint64 * (5 + len(_ARRAYS) + len(places))).in_dll(self._library, "kw_layout")
        size, self._insn_size, self._op_offset, state, state_end = exported[:5]
        self._state = state
        self._offsets = dict(zip(_ARRAYS, exported[5:], strict=False))
        self._machine = _zeros(size)
        self._header = _Header.from_address(self._machine.ctypes.data)
        self._address = self._machine.ctypes.data
        self._views: dict[str, NDArray[Any]] = {}
        self._maps: dict[tuple[str, int], mmap.mmap] = {}
        """What the struct's pointers point to."""
        weight = [0] * len(places)
        for place, offset in zip(places, exported[5 + len(_ARRAYS) :], strict=True):
            self._views[place.memory.name] = self._place(place, offset, weight)
        self._set("weight", weight)
        units = max(len(self._layout.units), 1)
        self._busy = self._array("busy", units)
        depth = architecture.loops.depth if architecture.loops else 1
        self._loop_register, self._loop_body = self._array("loop_register", depth), self._array("loop_body", depth)
        self._scratch = _zeros(max(self._layout.scratch, 64))
        self._pristine = self._machine[state:state_end].copy()
        self._header.scratch, self._header.pristine = self._scratch.ctypes.data, self._pristine.ctypes.data
        self._header.page_limit = memory_limit >> PAGE_BITS
        self._words: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._room(64)

    # State

    def reset(self) -> None:
        """Every memory and register gets its reset value."""
        self._library.kw_reset(self._address)

    def write(self, space: str, start: int, data: Elements) -> None:
        """Elements of a memory or register file, in the numpy type of its dtype. UsageError if they do not fit."""
        place, view, elements = self._find(space), self._views[space], np.ascontiguousarray(data)
        dtype = place.memory.dtype
        if elements.dtype != dtype.numpy or elements.ndim != 1:
            raise UsageError(
                f"{space} takes no {elements.ndim}-dimensional {elements.dtype} array", f"a 1-dimensional {dtype.numpy} array"
            )
        self._check(place, start, len(elements))
        patterns = elements.view(pattern_type(dtype))
        view[start : start + len(elements)] = patterns & 15 if dtype.bits == 4 else patterns
        if place.memory.zero is not None:
            view[place.memory.zero] = 0
        if not place.embedded:
            self._library.kw_mark(self._address, place.number, start * dtype.bytes, len(elements) * dtype.bytes)

    def read(self, space: str, start: int, count: int) -> Elements:
        """Elements of a memory or register file. UsageError outside it."""
        place = self._find(space)
        self._check(place, start, count)
        return self._views[space][start : start + count].copy().view(place.memory.dtype.numpy)

    def _find(self, space: str) -> Place:
        if space not in self._layout.places:
            raise unknown("memory", space, self._layout.places, self.architecture.name)
        return self._layout.places[space]

    @staticmethod
    def _check(place: Place, start: int, count: int) -> None:
        size = place.memory.size
        if start < 0 or count < 0 or start + count > size:
            raise UsageError(f"{place.memory.name} {start} to {start + count} is not there", f"it has elements 0 to {size - 1}")

    # Runs

    def run(
        self, program: Program, *, fuel: int, start: int | None = None, stop: tuple[int, int] | None = None, trace: int = 0,
        seconds: float = inf,
    ) -> Outcome:  # fmt: skip
        """Runs from word ``start``; see `backends.isa.engine.Engine.run`. UsageError if ``start`` is outside of the program."""
        words = program.words
        size = len(words)
        start = program.start if start is None else start
        if not 0 <= start <= size:
            raise UsageError(f"start {start} is outside of the program", f"it has words 0 to {size - 1}")
        if size > MAX_WORDS:
            raise UsageError(f"a program of {size} words", f"at most {MAX_WORDS}")
        header = self._header
        if header.cycles > _CLOCK_LIMIT:
            self._restart_clock()
        self._room(size)
        self._words[:size] = words
        self._stalls[:size] = 0
        events = np.zeros((min(trace, max(fuel, 0)), 3), np.int64) if trace else None
        header.nwords, header.pc, header.fresh = size, start, 1
        header.fuel, header.n = max(fuel, 0), 0
        header.stop_pc, header.stop_visit = stop if stop is not None and stop[0] >= 0 else (2**64 - 1, 0)
        header.trace, header.events = (0, None) if events is None else (len(events), events.ctypes.data)
        is_late = self._slices(max(fuel, 0), seconds)
        if events is not None:
            events = events[: header.noted]
        pc = ctypes.c_int64(header.pc).value
        return Outcome(
            "time" if is_late else _ENDED[header.status], pc, header.elapsed, header.n,
            self._trap(words, pc) if header.status == 2 else None, self._counts[:size].copy(), self._stalls[:size].copy(),
            dict(zip(self._layout.units, self._busy.tolist(), strict=True)),
            self._loops(header.depth), events,
        )  # fmt: skip

    def _loops(self, depth: int) -> tuple[LoopState, ...]:
        """Open loops, the outermost first."""
        return tuple(map(LoopState, self._loop_register[:depth].tolist(), self._loop_body[:depth].tolist())) if depth else ()

    def _slices(self, fuel: int, seconds: float) -> bool:
        """Runs until it ends, in slices between which Python sees signals; returns whether the time was up first."""
        header, length = self._header, SLICE
        header.slice = length
        started = before = time.monotonic()
        while True:
            self._library.kw_run(self._address)
            if header.status != 5:
                return False
            now = time.monotonic()
            if now - started > seconds:
                break
            length = length * 2 if now - before < SLICE_SECONDS / 2 else max(length // 2, 1)
            header.slice, before = header.n + length, now
        header.fuel = header.n
        self._library.kw_run(self._address)  # for the account of what was done; it ends for want of fuel, or as it would have
        return bool(header.status == 3)

    def _trap(self, words: NDArray[np.uint64], pc: int) -> Trapped:
        """What the trap site says, with the values that the library left."""
        header, site = self._header, self._layout.sites[self._header.site]
        if site.cause == "register_out_of_range":
            return self._bad_register(int(words[pc]), pc)
        if site.cause in ("invalid_opcode", "memory_limit", "loop_limit"):
            address = int(words[pc]) if site.cause == "invalid_opcode" else None
            return Trapped(site.cause, pc, "", address, header.limit or None)
        if site.cause == "pc_out_of_range":
            return Trapped(site.cause, pc, "", pc, header.limit)
        address, limit = (
            None if kind is None else value if kind == "u64" else ctypes.c_int64(value).value
            for kind, value in ((site.address, header.address), (site.limit, header.limit))
        )
        return Trapped(site.cause, pc, site.operand, address, limit)

    def _bad_register(self, word: int, pc: int) -> Trapped:
        """Which operand of a word names a register that its file has not; the library stops at the first."""
        instruction = next(i for i in self.architecture.instructions if word & i.mask == i.match)
        for operand in instruction.operands:
            if operand.file and operand.field is not None and operand.field.extract(word) >= operand.count:
                return Trapped("register_out_of_range", pc, operand.name, operand.field.extract(word), operand.count)
        raise AssertionError(f"word {word:#x} names no register out of range")

    # Memory

    def _place(self, place: Place, offset: int, weight: list[int]) -> NDArray[Any]:
        """A memory's patterns, at their reset value."""
        memory, kind = place.memory, pattern_type(place.memory.dtype)
        initial = encode(memory.dtype, memory.reset).reshape(())
        if place.embedded:
            view: NDArray[Any] = self._machine[offset : offset + place.bytes].view(kind)
            view[:] = initial
            if memory.zero is not None:
                view[memory.zero] = 0
            return view
        pages = -(-place.bytes >> PAGE_BITS) + 1
        mapped = self._map("memory", place.number, pages << PAGE_BITS)
        self._map("dirty", place.number, pages)
        self._map("pages", place.number, 4 * pages)
        weight[place.number] = page_weight(memory, self._layout.in_order)
        if self._layout.in_order:
            self._map("ready", place.number, 8 * place.cells)
        return mapped[: place.bytes].view(kind)

    def _map(self, array: str, number: int, size: int) -> NDArray[np.uint8]:
        """Zeros that take memory as they are touched; the struct gets their address."""
        mapping = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE)
        if size > 1 << 24:
            mapping.madvise(mmap.MADV_NOHUGEPAGE)
        view = np.frombuffer(mapping, np.uint8)
        self._maps[array, number] = mapping
        self._array(array, len(self._layout.places))[number] = view.ctypes.data
        return view

    def _restart_clock(self) -> None:
        """Ready times, from 0 again."""
        for place in self._layout.places.values():
            if not place.embedded and self._layout.in_order:
                self._map("ready", place.number, 8 * place.cells)
        # Embedded ready times lie behind the loops, right before the state.
        self._header.cycles = 0
        self._array("unit_free", max(len(self._layout.units), 1))[:] = 0
        start = self._offsets["loop_body"]
        self._machine[start : self._state] = 0

    def _array(self, name: str, count: int) -> NDArray[np.int64]:
        """An array of 8-byte fields of the struct."""
        offset = self._offsets[name]
        return self._machine[offset : offset + 8 * count].view(np.int64)

    def _set(self, name: str, values: list[int]) -> None:
        if values:
            self._array(name, len(values))[:] = values

    def _room(self, words: int) -> None:
        """Room for a program and what is counted of it, kept from run to run: asking numpy where an array lies is slow."""
        if len(self._words) >= words:
            return
        header, most = self._header, words * 2
        self._insns = _zeros((most + 2) * self._insn_size)
        self._words, self._efforts = np.zeros(most, np.uint64), np.zeros((most + 2, 3), np.uint64)
        self._counts, self._stalls = np.zeros(most, np.int64), np.zeros((most, len(CAUSES)), np.int64)
        header.program, header.efforts, header.words = (array.ctypes.data for array in (self._insns, self._efforts, self._words))
        header.counts, header.stalls = self._counts.ctypes.data, self._stalls.ctypes.data


def _zeros(size: int) -> NDArray[np.uint8]:
    """Bytes that begin at a multiple of 64."""
    whole: NDArray[np.uint8] = np.zeros(size + 64, np.uint8)
    start = -whole.ctypes.data % 64
    return whole[start : start + size]


def is_possible() -> bool:
    """Whether this machine can have a native engine at all: little-endian, with anonymous memory."""
    return sys.byteorder == "little" and hasattr(mmap, "MAP_ANONYMOUS")
