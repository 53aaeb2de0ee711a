"""The attacks of ``tests/cheats/verilog`` on a grader of Verilog: each is stopped, by the layer that it is filed under.

| kind | what the design tries | kind | what the design tries |
|---|---|---|---|
| 1 | shell commands | 13 | elaboration bombs |
| 2 | writing files | 14 | flooding the log |
| 3 | reading files | 15 | flooding with threads |
| 4 | including files | 16 | hiding from filters of text |
| 5 | reading inputs ahead of time | 17 | another design for each tool |
| 6 | changing the bench's counters | 18 | reaching into other files of the compilation |
| 7 | writing to the verdict's channel | 19 | C and C++ |
| 8 | forging or cutting short the log | 20 | asking the reference |
| 9 | changing the bench's behaviour | Y1 to Y3 | the synthesiser as the victim |
| 10 | own clocks and delays | X | undefined values and idle inputs |
| 11 | clocks, latches, loops, tristates | judge | plainly wrong |
| 12 | endless simulation | | |
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from backends.verilog.backend import VerilogBackend
from backends.verilog.classes import Failure
from backends.verilog.interface import contract
from harness.backend import BackendContext
from harness.errors import InfraError
from harness.grading.evaluate import Judge
from harness.grading.seeds import new_secret
from harness.sandbox import Sandbox
from harness.task import Workload
from harness.trial import Verdict

CORPUS = Path(__file__).parents[2] / "cheats" / "verilog"
KINDS = {*map(str, range(1, 21)), "Y1", "Y2", "Y3", "X", "judge"}
LAYERS = ("gate", "netlist", "simulation", "judge")


@dataclass(frozen=True)
class Cheat:
    """One file of the corpus with what is filed about it."""

    name: str
    kind: str
    layer: str
    failure: str
    fools: str
    why: str

    @property
    def source(self) -> str:
        return (CORPUS / f"{self.name}.v").read_text(encoding="ascii")


CHEATS = [Cheat(name, **fields) for name, fields in tomllib.loads((CORPUS / "cases.toml").read_text()).items()]
AT_THE_GATE = [cheat for cheat in CHEATS if cheat.layer == "gate"]
BEHIND_THE_GATE = [cheat for cheat in CHEATS if cheat.layer != "gate"]


@pytest.fixture(scope="module")
def backend(sandbox: Sandbox, cache: Path) -> VerilogBackend:
    made = VerilogBackend(BackendContext(cache, lambda: sandbox))
    try:
        assert made.info.digest
    except InfraError as error:
        pytest.skip(f"a tool is missing: {error}")
    return made


@pytest.fixture(scope="module")
def judge(backend: VerilogBackend) -> Judge:
    return Judge(backend, new_secret())


def test_the_corpus_has_every_kind_and_files_every_file() -> None:
    assert {cheat.kind for cheat in CHEATS} == KINDS
    assert len(CHEATS) >= 64
    assert {path.stem for path in CORPUS.glob("*.v")} == {cheat.name for cheat in CHEATS}
    for cheat in CHEATS:
        assert cheat.layer in LAYERS
        assert cheat.why
        Failure(cheat.failure)


@pytest.mark.parametrize("cheat", AT_THE_GATE, ids=lambda cheat: cheat.name)
def test_stopped_at_the_gate(cheat: Cheat, backend: VerilogBackend, add: Workload) -> None:
    build = backend.build(cheat.source, add)
    errors = [told for told in build.diagnostics if told.severity == "error"]
    assert build.outcome == ("rejected" if cheat.failure == "source_reject" else "build_error")
    assert cheat.failure in {told.cause for told in errors}, errors
    assert all(told.hint or told.line for told in errors), "no refusal without help"


@pytest.mark.parametrize("cheat", BEHIND_THE_GATE, ids=lambda cheat: cheat.name)
def test_stopped_behind_the_gate(cheat: Cheat, backend: VerilogBackend, judge: Judge, add: Workload) -> None:
    assert backend.gate.check(cheat.source, contract(add)).failure is None, "it would never come this far"
    evaluation = judge.grade(cheat.source, add)
    assert evaluation.verdict not in (Verdict.passed, None), evaluation.summary
    if cheat.layer == "netlist":
        assert evaluation.verdict is Verdict.build_error
        assert {told.cause for told in evaluation.diagnostics if told.severity == "error"} == {cheat.failure}
    elif cheat.layer == "simulation":
        assert evaluation.verdict is Verdict.fault, evaluation.summary
        assert evaluation.fault is not None
        assert evaluation.fault.cause == cheat.failure
    else:
        assert evaluation.verdict is Verdict.wrong, evaluation.summary
        assert cheat.failure == "mismatch"


def test_an_honest_kernel_passes(judge: Judge, add: Workload) -> None:
    """Or else everything would be stopped."""
    honest = (Path(__file__).parent / "kernels" / "add.v").read_text()
    evaluation = judge.grade(honest, add)
    assert evaluation.verdict is Verdict.passed, evaluation.summary
