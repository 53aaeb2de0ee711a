"""What only the native engine has: libraries in a cache, limits of this machine, slices, memory that is touched lazily."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.isa import engines as choice
from backends.isa.bind import load
from backends.isa.engine import Program, Trapped
from backends.isa.engines import open_engine
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native import build, engine
from backends.isa.native.build import Part, compile_unit, find_compiler, find_vectorizer
from backends.isa.native.engine import NativeEngine
from backends.isa.registry import find
from harness.errors import InfraError, UsageError

ISA = Path(__file__).parents[1] / "scratch_isa"
OPS = {"LI": 1, "ADDI": 2, "VADD": 5, "SPILL": 14, "LOOP": 16, "BNZ": 18, "HALT": 19}


def word(name, rd=0, rs1=0, rs2=0, imm=0):
    return OPS[name] | rd << 6 | rs1 << 10 | rs2 << 14 | (imm & 0xFFFF) << 16


@pytest.fixture
def machine(native_cache):
    return NativeEngine(load(find(str(ISA))), native_cache)


FOREVER = [word("LI", rd=1, imm=1), word("ADDI", rd=2, rs1=2), word("BNZ", rs1=1, imm=-1)]


def test_fuel_is_exact_however_a_run_is_sliced(machine, monkeypatch):
    for size in (1, 7, 1 << 20):
        monkeypatch.setattr(engine, "SLICE", size)
        machine.reset()
        outcome = machine.run(Program.of(FOREVER), fuel=10_001)
        assert (outcome.ended, outcome.instructions, outcome.counts.tolist()) == ("fuel", 10_001, [1, 5000, 5000])
        assert outcome.cycles == 10_001


@pytest.fixture
def heeds_ctrl_c():
    """A test run in the background may have been started deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_stops_a_run(machine):
    def interrupt():
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        machine.run(Program.of(FOREVER), fuel=10**12)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(("timing", "pages"), [("sequential", 2), ("overlapped", 4)])  # the latter counts ready times, too
@pytest.mark.parametrize("engine", ["golden", "native"])
def test_a_program_that_writes_too_many_pages_traps(native_cache, engine, timing, pages):
    architecture = load(find(str(ISA)), timing=timing)
    machine = (
        GoldenEngine(architecture, memory_limit=pages * 4096)
        if engine == "golden"
        else NativeEngine(architecture, native_cache, memory_limit=pages * 4096)
    )
    for page in range(3):
        machine.write("x", 1 + page, np.array([page * 8192], np.uint32))
    spills = [word("SPILL", rd=1 + page) for page in range(3)]
    outcome = machine.run(Program.of([*spills, word("HALT")]), fuel=100)
    assert outcome.trap == Trapped("memory_limit", 3, "", None, pages * 4096)
    assert outcome.instructions == 3
    machine.reset()
    assert machine.run(Program.of([word("SPILL", rd=1)]), fuel=100).ended == "end"


def test_reset_clears_what_programs_and_callers_wrote(machine):
    machine.write("far", 1 << 33, np.array([7], np.uint8))
    machine.write("x", 1, np.array([1 << 20], np.uint32))
    machine.run(Program.of([word("SPILL", rd=1)]), fuel=10)
    assert machine.read("far", 1 << 20, 4).tolist() == [9] * 4
    machine.reset()
    assert machine.read("far", 1 << 20, 4).tolist() == [0] * 4
    assert machine.read("far", 1 << 33, 1).tolist() == [0]
    assert machine.read("vl", 0, 1).tolist() == [4]


def test_the_callers_rounding_mode_is_neither_used_nor_lost(machine):
    library = ctypes.CDLL("libm.so.6")
    before = library.fegetround()
    one = np.array([1.0, 2.0**-9, 0, 0], machine.architecture.memories["mem"].dtype.numpy)
    machine.write("mem", 0, one)
    machine.write("mem", 4, one[[1, 0, 2, 3]])
    machine.write("x", 1, np.array([0, 4, 8], np.uint32))
    upward = 0x800
    library.fesetround(upward)
    try:
        machine.run(Program.of([word("VADD", rd=3, rs1=1, rs2=2)]), fuel=10)
        assert library.fegetround() == upward
    finally:
        library.fesetround(before)
    assert machine.read("mem", 8, 2).astype(float).tolist() == [1.0, 1.0]


def test_wrong_requests_name_what_is_there(machine):
    with pytest.raises(UsageError, match="unknown memory 'men'"):
        machine.read("men", 0, 1)
    with pytest.raises(UsageError, match="mem 60 to 65 is not there"):
        machine.read("mem", 60, 5)
    with pytest.raises(UsageError, match="takes no 1-dimensional float64"):
        machine.write("mem", 0, np.zeros(2))
    with pytest.raises(UsageError, match="start 2 is outside"):
        machine.run(Program.of([word("HALT")]), fuel=1, start=2)


def test_a_library_is_made_once_and_another_text_makes_another(native_cache, tmp_path):
    first = compile_unit("int answer(void) { return 1; }", tmp_path)
    stamp = first.stat().st_mtime_ns
    assert compile_unit("int answer(void) { return 1; }", tmp_path) == first
    assert first.stat().st_mtime_ns == stamp
    second = compile_unit("int answer(void) { return 2; }", tmp_path)
    assert second != first
    assert ctypes.CDLL(str(second)).answer() == 2
    assert sorted(p.name for p in (tmp_path / "isa").iterdir()) == sorted([first.name, second.name])


def test_other_flags_make_another_library(native_cache, tmp_path, monkeypatch):
    text = "int answer(void) { return 3; }"
    first = compile_unit(text, tmp_path)
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-O1"))
    assert compile_unit(text, tmp_path) != first


PARTS = """
int part(void);
#if PART == 0
int answer(void) { return part(); }
#else
#ifdef __OPTIMIZE__
int part(void) { return 1; }
#else
int part(void) { return 2; }
#endif
#endif
"""


def test_parts_have_their_own_flags(native_cache, tmp_path):
    first, second = (compile_unit(PARTS, tmp_path, (Part(), Part(flags))) for flags in ("-O0", "-O1"))
    assert (ctypes.CDLL(str(first)).answer(), ctypes.CDLL(str(second)).answer()) == (2, 1)


def test_the_compilers_words_about_a_part(native_cache, tmp_path):
    with pytest.raises(InfraError, match="cannot compile the native engine") as caught:
        compile_unit("#if PART == 1\nint nonsense\n#endif\n", tmp_path, (Part(), Part()))
    assert "nonsense" in str(caught.value)
    assert list((tmp_path / "isa").iterdir()) == []


def made_by(tmp_path, *, lanes):
    """Which compilers a library was made by, as its parts say."""
    text = "const char *PASTE(by, PART)(void) { return __VERSION__; }\n"
    text = "#define PASTED(a, b) a##b\n#define PASTE(a, b) PASTED(a, b)\n" + text
    library = ctypes.CDLL(str(compile_unit(text, tmp_path, (Part(), Part(lanes=lanes)))))
    library.by0.restype = library.by1.restype = ctypes.c_char_p
    return library.by0(), library.by1()


def test_loops_over_elements_are_clangs_where_there_is_one(native_cache, tmp_path, monkeypatch):
    monkeypatch.delenv(build.SANITIZE_VARIABLE, raising=False)
    if find_compiler() == find_vectorizer():
        pytest.skip("one compiler only")
    first, second = made_by(tmp_path, lanes=True)
    assert b"lang" in second
    assert first != second
    assert made_by(tmp_path, lanes=False) == (first, first)
    monkeypatch.setattr(build, "find_vectorizer", find_compiler)
    assert made_by(tmp_path, lanes=True) == (first, first)


def test_without_clang_one_compiler_does_all(native_cache, monkeypatch):
    monkeypatch.setattr(build.shutil, "which", lambda _: None)
    assert build.find_vectorizer.__wrapped__() == find_compiler()


@pytest.mark.parametrize(("version", "taken"), [("11.0.1-2", False), ("12.0.0", True), ("20.1 (git)", True)])
def test_a_clang_that_knows_the_processors_level_is_taken(native_cache, monkeypatch, version, taken):
    clang = build.Compiler(("/usr/bin/clang",), f"Debian clang version {version}", ())
    monkeypatch.setattr(build.shutil, "which", lambda name: f"/usr/bin/{name}" if name == "clang" else None)
    monkeypatch.setattr(build, "_compiler", lambda command: clang)
    assert build.find_vectorizer.__wrapped__() == (clang if taken else find_compiler())


@pytest.mark.parametrize(
    ("level", "expected"),
    [(None, ()), (1, ()), (3, ("-march=x86-64-v3",)), (4, ("-march=x86-64-v4", "-mprefer-vector-width=512"))],
)
def test_flags_follow_the_processor(level, expected):
    assert build._tuning(level, is_zig=False) == expected
    assert [flag.replace("cpu=x86_64_", "arch=x86-64-") for flag in build._tuning(level, is_zig=True)] == list(expected)


def _compile(folder):
    return str(compile_unit("int answer(void) { return 4; }", folder))


def test_many_processes_may_build_at_once(native_cache, tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        made = pool.map(_compile, [tmp_path] * 8)
    assert len(set(made)) == 1
    assert [p.name for p in (tmp_path / "isa").iterdir()] == [Path(made[0]).name]


def test_what_the_compiler_says_is_told(native_cache, tmp_path):
    with pytest.raises(InfraError, match=r"(?s)cannot compile.*nonsense"):
        compile_unit("int nonsense(;", tmp_path)
    assert list((tmp_path / "isa").iterdir()) == []


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.setattr(build, "find_compiler", lambda: None)
    choice._notice.cache_clear()


def test_without_a_compiler_programs_run_on_golden_with_one_notice(no_compiler, tmp_path, capsys):
    architecture = load(find(str(ISA)))
    first, second = (open_engine(architecture, tmp_path) for _ in range(2))
    assert isinstance(first, GoldenEngine)
    assert isinstance(second, GoldenEngine)
    assert capsys.readouterr().err.count("no C compiler") == 1
    with pytest.raises(InfraError, match="no C compiler"):
        open_engine(architecture, tmp_path, "native")


def test_engines_are_chosen_by_name(native_cache):
    architecture = load(find(str(ISA)))
    assert isinstance(open_engine(architecture, native_cache), NativeEngine)
    assert isinstance(open_engine(architecture, native_cache, "golden"), GoldenEngine)
    with pytest.raises(UsageError, match="did you mean 'golden'"):
        open_engine(architecture, native_cache, "goldn")


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.integers(0, 2**64 - 1), max_size=12))
def test_words_that_are_anything_do_the_same_on_both(words):
    if find_compiler() is None:
        pytest.skip("no C compiler")
    architecture = load(find(str(ISA)))
    cache = Path(os.environ["KERNELWRIGHT_CACHE"])
    outcomes = [made.run(Program.of(words), fuel=100) for made in (GoldenEngine(architecture), NativeEngine(architecture, cache))]
    assert outcomes[0].trap == outcomes[1].trap
    assert outcomes[0].counts.tolist() == outcomes[1].counts.tolist()


@pytest.mark.slow
def test_no_undefined_behaviour_under_the_sanitizers(native_cache, tmp_path):
    """The comparison with golden, in a process whose library has AddressSanitizer and UndefinedBehaviorSanitizer."""
    compiler = find_compiler()
    runtime = subprocess.run([*compiler.command, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    library = runtime.stdout.strip()
    if not Path(library).is_absolute():
        pytest.skip("this compiler has no shared AddressSanitizer runtime")
    environment = os.environ | {
        build.SANITIZE_VARIABLE: "1", "LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
        "PYTHONMALLOC": "malloc",
    }  # fmt: skip
    command = [sys.executable, "-m", "benchmarks.fuzz_isa", "--programs", "4000", "--compare-every", "20"]
    done = subprocess.run(command, env=environment, cwd=Path(__file__).parents[4], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "runtime error" not in done.stderr
