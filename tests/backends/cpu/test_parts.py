"""The parts that need no box: memory layout, fresh inputs, the object's check, callgrind's format, bounds."""

from __future__ import annotations

import platform
import struct
from pathlib import Path

import numpy as np
import pytest

from backends.cpu import elf
from backends.cpu.bound import Peaks, SpeedOfLight
from backends.cpu.diagnostics import parse
from backends.cpu.fresh import FreshInputs
from backends.cpu.layout import PAGE, Arena, Layout, canary
from backends.cpu.profiler import parse_callgrind
from harness.sandbox.native import compile_trusted
from harness.task import DTYPES, Tensor, Workload, f32, i8, i32
from tasks.primitive.p05_clamp import task

from .conftest import TASKS

TENSORS = {"a": Tensor("a", f32, (3, 5)), "b": Tensor("b", i8, (7,)), "c": Tensor("c", f32, ())}


def test_tensors_are_aligned_and_guarded() -> None:
    arena = Arena(TENSORS, guard=64)
    assert arena.offsets == {"a": 64, "b": 192, "c": 320}
    assert arena.stride == 448
    assert arena.gaps == [(0, 64), (124, 192), (199, 320), (324, 448)]
    assert arena.memory_bytes(3) == PAGE
    assert arena.memory_offset(3) + 3 * arena.stride == PAGE


def test_what_is_packed_is_read_back() -> None:
    arena, rng = Arena(TENSORS, guard=64), np.random.default_rng(0)
    image = arena.image(2)
    tensors = {"a": rng.random((3, 5), np.float32), "b": rng.integers(-9, 9, 7, np.int8), "c": np.array(2.5, np.float32)}
    arena.write(image, 1, tensors)
    for name, array in arena.read(image, 1).items():
        np.testing.assert_array_equal(array, tensors[name])
    assert not arena.view(image, "a")[0].any()


def test_damage_and_stale_elements_are_found() -> None:
    arena, word = Arena(TENSORS, guard=64), canary(np.random.default_rng(1))
    image = arena.poison(4, word).copy()
    assert arena.unwritten(image, word) == "a"
    for name, tensor in TENSORS.items():
        arena.view(image, name)[...] = np.ones(tensor.shape, tensor.dtype.numpy)
    assert arena.unwritten(image, word) is None
    assert arena.damaged_guard(image, word) is None
    arena.view(image, "a")[2, 1, 3] = np.uint32(word).view(np.float32)
    assert arena.unwritten(image, word) == "a"
    image[3 * arena.stride + 199] ^= 1
    assert arena.damaged_guard(image, word) == (3, 199)


def test_a_whole_number_may_equal_the_canary_by_right() -> None:
    arena, word = Arena({"y": Tensor("y", i32, (2, 3))}, guard=64), 0xFFFFFF85  # -123
    image = arena.image(4)
    arena.view(image, "y")[...] = 5
    arena.view(image, "y")[1, 0, 2] = -123
    assert arena.unwritten(image, word) is None
    arena.view(image, "y")[3] = -123
    assert arena.unwritten(image, word) == "y"


@pytest.mark.parametrize(("task", "dtype"), [("P01", "f32"), ("P01", "i32"), ("P04", "i8"), ("P15", "f32")])
def test_no_two_fresh_inputs_are_alike(task: str, dtype: str) -> None:
    workload = TASKS[task].workload("C1", DTYPES[dtype])
    arena = Layout.of(workload).inputs
    fresh = FreshInputs(workload, arena, 64, np.random.default_rng(2))
    rows = np.concatenate([fresh.draw(64).reshape(64, -1) for _ in range(4)])
    assert len({row.tobytes() for row in rows}) == len(rows)


@pytest.mark.parametrize("dtype", ["f32", "i8"])
def test_parameters_that_belong_together_stay_together(dtype: str) -> None:
    clamp = task.workload("C1", DTYPES[dtype])
    arena = Layout.of(clamp).inputs
    image = FreshInputs(clamp, arena, 256, np.random.default_rng(5)).draw(256)
    assert (arena.view(image, "lo") <= arena.view(image, "hi")).all()
    assert len({row.tobytes() for row in arena.view(image, "x")}) == 256


def test_floats_keep_zeros_signs_and_range(relu: Workload) -> None:
    arena = Layout.of(relu).inputs
    fresh = FreshInputs(relu, arena, 16, np.random.default_rng(3))
    pool = arena.view(fresh._pool.reshape(-1), "x")
    values = arena.view(fresh.draw(16), "x")
    assert np.abs(values).max() <= np.abs(pool).max()
    assert ((values == 0).sum(axis=1)[:, None] == (pool == 0).sum(axis=1)).any(axis=1).all()


def test_integers_of_a_narrow_range_stay_in_it() -> None:
    arena = Arena({"index": Tensor("index", i32, (16,))})
    fresh = object.__new__(FreshInputs)
    fresh._rng = np.random.default_rng(4)
    image = arena.image(3)
    arena.view(image, "index")[...] = np.arange(16, dtype=np.int32)
    perturb = fresh._rule(arena.view(image, "index"), arena.tensors["index"], 3)
    perturb(arena.view(image, "index"))
    values = arena.view(image, "index")
    assert ((values >= 0) & (values < 16)).all()
    assert (values != np.arange(16)).any(axis=1).all()


def test_a_real_object_is_read(tmp_path: Path) -> None:
    source = tmp_path / "kernel.c"
    source.write_text('#include <stdio.h>\nvoid kernel(void) { puts("x"); }\n')
    library = elf.SharedObject(compile_trusted(source, tmp_path, shared=True).read_bytes())
    assert library.needed == ["libc.so.6"] or "libc" in library.needed[0]
    assert ("kernel", True) in {(s.name, s.defined) for s in library.symbols}
    messages = [finding.message for finding in elf.inspect(library.data)]
    assert "the kernel uses 'puts' from outside itself" in messages
    assert "code of the object would run when it is loaded or unloaded" in messages  # a normal link has start-up code


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 200, b"MZ" * 100])
def test_a_malformed_object_is_a_finding(data: bytes) -> None:
    assert "malformed" in elf.inspect(data)[0].message


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the x86-64 sequence")
def test_client_requests_are_found_in_code(tmp_path: Path) -> None:
    source = tmp_path / "kernel.c"
    rotations = "; ".join(f"rolq ${by}, %%rdi" for by in (3, 13, 61, 51)) + "; xchgq %%rbx, %%rbx"
    source.write_text(f'void kernel(void) {{ __asm__ volatile("{rotations}" : : : "rdi"); }}\n')
    data = compile_trusted(source, tmp_path, shared=True).read_bytes()
    assert any("client request" in finding.message for finding in elf.inspect(data))


def test_arm_client_request_is_four_rotations_of_x12() -> None:
    rotations = [struct.unpack_from("<I", elf.CLIENT_REQUEST_ARM, at)[0] for at in range(0, 16, 4)]
    assert [(word >> 10) & 63 for word in rotations] == [3, 13, 51, 61]
    assert {(word & 31, (word >> 5) & 31, (word >> 16) & 31) for word in rotations} == {(12, 12, 12)}


def test_diagnostics_of_a_compiler() -> None:
    output = """\
kernel.c: In function 'kernel':
kernel.c:2:7: warning: unused variable 'z' [-Wunused-variable]
kernel.c:2:1: error: unknown type name 'flaot'; did you mean 'float'?
fix-it:"kernel.c":{2:1-2:6}:"float"
kernel.h:9:6: note: previous declaration
/usr/bin/ld: cannot find -lfoo
collect2: error: ld returned 1 exit status
"""
    first, second, third = parse(output, "int a;\nflaot z;\n", "void kernel(void)")
    assert (first.severity, first.line, first.column, first.snippet, first.hint) == ("error", 2, 1, "flaot z;", "write 'float'")
    assert second.message == "cannot find -lfoo"
    assert third.severity == "warning"


def test_callgrind_lines_are_counted_once() -> None:
    text = """\
positions: line
events: Ir
fl=/tmp/work/kernel.c
fn=kernel
3 10
4 20
cfi=/usr/lib/math.c
cfn=expf
calls=2 7
4 500
fi=/tmp/work/other.h
9 1
fe=/tmp/work/kernel.c
4 5
fl=/usr/lib/math.c
fn=expf
7 500
totals: 536
"""
    total, lines = parse_callgrind(text)
    assert total == 536
    assert lines == {3: 10, 4: 25}


@pytest.mark.parametrize(
    ("task", "configuration", "limited_by", "cycles"),
    [("P21", "C2", "multiply-add units", 32**3 / 16), ("P01", "C2", "loads", 2 * 4096 / 64), ("P01", "C5", "vector units", 1.0)],
)
def test_bounds(task: str, configuration: str, limited_by: str, cycles: float, tmp_path: Path) -> None:
    light = SpeedOfLight(tmp_path)
    light.__dict__["peaks"] = Peaks(mac=16, simple=24, load=64, store=64)
    bound = light.bound(TASKS[task].workload(configuration))
    assert bound.cycles == pytest.approx(cycles)
    assert bound.estimate
    if cycles > 1:
        assert bound.limited_by == limited_by


def test_peaks_are_measured_once(tmp_path: Path) -> None:
    first = SpeedOfLight(tmp_path).peaks
    assert min(first) > 0.5
    assert SpeedOfLight(tmp_path).peaks == first
