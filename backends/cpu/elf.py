"""What a compiled kernel may contain: the check of the shared object before anything loads it.

A kernel is one function and its data. Whatever would run before or beside it (constructors, resolvers), reach outside it
(imports other than mathematics and block copies) or hide from the instruction counter (valgrind's client requests) is found
here, in the object itself, where no spelling of the source can disguise it. The object is written by our linker from untrusted
text: malformed structure is an error like any other, never an exception that escapes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

LIBRARIES = re.compile(r"(libc|libm|ld-linux[\w-]*)\.so\.\d+")
"""Shared libraries that a kernel may need."""
_MATHEMATICS = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp10 exp2 expm1 fabs fdim floor
    fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint
    nextafter nexttoward pow remainder remquo rint round scalbln scalbn sin sincos sinh sqrt tan tanh tgamma trunc"""
IMPORTS = frozenset(
    [name + suffix for name in _MATHEMATICS.split() for suffix in ("", "f", "l")]
    + ["__" + name + suffix + "_finite" for name in _MATHEMATICS.split() for suffix in ("", "f", "l")]
    + ["memcpy", "memmove", "memset", "memcmp", "abs", "labs", "llabs"]
    + ["__fpclassify", "__fpclassifyf", "__isinf", "__isinff", "__isnan", "__isnanf", "__signbit", "__signbitf"]
)
"""Functions that a kernel may import."""
CLIENT_REQUEST = bytes.fromhex("48c1c703 48c1c70d 48c1c73d 48c1c733")
"""The rotations of %rdi that start a valgrind client request on x86-64."""
CLIENT_REQUEST_ARM = struct.pack("<4I", 0x93CC0D8C, 0x93CC358C, 0x93CCCD8C, 0x93CCF58C)
"""The same on AArch64: rotations of x12."""

_LOAD, _DYNAMIC, _GNU_STACK = 1, 2, 0x6474E551
_NEEDED, _RELA, _RELASZ, _RELAENT, _INIT, _FINI, _JMPREL, _PLTRELSZ = 1, 7, 8, 9, 12, 13, 23, 2
_INIT_ARRAY, _FINI_ARRAY, _PREINIT_ARRAY, _STRTAB = 25, 26, 32, 5
_DYNSYM_SECTION = 11
_IFUNC_TYPE = 10
_IRELATIVE = {62: 37, 183: 1032}
_EXECUTE, _WRITE = 1, 2


class Finding(NamedTuple):
    """Something that a kernel's object must not contain."""

    message: str
    """What was found."""
    hint: str
    """What to write instead."""
    breach: bool = True
    """Whether it breaks an integrity rule, rather than missing a limit of the language."""
    cause: str = "forbidden_object"
    """Its category (`harness.backend.Diagnostic.cause`)."""


class _Segment(NamedTuple):
    kind: int
    flags: int
    offset: int
    address: int
    file_size: int


class _Symbol(NamedTuple):
    name: str
    kind: int
    defined: bool


@dataclass(frozen=True)
class SharedObject:
    """Lazily parsed view of a 64-bit little-endian ELF shared object."""

    data: bytes

    @cached_property
    def machine(self) -> int:
        """ELF machine number: 62 is x86-64, 183 AArch64."""
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a 64-bit little-endian ELF file")
        return int(struct.unpack_from("<H", self.data, 18)[0])

    @cached_property
    def segments(self) -> list[_Segment]:
        """Program headers."""
        (table,), (size, count) = struct.unpack_from("<Q", self.data, 32), struct.unpack_from("<HH", self.data, 54)
        headers = (struct.unpack_from("<IIQQQQ", self.data, table + i * size) for i in range(count))
        return [_Segment(kind, flags, offset, address, length) for kind, flags, offset, address, _, length in headers]

    @cached_property
    def dynamic(self) -> list[tuple[int, int]]:
        """Tag and value of the dynamic section's entries, in order."""
        for segment in self.segments:
            if segment.kind == _DYNAMIC:
                body = self.data[segment.offset : segment.offset + segment.file_size]
                return [(tag, value) for tag, value in struct.iter_unpack("<QQ", body[: len(body) & ~15]) if tag]
        return []

    def tag(self, wanted: int) -> int | None:
        """Value of the first dynamic entry with this tag."""
        return next((value for tag, value in self.dynamic if tag == wanted), None)

    @property
    def needed(self) -> list[str]:
        """Libraries that must be loaded with the object."""
        return [self._string(value) for tag, value in self.dynamic if tag == _NEEDED]

    @cached_property
    def symbols(self) -> list[_Symbol]:
        """Dynamic symbols."""
        found = []
        for kind, offset, size in self._sections():
            if kind == _DYNSYM_SECTION:
                for at in range(offset + 24, offset + size, 24):
                    name, info, _, section = struct.unpack_from("<IBBH", self.data, at)
                    found.append(_Symbol(self._string(name), info & 15, section != 0))
        return found

    def relocations(self) -> Iterator[int]:
        """Types of all dynamic relocations."""
        for table, size in ((self.tag(_RELA), self.tag(_RELASZ)), (self.tag(_JMPREL), self.tag(_PLTRELSZ))):
            if table is not None and size:
                at = self._file_offset(table)
                for info in range(at + 8, at + size, 24):
                    yield struct.unpack_from("<Q", self.data, info)[0] & 0xFFFFFFFF

    def executable(self) -> Iterator[bytes]:
        """The bytes of each executable segment."""
        for segment in self.segments:
            if segment.kind == _LOAD and segment.flags & _EXECUTE:
                yield self.data[segment.offset : segment.offset + segment.file_size]

    def _sections(self) -> Iterator[tuple[int, int, int]]:
        (table,), (size, count) = struct.unpack_from("<Q", self.data, 40), struct.unpack_from("<HH", self.data, 58)
        for i in range(count):
            _, kind, _, _, offset, length = struct.unpack_from("<IIQQQQ", self.data, table + i * size)
            yield kind, offset, length

    def _file_offset(self, address: int) -> int:
        for segment in self.segments:
            if segment.kind == _LOAD and segment.address <= address < segment.address + segment.file_size:
                return address - segment.address + segment.offset
        raise ValueError(f"address {address:#x} lies in no segment")

    def _string(self, index: int) -> str:
        start = self._file_offset(self.tag(_STRTAB) or 0) + index
        return self.data[start : self.data.index(b"\0", start)].decode("utf-8", "replace")


def inspect(data: bytes) -> list[Finding]:
    """Everything in a compiled kernel that must not be there, with what to do instead; empty when it may be loaded."""
    library = SharedObject(data)
    try:
        return [*_symbols(library), *_startup(library), *_memory(library), *_hidden(library)]
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        return [Finding(f"the compiled object is malformed: {error}", "remove whatever shapes the object file itself")]


def _symbols(library: SharedObject) -> Iterator[Finding]:
    if library.machine not in _IRELATIVE:
        yield Finding(f"the object is for machine {library.machine}", "write portable C11", breach=False, cause="target_option")
    if not any(s.name == "kernel" and s.defined for s in library.symbols):
        yield Finding(
            "the text defines no function 'kernel'",
            "define it with the signature of the task, not static",
            breach=False,
            cause="signature",
        )
    for symbol in library.symbols:
        if not symbol.defined and symbol.name not in IMPORTS:
            hint = "only functions of <math.h> and memcpy, memmove, memset, memcmp exist; keep scratch in local or static arrays"
            yield Finding(f"the kernel uses {symbol.name!r} from outside itself", hint, breach=False, cause="foreign_symbol")
    for name in library.needed:
        if not LIBRARIES.fullmatch(name):
            yield Finding(f"the kernel needs the library {name!r}", "use nothing beyond libc and libm")


def _startup(library: SharedObject) -> Iterator[Finding]:
    for tag in (_INIT, _INIT_ARRAY, _PREINIT_ARRAY, _FINI, _FINI_ARRAY):
        if library.tag(tag) is not None:
            yield Finding("code of the object would run when it is loaded or unloaded", "remove constructors and destructors")
            break
    resolvers = any(kind == _IRELATIVE.get(library.machine) for kind in library.relocations())
    if resolvers or any(s.kind == _IFUNC_TYPE for s in library.symbols):
        yield Finding("the object holds an indirect function, whose resolver runs on loading", "call the function directly")


def _memory(library: SharedObject) -> Iterator[Finding]:
    for segment in library.segments:
        if segment.kind == _GNU_STACK and segment.flags & _EXECUTE:
            yield Finding("the object asks for an executable stack", "do not take the address of a nested function")
        if segment.kind == _LOAD and segment.flags & _EXECUTE and segment.flags & _WRITE:
            yield Finding("the object holds memory that is writable and executable", "remove section attributes")


def _hidden(library: SharedObject) -> Iterator[Finding]:
    if any(pattern in code for code in library.executable() for pattern in (CLIENT_REQUEST, CLIENT_REQUEST_ARM)):
        yield Finding("the code holds a valgrind client request, which hides instructions from the counter", "remove it")
