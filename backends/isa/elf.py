"""ELF executables as programs: what the ordinary toolchain of an instruction set with GNU assembly makes.

Bytes lie where a loader puts them (``p_paddr``). What lies in the region of instructions becomes the words of the program,
other bytes become images, and bytes that a file does not hold (``.bss``) stay 0, as memory is at the start. Structure is read by
pyelftools. The file may come from a stranger: whatever is wrong with it is a `UsageError`, except for what it says about source
lines, which is then ignored.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from numpy.typing import NDArray

from backends.isa.architecture import Architecture, BoundRegion
from backends.isa.dialect import Dialect
from backends.isa.engine import Image, Program
from harness.errors import UsageError

LARGEST = 64 << 20
"""Bytes that a file may have, debug information included."""
_COMPRESSED = 0x1
"""Of ``e_flags``, on RISC-V: there are instructions of two bytes."""
_SYMBOL_BYTES = 16


class Segment(NamedTuple):
    """Bytes to be loaded."""

    start: int
    content: bytes


def read_elf(content: bytes, architecture: Architecture, file: str = "") -> Program:
    """The program of a 32-bit executable. Lines are those of the source file of that name, or of the one that most instructions
    come from. UsageError says what is wrong with any other content."""
    dialect = architecture.definition.dialect
    if dialect is None or not dialect.elf:
        raise UsageError(
            f"it is an ELF file, and {architecture.name} has none", "assembly or words in hexadecimal are understood"
        )
    if len(content) > LARGEST:
        raise UsageError(f"the ELF file has {len(content):,} bytes; at most {LARGEST:,} are read", "strip debug information")
    try:
        elf = ELFFile(io.BytesIO(content))
        _check_header(elf, dialect)
        segments = list(_segments(elf, architecture, dialect))
        symbols = _symbols(elf)
        entry = int(elf["e_entry"])
    except UsageError:
        raise
    # pyelftools raises whatever Python raises on nonsense: struct, Unicode, key, overflow and attribute errors among others.
    except Exception as error:
        raise UsageError(f"the ELF file is damaged: {error or type(error).__name__}", "link it again") from error
    return _program(elf, architecture, dialect, segments, symbols, entry, file)


def _check_header(elf: ELFFile, dialect: Dialect) -> None:
    made = f"for {elf['e_machine']} with {elf.elfclass} bits, {'little' if elf.little_endian else 'big'} endian"
    if elf["e_machine"] != dialect.elf or elf.elfclass != 32 or not elf.little_endian:
        raise UsageError(f"the ELF file is {made}", f"it must be for {dialect.elf} with 32 bits, little endian")
    if elf["e_type"] != "ET_EXEC":
        raise UsageError(f"the ELF file is of type {elf['e_type']}", "link it to an executable at fixed addresses: ET_EXEC")
    if dialect.elf == "EM_RISCV" and elf["e_flags"] & _COMPRESSED:
        raise UsageError("the ELF file has compressed instructions", "compile everything in it without the C extension")


def _segments(elf: ELFFile, architecture: Architecture, dialect: Dialect) -> Iterator[Segment]:
    """What is loaded, in order of address; every byte is in a region, and none is there twice."""
    end = 0
    for header in sorted((s.header for s in elf.iter_segments("PT_LOAD")), key=lambda header: int(header["p_paddr"])):
        start, size, whole = int(header["p_paddr"]), int(header["p_filesz"]), int(header["p_memsz"])
        if size > whole:
            raise UsageError(f"the segment at {start:#x} has {size} bytes in the file and {whole} in memory", "link it again")
        _check_place(architecture, dialect, int(header["p_vaddr"]), whole)
        if not size:
            continue
        _check_place(architecture, dialect, start, size)
        if start < end:
            raise UsageError(f"the segment at {start:#x} begins before {end:#x}, where another ends", "link it again")
        end, offset = start + size, int(header["p_offset"])
        elf.stream.seek(0, io.SEEK_END)
        if offset + size > elf.stream.tell():
            raise UsageError(f"the ELF file ends within the segment at {start:#x}", "it was cut off; copy it again")
        elf.stream.seek(offset)
        yield Segment(start, elf.stream.read(size))


def _check_place(architecture: Architecture, dialect: Dialect, start: int, size: int) -> None:
    memory = architecture.memories[dialect.memory]
    if size and not memory.has(start, size, write=False):
        there = ", ".join(f"{r.name} {r.start:#x} to {r.start + r.size:#x}" for r in memory.regions) or f"0 to {memory.size:#x}"
        raise UsageError(f"the segment of {size:,} bytes at {start:#x} lies outside of memory", f"link it into {there}")


def _symbols(elf: ELFFile) -> dict[str, int]:
    """Defined symbols; of several with one name, a global one. Those that only mark code and data are left out."""
    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return {}
    if table["sh_entsize"] != _SYMBOL_BYTES:
        raise UsageError(f"the ELF file has symbols of {table['sh_entsize']} bytes", f"they have {_SYMBOL_BYTES}")
    symbols: dict[str, int] = {}
    # Local ones come first, by the format's rules.
    for symbol in table.iter_symbols():
        kind = symbol["st_info"]["type"]
        if (
            symbol.name
            and symbol.name[0] != "$"
            and symbol["st_shndx"] != "SHN_UNDEF"
            and kind not in ("STT_FILE", "STT_SECTION")
        ):
            symbols[symbol.name] = int(symbol["st_value"])
    return symbols


def _program(
    elf: ELFFile, architecture: Architecture, dialect: Dialect, segments: list[Segment], symbols: dict[str, int], entry: int,
    file: str,
) -> Program:  # fmt: skip
    region, size = _code(architecture, dialect), architecture.definition.word_bits // 8
    code = bytearray()
    for start, content in segments:
        if region.start <= start < region.start + region.size:
            code += bytes(start - region.start - len(code)) + content
    code += bytes(-len(code) % size)
    if entry % size or not 0 <= entry - region.start < len(code):
        where = f"its instructions lie from {region.start:#x} to {region.start + len(code):#x}"
        raise UsageError(f"the ELF file starts at {entry:#x}", f"{where}, in multiples of {size}")
    labels = {
        name: (at - region.start) // size
        for name, at in symbols.items()
        if at in range(region.start, region.start + len(code), size)
    }
    images = tuple(Image(dialect.memory, start, np.frombuffer(content, np.uint8)) for start, content in segments)
    lines = _lines(elf, region.start, len(code) // size, size, file)
    words = np.frombuffer(bytes(code), f"<u{size}").astype(np.uint64)
    return Program(words, lines, "", labels, images, symbols, (entry - region.start) // size)


def _code(architecture: Architecture, dialect: Dialect) -> BoundRegion:
    """The region of instructions: where the first section lies."""
    memory, place = architecture.memories[dialect.memory], next(iter(dialect.sections.values()))
    base = place if isinstance(place, int) else architecture.values[place]
    assert isinstance(base, int)
    found = next((region for region in memory.regions if region.start <= base < region.start + region.size), None)
    return found or BoundRegion(memory.name, base, memory.size - base, True, "")


# Source lines


class _Row(NamedTuple):
    """Words that come from one line."""

    first: int
    end: int
    file: str
    line: int


def _lines(elf: ELFFile, base: int, count: int, size: int, file: str) -> NDArray[np.int32]:
    """The source line of each word; 0 where nothing is known."""
    lines = np.zeros(count, np.int32)
    try:
        rows = list(_rows(elf, base, count, size))
    except Exception:  # as in `read_elf`; a program runs without it
        return lines
    words: Counter[str] = Counter()
    for row in rows:
        words[row.file] += row.end - row.first
    wanted = file or next((name for name, _ in words.most_common(1)), "")
    for row in rows:
        if row.file == wanted:
            lines[row.first : row.end] = row.line
    return lines


def _rows(elf: ELFFile, base: int, count: int, size: int) -> Iterator[_Row]:
    if any(section["sh_flags"] & 0x800 for section in elf.iter_sections() if section.name.startswith(".debug")):
        return  # compressed: a small file may become any size
    if not elf.has_dwarf_info():
        return
    dwarf = elf.get_dwarf_info()
    for unit in dwarf.iter_CUs():
        table = dwarf.line_program_for_CU(unit)
        if table is None:
            continue
        before: Any = None
        known: Any = None  # what a compiler gives line 0, for no line alone needs it, counts as the line before
        for entry in table.get_entries():
            state = entry.state
            if state is None:
                continue
            if before is not None:
                known = before if before.line else known or before
                first, end = ((at - base) // size for at in (before.address, state.address))
                if 0 <= first < end <= count and known.line < 1 << 31:
                    yield _Row(first, end, _file_name(table, known.file), known.line)
            before, known = (None, None) if state.end_sequence else (state, known)


def _file_name(table: Any, number: int) -> str:
    """The base name of a file of a line table, which are counted from 0 since DWARF 5."""
    entry = table["file_entry"][number - (table["version"] < 5)]
    return PurePosixPath(entry.name.decode("utf-8", "replace")).name
