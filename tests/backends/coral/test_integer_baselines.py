"""Kernels on whole numbers at sizes that no suite has: every remainder of rows, terms and strips."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from backends.coral import baselines
from backends.isa.backend import IsaBackend
from backends.templates import environment
from harness.backend import Limits
from harness.grading import seeds
from harness.grading.compare import compare
from harness.grading.evaluate import Judge
from harness.grading.tolerance import allowed_error
from harness.task import Task, Workload
from tasks import every_task, integers

SUITE = integers()
VARIANTS: tuple[baselines.Variant, ...] = ("naive", "vector")
SECRET = "coral integers"
HELD_OUT = [task.workload(name, SUITE.dtype(task), held_out=True) for task in SUITE.tasks for name in task.held_out]


def sized(task: Task, sizes: Mapping[str, int]) -> Workload:
    """A workload at other sizes than those of the suite."""
    return replace(task, configurations={"C1": sizes}).workload("C1", SUITE.dtype(task))


def shapes(names: str, *rows: str) -> list[dict[str, int]]:
    return [dict(zip(names.split(), map(int, row.split()), strict=True)) for row in rows]


MATRICES = [*("1 1 1", "2 33 3", "3 16 4", "4 17 5", "5 15 6", "6 1 7", "7 32 8", "8 31 9", "1 65 10", "9 40 67")]
SIZES: dict[str, list[dict[str, int]]] = {
    "P01": shapes("N", "31", "33", "129"),
    "P02": shapes("N", "1", "33"),
    "P03": shapes("N", "1", "33"),
    "P04": shapes("N", "1", "129"),
    "P05": shapes("N", "1", "129"),
    "P11": shapes("R C", "1 2", "3 33", "2 64"),
    "P12": shapes("R C", "2 2", "3 33", "2 65"),
    "P14": shapes("N", "1", "2", "8", "9", "17"),
    "P18": shapes("M N", "1 1", "1 5", "5 1", "130 3", "3 130", "17 16"),
    "P21": shapes("M N K", *MATRICES, "5 3 900"),
    "P22": shapes("B M N K", *(f"{batch} {sizes}" for batch, sizes in zip((1, 2, 3) * 4, MATRICES, strict=False))),
    "P23": shapes("CIN L COUT K STRIDE", "1 1 1 1 1", "2 40 3 2 1", "3 50 6 4 3", "1 90 2 1 2", "5 20 9 13 1"),
    "P24": shapes(
        "CIN H W COUT K STRIDE PAD", "1 1 1 1 1 1 0", "2 4 40 3 2 1 1", "3 9 8 6 4 3 2", "1 3 70 2 3 2 1", "4 5 6 9 1 1 0"
    ),
    "P26": shapes("C H W K STRIDE", "1 1 2 1 1", "2 6 300 2 2", "3 9 9 4 3", "1 5 40 3 1"),
    "P28": shapes("N", "5", "33"),
    "P29": shapes("M N K", *MATRICES, "3 2 300"),
    "P31": shapes("N", "1", "129"),
    "P32": shapes("R C", "2 2", "3 33", "2 129"),
    "P33": shapes("R C", "2 1", "3 33", "2 65"),
    "C18": shapes("M N K", *MATRICES, "3 6 200"),
    "C19": shapes("T D F", "1 1 1", "2 5 33", "4 17 6", "5 33 18", "7 3 65"),
    "C20": shapes("CIN H W COUT", "1 1 1 1", "2 3 33 5", "5 2 17 3", "1 4 40 2"),
    "C21": shapes("T D CAUSAL", "2 5 1", "3 4 0", "5 33 0", "18 17 1", "33 6 1"),
    "C22": shapes("T H D OFFSET", "1 2 2 0", "2 1 34 1", "3 2 66 0", "2 3 130 2"),
}
"""At least one size below, at and above each boundary of a kernel: a register, a group of registers, four rows, four terms."""
ODD = [pytest.param(id, sizes, id=f"{id} {' '.join(map(str, sizes.values()))}") for id, many in SIZES.items() for sizes in many]


def runs_right(backend: IsaBackend, workload: Workload, variant: baselines.Variant) -> None:
    """On one random set and one adversarial set."""
    build = backend.build(baselines.render(workload, variant), workload)
    assert build.artifact is not None, build.diagnostics[:3]
    for kind in ("grading", "adversarial"):
        inputs = seeds.draw(SECRET, workload, kind)
        expected = workload.compute(inputs)
        allowed = allowed_error(workload, inputs, expected, backend.info.formats)
        (execution,) = backend.execute(build, [inputs], Limits())
        assert execution.fault is None
        assert compare(workload, execution.outputs or {}, expected, allowed, kind) == ()


def test_every_operator_in_whole_numbers_has_both_kernels_and_odd_sizes() -> None:
    assert SIZES.keys() == {task.id for task in SUITE.tasks}
    for task in SUITE.tasks:
        assert all(baselines.render(task.workload("C1", SUITE.dtype(task)), variant) for variant in VARIANTS)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("workload", HELD_OUT, ids=lambda w: w.id)
def test_it_is_right_at_held_out_sizes(workload: Workload, variant: baselines.Variant, coral: IsaBackend) -> None:
    runs_right(coral, workload, variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("id", "sizes"), ODD)
def test_it_is_right_at_odd_sizes(id: str, sizes: dict[str, int], variant: baselines.Variant, coral: IsaBackend) -> None:
    runs_right(coral, sized(every_task()[id], sizes), variant)


@pytest.mark.parametrize("workload", [w for w in HELD_OUT if w.configuration != "C5"], ids=lambda w: w.id)
def test_vectors_take_fewer_instructions(workload: Workload, coral: IsaBackend) -> None:
    """But for the smallest sizes, where there is no vector to speak of."""
    inputs = seeds.draw(SECRET, workload, "grading")
    counts = []
    for variant in VARIANTS:
        build = coral.build(baselines.render(workload, variant), workload)
        (execution,) = coral.execute(build, [inputs], Limits())
        counts.append(execution.counters["instructions"])
    assert counts[1] < counts[0]


@pytest.mark.parametrize(
    ("id", "old", "new"),
    [
        ("P02", "vwmul.vx v4, v0, s0", "vwmulsu.vx v4, v0, s0"),
        ("P12", "vredmax.vs", "vredmaxu.vs"),
        ("P14", "vrgather.vi v10, v2, 7", "vrgather.vi v10, v2, 6"),
        ("P21", "sext.b t4, t0", "zext.b t4, t0"),
        ("P24", "srai t4, t3, 24", "srli t4, t3, 24"),
        ("P28", "csrwi vxrm, 1", "csrwi vxrm, 0"),
        ("P31", "li s0, 128", "li s0, 0"),
        ("P32", "srli t4, t3, 1", "li t4, 0"),
        ("P33", "vmslt.vx v1, v16, zero", "vmsgt.vx v1, v16, zero"),
        ("C18", "vsmul.vv v16, v16, v12", "vmulh.vv v16, v16, v12"),
        ("C20", "vmax.vx v16, v16, zero", "vmin.vx v16, v16, zero"),
        ("C21", "andi t4, t4, 255", "sext.b t4, t4"),
    ],
)
def test_a_kernel_with_a_mistake_is_wrong(id: str, old: str, new: str, judge: Judge) -> None:
    task = every_task()[id]
    workload = task.workload("C2", SUITE.dtype(task))
    source = baselines.render(workload, "vector")
    assert old in source
    assert judge.grade(source.replace(old, new), workload).verdict == "wrong"


@pytest.mark.parametrize("divisor", [1, 2, 3, 255, 256, 1023, 32767, 32768, 65535, 1000003, 2**24 + 1, 2**26])
def test_quotients_of_the_pieces_are_exact(divisor: int, coral: IsaBackend) -> None:
    """Around multiples of the divisor, where the product with the reciprocal is one too small, as far as the kernels go."""
    text = """{% import "pieces_int.S.j2" as go with context %}{% import "pieces_vector.S.j2" as vector with context %}
    {{ go.start() }}
    la a0, a
    la a2, y
    lw s0, b
    li s1, -1
    divu s1, s1, s0
    {% call vector.strips(p.N, 32, 8) %}
    vle32.v v24, (a0)
    {{ vector.quotients("v24", "v8", "v16", "s0", "s1") }}
    vse32.v v8, (a2)
    {{ vector.behind(4, "a0", "a2") }}
    {% endcall %}
    mpause
    """
    task = every_task()["P01"]
    workload = sized(task, {"N": 600})
    source = environment(baselines.__name__).from_string(text).render(unique=lambda name: name, p=workload.p)
    multiples = np.linspace(0, (2**31 - 2) // divisor, 200).astype(np.int64) * divisor
    a = np.clip(np.concatenate([multiples - 1, multiples, multiples + 1]), 0, 2**31 - 1)
    (execution,) = coral.execute(
        coral.build(source, workload), [{"a": a.astype(np.int32), "b": np.full(600, divisor, np.int32)}], Limits()
    )
    assert execution.outputs is not None
    np.testing.assert_array_equal(execution.outputs["y"], a // divisor)
