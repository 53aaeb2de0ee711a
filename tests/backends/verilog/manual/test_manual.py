"""The manual is right: its kernels pass, its waveforms are what simulations show, its numbers are those of the code."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.verilog import baselines, interface, specimens
from backends.verilog.backend import VerilogBackend
from backends.verilog.classes import Failure
from backends.verilog.gate import SOURCE_LIMIT
from backends.verilog.manual import waves
from backends.verilog.synthesis import area
from backends.verilog.synthesis.limits import LIMITS
from harness.backend import BackendContext
from harness.errors import InfraError
from harness.grading.evaluate import Judge
from harness.sandbox import Sandbox
from harness.task import Workload
from harness.trial import Verdict
from tasks import rtl

SUITE = rtl()
TASKS = {task.id: task for task in SUITE.tasks}
TEXT = {path.stem: path.read_text(encoding="utf-8") for path in waves.PAGES}
ALL = "\n".join(TEXT.values())
FENCE = re.compile(r"^```(.*)$", re.MULTILINE)

per_page = pytest.mark.parametrize("page", waves.PAGES, ids=lambda path: path.stem)


def workload(task: str, configuration: str) -> Workload:
    return TASKS[task].workload(configuration, SUITE.dtype(TASKS[task]))


@pytest.fixture(scope="session")
def backend(cache: Path, sandbox: Sandbox) -> VerilogBackend:
    return VerilogBackend(BackendContext(cache, lambda: sandbox))


# What is shown


def kernels() -> Iterator[object]:
    for name, text in TEXT.items():
        for task, kernel in waves.KERNEL.findall(text):
            yield pytest.param(task, kernel, id=f"{name}-{task}")


@pytest.mark.parametrize(("task", "text"), list(kernels()))
@pytest.mark.parametrize("configuration", ["C1", "C3", "C5"])
def test_kernel_of_the_manual_passes(backend: VerilogBackend, task: str, text: str, configuration: str) -> None:
    one = workload(task, configuration)
    try:
        build = backend.build(text, one)
    except InfraError as error:
        pytest.skip(f"a tool is missing: {error}")
    assert build.diagnostics == ()
    evaluation = Judge(backend, "secret", None).grade(text, one)
    assert evaluation.verdict is Verdict.passed, evaluation.summary


@per_page
def test_waveforms_are_what_the_kernels_do(page: Path, sandbox: Sandbox, request: pytest.FixtureRequest) -> None:
    text = page.read_text(encoding="utf-8")
    try:
        drawn = waves.with_waves(text, workload, lambda: sandbox)
    except InfraError as error:
        pytest.skip(f"a tool is missing: {error}")
    if request.config.getoption("--update-golden"):
        page.write_text(drawn, encoding="utf-8")
        text = drawn
    assert drawn == text, "draw them again: pytest --update-golden"


def test_every_figure_is_on_a_page() -> None:
    assert sorted(re.findall(r"^```wave (\S+)$", ALL, re.MULTILINE)) == sorted(waves.FIGURES)


def test_a_kernel_that_does_not_compile_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match=r"a kernel of the manual does not compile: kernel.*syntax error"):
        waves.draw(waves.FIGURES["stream"], "module kernel(;", workload("P04", "C1"), lambda: sandbox)


def test_a_figure_beyond_the_end_of_its_run_is_refused(sandbox: Sandbox) -> None:
    (_, kernel), *_ = waves.KERNEL.findall(TEXT["30-stream"])
    late = dataclasses.replace(waves.FIGURES["stream"], cycles=(1, 999))
    with pytest.raises(ValueError, match="does not reach cycle"):
        waves.draw(late, kernel, workload("P04", "C5"), lambda: sandbox)


# Pitfalls: each change makes a right kernel run into one


def kernel(task: str) -> str:
    """The manual's kernel for a task, or the baseline."""
    shown = {id: text for page in TEXT.values() for id, text in waves.KERNEL.findall(page)}
    return shown[task] if task in shown else baselines.render(workload(task, "C1"))


VALID = "    always @(posedge clk)\n        if (rst) m_valid <= 1'b0;\n        else if (advance)"
OFF = """\
    reg off;
    always @(posedge clk) if (s_valid && off) off <= 1'b0;
    always @(posedge clk)
        if (rst || off) m_valid <= 1'b0;
        else if (advance)"""
"""A register that nothing ever makes defined: ``if`` takes it for false, the netlist does not."""
UNDEFINED = "x_control x_data"
"""Where an undefined input comes out first depends on when the inputs stall, which is drawn anew for every run."""
PITFALLS = [
    ("not reset", "P04", "if (rst) m_valid <= 1'b0;\n        else if", "if", "x_control"),
    ("loaded while it waits", "P04", "advance = !m_valid || m_ready", "advance = 1'b1", "protocol"),
    ("valid waits for ready", "P04", "else if (advance) m_valid <= s_valid;", "else m_valid <= s_valid && m_ready;", "protocol"),
    ("junk is added", "P11", "if (!row_end || i < TAIL) total", "total", "wrong"),
    ("moves without a beat", "P11", "            if (s_valid) begin", "            begin", UNDEFINED),
    ("next problem", "P11", "sum <= row_end ? 0 : total;", "sum <= row_end && !s_last ? 0 : total;", "mismatch"),
    ("signed part select", "P12", "reg [31:0] value, index", "reg signed [31:0] value, index", "synth_mismatch"),
    ("X is false", "P04", VALID, OFF, "x_control"),
    ("latch", "P11", "total = sum;\n        for", "if (s_valid) total = sum;\n        for", "latch"),
    ("answer lost", "P29", "if (rsp_valid) words", "if (rsp_valid && req_ready) words", "x_data"),
    ("done too early", "P29", "done <= accepted && last", "done <= state == SUM && last_k && last", "protocol"),
]


@pytest.mark.parametrize(("name", "task", "old", "new", "ends"), PITFALLS, ids=[row[0] for row in PITFALLS])
def test_pitfalls_are_real(backend: VerilogBackend, name: str, task: str, old: str, new: str, ends: str) -> None:
    right = kernel(task)
    assert right.count(old) == 1
    one = workload(task, "C1" if task == "P29" else "C3")
    evaluation = Judge(backend, "secret", None).grade(right.replace(old, new), one)
    causes = {each.cause for each in evaluation.diagnostics} | {evaluation.fault.cause if evaluation.fault else ""}
    assert (causes | {evaluation.verdict.value}) & set(ends.split())


# How it is written


@per_page
def test_page_begins_with_its_only_title_and_only_tables_are_wide(page: Path) -> None:
    lines = TEXT[page.stem].splitlines()
    assert lines[0].startswith("# ")
    assert sum(line.startswith("# ") for line in lines) == 1
    assert max(len(line) for line in lines if not line.startswith("|")) <= 130


@per_page
def test_every_block_is_checked(page: Path) -> None:
    opened = FENCE.findall(TEXT[page.stem])[::2]
    assert all(re.fullmatch(r"verilog P\d\d|wave [\w-]+", each) for each in opened), "neither a kernel nor a waveform"


# What it says


def test_ports_and_parameters_are_all_explained() -> None:
    for task in ("P04", "P29"):
        contract = interface.contract(workload(task, "C1"))
        names = {port.name for port in contract.ports} | (contract.parameters.keys() - workload(task, "C1").p.keys())
        assert all(f"`{name}`" in ALL for name in names if not name.startswith("BASE_"))
    assert [word for word in specimens.VOCABULARY if word not in ALL] == []


def test_numbers_are_those_of_the_code() -> None:
    language = " ".join(TEXT["20-language"].split())
    registers = f"{LIMITS.cells:,} word-level cells, {LIMITS.flip_flops:,} bits of registers"
    assert f"{registers}, {LIMITS.memory_bits:,} bits of memories, and {LIMITS.multipliers} multipliers" in language
    assert f"at most {SOURCE_LIMIT // 1024} KiB" in language
    assert f"an answer comes {interface.LATENCY} cycles after" in " ".join(TEXT["40-memory"].split())
    assert f"`AW` ({interface.ADDRESS_BITS}) and `DW` ({interface.DATA_BITS})" in TEXT["40-memory"]
    assert f"`LANES` ({interface.LANES})" in TEXT["30-stream"]
    formula = f"LUT4 + {area.CARRY_LUTS} * CCU2C + FF / {1 / area.FLIP_FLOP_LUTS:g} + {area.MULTIPLIER_LUTS} * DSP"
    assert f"area = {formula} + BRAM bits / {area.LUT_BITS}" in TEXT["60-scoring"]


def test_system_functions_are_those_that_the_gate_lets_pass() -> None:
    rules = (Path(interface.__file__).parent / "gate" / "box" / "rules.py").read_text(encoding="utf-8")
    allowed = re.search(r"SYSTEM_NAMES = frozenset\(\{(.*?)\}\)", rules, re.DOTALL)
    assert allowed is not None
    sentence = TEXT["20-language"].partition("**System functions**")[2].partition("Nothing else")[0]
    assert set(re.findall(r"\$\w+", sentence)) == set(re.findall(r"\$\w+", allowed[1]))


def test_every_class_of_failure_is_named_in_its_order() -> None:
    listed = TEXT["70-pitfalls"].partition("Classes of failure")[2].partition("A\n")[0]
    assert re.findall(r"`(\w+)`", listed) == [failure.value for failure in Failure]
