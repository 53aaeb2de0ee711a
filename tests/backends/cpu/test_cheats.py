"""The exploit corpus of the cpu backend: every kernel in ``tests/cheats/cpu`` must end in a verdict that its header allows.

The judge grades them as it grades any kernel, in the sandbox of this machine. ``passed`` is never allowed: where an attack
succeeds the kernel would be right, or faster than it has any right to be.
"""

import platform
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from backends.cpu import create
from backends.cpu.backend import CpuBackend
from harness.backend import BackendContext
from harness.errors import InfraError
from harness.grading.evaluate import Judge
from harness.grading.seeds import new_secret
from harness.sandbox import Sandbox
from harness.sandbox.choose import choose
from harness.task import Workload
from harness.trial import Verdict
from tasks import core

CORPUS = Path(__file__).parents[2] / "cheats" / "cpu"
FIELD = re.compile(r"^(?:/\*| {2}) (\w+): (.*?)(?: \*/)?$", re.MULTILINE)


@dataclass(frozen=True)
class Cheat:
    """One kernel of the corpus with what its header says."""

    name: str
    source: str
    workload: str
    """As in results: ``P04.i8/C2``."""
    expect: frozenset[Verdict]
    machine: str | None
    """Only where this is the machine; anywhere if None."""

    @staticmethod
    def read(path: Path) -> "Cheat":
        source = path.read_text(encoding="utf-8")
        fields = dict(FIELD.findall(source[: source.index("*/") + 2]))
        unknown = fields.keys() - {"cheat", "expect", "workload", "machine", "fools", "why"}
        assert not unknown, f"{path.name}: unknown fields {sorted(unknown)}"
        assert fields["why"], f"{path.name}: say why it might work"
        expect = frozenset(map(Verdict, fields["expect"].split("|")))
        return Cheat(fields["cheat"], source, fields["workload"], expect, fields.get("machine"))


LEAKS: dict[str, pytest.MarkDecorator] = {}
"""What gets through today. An entry goes away with its leak."""
CHEATS = [Cheat.read(path) for path in sorted(CORPUS.glob("*.c"))]


def workload_named(name: str) -> Workload:
    every = (t.workload(c, d) for t in core().tasks for d in t.dtypes for c in t.configurations)
    return next(workload for workload in every if workload.id == name)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    try:
        return choose(None, tmp_path_factory.mktemp("sandbox")).chosen
    except InfraError as error:
        pytest.skip(f"no sandbox works here: {error}")


@pytest.fixture(scope="module")
def backend(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> CpuBackend:
    return create(BackendContext(tmp_path_factory.mktemp("cache"), lambda: sandbox))


@pytest.mark.parametrize("cheat", [pytest.param(c, id=c.name, marks=LEAKS.get(c.name, ())) for c in CHEATS])
def test_cheat_is_caught(cheat: Cheat, backend: CpuBackend) -> None:
    if cheat.machine not in (None, platform.machine()):
        pytest.skip(f"machine code of {cheat.machine}")
    evaluation = Judge(backend, new_secret()).grade(cheat.source, workload_named(cheat.workload))
    assert evaluation.verdict in cheat.expect, evaluation.summary


def test_an_honest_kernel_passes(backend: CpuBackend) -> None:
    """Or else everything would be caught."""
    workload = workload_named("P01/C2")
    evaluation = Judge(backend, new_secret()).grade(backend.baseline(workload), workload)
    assert evaluation.verdict is Verdict.passed, evaluation.summary


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_no_header_allows_a_pass(cheat: Cheat) -> None:
    assert Verdict.passed not in cheat.expect
    assert (CORPUS / f"{cheat.name}.c").exists(), "the file is named after the cheat"
    workload_named(cheat.workload)
