from __future__ import annotations

import gc
import pickle
import shutil
from pathlib import Path

import pytest

from harness.errors import InfraError, UsageError
from harness.sandbox import Probe, choose


class Tier:
    """A tier that has been probed with a given result."""

    def __init__(self, name: str, works: bool) -> None:
        self.name, self.works, self.probed = name, works, 0

    def probe(self) -> Probe:
        self.probed += 1
        return Probe(tier=self.name, works=self.works, detail="as told" if self.works else f"{self.name} lacks its package")


@pytest.fixture
def tiers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Tier]:
    made = {name: Tier(name, works=False) for name in ("bubblewrap", "confined", "docker")}
    for name, tier in made.items():
        monkeypatch.setitem(choose.TIERS, name, lambda cache, tier=tier: tier)
    return made


def test_the_strongest_that_works_is_chosen(tiers: dict[str, Tier], tmp_path: Path) -> None:
    tiers["bubblewrap"].works = tiers["confined"].works = True
    chosen = choose.choose(None, tmp_path)
    assert chosen.chosen.name == "bubblewrap"
    assert (tiers["confined"].probed, tiers["docker"].probed) == (0, 0)
    tiers["bubblewrap"].works = False
    chosen = choose.choose(None, tmp_path)
    assert chosen.chosen.name == "confined"
    assert [(probe.tier, probe.works) for probe in chosen.probes] == [("bubblewrap", False), ("confined", True)]


def test_docker_only_if_asked_for(tiers: dict[str, Tier], tmp_path: Path) -> None:
    tiers["docker"].works = True
    with pytest.raises(InfraError):
        choose.choose(None, tmp_path)
    assert choose.choose("docker", tmp_path).chosen.name == "docker"


def test_what_was_asked_for_is_not_replaced(tiers: dict[str, Tier], tmp_path: Path) -> None:
    tiers["bubblewrap"].works = True
    with pytest.raises(InfraError, match="no sandbox works here:\n  docker: docker lacks its package"):
        choose.choose("docker", tmp_path)


def test_refusal_says_what_each_tier_lacks(tiers: dict[str, Tier], tmp_path: Path) -> None:
    with pytest.raises(InfraError) as caught:
        choose.choose(None, tmp_path)
    assert caught.value.message == (
        "no sandbox works here:\n  bubblewrap: bubblewrap lacks its package\n  confined: confined lacks its package"
    )
    assert "--unsafe-no-sandbox" in caught.value.hint


def test_unsafe_is_the_last_resort(tiers: dict[str, Tier], tmp_path: Path) -> None:
    chosen = choose.choose(None, tmp_path, unsafe=True)
    assert chosen.chosen.name == "unconfined"
    assert [(probe.tier, probe.works) for probe in chosen.probes] == [
        ("bubblewrap", False),
        ("confined", False),
        ("unconfined", False),
    ]
    tiers["confined"].works = True
    assert choose.choose(None, tmp_path, unsafe=True).chosen.name == "confined"
    assert choose.choose("unconfined", tmp_path, unsafe=True).chosen.name == "unconfined"


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown sandbox 'bubblewarp'\n  hint: did you mean 'bubblewrap'\?"):
        choose.choose("bubblewarp", tmp_path)
    with pytest.raises(UsageError, match="say --unsafe-no-sandbox"):
        choose.choose("unconfined", tmp_path)


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    from harness.sandbox import bubblewrap

    which = shutil.which
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: None if name == "bwrap" else which(name))
    shown = bubblewrap.create(cache).probe()
    assert not shown.works
    assert "no program 'bwrap'" in shown.detail
    assert "apt-get install bubblewrap" in shown.detail


def test_a_broken_wall_is_the_machine_s_failure(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    from harness.sandbox import bubblewrap

    monkeypatch.setattr(bubblewrap, "_NOBODY", "not-a-number")
    with pytest.raises(InfraError, match=r"the bubblewrap sandbox cannot start: bwrap: Invalid uid: not-a-number"):
        bubblewrap.create(cache).run(["true"])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaks its socket when nobody answers
def test_no_engine_is_the_machine_s_failure(monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    shown = choose.TIERS["docker"](cache).probe()
    assert not shown.works
    assert "start dockerd" in shown.detail
    gc.collect()


@pytest.mark.parametrize("name", sorted(choose.TIERS))
def test_tiers_can_be_sent_to_workers(name: str, cache: Path) -> None:
    tier = choose.TIERS[name](cache)
    assert pickle.loads(pickle.dumps(tier)).name == tier.name == name
