"""Every backend of this distribution conforms on a workload of each kind; ``kernelwright backends check NAME`` tries them all."""

import pytest

from harness import plugins
from harness.conformance import kit
from harness.conformance.result import lines
from harness.errors import InfraError

TASKS = ("P01/C1", "P15/C3", "P21/C2", "C01/C1", "P29/C1", "P01.i32/C1")
"""Elementwise, rows with a tail, a product, a composite, integers."""


def built_ins() -> list[str]:
    entries = plugins.entries("backend").items()
    return [name for name, entry in entries if entry.dist is not None and entry.dist.name == "kernelwright"]


@pytest.mark.slow
@pytest.mark.parametrize("name", built_ins())
def test_it_conforms(name: str) -> None:
    bench = kit.open_bench(name, TASKS)
    try:
        sandbox = bench.backend.info.sandbox
    except InfraError as error:
        pytest.skip(f"{error.message}: {error.hint}")
    if sandbox == "none works":
        pytest.skip("no sandbox works here")
    if not kit.open_bench(name).supported:
        pytest.skip("it serves suites of folders only, and none is registered")
    done = list(kit.results(bench))
    assert not [line for result in done if result.status == "wrong" for line in lines(result)]
    assert not [result.check for result in done if result.status == "skipped"]
