from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.run import session
from harness.run.plan import Options
from harness.run.selection import find_workload, load_suites, select, selectors
from harness.task import Suite, f32, i32
from harness.testing import relu, vec_add

SUITES = {
    "toy": Suite("toy", "", (replace(vec_add, dtypes=(f32, i32)), relu)),
    "small": Suite("small", "", (relu,)),
}  # fmt: skip


HELD = replace(vec_add, id="T05", dtypes=(f32, i32), held_out={"C1": {"N": 12}, "C3": {"N": 21}})


@pytest.mark.parametrize(
    ("selectors", "ids"),
    [
        (["toy"], ["T01/C1", "T01/C3", "T02/C1", "T02/C3"]),
        (["small"], ["T02/C1", "T02/C3"]),
        (["T02"], ["T02/C1", "T02/C3"]),
        (["relu/C1"], ["T02/C1"]),
        (["T01.i32"], ["T01.i32/C1", "T01.i32/C3"]),
        (["T01.*/C3"], ["T01/C3", "T01.i32/C3"]),
        (["T*"], ["T01/C1", "T01/C3", "T02/C1", "T02/C3"]),
        (["*/C[12]"], ["T01/C1", "T02/C1"]),
        (["T02/C3", "small", "T01/C1"], ["T01/C1", "T02/C1", "T02/C3"]),
    ],
)
def test_selectors(selectors, ids):
    assert [workload.id for workload in select(selectors, SUITES)] == ids


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("T03", "unknown task or suite 'T03'\n  hint: did you mean 'T02' or 'T01'?"),
        ("vecadd", "unknown task or suite 'vecadd'\n  hint: did you mean 'vec_add'?"),
        ("T01/C9", "unknown configuration 'C9' in selector 'T01/C9'\n  hint: did you mean 'C3' or 'C1'?"),
        ("T02.i32", "unknown element type 'i32' in selector 'T02.i32'\n  hint: did you mean 'f32'?"),
        ("", "unknown task or suite ''"),
    ],
)
def test_what_matches_nothing_gets_the_nearest_names(selector, message):
    with pytest.raises(UsageError) as error:
        select([selector], SUITES)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("selectors", "ids"),
    [
        (["held+held-out"], ["T05/C1+held-out", "T05/C3+held-out"]),
        (["T05/C3+held-out", "T05/C1"], ["T05/C1", "T05/C3+held-out"]),
        (["T05.i32/*+held-out"], ["T05.i32/C1+held-out", "T05.i32/C3+held-out"]),
    ],
)
def test_held_out_sizes_are_selected_by_a_suffix(selectors, ids):
    suites = {"held": Suite("held", "", (HELD,)), **SUITES}
    found = select(selectors, suites)
    assert [workload.id for workload in found] == ids
    assert [find_workload(id, suites) for id in ids] == found


def test_held_out_sizes_that_do_not_exist_are_not_left_out_in_silence():
    suites = {"both": Suite("both", "", (HELD, relu))}
    with pytest.raises(UsageError) as error:
        select(["both+held-out"], suites)
    assert str(error.value) == (
        "2 of 4 workloads of 'both' have no held-out sizes: T02/C1, T02/C3\n"
        "  hint: run it without --held-out, or choose other tasks with --tasks"
    )


def test_the_option_names_what_would_be_selected_without_it():
    assert selectors("rtl", [], held_out=False) == ()
    assert selectors("rtl", [], held_out=True) == ("rtl+held-out",)
    assert selectors("", [], held_out=True) == ("core+held-out",)
    assert selectors("rtl", ["P01", "P02+held-out"], held_out=True) == ("P01+held-out", "P02+held-out")


def test_a_suite_gives_its_tasks_their_element_types():
    suites = SUITES | {"whole": Suite("whole", "", SUITES["toy"].tasks, {"T01": "i32"})}
    assert [w.id for w in select(["whole"], suites)] == ["T01.i32/C1", "T01.i32/C3", "T02/C1", "T02/C3"]
    assert [w.id for w in select(["T01/C1"], suites)] == ["T01/C1"], "several suites: the task's first type"
    only = {"whole": suites["whole"]}
    assert [w.id for w in select(["T01/C1"], only)] == ["T01.i32/C1"], "one suite: its type"
    assert [w.id for w in select(["T01.f32/C1"], only)] == ["T01/C1"]


@pytest.mark.parametrize(
    ("chosen", "suite", "ids"),
    [
        ({}, "core", ["T02/C1", "T02/C3"]),
        ({"suite": "whole"}, "whole", ["T01.i32/C1", "T01.i32/C3", "T02/C1", "T02/C3"]),
        ({"suite": "whole", "tasks": ("T01/C1",)}, "", ["T01.i32/C1"]),
        ({"tasks": ("whole",)}, "whole", ["T02/C1", "T02/C3", "T01.i32/C1", "T01.i32/C3"]),
        ({"tasks": ("T01/C1",)}, "", ["T01/C1"]),
    ],
)
def test_a_run_covers_the_core_suite_unless_it_names_another(monkeypatch, chosen, suite, ids):
    whole = Suite("whole", "", SUITES["toy"].tasks, {"T01": "i32"})
    suites = {"core": Suite("core", "", (relu,)), "whole": whole}
    monkeypatch.setattr(session, "load_suites", lambda names: {name: suites[name] for name in names or suites})
    run = session.Session(Options(models=(), **chosen))
    assert run.suite == suite
    assert [workload.id for workload in run.workloads] == ids


def test_without_the_core_suite_several_are_a_question(monkeypatch):
    monkeypatch.setattr(session, "load_suites", lambda names: SUITES)
    with pytest.raises(UsageError, match="which tasks\\? there are several suites: toy, small"):
        _ = session.Session(Options(models=())).workloads


def test_find_workload_takes_ids_only():
    assert find_workload("T01.i32/C3", SUITES).dtype == i32
    with pytest.raises(UsageError, match=r"unknown workload 'T01'\n  hint: did you mean 'T01/C3' or 'T01/C1'\?"):
        find_workload("T01", SUITES)
    with pytest.raises(UsageError, match="unknown workload 'T02/C2'"):
        find_workload("T02/C2", SUITES)


def test_one_id_for_two_tasks_is_refused():
    suites = {"a": Suite("a", "", (vec_add,)), "b": Suite("b", "", (replace(vec_add, reference=test_selectors),))}
    with pytest.raises(UsageError, match="task id 'T01' means two different tasks"):
        select(["T01"], suites)


def test_suites_come_from_entry_points():
    assert load_suites(["toy"])["toy"].name == "toy"
    with pytest.raises(UsageError, match="unknown task suite 'tooy'"):
        load_suites(["tooy"])
