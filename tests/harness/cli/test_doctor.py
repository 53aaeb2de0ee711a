import re

import pytest

from harness import plugins
from harness.cli import checkup
from harness.cli.checkup import PROGRAMS, Check, Checkup, Program, text
from harness.sandbox import Probe
from harness.testing import ToyBackend


@pytest.fixture(autouse=True)
def quick_probes(monkeypatch):
    """Attacks take seconds, and have tests of their own."""
    probes = [
        Probe(tier="bubblewrap", works=True, detail="all stopped"),
        Probe(tier="docker", works=False, detail="none\nhint: x"),
    ]
    monkeypatch.setattr(checkup, "probe_all", lambda _cache: probes)


@pytest.fixture
def only_toy(monkeypatch):
    """What is registered, without the backends that need a sandbox."""
    real = plugins.entries
    monkeypatch.setattr(plugins, "entries", lambda kind: {n: e for n, e in real(kind).items() if kind != "backend" or n == "toy"})


def of(result, group):
    return {check["name"]: check for check in result.json[group]}


@pytest.mark.usefixtures("only_toy")
def test_a_backend_proves_itself_with_its_baseline(kernelwright):
    result = kernelwright("doctor", "--json")
    assert (result.code, result.json["can_run"]) == (0, True)
    toy = of(result, "backends")["toy"]
    assert toy["works"]
    assert re.match(r"the baseline of \w+/C1 passes in .* s, sandbox none \(kernelwright-toy 1.0\)$", toy["detail"])
    assert of(result, "models")["openai/MODEL"]["turn_on"].startswith("export OPENAI_API_KEY=")
    assert of(result, "sandboxes")["docker"]["off"] == "the sandbox tier 'docker', which is optional"
    assert of(result, "sandboxes")["docker"]["turn_on"] == "x"
    assert of(result, "suites")["toy"]["detail"].startswith("2 tasks, 4 workloads")


@pytest.mark.usefixtures("only_toy")
@pytest.mark.parametrize(
    ("backend", "reason"),
    [
        (lambda _context: 1 / 0, "backend 'toy' (kernelwright-toy 1.0) cannot be made: ZeroDivisionError: division by zero"),
        (lambda _context: object(), "backend 'toy' (kernelwright-toy 1.0) is object, which has no info, support, "),
        (lambda _context: ToyBackend(baselines={}), "it supports no workload of the suites that are installed"),
        (lambda _context: ToyBackend(baselines={"relu": "y = x"}), "its own baseline of P04/C1 is judged wrong"),
    ],
)
def test_a_broken_backend_is_reported_and_no_run_is_possible(kernelwright, monkeypatch, backend, reason):
    real = plugins.load
    monkeypatch.setattr(plugins, "load", lambda kind, name: backend if kind == "backend" else real(kind, name))
    result = kernelwright("doctor", "--json")
    assert (result.code, result.json["can_run"]) == (1, False)
    assert of(result, "backends")["toy"]["detail"].startswith(reason)
    said = kernelwright("doctor")
    assert said.code == 1
    assert "No run is possible yet." in said.out
    assert "backend 'toy'" in said.out


@pytest.mark.usefixtures("only_toy")
def test_a_suite_that_cannot_be_loaded_is_reported(kernelwright, monkeypatch):
    real = plugins.load

    def load(kind, name):
        return (lambda: 1 / 0) if (kind, name) == ("task suite", "core") else real(kind, name)

    monkeypatch.setattr(plugins, "load", load)
    result = kernelwright("doctor", "--json")
    assert result.code == 0
    assert of(result, "suites")["core"]["detail"] == "ZeroDivisionError: division by zero"


@pytest.mark.usefixtures("only_toy")
def test_the_cache_folder_is_tried(kernelwright, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERNELWRIGHT_CACHE", str(tmp_path / "file" / "cache"))
    cache = of(kernelwright("doctor", "--json"), "machine")["cache"]
    assert not cache["works"]
    assert "KERNELWRIGHT_CACHE" in cache["turn_on"]


@pytest.mark.usefixtures("only_toy")
def test_programs_are_really_run(kernelwright, monkeypatch):
    programs = (
        Program("works", ("sh", "-c", "echo; echo version 7; echo more"), "this", "that"),
        Program("fails", ("sh", "-c", "echo no engine >&2; exit 3"), "this", "that"),
        Program("missing", ("no-such-program",), "this", "that"),
    )
    monkeypatch.setattr(checkup, "PROGRAMS", programs)
    found = of(kernelwright("doctor", "--json"), "programs")
    assert {name: (check["works"], check["detail"]) for name, check in found.items()} == {
        "works": (True, "version 7"), "fails": (False, "exit status 3: no engine"), "missing": (False, "not found"),
    }  # fmt: skip
    assert (found["missing"]["off"], found["missing"]["turn_on"]) == ("this", "that")
    assert found["works"]["off"] == ""


def test_what_is_off_stands_at_the_end():
    off = Check(area="program", name="cc", works=False, detail="not found", off="compiling", turn_on="apt-get install gcc")
    lines = text(Checkup(checks=(off,))).splitlines()
    assert lines[-4:] == ["  compiling", "      apt-get install gcc", "", "No run is possible yet."]
    assert all(program.off and program.turn_on for program in PROGRAMS)
