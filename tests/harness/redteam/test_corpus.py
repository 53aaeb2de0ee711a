"""The corpus is read as it is written, and the layer that stopped a kernel is named."""

import pytest

from harness.backend import Fault
from harness.errors import UsageError
from harness.grading.redteam import CHECKOUT, corpus_folder, layer_of, read_corpus
from harness.trial import Evaluation, Mismatch, Verdict

KERNEL = """\
/* cheat: zeros
   expect: wrong|fault
   workload: P01/C1 P04/*
   machine: x86_64
   why: fits
       inside. */

void f;
"""


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "zeros.c").write_text(KERNEL)
    return tmp_path


def test_a_header_is_read(corpus):
    [cheat] = read_corpus(corpus)
    assert (cheat.backend, cheat.name, cheat.machine, cheat.is_template) == ("toy", "zeros", "x86_64", False)
    assert cheat.expect == (Verdict.wrong, Verdict.fault)
    assert cheat.workloads == ("P01/C1", "P04/*")
    assert cheat.why == "fits inside."
    assert cheat.source == KERNEL


def test_a_list_of_cases_is_read(tmp_path):
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "a.v").write_text("module a;\n")
    (folder / "cases.toml").write_text('[a]\nlayer = "gate"\nwhy = "it reads a file"\n')
    (folder / "corpus.toml").write_text('workloads = ["P01/C1"]\n')
    [cheat] = read_corpus(tmp_path)
    assert (cheat.name, cheat.workloads, cheat.why, cheat.expect) == ("a", ("P01/C1",), "it reads a file", ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cheat: zeros", "cheat: ones", "cheat is 'ones', the file is zeros.c"),
        ("wrong|fault", "wrong|passed", "no cheat may be expected to pass"),
        ("wrong|fault", "bad", "'bad' is not a valid Verdict"),
        ("why: fits\n       inside.", "why: ", "why"),
        ("   workload: P01/C1 P04/*\n", "", "workload"),
    ],
)
def test_a_header_that_says_too_little_is_refused(corpus, old, new, message):
    (corpus / "toy" / "zeros.c").write_text(KERNEL.replace(old, new))
    with pytest.raises(UsageError) as caught:
        read_corpus(corpus)
    assert message in str(caught.value)
    assert "zeros.c" in str(caught.value)


def test_files_and_cases_must_match(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "cases.toml").write_text('[a]\nwhy = "x"\nworkloads = ["P01/C1"]\n')
    with pytest.raises(UsageError, match="every file has an entry and every entry a file"):
        read_corpus(tmp_path)


def test_there_is_no_empty_corpus(tmp_path):
    with pytest.raises(UsageError, match="is empty"):
        read_corpus(tmp_path)
    with pytest.raises(UsageError, match="there is no exploit corpus"):
        corpus_folder(tmp_path / "nowhere")


def test_the_shipped_corpus_is_whole():
    cheats = read_corpus(CHECKOUT)
    assert {cheat.backend for cheat in cheats} >= {"cpu", "tiny", "plena"}
    assert len({(cheat.backend, cheat.name) for cheat in cheats}) == len(cheats)
    assert all(len(cheat.why.split()) >= 3 for cheat in cheats)


def evaluation(verdict: Verdict, summary: str = "", **fields: object) -> Evaluation:
    return Evaluation(workload="P01/C1", backend="toy", stage="final", kernel="0", verdict=verdict, summary=summary, **fields)


MISMATCH = Mismatch(output="y", inputs="hidden inputs 1", wrong=1, total=1, pattern="")


@pytest.mark.parametrize(
    ("found", "layer"),
    [
        (evaluation(Verdict.passed), None),
        (evaluation(Verdict.rejected), "gate"),
        (evaluation(Verdict.build_error), "build"),
        (evaluation(Verdict.timeout), "limits"),
        (evaluation(Verdict.limit), "limits"),
        (evaluation(Verdict.fault, fault=Fault(cause="bounds", message="x")), "target"),
        (evaluation(Verdict.wrong, "1 of 1 elements", mismatches=(MISMATCH,)), "judge"),
        (evaluation(Verdict.wrong, "the kernel changed its inputs (on hidden inputs 1); they are read-only"), "inputs"),
        (evaluation(Verdict.wrong, "at the held-out sizes N=3: 1 of 1", mismatches=(MISMATCH,)), "held-out"),
        (evaluation(Verdict.wrong, "1 of 1 elements of y are wrong (while timed)"), "timing"),
    ],
)
def test_the_layer_that_stopped_it(found, layer):
    assert layer_of(found) == layer
