"""Each cheat on a simulated target works where our defence is absent, and does not where it is present."""

import pytest
from naive import GRADERS

from harness.errors import KernelwrightError
from harness.grading.evaluate import Judge
from harness.grading.redteam import CHECKOUT, Cheat, attempt, read_corpus
from harness.grading.seeds import new_secret
from harness.run.plan import Options
from harness.run.selection import select
from harness.run.session import Session

SIMULATED = ("tiny", "plena", "coral")
CHEATS = [cheat for cheat in read_corpus(CHECKOUT) if cheat.backend in SIMULATED]


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(Options(models=(), backends=SIMULATED))


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: f"{cheat.backend}-{cheat.name}")
def test_it_fools_a_naive_grader_and_not_the_judge(session: Session, cheat: Cheat) -> None:
    try:
        backend = session.backend(cheat.backend)
    except KernelwrightError as error:
        pytest.skip(str(error))
    workload = next(w for w in select(cheat.workloads, session.suites) if backend.support(w).supported)
    assert GRADERS[cheat.fools](backend, cheat.text(backend, workload), workload), f"{cheat.fools} is not fooled"
    found = attempt(backend, Judge(backend, new_secret()), cheat, workload)
    assert found.expected, found.summary
    assert found.layer is not None


@pytest.mark.parametrize("backend", SIMULATED)
@pytest.mark.parametrize("grader", ["stale", "loose", "typical", "nan", "replay", "sample", "outputs_only", "ended"])
def test_naive_graders_accept_what_is_right(session: Session, backend: str, grader: str) -> None:
    workload = session.workload("P04/C1")
    target = session.backend(backend)
    assert GRADERS[grader](target, target.baseline(workload), workload)


def test_every_naive_grader_is_fooled_by_something() -> None:
    assert {cheat.fools for cheat in CHEATS} == set(GRADERS)
