"""What surrounds a kernel, as text; no compiler is needed."""

import re

import pytest

from backends.coral.c.link import STACK, linker_script, start_file
from backends.coral.c.prelude import prelude
from backends.coral.layout import Layout, Memory
from backends.isa.bind import load
from harness.task import Task, Workload
from isa_specs.coral.isa import isa

MEMORY = Memory.of(load(isa))


def layout(workload: Workload) -> Layout:
    return Layout.of(workload, MEMORY)


def test_arguments_are_addresses_in_the_order_of_the_signature(tasks: dict[str, Task]) -> None:
    made = layout(tasks["P01"].workload("C1"))
    lines = [line.strip() for line in start_file(made, 0x08000073).splitlines()]
    a, b, y = (place.address for place in made)
    assert [line for line in lines if line.startswith("li a")] == [f"li a0, {a:#x}", f"li a1, {b:#x}", f"li a2, {y:#x}"]
    assert lines[3] == "li sp, 0x18000"
    assert lines[-2:] == ["call kernel", ".word 0x08000073"]


def test_the_ninth_argument_and_later_ones_are_on_an_aligned_stack(tasks: dict[str, Task]) -> None:
    made = layout(tasks["E06"].workload("C5"))
    addresses = [place.address for place in made]
    assert len(addresses) > 10
    text = start_file(made, 0)
    stored = re.findall(r"li t0, (\w+)\n    sw t0, (\d+)\(sp\)", text)
    assert [(int(address, 16), int(at)) for address, at in stored] == [(a, 4 * n) for n, a in enumerate(addresses[8:])]
    pointer = int(re.search(r"li sp, (\w+)", text)[1], 16)
    assert pointer % 16 == 0
    assert pointer + 4 * len(stored) <= made.scratch.stop < pointer + 4 * len(stored) + 16


def test_the_linker_gives_kernels_what_tensors_leave(tasks: dict[str, Task]) -> None:
    for workload in (tasks["P01"].workload("C1"), tasks["E06"].workload("C4")):
        made = layout(workload)
        text = linker_script(made, range(0x2000))
        regions = {name: (int(at, 16), int(size, 16)) for name, at, size in
                   re.findall(r"(\w+) +: ORIGIN = (\w+), LENGTH = (\w+)", text)}  # fmt: skip
        assert regions == {
            "itcm": (0, 0x2000), "dtcm": (made.scratch.start, len(made.scratch) - STACK),
            "extmem": (made.extmem.start, len(made.extmem)),
        }  # fmt: skip
        for place in made:
            assert not any(place.address < at + size and at < place.end for at, size in regions.values())


@pytest.mark.parametrize("words", ["asm", "__asm__", "section", "optimize", "target"])
def test_the_header_refuses_words_that_reach_past_the_language(words: str, tasks: dict[str, Task]) -> None:
    assert re.search(rf"#pragma GCC poison .*\b{words}\b", prelude(tasks["P21"].workload("C1")))


def test_the_header_declares_the_kernel_and_its_sizes(tasks: dict[str, Task]) -> None:
    workload = tasks["P21"].workload("C1")
    lines = prelude(workload).splitlines()
    assert "void kernel(const float *restrict a, const float *restrict b, float *restrict y);" in lines
    assert {f"#define {name} {workload.p[name]}" for name in "MNK"} <= set(lines)
