"""Where tensors lie."""

from dataclasses import replace

import pytest

from backends.coral.layout import ALIGN, LEAST_SCRATCH, Layout, Memory
from backends.coral.port import CoralPort
from backends.isa.bind import load
from harness.task import Task, Workload, bf16, i8
from isa_specs.coral.isa import isa
from tasks import every_task

SMALL, LARGE = load(isa), load(isa, "large")
MEMORY = Memory.of(SMALL)
PORT = CoralPort(SMALL)
WORKLOADS = [task.workload(c, dtype) for task in every_task().values() for dtype in task.dtypes for c in ("C1", "C3", "C4")]


def of_size(task: Task, count: int) -> Workload:
    return replace(task, configurations={"C9": {"N": count}}).workload("C9")


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.id)
def test_tensors_follow_each_other_in_one_memory(workload: Workload) -> None:
    layout = Layout.of(workload, MEMORY)
    places = list(layout)
    assert [place.symbol.removesuffix("_") for place in places] == [*workload.inputs, *workload.outputs]
    home = MEMORY.dtcm if places[0].address in MEMORY.dtcm else MEMORY.extmem
    at = home.start
    for place in places:
        assert place.address == at
        at = -(-place.end // ALIGN) * ALIGN
    assert at <= home.stop
    free = layout.scratch if home == MEMORY.dtcm else layout.extmem
    assert (free.start, free.stop) == (at, home.stop)
    assert len(layout.scratch) >= LEAST_SCRATCH


def test_data_memory_is_used_as_long_as_it_leaves_room(tasks: dict[str, Task]) -> None:
    room = (32768 - LEAST_SCRATCH) // 2 // 4
    near = Layout.of(of_size(tasks["P04"], room), MEMORY)
    assert near.scratch == range(0x16000, 0x18000)
    assert near.extmem == range(0x20000000, 0x20400000)
    far = Layout.of(of_size(tasks["P04"], room + 1), MEMORY)
    assert (far.inputs["x"].address, far.scratch) == (0x20000000, range(0x10000, 0x18000))
    assert far.link.symbols == {
        "x": 0x20000000, "y": 0x20003010, "scratch": 0x10000, "scratch_end": 0x18000, "extmem": 0x20006020,
        "extmem_end": 0x20400000,
    }  # fmt: skip
    assert far.link.origins == {"DTCM_BASE": 0x10000, "EXTMEM_BASE": 0x20006020}


def test_the_large_profile_holds_more_in_data_memory(tasks: dict[str, Task]) -> None:
    workload = tasks["P01"].workload("C4")
    assert Layout.of(workload, MEMORY).inputs["a"].address == 0x20000000
    assert Layout.of(workload, Memory.of(LARGE)).inputs["a"].address == 0x100000


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("x", "x"), ("a0", "a0_"), ("v12", "v12_"), ("sp", "sp_"), ("zero", "zero_"), ("ft3", "ft3_"), ("a00x", "a00x"), ("w", "w")],
)
def test_a_tensor_with_the_name_of_a_register_has_another_symbol(name: str, symbol: str, tasks: dict[str, Task]) -> None:
    task = replace(tasks["P04"], inputs={name: tasks["P04"].inputs["x"]})
    assert Layout.of(task.workload("C1"), MEMORY).inputs[name].symbol == symbol


def test_what_is_not_supported_says_why(tasks: dict[str, Task]) -> None:
    bfloats = replace(tasks["P04"], dtypes=(bf16,)).workload("C1")
    assert PORT.support(bfloats) == "x is bf16: the core has f32, i32, u32, i16, i8, u8"
    stranger = replace(tasks["P04"], name="clip").workload("C1", i8)
    assert PORT.support(stranger) == "there is no baseline for P04 clip in i8"
    with pytest.raises(KeyError):
        PORT.baseline(stranger)
    huge = of_size(tasks["P01"], 1 << 20)
    assert PORT.support(huge) == "its tensors take 12582912 of 4194304 bytes of external memory"


def test_the_brief_lists_every_tensor(tasks: dict[str, Task]) -> None:
    signature, text = PORT.brief(tasks["P29"].workload("C1"))
    assert signature.splitlines()[0].startswith("# in   ")
    assert PORT.brief(tasks["P16"].workload("C1"))[0] == (
        "# in   x: f32[4, 32] at 0x10000\n"
        "# in   gamma: f32[32] at 0x10200\n"
        "# in   beta: f32[32] at 0x10280\n"
        "# out  y: f32[4, 32] at 0x10300\n"
        "# free scratch: 31488 bytes at 0x10500\n"
        "# free extmem: 4194304 bytes at 0x20000000"
    )
    assert "`scratch_end`" in text
