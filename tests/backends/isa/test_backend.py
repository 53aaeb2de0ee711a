"""What the toolkit's backend adds to an engine: builds, resets, noise, budgets, clocks, digests."""

import numpy as np
import pytest

from backends.isa.backend import LEAST_BUDGET, Kernel, create_backend, noise
from backends.isa.registry import find
from backends.plena.port import PlenaPort, port
from harness.backend import BackendContext, Limits
from harness.errors import InfraError, UsageError
from harness.grading.evaluate import Judge

from .conftest import TASKS, no_sandbox

FOREVER = "C_LOOP_START gp1, 200000\nC_LOOP_START gp2, 3000\nS_ADDI_INT gp3, gp3, 1\nC_LOOP_END gp2\nC_LOOP_END gp1\n"


@pytest.mark.parametrize("engine", ["native", "golden"])
@pytest.mark.parametrize("timing", ["sequential", "overlapped"])
def test_the_baseline_passes_and_repeats_exactly(make_backend, run, add, engine, timing):
    on = make_backend(engine=engine, timing=timing)
    first, second = (run(on.baseline(add), on=on, sets=2) for _ in range(2))
    assert first.outcome == second.outcome == "completed"
    assert first.inputs_intact
    assert first.cycles == second.cycles >= on.bound(add).cycles
    assert first.counters == second.counters
    assert first.profile == second.profile
    inputs = on.stored(add, [add.draw(rng) for rng in [np.random.default_rng(7)] for _ in range(2)][-1])
    np.testing.assert_allclose(first.outputs["y"], add.compute(inputs)["y"], rtol=2**-8)


def test_build_errors_have_a_place(backend, add):
    build = backend.build("S_ADDI_INT gp1, gp0, 1\nS_ADDD_INT gp1, gp0\nV_EXP_V gp1, gp77, 0\n", add)
    assert (build.outcome, build.artifact) == ("build_error", None)
    assert [(d.severity, d.line, d.column) for d in build.diagnostics] == [("error", 2, 1), ("error", 3, 14)]
    assert build.diagnostics[0].snippet == "S_ADDD_INT gp1, gp0"
    assert "S_ADD_INT" in build.diagnostics[0].message + build.diagnostics[0].hint
    with pytest.raises(TypeError, match="build_error"):
        backend.execute(build, [], Limits())


def test_a_fault_says_where_what_and_how_far(run):
    failed = run("\n\nS_ADDI_INT gp1, gp0, 65536\n  V_EXP_V gp1, gp0, 0\n")
    assert (failed.outcome, failed.outputs) == ("fault", None)
    fault = failed.fault
    assert (fault.cause, fault.pc, fault.line, fault.operand) == ("vram_out_of_range", 1, 4, "rd")
    assert (fault.address, fault.limit) == (65536, 65536)
    assert fault.message.startswith("vram_out_of_range at line 4: rd 65536 (limit 65536)")
    assert failed.counters["instructions"] == 1
    assert failed.cycles == 1


def test_execution_stops_at_the_first_set_that_fails(backend, add):
    build = backend.build("S_LD_INT gp1, gp0, 1023\nS_LD_INT gp1, gp1, 1024\n", add)
    done = backend.execute(build, [add.draw(np.random.default_rng(0))] * 3, Limits())
    assert [one.outcome for one in done] == ["fault"]


def test_a_kernel_gets_so_many_instructions(run):
    failed = run(FOREVER)
    assert failed.outcome == "limit"
    assert failed.fault.limit == LEAST_BUDGET == failed.counters["instructions"]
    assert failed.fault.line in (3, 4)
    assert failed.fault.message.startswith(f"more than {LEAST_BUDGET} instructions; stopped at line")


def test_a_cycle_budget_is_honoured(run, backend, add):
    source = backend.baseline(add)
    used = int(run(source).cycles)
    assert run(source, cycles=used).outcome == "completed"
    failed = run(source, cycles=used - 1)
    assert (failed.outcome, failed.fault.limit) == ("limit", used - 1)


@pytest.mark.parametrize("engine", ["native", "golden"])
def test_the_clock_is_honoured(make_backend, run, engine):
    failed = run(FOREVER, on=make_backend(engine=engine), wall_s=0.05, cycles=10**9)
    assert failed.outcome == "timeout"
    assert failed.fault.cause == "timeout"
    assert failed.fault.message.startswith("more than 0.05 s; stopped at line")
    assert 0.05 <= failed.seconds < 5
    assert failed.cycles == failed.counters["stall.issue"] > 0


def test_a_kernel_that_loops_too_long_faults(run):
    assert run(FOREVER.replace("3000", "30000"), cycles=10**9).fault.cause == "loop_limit"


def test_what_a_kernel_does_not_write_is_never_right(run):
    one, other = (run("S_ADDI_INT gp1, gp0, 1").outputs["y"] for _ in range(2))
    assert np.isfinite(one).all()
    assert (one != other).mean() > 0.9


def test_nothing_stays_from_the_run_before(run):
    source = "S_LD_INT gp1, gp0, 5\nS_ST_INT gp2, gp0, 5\nV_SUB_VV gp3, gp3, gp3, 0\n"
    marked = "S_ADDI_INT gp2, gp0, 9\nS_ST_INT gp2, gp0, 5\n" + source + "S_ADDI_INT gp5, gp1, 0\nS_LD_INT gp6, gp5, 1020\n"
    assert run(marked).fault.cause == "int_sram_out_of_range"
    assert run(source + "S_LD_INT gp6, gp1, 1020\n").outcome == "completed"


def test_writing_over_inputs_is_noticed(run, backend, add):
    address = 18432
    store = f"S_ADDI_INT gp1, gp0, {address}\nC_SET_ADDR_REG a1, gp0, gp1\nH_STORE_V gp0, gp0, a1, 0, 0\n"
    assert run(backend.baseline(add)).inputs_intact
    changed = run(store)
    assert (changed.outcome, changed.inputs_intact) == ("completed", False)
    scratch = store.replace(str(address), "65536")
    assert run(scratch).inputs_intact


def test_data_directives_are_loaded_before_each_run(run):
    source = ".data fp_sram, 3\n.float 2.5\n.text\nS_LD_FP f1, gp0, 3\nV_SUB_VV gp1, gp1, gp1, 0\nV_ADD_VF gp1, gp1, f1, 0\n"
    assert (run(source, sets=2).outputs["y"] == 2.5).all()


def test_info_tells_timing_and_profile_and_digests_them(make_backend, backend):
    info, other = backend.info, make_backend(timing="overlapped").info
    assert (info.name, info.language, info.extension, info.sandbox) == ("plena", "PLENA assembly", "s", "none")
    assert info.title.endswith("(SPEC, sequential)")
    assert other.title.endswith("(SPEC, overlapped)")
    assert info.digest != other.digest
    assert info.digest == make_backend(timing="sequential", engine="golden").info.digest
    assert {tool.name for tool in info.tools} == {"inspect", "disassemble"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speed": "11"}, "the plena backend has no option 'speed'"),
        ({"timing": "sequental"}, "did you mean 'sequential'"),
        ({"profile": "SPECK"}, "unknown profile 'SPECK'"),
        ({"engine": "nativ"}, "did you mean 'native'"),
        ({"profile": "HEAD"}, "profile=HEAD: the calling convention and the baselines are those of SPEC"),
    ],
)
def test_wrong_options_are_refused(make_backend, options, message):
    with pytest.raises(UsageError) as caught:
        make_backend(**options)
    assert message in f"{caught.value.message} {caught.value.hint}"


class BrokenPort(PlenaPort):
    def __init__(self, source):
        self.source = source

    def baseline(self, workload):
        return self.source


@pytest.mark.parametrize(("source", "message"), [("NOPE", "does not build"), ("S_LD_INT gp1, gp0, 4000", "ends by trap")])
def test_a_broken_baseline_is_not_the_kernels_fault(tmp_path, add, source, message):
    on = create_backend(find("plena"), lambda _: BrokenPort(source), BackendContext(tmp_path, no_sandbox))
    build = on.build("S_ADDI_INT gp1, gp0, 1", add)
    with pytest.raises(InfraError, match=message):
        on.execute(build, [add.draw(np.random.default_rng(0))], Limits())


@pytest.mark.parametrize("timing", ["sequential", "overlapped"])
@pytest.mark.parametrize("id", TASKS)
def test_no_baseline_is_faster_than_light(make_backend, id, timing):
    on = make_backend(timing=timing)
    for configuration in TASKS[id].configurations:
        workload = TASKS[id].workload(configuration)
        build = on.build(on.baseline(workload), workload)
        assert isinstance(build.artifact, Kernel)
        (done,) = on.execute(build, [workload.draw(np.random.default_rng(1))], Limits())
        assert done.outcome == "completed"
        bound = on.bound(workload)
        assert 1 <= bound.cycles <= done.cycles, bound.formula
        assert not bound.estimate


def test_faster_than_light_is_an_alarm(tmp_path, add):
    class Dear(PlenaPort):
        """Claims that a billion elements must be fetched."""

        def moved(self, workload):
            return {"load": 10**9}

    on = create_backend(find("plena"), lambda _: Dear(), BackendContext(tmp_path, no_sandbox))
    graded = Judge(on, "secret").grade(on.baseline(add), add)
    assert graded.verdict == "passed"
    assert graded.alarms == (f"faster than the bound: {graded.cycles:.0f} cycles against {graded.bound.cycles:.0f}",)
    honest = create_backend(find("plena"), port, BackendContext(tmp_path, no_sandbox))
    assert Judge(honest, "secret").grade(on.baseline(add), add).alarms == ()


def test_noise_is_legal_in_every_storage_type(backend):
    rng = np.random.default_rng(3)
    for memory in backend.architecture.memories.values():
        made = noise(memory, min(memory.size, 64), rng)
        assert made.dtype == memory.dtype.numpy
        if memory.dtype.is_float:
            assert np.isfinite(made.astype(np.float64)).all()
