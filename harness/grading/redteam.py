"""The exploit corpus: kernels that must not pass, and which layer of the defence stopped each.

The corpus is a folder with one folder for each backend. A cheat is a kernel file whose first comment says what it is::

    /* cheat: constant
       expect: wrong
       workload: P15/C2
       fools: loose
       why: every row of a softmax sums to 1, so its mean is near each element. */

or a file that is named in a ``cases.toml`` beside it: ``[name]`` with ``why``, and optionally ``expect``, ``fools`` and
``workloads``, whose defaults stand in ``corpus.toml``. Both may name several workloads and patterns. A cheat with
``template: yes`` is a Jinja template over ``baseline`` (the kernel to beat), ``workload``, and ``signature`` (of the brief), so
that one file serves every workload that it names.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from harness.backend import Backend
from harness.errors import InfraError, UsageError, did_you_mean
from harness.grading.evaluate import Judge
from harness.record import Record
from harness.task import Workload
from harness.trial import Evaluation, Verdict

Layer = Literal["gate", "build", "limits", "target", "inputs", "held-out", "timing", "judge"]
"""What stopped a kernel: integrity rules of the text; the compiler; a limit; a trap of the target or its sandbox; changed inputs;
sizes that were not shown; the check of timed calls; the comparison of outputs on hidden inputs."""
SHIPPED = Path(__file__).parent / "cheats"
CHECKOUT = Path(__file__).parents[2] / "tests" / "cheats"
CASES, DEFAULTS = "cases.toml", "corpus.toml"
FIELDS = ("cheat", "expect", "workload", "machine", "template", "fools", "why")
_FIELD = re.compile(r"^[\s/*;#]*(\w+): +(.*?)(?:\s*\*/)?$")
_TEXT = re.compile(r"^[\s/*;#]*(.*?)(?:\s*\*/)?$")


@dataclass(frozen=True)
class Cheat:
    """A kernel that must not pass."""

    backend: str
    """Backend that it is written for."""
    name: str
    """Its file, without the ending."""
    source: str
    """Kernel text, or a template of it."""
    workloads: tuple[str, ...]
    """Workloads or patterns that it is written for."""
    why: str
    """What it would gain from a naive grader."""
    expect: tuple[Verdict, ...] = ()
    """Verdicts that are right; empty: any but a pass."""
    machine: str = ""
    """Only where this is the processor; anywhere if empty."""
    fools: str = ""
    """The naive grader of the tests that it fools, or ``nobody:`` and why none can be tried with it."""
    is_template: bool = False
    """Whether the source is a template."""

    def text(self, backend: Backend, workload: Workload) -> str:
        """The kernel for one workload."""
        if not self.is_template:
            return self.source
        facts = {"baseline": backend.baseline(workload), "workload": workload, "signature": backend.brief(workload).signature}
        return SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(self.source).render(facts)


class Attempt(Record):
    """One cheat on one workload."""

    backend: str
    """Backend."""
    cheat: str
    """Name of the cheat."""
    workload: str
    """`Workload.id`."""
    verdict: str
    """What the judge said; ``infra`` where the machine failed, which proves nothing."""
    layer: Layer | None
    """What stopped it; None where nothing did."""
    expected: bool
    """Whether the verdict is one that the corpus names."""
    summary: str
    """The judge's words."""
    seconds: float = 0.0
    """Wall time of the evaluation."""

    @property
    def leaks(self) -> bool:
        """Whether it passed."""
        return self.verdict == Verdict.passed


def corpus_folder(path: Path | None = None) -> Path:
    """The folder asked for, the one that ships with this package, or the checkout's. UsageError if there is none."""
    for folder in (path,) if path else (SHIPPED, CHECKOUT):
        if folder.is_dir():
            return folder
    raise UsageError(f"there is no exploit corpus in {str(path or SHIPPED)!r}", "name a folder with --corpus")


def read_corpus(folder: Path) -> list[Cheat]:
    """All cheats by backend and name. UsageError, with the file, for one that cannot be read."""
    cheats = [cheat for one in sorted(folder.iterdir()) if one.is_dir() for cheat in _read_folder(one)]
    if not cheats:
        raise UsageError(f"the exploit corpus {str(folder)!r} is empty", "it has a folder for each backend")
    return cheats


def _read_folder(folder: Path) -> Iterator[Cheat]:
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix != ".toml" and path.name[0] != "."]
    if (folder / CASES).exists():
        yield from _listed(folder, {path.stem: path for path in files})
        return
    for path in files:
        try:
            yield _cheat(folder.name, path, _header(path))
        except (KeyError, ValueError) as error:
            raise UsageError(f"{path}: {error}", f"a cheat's first comment has {', '.join(FIELDS)}") from error


def _listed(folder: Path, files: Mapping[str, Path]) -> Iterator[Cheat]:
    cases = tomllib.loads((folder / CASES).read_text(encoding="utf-8"))
    defaults: dict[str, Any] = {}
    if (folder / DEFAULTS).exists():
        defaults = tomllib.loads((folder / DEFAULTS).read_text(encoding="utf-8"))
    if cases.keys() != files.keys():
        odd = ", ".join(sorted(cases.keys() ^ files.keys()))
        raise UsageError(f"{folder / CASES}: {odd}: every file has an entry and every entry a file")
    for name, fields in cases.items():
        merged = {**defaults, **fields}
        if not merged.get("workloads") or not merged.get("why"):
            raise UsageError(f"{folder / CASES}: {name} has no workloads or no why", f"defaults for all stand in {DEFAULTS}")
        expect = tuple(map(Verdict, merged.get("expect", ())))
        source = files[name].read_text(encoding="utf-8")
        fools = merged.get("fools", "")
        yield Cheat(folder.name, name, source, tuple(merged["workloads"]), merged["why"], expect, fools=fools)


def _header(path: Path) -> dict[str, str]:
    """The fields of the first comment; a line without a name goes on with the field before it."""
    fields: dict[str, str] = {}
    last = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if not text or not (text[0] in "/*;#" or (last and line[:1].isspace())):
            break
        named = _FIELD.match(line)
        if named and named[1] in FIELDS:
            last = named[1]
            fields[last] = named[2]
        elif named and not last:
            raise UsageError(f"{path}: unknown field {named[1]!r}{did_you_mean(named[1], FIELDS)}")
        elif last and (more := _TEXT.match(line)):
            fields[last] = f"{fields[last]} {more[1]}".strip()
        if text.endswith("*/"):
            break
    return fields


def _cheat(backend: str, path: Path, fields: Mapping[str, str]) -> Cheat:
    if fields["cheat"] != path.stem:
        raise ValueError(f"cheat is {fields['cheat']!r}, the file is {path.name}")
    if not fields["why"]:
        raise ValueError("why is empty: what would it gain from a naive grader?")
    expect = tuple(Verdict(word.strip()) for word in fields["expect"].split("|"))
    if Verdict.passed in expect:
        raise ValueError("no cheat may be expected to pass")
    return Cheat(
        backend, path.stem, path.read_text(encoding="utf-8"), tuple(fields["workload"].split()), fields["why"], expect,
        fields.get("machine", ""), fields.get("fools", ""), fields.get("template", "no") == "yes",
    )  # fmt: skip


def attempt(backend: Backend, judge: Judge, cheat: Cheat, workload: Workload) -> Attempt:
    """Grades a cheat as any submitted kernel is graded. A machine that fails is a verdict of its own."""
    try:
        evaluation = judge.grade(cheat.text(backend, workload), workload)
    except InfraError as error:
        return Attempt(
            backend=cheat.backend, cheat=cheat.name, workload=workload.id, verdict="infra", layer=None, expected=False,
            summary=error.message,
        )  # fmt: skip
    verdict = evaluation.verdict
    assert verdict is not None
    return Attempt(
        backend=cheat.backend,
        cheat=cheat.name,
        workload=workload.id,
        verdict=str(verdict),
        layer=layer_of(evaluation),
        expected=verdict is not Verdict.passed and (not cheat.expect or verdict in cheat.expect),
        summary=evaluation.summary,
        seconds=evaluation.seconds,
    )


def layer_of(evaluation: Evaluation) -> Layer | None:
    """What stopped a kernel; None if it passed."""
    by_verdict: Mapping[Verdict | None, Layer] = {
        Verdict.rejected: "gate", Verdict.build_error: "build", Verdict.timeout: "limits", Verdict.limit: "limits",
        Verdict.fault: "target", Verdict.wrong: "judge",
    }  # fmt: skip
    if evaluation.verdict is Verdict.passed:
        return None
    if evaluation.summary.startswith("at the held-out sizes"):
        return "held-out"
    if evaluation.summary.endswith("(while timed)"):
        return "timing"
    if evaluation.verdict is Verdict.wrong and not evaluation.mismatches:
        return "inputs"
    return by_verdict[evaluation.verdict]


LAYERS: tuple[Layer, ...] = get_args(Layer)
"""In the order in which a kernel meets them, roughly."""
