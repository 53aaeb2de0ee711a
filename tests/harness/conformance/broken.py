"""Toy backends, each broken in one way. ``BROKEN`` says which check must notice, and by which words."""

import itertools
import threading
from dataclasses import replace

import numpy as np

from harness.backend import Build, Diagnostic, Fault, Manual, ManualSection, Specimen, Support
from harness.task import Formats, bf16, i32
from harness.testing import INSPECT, MANUAL, ToyBackend

CLOCK = itertools.count()
STOP = threading.Event()
"""Set when a test is over: what ignores its limits ends then."""


class GoodToy(ToyBackend):
    """The toy target with all that the kit can use."""

    changes = {}
    """Fields of `info` that a broken one has otherwise."""

    @property
    def info(self):
        return replace(super().info, **self.changes)

    def vocabulary(self):
        return ["max", "min", "spin"]

    def specimens(self, workload):
        first = next(iter(workload.inputs))
        return (
            Specimen(name="idle", source="spin 1\n", ends=("wrong",)),
            Specimen(name="changes an input", source=f"{first} = 0\n", ends=("wrong",)),
            Specimen(name="endless", source="spin forever\n", ends=("timeout",)),
            Specimen(name="reads beyond", source=f"t = {first}[1000]\n", ends=("fault",), cause="bounds"),
            Specimen(name="too long", source="spin 1000000\n", ends=("limit",)),
            Specimen(name="no such name", source="y = nothing\n", ends=("build_error",)),
        )


class OtherName(GoodToy):
    changes = {"name": "toi"}


class Measured(GoodToy):
    changes = {"deterministic": False}


class UnstableDigest(GoodToy):
    @property
    def info(self):
        return replace(super().info, digest=f"toy {next(CLOCK)}")


class NoReason(GoodToy):
    def support(self, workload):
        return Support(supported=workload.configuration == "C1")


class Careless(GoodToy):
    changes = {"formats": Formats(slack=1e6)}


class IntegerStorage(GoodToy):
    changes = {"formats": Formats(storage=i32)}


class CoarseStorage(GoodToy):
    """It does not say that inputs are rounded as well, and a relu is exact."""

    changes = {"formats": Formats(storage=bf16)}


class Drifting(GoodToy):
    def stored(self, _workload, inputs):
        return {name: array * np.float32(0.999) for name, array in inputs.items()}


class EmptyPage(GoodToy):
    changes = {"manual": Manual(sections=(*MANUAL.sections, ManualSection(name="timing", title="Later", text=" ")))}


class BadExample(GoodToy):
    page = ManualSection(name="example", title="Example", text="So:\n\n```toy T02\ny = maximum(x, 0)\n```\n")
    changes = {"manual": Manual(sections=(*MANUAL.sections, page))}


class UndocumentedInstruction(GoodToy):
    def vocabulary(self):
        return [*super().vocabulary(), "fma"]


class SilentBrief(GoodToy):
    def brief(self, workload):
        return super().brief(workload).model_copy(update={"signature": "f", "text": "Good luck."})


class UndocumentedTool(GoodToy):
    changes = {"tools": (INSPECT.model_copy(update={"description": ""}),)}


class CrashingTool(GoodToy):
    def call_tool(self, name, arguments, workload, seed):
        return {"inspect": "fine"}[name]


class CrashesOnText(GoodToy):
    def build(self, source, workload):
        source.encode("ascii")
        return super().build(source, workload)


class SilentError(GoodToy):
    def build(self, source, workload):
        return replace(super().build(source, workload), diagnostics=())


class DrawsInBuild(GoodToy):
    def build(self, source, workload):
        workload.draw(np.random.default_rng(0))
        return super().build(source, workload)


class AnswersWithTheReference(GoodToy):
    def execute(self, build, batch, limits):
        _, workload = build.artifact
        done = super().execute(build, batch, limits)
        right = [workload.compute(inputs, np.float32) for inputs in batch]
        return [replace(one, outputs=outputs) for one, outputs in zip(done, right, strict=False)]


class LeaksInputs(GoodToy):
    seen = 0.0

    def execute(self, build, batch, limits):
        self.seen = float(next(iter(batch[0].values())).ravel()[0])
        return super().execute(build, batch, limits)

    def build(self, source, workload):
        build = super().build(source, workload)
        said = tuple(d.model_copy(update={"hint": f"the last input began with {self.seen}"}) for d in build.diagnostics)
        return replace(build, diagnostics=said)


class WritesToInputs(GoodToy):
    def execute(self, build, batch, limits):
        done = super().execute(build, batch, limits)
        for inputs in batch:
            for array in inputs.values():
                if array.flags.writeable:
                    array.ravel()[0] += 1
        return done


class DriftingCycles(GoodToy):
    def execute(self, build, batch, limits):
        return [replace(one, cycles=(one.cycles or 0) + next(CLOCK)) for one in super().execute(build, batch, limits)]


class CarriesState(GoodToy):
    first = True

    def execute(self, build, batch, limits):
        done = super().execute(build, batch, limits)
        shift, self.first = 0.0 if self.first else 1e-7, False
        return [replace(e, outputs={n: (a + shift).astype(a.dtype) for n, a in (e.outputs or {}).items()}) for e in done]


class BadProfile(GoodToy):
    def execute(self, build, batch, limits):
        done = super().execute(build, batch, limits)
        return [replace(e, profile=e.profile and e.profile.model_copy(update={"total": 1.0})) for e in done]


class WrongBaseline(GoodToy):
    def __init__(self):
        super().__init__(baselines={"vec_add": "y = a + b\n", "relu": "y = max(x, 0.01)\n"})


class BoundTooHigh(GoodToy):
    def bound(self, workload):
        return super().bound(workload).model_copy(update={"cycles": 1e6})


class Stale(GoodToy):
    """Never clears its outputs: what a kernel does not write is there from the kernel before."""

    left = None

    def execute(self, build, batch, limits):
        program, workload = build.artifact
        done = super().execute(build, batch, limits)
        if done[-1].outcome == "completed":
            if not any(statement.target in workload.outputs for statement in program) and self.left:
                return [replace(one, outputs=self.left) for one in done]
            self.left = done[-1].outputs
        return done


class UnnamedTrap(GoodToy):
    def execute(self, build, batch, limits):
        done = super().execute(build, batch, limits)
        mystery = Fault(cause="gremlin", message="something happened")
        return [replace(one, fault=mystery) if one.outcome == "fault" else one for one in done]

    def specimens(self, workload):
        return [one.model_copy(update={"cause": ""}) for one in super().specimens(workload)]


class IgnoresLimits(GoodToy):
    def execute(self, build, batch, limits):
        done = super().execute(build, batch, limits)
        if done[-1].outcome == "timeout":
            STOP.wait(30)
        return done


class Crashes(GoodToy):
    def execute(self, build, batch, limits):
        raise ZeroDivisionError("cycles")


class DoesNotBuild(GoodToy):
    def build(self, source, workload):
        return Build(outcome="build_error", diagnostics=(Diagnostic(severity="error", message="no luck today"),))


class CutsBatches(GoodToy):
    def execute(self, build, batch, limits):
        return super().execute(build, batch, limits)[:1]


BROKEN = [
    (OtherName, "info", "info.name is 'toi', and it is registered as 'toy'"),
    (Measured, "info", "there is no race()"),
    (UnstableDigest, "digest", "in another instance it is toy"),
    (NoReason, "support", "T01/C3: not supported, and no reason given"),
    (Careless, "formats", "formats.slack is 1e+06; sane values are 1 to 16"),
    (IntegerStorage, "formats", "formats.storage is i32"),
    (CoarseStorage, "formats", "T02/C1: a right kernel (first term first, rounded as declared) would be refused"),
    (Drifting, "stored", "T02/C1: x changes when it is stored a second time"),
    (EmptyPage, "manual", "page 'timing' exists 2 times"),
    (EmptyPage, "manual", "page 'timing' has no text"),
    (BadExample, "manual", "page 'example', program 'y = maximum(x, 0)': "),
    (UndocumentedInstruction, "words", "the manual does not mention 'fma'"),
    (SilentBrief, "briefs", "T01/C1: it does not name a, b, y"),
    (UndocumentedTool, "tools", "tool 'inspect' has no description"),
    (CrashingTool, "tools", "no_such_tool: KeyError: 'no_such_tool', which would end the trial"),
    (CrashesOnText, "texts", "other scripts: build() raised UnicodeEncodeError"),
    (SilentError, "texts", "prose: build_error without a diagnostic that says why"),
    (DrawsInBuild, "leaks", "T02/C1: build() draws inputs"),
    (AnswersWithTheReference, "leaks", "T02/C1: execute() computes expected outputs"),
    (LeaksInputs, "leaks", "T02/C1: build() says something else about the same text after an execution"),
    (WritesToInputs, "inputs", "T02/C1: execute() wrote to x"),
    (DriftingCycles, "repeat", "T02/C1, run again: "),
    (CarriesState, "repeat", "T02/C1, run again: output y differs"),
    (BadProfile, "profiles", "T02/C1: the profile counts 1 cycles, the execution "),
    (WrongBaseline, "baseline", "T02/C1: wrong: "),
    (BoundTooHigh, "bound", "and the bound says at least 1000000"),
    (Stale, "nulls", "T02/C1: after the baseline, 'idle' has the baseline's outputs"),
    (UnnamedTrap, "faults", "cause 'gremlin' is in neither the manual nor the brief"),
    (IgnoresLimits, "limits", "endless: still running 0.2 s after the start; its limit was 0.1 s"),
    (Crashes, "inputs", "ZeroDivisionError: cycles (broken.py:"),
    (DoesNotBuild, "repeat", "the baseline of T02/C1 does not build: "),
    (CutsBatches, "repeat", "a baseline ran on 1 of 2 input sets"),
]
