"""What the backend says of itself, and what it says where the compiler is missing."""

import shutil
from pathlib import Path

import pytest

from backends.coral import create as create_assembly
from backends.coral.c import create
from backends.coral.c.toolchain import CLANG, Toolchain
from backends.isa.backend import IsaBackend
from harness.backend import BackendContext
from harness.errors import InfraError, UsageError
from harness.grading.evaluate import Judge
from harness.sandbox import Sandbox
from harness.task import Task


def no_sandbox() -> Sandbox:
    raise InfraError("no sandbox works")


def test_a_missing_compiler_is_named_with_its_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tasks: dict[str, Task]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == CLANG else f"/usr/bin/{name}")
    backend = create(BackendContext(tmp_path, no_sandbox))
    workload = tasks["P01"].workload("C1")
    assert backend.support(workload).supported, "a property of the target, not of this machine"
    for use in (lambda: backend.info, lambda: backend.build(backend.baseline(workload), workload)):
        with pytest.raises(InfraError) as error:
            use()
        assert (error.value.message, error.value.hint) == (
            "the coral-c backend found no clang-19", "apt-get install clang-19 lld-19",
        )  # fmt: skip


def test_a_broken_compiler_is_no_failure_of_a_kernel(
    monkeypatch: pytest.MonkeyPatch, coral_c: IsaBackend, sandbox: Sandbox
) -> None:
    monkeypatch.setattr("backends.coral.c.toolchain.ISA", ("--target=riscv32", "-march=rv32imf_zve32q"))
    with pytest.raises(InfraError, match="cannot make a trivial kernel"):
        Toolchain(lambda: sandbox, autovectorize=False).compile({})


@pytest.mark.parametrize(
    ("options", "message"), [({"autovectorize": "yes"}, "autovectorize='yes'"), ({"opt": "3"}, "no option 'opt'")]
)
def test_wrong_options_are_refused(options: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        create(BackendContext(tmp_path, no_sandbox, options))


def test_it_is_another_backend_than_that_of_assembly(coral_c: IsaBackend, cache: Path) -> None:
    assembly, info = create_assembly(BackendContext(cache, no_sandbox)).info, coral_c.info
    assert (info.name, info.extension, info.language) == ("coral-c", "c", "C11 with RISC-V vector intrinsics")
    assert info.digest != assembly.digest
    assert info.sandbox != "none"
    assert [page.name for page in info.manual.sections][:3] == ["c-kernels", "intrinsics", "compiler"]
    assert [page.name for page in info.manual.sections[3:]] == [page.name for page in assembly.manual.sections]
    assert info.digest == create(BackendContext(cache, coral_c._port._toolchain.sandbox)).info.digest


def test_the_brief_says_where_tensors_lie_and_how_it_is_compiled(coral_c: IsaBackend, tasks: dict[str, Task]) -> None:
    workload = tasks["P29"].workload("C2")
    brief, layout = coral_c.brief(workload), coral_c._port.layout(workload)
    assert brief.signature == "void kernel(const int8_t *restrict a, const int8_t *restrict b, int32_t *restrict y)"
    for place in layout:
        assert f"| `{place.symbol}` | `" in brief.text
        assert f" | {place.address:#x} |" in brief.text
    for fact in ("`M` = ", "`expf`", "8192 bytes of instruction memory", "-O2", "does not vectorize", "2048\n"):
        assert fact in brief.text, fact


def test_every_specimen_ends_as_it_says(coral_c: IsaBackend, judge_c: Judge, tasks: dict[str, Task]) -> None:
    workload = tasks["P04"].workload("C1")
    for specimen in coral_c.specimens(workload):
        evaluation = judge_c.grade(specimen.source, workload)
        assert evaluation.verdict in specimen.ends, (specimen.name, evaluation.summary)
        if specimen.cause:
            assert evaluation.fault.cause == specimen.cause, specimen.name
