"""The judge: one verdict for every way in which a kernel can be bad, and exceptions only for what is not the kernel's fault."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from harness.backend import Bound, Build, Execution, Profile, Race
from harness.errors import InfraError
from harness.grading import seeds
from harness.grading.evaluate import Judge
from harness.testing import ToyBackend, relu, vec_add
from harness.trial import Evaluation, Verdict

SECRET = "5" * 64
ADD = vec_add.workload("C1")
ALL = "16 of 16 elements"


def judge(backend=None, **options) -> Judge:
    return Judge(backend or ToyBackend(), SECRET, **options)


@dataclass
class Altered(ToyBackend):
    """The toy target with executions that lie in one way."""

    change: dict = field(default_factory=dict)
    seen: list = field(default_factory=list)

    def execute(self, build, batch, limits):
        self.seen += [dict(inputs) for inputs in batch]
        return [replace(execution, **self.change) for execution in super().execute(build, batch, limits)]


def test_a_right_kernel_passes_with_speed_bound_and_counts():
    evaluation = judge().grade("y = a + b", ADD)
    assert evaluation.verdict is Verdict.passed
    assert evaluation.stage == "final"
    assert evaluation.input_sets == seeds.GRADING_SETS + 1
    assert evaluation.speedup == evaluation.baseline_cycles / evaluation.cycles > 1
    assert evaluation.speedup_low == evaluation.speedup == evaluation.speedup_high
    assert evaluation.bound_share == evaluation.bound.cycles / evaluation.cycles
    assert evaluation.summary == f"right on 4 input sets; {evaluation.speedup:.3f}x the baseline's speed"


def test_the_baseline_is_exactly_as_fast_as_itself():
    assert judge().grade(ToyBackend().baseline(ADD), ADD).speedup == 1.0


@pytest.mark.parametrize(
    ("source", "verdict", "summary"),
    [
        ("y = a + a", Verdict.wrong, f"{ALL} of y are wrong (all) on hidden inputs 1"),
        ("t = a + b", Verdict.wrong, f"{ALL} of y are wrong (all; not a number (or never written)) on hidden inputs 1"),
        ("y = a + c", Verdict.build_error, "unknown name 'c' (line 1)"),
        ("y = a[99] + b", Verdict.fault, "index 99 is outside of a (0 to 15) (on hidden inputs 1)"),
        ("spin forever", Verdict.timeout, "timeout (on hidden inputs 1)"),
        ("spin 200000\ny = a + b", Verdict.limit, "more than 100000 cycles (on hidden inputs 1)"),
        ("", Verdict.build_error, "the kernel is empty"),
        ("  \n", Verdict.build_error, "the kernel is empty"),
        ("y = a + b\x00", Verdict.build_error, "the kernel is not plain text: control character '\\x00' in line 1"),
        ("y = a\n + \x1b[2J", Verdict.build_error, "the kernel is not plain text: control character '\\x1b' in line 2"),
        ("y = \udcff", Verdict.build_error, "the kernel is not valid Unicode text: surrogates not allowed at character 4"),
        ("#" * 5000, Verdict.limit, "the kernel has 5000 bytes; the limit is 4096"),
    ],
)  # fmt: skip
def test_each_bad_kernel_has_its_verdict(source, verdict, summary):
    evaluation = judge().grade(source, ADD)
    assert (evaluation.verdict, evaluation.summary) == (verdict, summary)
    assert evaluation.cycles is evaluation.speedup is evaluation.bound is None


def test_a_mistake_on_one_element_of_one_set_is_enough():
    backend = Altered()
    honest = backend.execute

    def drop_last(build, batch, limits):
        executions = honest(build, batch, limits)
        outputs = {"y": executions[-1].outputs["y"].copy()}
        outputs["y"][-1] += 1e-3
        return [*executions[:-1], replace(executions[-1], outputs=outputs)]

    backend.execute = drop_last
    evaluation = judge(backend).grade("y = a + b", ADD)
    assert evaluation.summary == "1 of 16 elements of y are wrong (element 15) on hidden edge cases"


def test_check_only_builds():
    evaluation = judge().check("y = a", ADD)
    assert (evaluation.verdict, evaluation.summary, evaluation.input_sets) == (None, "it builds", 0)
    assert judge().check("y = c", ADD).verdict is Verdict.build_error


def test_public_and_hidden_inputs_never_coincide():
    backend = Altered()
    judge(backend).run("y = a + b", ADD)
    public = {inputs["a"].tobytes() for inputs in backend.seen}
    backend.seen.clear()
    judge(backend).grade("y = a + b", ADD)
    hidden = {inputs["a"].tobytes() for inputs in backend.seen}
    assert len(public) == 2
    assert len(hidden) == seeds.GRADING_SETS + 1
    assert not public & hidden


def test_every_kind_of_seed_differs_and_follows_the_secret():
    kinds = ("public", "public-adversarial", "grading", "adversarial", "timing", "tool-timing")
    drawn = [seeds.seed(secret, w, kind, i) for secret in ("a", "b") for w in ("x", "y") for kind in kinds for i in range(4)]
    assert len(set(drawn)) == len(drawn)
    assert seeds.seed("a", "x", "public", 0) == seeds.seed("a", "x", "public", 0)


def test_inputs_are_drawn_after_the_build():
    order = []
    task = replace(vec_add, generate=lambda rng, w: order.append("draw") or vec_add.generate(rng, w))

    class Watched(ToyBackend):
        def build(self, source, workload):
            order.append("build")
            return super().build(source, workload)

    judge(Watched()).grade("y = a + b", task.workload("C1"))
    assert order[:2] == ["build", "draw"]


def test_changed_inputs_fail_even_when_the_outputs_are_right():
    evaluation = judge(Altered(change={"inputs_intact": False})).grade("y = a + b", ADD)
    assert evaluation.verdict is Verdict.wrong
    assert evaluation.summary == "the kernel changed its inputs (on hidden inputs 1); they are read-only"


def test_missing_outputs_fail():
    evaluation = judge(Altered(change={"outputs": {}})).grade("y = a + b", ADD)
    assert evaluation.mismatches[0].pattern == "missing"


def test_a_backend_that_skips_input_sets_is_an_infrastructure_failure_not_a_pass():
    class Skips(ToyBackend):
        def execute(self, build, batch, limits):
            return super().execute(build, batch[:1], limits)

    with pytest.raises(InfraError, match="returned 1 executions for 4 input sets"):
        judge(Skips()).grade("y = a + b", ADD)


@pytest.mark.parametrize("baseline", ["y = a[99]", "y = c"])
def test_a_broken_baseline_is_an_infrastructure_failure(baseline):
    with pytest.raises(InfraError, match="the baseline of T01/C1 on toy"):
        judge(ToyBackend(baselines={"vec_add": baseline})).grade("y = a + b", ADD)


def test_a_backend_that_counts_no_cycles_is_refused():
    with pytest.raises(InfraError, match="must count cycles"):
        judge(Altered(change={"cycles": None})).grade("y = a + b", ADD)


def test_faster_than_light_raises_an_alarm():
    class Slow(ToyBackend):
        def bound(self, workload):
            return Bound(cycles=1e6, limited_by="store", formula="1e6")

    evaluation = judge(Slow()).grade("y = a + b", ADD)
    assert evaluation.alarms == (f"faster than the bound: {evaluation.cycles:.0f} cycles against 1000000",)
    assert judge().grade("y = a + b", ADD).alarms == ()


def test_profile_only_on_request():
    assert judge().run("y = a + b", ADD, profile=True).profile.lines[0].line == 1


class Remembering:
    def __init__(self):
        self.stored: dict[str, Evaluation] = {}

    def get(self, key):
        return self.stored.get(key)

    def put(self, key, evaluation):
        self.stored[key] = evaluation


def test_an_evaluation_is_paid_once():
    backend, cache = ToyBackend(), Remembering()
    first = judge(backend, cache=cache).grade("y = a + b", ADD)
    builds = backend.builds
    assert judge(backend, cache=cache).grade("y = a + b", ADD) == first
    assert backend.builds == builds


def test_what_decides_a_score_is_in_the_key():
    cache = Remembering()
    judge(cache=cache).grade("y = a + b", ADD)
    judge(cache=cache).run("y = a + b", ADD)
    judge(cache=cache).grade("y = b + a", ADD)
    judge(cache=cache).grade("y = a + b", vec_add.workload("C3"))
    Judge(ToyBackend(), "6" * 64, cache).grade("y = a + b", ADD)
    judge(ToyBackend(baselines={"vec_add": "y = a + b"}), cache=cache).grade("y = a + b", ADD)
    assert len(cache.stored) == 6


# Optional abilities of a backend


class Generic(ToyBackend):
    """Claims that one text serves all sizes."""

    @property
    def info(self):
        return replace(super().info, generic_sizes=True)


def test_generic_kernels_are_also_graded_at_held_out_sizes():
    task = replace(vec_add, held_out={"C1": {"N": 3}})
    evaluation = judge(Generic()).grade("y = a + b", task.workload("C1"))
    assert (evaluation.verdict, evaluation.input_sets) == (Verdict.passed, 8)
    fixed = judge(Generic()).grade("t = a[15]\ny = a + b", task.workload("C1"))
    assert fixed.verdict is Verdict.fault
    assert fixed.summary.startswith("at the held-out sizes N=3: index 15 is outside of a (0 to 2)")
    assert judge().grade("t = a[15]\ny = a + b", task.workload("C1")).passed


def test_kernels_graded_at_held_out_sizes_are_also_run_at_those_that_were_shown():
    held_out = replace(vec_add, held_out={"C1": {"N": 35}}).workload("C1", held_out=True)
    assert judge(Generic()).grade("y = a + b", held_out).input_sets == 8
    fixed = judge(Generic()).grade("t = a[34]\ny = a + b", held_out)
    assert fixed.summary.startswith("at the shown sizes N=16: index 34 is outside of a (0 to 15)")
    assert judge().grade("t = a[34]\ny = a + b", held_out).passed


def test_the_reference_sees_inputs_as_the_device_stores_them():
    class Coarse(ToyBackend):
        def stored(self, workload, inputs):
            return {name: np.round(array) for name, array in inputs.items()}

        def execute(self, build, batch, limits):
            return super().execute(build, [self.stored(build.artifact[1], inputs) for inputs in batch], limits)

    assert judge(Coarse()).grade("y = a + b", ADD).passed
    Coarse.stored = lambda self, workload, inputs: inputs
    Coarse.execute = lambda self, build, batch, limits: ToyBackend.execute(
        self, build, [{n: np.round(a) for n, a in i.items()} for i in batch], limits
    )
    assert judge(Coarse()).grade("y = a + b", ADD).verdict is Verdict.wrong


@dataclass
class Racing(ToyBackend):
    """Times by a race whose result is given; applies the judge's check to what the kernel computes on timed inputs."""

    result: Race = field(
        default_factory=lambda: Race(outcome="completed", speedup=2, low=1.9, high=2.1, cycles=5, baseline_cycles=10)
    )
    pairs_asked: int = 0

    def race(self, candidate: Build, baseline: Build, workload, seed, check, *, pairs, limits) -> Race:
        self.pairs_asked = pairs
        inputs = workload.draw(np.random.default_rng(seed))
        (execution,) = self.execute(candidate, [inputs], limits)
        assert isinstance(execution, Execution)
        assert check(inputs, execution.outputs) is None
        spoiled = {"y": np.zeros(workload.outputs["y"].shape, np.float32)}
        assert "elements of y are wrong" in check(inputs, spoiled)
        return self.result


def test_a_race_gives_speed_and_interval_where_time_is_measured():
    backend = Racing()
    evaluation = judge(backend).grade("y = a + b", ADD)
    assert (evaluation.speedup, evaluation.speedup_low, evaluation.speedup_high) == (2, 1.9, 2.1)
    assert (evaluation.cycles, evaluation.baseline_cycles) == (5, 10)
    graded = backend.pairs_asked
    judge(backend).run("y = a + b", ADD)
    assert graded >= 25 > backend.pairs_asked > 0


def test_a_wide_interval_raises_an_alarm():
    wide = Race(outcome="completed", speedup=2, low=1, high=3, cycles=50, baseline_cycles=100)
    assert judge(Racing(result=wide)).grade("y = a + b", ADD).alarms == ("wide interval: 1.000 to 3.000",)


@pytest.mark.parametrize("outcome", ["wrong", "fault", "timeout", "limit"])
def test_a_kernel_that_misbehaves_while_timed_fails(outcome):
    evaluation = judge(Racing(result=Race(outcome=outcome, detail="slot 3 was left stale"))).grade("y = a + b", ADD)
    assert (evaluation.verdict, evaluation.summary) == (Verdict(outcome), "slot 3 was left stale (while timed)")
    assert evaluation.speedup is None


def test_rejections_are_a_verdict_of_their_own():
    class Strict(ToyBackend):
        def build(self, source, workload):
            return Build(outcome="rejected")

    assert judge(Strict()).grade("y = a + b", ADD).verdict is Verdict.rejected


def test_exact_tasks_are_exact():
    w = relu.workload("C3")
    assert judge().grade("y = max(x, 0)", w).passed
    assert judge().grade("y = max(x, 0) * 1.0000001", w).verdict is Verdict.wrong


def test_a_profile_on_request_counts_the_baseline_too():
    class Counting(Racing):
        def execute(self, build, batch, limits):
            return [replace(execution, profile=None) for execution in super().execute(build, batch, limits)]

        def profile(self, build, inputs, limits):
            total = float(len(build.artifact[0]))
            return Profile(unit="instructions", total=total, lines=())

    evaluation = judge(Counting()).grade("y = a + b", ADD, profile=True)
    assert evaluation.profile.total == evaluation.counters["instructions"] == 1
    assert evaluation.counters["baseline_instructions"] == 2
    assert judge(Counting()).grade("y = a + b", ADD).profile is None


def test_public_inputs_are_the_same_for_every_call_and_cannot_be_spoiled():
    backend = Altered()
    ours = judge(backend)
    ours.run("y = a + b", ADD)
    first = {name: array.copy() for name, array in backend.seen[0].items()}
    backend.seen.clear()
    ours.run("y = b + a", ADD)
    assert all(np.array_equal(first[name], backend.seen[0][name]) for name in first)
    assert not any(array.flags.writeable for array in backend.seen[0].values())


def test_a_profile_that_cannot_be_made_says_why():
    class Blind(Racing):
        def execute(self, build, batch, limits):
            return [replace(execution, profile=None) for execution in super().execute(build, batch, limits)]

        def profile(self, build, inputs, limits):
            return "valgrind is missing"

    evaluation = judge(Blind()).run("y = a + b", ADD, profile=True)
    assert (evaluation.profile, evaluation.diagnostics[-1].message) == (None, "no profile: valgrind is missing")
    assert evaluation.passed


class Measuring(ToyBackend):
    """Knows the area of a kernel: the length of its program."""

    def __init__(self, area=True):
        super().__init__()
        self.area = area

    def measure(self, build, cycles, baseline, baseline_cycles):
        ours, theirs = len(build.artifact[0]), len(baseline.artifact[0])
        costs = {
            "area": float(ours), "area_delay": ours * cycles,
            "baseline_area": float(theirs), "baseline_area_delay": theirs * baseline_cycles,
        }  # fmt: skip
        return costs if self.area else {}


def test_costs_besides_cycles_are_measured_at_the_final_grading_for_kernel_and_baseline():
    evaluation = judge(Measuring()).grade("y = a + b", ADD)
    assert evaluation.metrics == {
        "area": 1.0, "area_delay": evaluation.cycles, "baseline_area": 2.0, "baseline_area_delay": 2 * evaluation.baseline_cycles,
    }  # fmt: skip
    assert judge(Measuring()).run("y = a + b", ADD).metrics == {}


def test_costs_that_are_turned_off_are_absent_not_zero():
    assert judge(Measuring(area=False)).grade("y = a + b", ADD).metrics == {}
    assert judge().grade("y = a + b", ADD).metrics == {}


def test_a_wrong_kernel_is_not_measured():
    assert judge(Measuring()).grade("y = a - b", ADD).metrics == {}
