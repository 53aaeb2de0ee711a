"""`isa check`: what it tries on sound instruction sets, and that it finds what is planted in unsound ones."""

import json
import re
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from backends.isa.bind import load
from backends.isa.check import agreement, baselines, check, lints, manual, words
from backends.isa.check.agreement import Campaign
from backends.isa.check.cases import cases
from backends.isa.check.result import Result, guarded
from backends.isa.definition import Access, Immediate
from backends.isa.engine import Image, Program
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native.build import find_compiler
from backends.isa.registry import find, open_architecture
from harness.backend import Diagnostic
from harness.errors import InfraError, UsageError

SCRATCH = Path(__file__).parent / "scratch_isa"
ISA = '''
from backends.isa import Imm, In, Isa, Out, f32, u32

isa = Isa("planted", title="Planted")
x = isa.registers("x", u32, 4, doc="Numbers.")
mem = isa.memory("mem", f32, 64, pointer=x, doc="Words.")
I = isa.format("I", opcode=(0, 6), rd=(6, 2), rs1=(8, 2), imm=(16, 8))


@isa.op("SET", I(opcode=1), unit="alu", example="SET x1, 3")
def set_(rd: Out(x), imm: Imm()):
    """Sets a register."""
    return imm


@isa.op("DOUBLE", I(opcode=2), unit="alu", example="SET x2, 1\\nDOUBLE x1, x2")
def double(rd: Out(mem, 4), rs1: In(mem, 4)):
    """Doubles four words."""
    for i in range(4):
        rd[i] = rs1[i] + rs1[i]
'''
MACHINE = """
[units.alu]
kind = "compute"
doc = "All of it."
[timing.only]
issue = "in-order"
[timing.only.costs]
set_ = 1
double = { interval = 1, latency = 2 }
[peaks.add]
unit = "alu"
amount = 4
cost = "double"
"""
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="no C compiler")


@pytest.fixture
def planted(tmp_path):
    """An instruction set with these replacements in its files."""
    numbers = count()

    def make(isa=(), machine=()):
        folder = tmp_path / f"isa{next(numbers)}"
        folder.mkdir()
        for name, text, pairs in (("isa.py", ISA, isa), ("machine.toml", MACHINE, machine)):
            for old, new in pairs:
                assert text.count(old) == 1
                text = text.replace(old, new)
            (folder / name).write_text(text)
        return find(str(folder))

    return make


def run(isa, cache, **options):
    return list(check(isa, cache, seconds=0.2, **options))


@needs_compiler
def test_a_sound_one_passes_and_every_check_says_what_it_tried(planted, tmp_path):
    results = run(planted(), tmp_path)
    assert {r.check: r.status for r in results} == {
        "definition": "ok", "encoding": "ok", "manual": "ok", "agreement": "ok", "timing": "ok", "baselines": "skipped",
    }  # fmt: skip
    by_name = {r.check: r for r in results}
    assert by_name["definition"].seen.startswith("2 instructions, 2 memories and register files, 0 causes of traps, 1 units")
    assert by_name["encoding"].seen.startswith("1 pairs of encodings differ in a fixed bit; 128 words of 2 instructions")
    assert "pages for 2 of 2 instructions; 3 programs run" in by_name["manual"].seen
    assert "of 2 instructions, " in by_name["agreement"].seen
    assert "each completed" in by_name["agreement"].seen
    assert by_name["baselines"].seen == "no backend is registered as 'planted'"
    assert all(not r.problems for r in results)


PLANTED = {
    "no doc of a memory": ([(', doc="Words."', "")], [], "definition", "mem: no doc"),
    "no doc of a unit": ([], [('doc = "All of it."\n', "")], "definition", "unit alu has no doc"),
    "a trap that nobody raises": (
        [("\n\n@isa.op(\"SET\"", "\nODD = isa.trap('odd', 'even')\n\n@isa.op(\"SET\"")], [], "definition",
        "trap odd: no instruction",
    ),
    "a unit that nobody uses": ([], [("[timing.only]", '[units.fpu]\nkind = "compute"\ndoc = "F."\n[timing.only]')], "definition",
                                "no instruction uses unit fpu"),
    "a cost that nobody has": ([], [("set_ = 1", "set_ = 1\nidle = 2")], "definition", "no instruction costs 'idle'"),
    "a unit busy for longer than it takes": ([], [("interval = 1, latency = 2", "interval = 3, latency = 2")], "definition",
                                            "double keeps its unit for 3, longer than 2"),
    "a peak of another unit": ([], [('[timing.only]', '[units.fpu]\nkind = "compute"\ndoc = "F."\n[timing.only]'),
                                    ('unit = "alu"\namount', 'unit = "fpu"\namount')], "definition",
                               "peaks.add: no instruction of unit fpu costs 'double'"),
    "an example that does not assemble": ([('"SET x1, 3"', '"SET x9, 3"')], [], "manual", "section SET"),
    "an example that traps": ([("SET x2, 1", "SET x2, 200")], [], "manual", "it ends by trap, mem_out_of_range at line 2"),
    "encodings that overlap": ([("opcode=2", "opcode=1")], [], "definition", "the encoding overlaps that of set_"),
    "a body outside of the language": ([("rs1[i] + rs1[i]", "rs1[i] + open(i)")], [], "definition", "double"),
}  # fmt: skip


@needs_compiler
@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(planted, tmp_path, name):
    isa, machine, where, message = PLANTED[name]
    wrong = [found for found in run(planted(isa, machine), tmp_path) if found.status == "wrong"]
    assert where in [found.check for found in wrong]
    assert any(message in problem for found in wrong for problem in found.problems), wrong


def manual_problems(isa, cache, **chapters):
    for name, text in chapters.items():
        (isa.definition.folder / "manual").mkdir(exist_ok=True)
        (isa.definition.folder / "manual" / f"10-{name}.md.j2").write_text(text)
    return manual.check(load(isa), cache).problems


def test_a_wrong_program_is_said_with_its_line_and_the_line_of_its_chapter(planted, tmp_path):
    """However the chapter writes it: with keys, with expressions, or as a block of its own."""
    chapter = "# A\n\n{% set far = 9 %}\n{% filter asm %}\n    set_ x1, 3\n    set_ x{{ far }}, {{ far }}\n{% endfilter %}\n"
    own = "# B\n\n```asm\n    SET x1, 3\n    SET x2, 300\n```\n"
    endless = "# C\n\n{% filter asm %}\n    set_ x1, 200\n    double x1, x1\n{% endfilter %}\n"
    in_a, in_b, in_c = manual_problems(planted(), tmp_path, a=chapter, b=own, c=endless)
    assert re.fullmatch(r"section a \(.*/manual/10-a.md.j2:6\): register 'x9' does not exist.*: 'SET x9, 9'", in_a)
    assert re.fullmatch(r"section b \(.*/manual/10-b.md.j2:5\): .*300.*: 'SET x2, 300'", in_b)
    assert re.fullmatch(r"section c \(.*/manual/10-c.md.j2:5\): it ends by trap, mem_out_of_range at .*: 'DOUBLE x1, x1'", in_c)


def test_a_wrong_example_is_said_of_its_instruction_alone(planted, tmp_path):
    (problem,) = manual_problems(planted([('"SET x1, 3"', '"SET x9, 3"')]), tmp_path)
    assert re.match(r"section SET \(isa.py:\d+: set_\): register 'x9' does not exist", problem)


def test_a_plain_form_that_traps_needs_an_example(planted, tmp_path):
    odd = [
        ("I = isa.format(", "odd = isa.trap('odd', 'even')\nI = isa.format("),
        ("return imm", "require(imm > 5, odd)\n    return imm"),
        (', example="SET x1, 3"', ""),
        ("SET x2, 1", "SET x2, 8"),
    ]
    (problem,) = manual_problems(planted(odd), tmp_path)
    assert re.match(r"section SET \(isa.py:\d+: set_\): it ends by trap, odd at line 1", problem)
    assert 'its plain form traps: give it @isa.op(..., example="...")' in problem


def test_a_check_that_ends_by_an_exception_is_a_line_and_the_others_go_on(planted, tmp_path, monkeypatch):
    def broken(*_arguments):
        raise TypeError("u32 does not mix with tuple")

    monkeypatch.setattr(words, "_round_trip", broken)
    isa = planted()
    by_name = {found.check: found for found in run(isa, tmp_path)}
    assert by_name["encoding"].status == "failed"
    assert re.match(
        r"TypeError: u32 does not mix with tuple; while trying SET, at .*/test_check.py:\d+", by_name["encoding"].seen
    )
    assert (by_name["manual"].status, by_name["baselines"].status) == ("ok", "skipped")


def test_the_line_of_the_definition_is_where_its_code_failed(planted):
    definition = planted().definition
    double = next(op for op in definition.ops if op.key == "double")
    (found,) = guarded("agreement", "m", definition.folder, double.function, {}, 3)
    assert (found.check, found.machine, found.status) == ("agreement", "m", "failed")
    assert re.fullmatch(r"TypeError: 'int' object is not subscriptable, at .*/isa.py:20", found.seen)


def test_what_fails_in_several_lines_stays_in_order():
    def check():
        raise InfraError("cc cannot compile\n  it: error\n    ^", "install it")

    assert list(guarded("agreement", "m", Path("/nowhere"), check)) == [
        Result("agreement", "m", "failed", "cc cannot compile", ("  it: error", "    ^; install it"))
    ]


@needs_compiler
def test_generated_c_that_does_not_compile_is_no_missing_compiler(planted, tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise InfraError("cc cannot compile the native engine")

    monkeypatch.setattr(agreement, "open_engine", refuse)
    found = next(found for found in run(planted(), tmp_path) if found.check == "agreement")
    assert (found.status, found.seen) == ("failed", "cc cannot compile the native engine")


def test_an_engine_that_differs_is_found():
    architecture = open_architecture(str(SCRATCH))

    class Forgetful(GoldenEngine):
        """Loses the highest bit of the third register."""

        def run(self, program: Program, **options):
            done = super().run(program, **options)
            kept = self.read("x", 3, 1)
            self.write("x", 3, kept & np.uint32(0x7FFFFFFF))
            return done

    class Fast(GoldenEngine):
        """Counts a cycle less than it should."""

        def run(self, program: Program, **options):
            done = super().run(program, **options)
            return done._replace(cycles=max(done.cycles - 1, 0))

    for engine, message in ((Forgetful, "x[3]: 0x"), (Fast, "cycles: ")):
        campaign = Campaign(architecture, engine(architecture), np.random.default_rng(0))
        campaign.spend(0.5)
        assert message in " ".join(campaign.problems)
    honest = Campaign(architecture, GoldenEngine(architecture), np.random.default_rng(0))
    honest.spend(0.5)
    assert honest.problems == []


@needs_compiler
@pytest.mark.parametrize("timing", ["sequential", "overlapped"])
def test_every_edge_of_every_operand_is_tried(tmp_path, timing):
    architecture = open_architecture(str(SCRATCH), None, timing)
    agreed, timed = agreement.check(architecture, tmp_path, 0.2, seed=5, every_edge=True)
    assert (agreed.status, timed.status) == ("ok", "ok"), agreed.problems
    tried, all_edges = agreed.seen.split(" edges")[0].split(" of ")
    assert tried == all_edges
    assert "each completed" in agreed.seen


@pytest.mark.parametrize("name", ["plena", "tiny"])
def test_edges_are_of_every_kind_of_every_operand(name):
    architecture = open_architecture(name)
    rng = np.random.default_rng(0)
    for instruction in architecture.instructions:
        made = list(cases(architecture, instruction, rng))
        assert all(int(case.words[0]) & instruction.mask == instruction.match for case in made)
        for operand in (o for o in instruction.operands if o.field is not None):
            tried = [case.what for case in made if case.operand == operand.name]
            if isinstance(operand.kind, Immediate):
                assert {"field 0", f"field {(1 << operand.field.width) - 1}"} <= set(tried)
            elif isinstance(operand.kind, Access) and not operand.kind.target.is_registers:
                memory = architecture.memories[operand.kind.target.name]
                assert any(what.endswith(f"holds {memory.size:#x}") for what in tried)
                assert any(what.endswith("holds 0x0") for what in tried)


def test_one_profile_alone_is_not_blamed_for_what_another_has():
    isa, machines = find("plena"), [open_architecture("plena", "SPEC")]
    assert lints.check(isa.definition, machines, whole=False).problems == ()
    assert any("no profile checked has it" in problem for problem in lints.check(isa.definition, machines).problems)


def test_no_compiler_is_said_and_not_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("backends.isa.native.build.find_compiler", lambda: None)
    (found,) = agreement.check(open_architecture("tiny"), tmp_path, 1, 0)
    assert (found.status, found.check) == ("skipped", "agreement")
    assert found.seen.startswith("no C compiler for the native engine")


def test_wrong_machines_are_usage_errors(tmp_path):
    with pytest.raises(UsageError, match="unknown timing 'quick'"):
        run(find("tiny"), tmp_path, timing="quick")


def test_baselines_are_judged_by_the_command():
    found = baselines.judged("tiny", "default", [], "P01/C1")
    assert found.status == "ok", found.problems
    assert found.seen.startswith("1 of 1 judged right on hidden inputs")
    refused = baselines.judged("plena", "HEAD", ["profile=HEAD"], "P01/C1")
    assert refused.status == "wrong"
    assert "profile=HEAD" in refused.problems[0]
    assert not refused.problems[0].startswith("{")


def test_baselines_of_other_profiles_are_said_to_be_skipped(monkeypatch):
    monkeypatch.setattr(baselines, "judged", lambda name, machine, *_: Result("baselines", machine, "ok", name))
    machines = [open_architecture("plena", profile) for profile in ("SPEC", "HEAD")]
    judged, skipped = baselines.check("plena", "SPEC", machines, quick=True)
    assert judged.status == "ok"
    assert (skipped.machine, skipped.status) == ("HEAD", "skipped")
    assert skipped.seen == "1 of the profiles not judged: baselines are kernels of the default profile, SPEC"


def test_a_baseline_that_does_not_build_is_said_as_the_assembler_says_it(tmp_path):
    diagnostic = Diagnostic(
        severity="error", message="unknown mnemonic 'HALTT'", line=21, column=5, snippet="HALTT", hint="HALT?"
    )
    final = {"verdict": "build_error", "summary": "unknown mnemonic", "diagnostics": [diagnostic.model_dump()]}
    trials = {
        "a": {"spec": {"workload": "P01/C1"}, "status": "graded", "final": final},
        "b": {"spec": {"workload": "P04/C1"}, "status": "infra", "detail": "the disk is full", "final": None},
    }
    for name, trial in trials.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "trial.json").write_text(json.dumps(trial))
    assert list(baselines._problems({"passed": 0, "planned": 2, "metrics": {"alarms": 0}}, tmp_path)) == [
        "P01/C1: its baseline, line 21, column 5: error: unknown mnemonic 'HALTT' (HALT?): 'HALTT'",
        "P04/C1: infra: the disk is full",
    ]


@pytest.mark.parametrize("name", ["plena", "tiny"])
def test_what_costs_little_holds_for_the_registered_ones(name, tmp_path):
    isa = find(name)
    machine = load(isa).machine
    machines = [load(isa, p, t) for p in machine.profiles for t in machine.timings]
    assert lints.check(isa.definition, machines).problems == ()
    for architecture in machines:
        assert words.check(architecture, 3).problems == ()
        assert manual.check(architecture, tmp_path).problems == ()


def test_a_cause_that_only_the_handler_raises_is_raised():
    machine = load(find(str(Path(__file__).parent / "bytes_isa")))
    assert not [problem for problem in lints.check(machine.definition, [machine]).problems if "trap none" in problem]


def test_a_word_that_is_no_instruction_may_be_handled():
    machine = load(find("coral"))
    engine = GoldenEngine(machine)
    campaign = Campaign(machine, engine, np.random.default_rng(1))
    campaign._run("handled", np.array([0xFFFFFFFF], np.uint64), [Image("mtvec", 0, np.array([4], np.uint32))])
    assert campaign.problems == []
    assert not campaign._completed
