"""Putting a kernel through all runs: on its source and on its netlist, each with the simulator that is faster for it.

The netlist is what is scored: it makes every run. The source makes the scored runs too, and two of the others; both must hand
over the same beats in the same cycles. Each starts on Icarus, which knows undefined values. If the first run was so short that
all the others would take less time than compiling with Verilator, Icarus also does those; else Verilator does. A first run that
is too long for Icarus is cut off, and what it wrote until then is checked all the same.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from backends.verilog import interface
from backends.verilog.classes import Failure
from backends.verilog.simulate.bench import Bench, render
from backends.verilog.simulate.driver import Program, Ran, Refusal, Simulator, run_all
from backends.verilog.simulate.findings import Observation, RunFailedError, observe
from backends.verilog.simulate.icarus import Icarus
from backends.verilog.simulate.runs import MEMORY_TITLES, ROBUSTNESS, TITLES, Budget, Kind, Run
from backends.verilog.simulate.trace import parse
from backends.verilog.simulate.verilator import HINT, Verilator
from harness.backend import Limits
from harness.errors import InfraError
from harness.sandbox import Sandbox
from harness.task import Tensors, Workload

FIRST_S = 3
"""CPU seconds that the first run may take on Icarus where Verilator could do it instead."""
ALONE = 6
"""How many times the CPU seconds of a run are allowed where there is only Icarus."""
SOURCE_KINDS = (Kind.outputs_stall, Kind.junk)
"""What the source makes besides the scored runs: junk finds comparisons with X, which a netlist no longer has."""
_WEIGHTS = {Kind.inputs_stall: 2.5, Kind.outputs_stall: 2.5, Kind.both_stall: 3.5, Kind.junk: 1.7, Kind.back_to_back: 2.0}
"""How many times as long as the scored run the others take, about."""
_CPU_SIGNALS = {128 + 9, 128 + 24}
_FILE_SIGNAL = 128 + 25
_ABORTED = 128 + 6


@dataclass(frozen=True)
class Design:
    """A text made ready for simulation."""

    label: str
    """``source`` or ``netlist``."""
    text: str
    bench: Bench
    program: Program
    """For Icarus."""


@dataclass(frozen=True)
class Result:
    """What all runs on one input set showed."""

    observation: Observation | None = None
    """Of the scored run; None if something failed."""
    error: RunFailedError | None = None
    """What failed."""


class Conductor:
    """Compiles and runs designs."""

    def __init__(self, sandbox: Callable[[], Sandbox], cache: Path) -> None:
        self.sandbox = sandbox
        self.icarus = Icarus(sandbox)
        self._verilator = Verilator(sandbox, cache)

    @cached_property
    def verilator(self) -> Verilator | None:
        """The fast simulator, where it is installed; else says once that it is missing."""
        if self._verilator.available:
            return self._verilator
        sys.stderr.write(f"verilog: no Verilator here, so long simulations run on Icarus and take minutes ({HINT})\n")
        return None

    def prepare(self, workload: Workload, label: str, text: str, parameters: Sequence[str]) -> Design | Refusal:
        """Compiles a text for Icarus; ``parameters`` are those that the bench sets."""
        bench = render(workload, parameters)
        program = self.icarus.compile(bench, text)
        return program if isinstance(program, Refusal) else Design(label, text, bench, program)

    def execute(
        self, workload: Workload, netlist: Design, source: Design, batch: Sequence[Tensors], budget: Budget, limits: Limits
    ) -> list[Result]:
        """One result per input set, ending with the first that failed."""
        # The same runs for both, so that what a kernel leaves unwritten is the same junk in both and no disagreement of the two.
        scored = [Run(Kind.plain, (index,)) for index in range(len(batch))]
        lanes = [Lane(self, design, workload, batch, scored, budget, limits) for design in (netlist, source)]
        with ThreadPoolExecutor(len(lanes)) as pool:
            list(pool.map(Lane.begin, lanes))
            if not any(lane.failed for lane in lanes):
                list(pool.map(Lane.finish, lanes, [_robustness(len(batch), kinds) for kinds in (ROBUSTNESS, SOURCE_KINDS)]))
        return _results(workload, lanes[0], lanes[1], len(batch))

    def verilated(self, design: Design, seconds: float) -> Program | None:
        """The design compiled by Verilator, if that pays for runs that would take Icarus these CPU seconds."""
        if self.verilator is None or seconds < self.verilator.cost(design.bench, design.text):
            return None
        program = self.verilator.compile(design.bench, design.text)
        return None if isinstance(program, Refusal) else program


class Lane:
    """All runs of one design."""

    def __init__(
        self, conductor: Conductor, design: Design, workload: Workload, batch: Sequence[Tensors], scored: Sequence[Run],
        budget: Budget, limits: Limits,
    ) -> None:  # fmt: skip
        self.design = design
        self.found: dict[Run, Observation | RunFailedError] = {}
        """What each run showed, in order; a run that was cut off without a finding is missing."""
        self._conductor, self._workload, self._batch, self._budget = conductor, workload, batch, budget
        self._scored = scored
        self._cpu_s = math.ceil(limits.wall_s)
        self._memory_bytes = limits.memory_bytes
        self._first_s = 0.0

    @property
    def failed(self) -> bool:
        """Whether any run failed."""
        return any(isinstance(found, RunFailedError) for found in self.found.values())

    def plain(self, index: int) -> Observation | RunFailedError | None:
        """What the scored run on an input set showed."""
        return self.found.get(self._scored[index])

    def begin(self) -> None:
        """The scored run on the first input set, on Icarus."""
        run, alone = self._scored[0], self._conductor.verilator is None
        limit = self._cpu_s * ALONE if alone else min(FIRST_S, self._cpu_s)
        (ran,) = self._run(self._conductor.icarus, self.design.program, [run], limit)
        self._first_s = ran.cpu_s
        if ran.status in _CPU_SIGNALS and not alone:
            self._first_s = math.inf
            self._take(run, ran, complete=False)
        else:
            self._take(run, ran, complete=True)

    def finish(self, others: Sequence[Run]) -> None:
        """The scored runs that are still missing, and these others."""
        runs = [*(run for run in self._scored if run not in self.found), *others]
        expected = self._first_s * sum(_WEIGHTS.get(run.kind, 1.0) for run in runs)
        program, simulator = self._conductor.verilated(self.design, expected), self._conductor.verilator
        if program is not None and simulator is not None:
            ran = self._run(simulator, program, runs, self._cpu_s)
        else:
            ran = self._run(self._conductor.icarus, self.design.program, runs, self._cpu_s * ALONE)
        for run, one in zip(runs, ran, strict=False):
            self._take(run, one, complete=True)
        if len(ran) < len(runs) and not self.failed:
            raise InfraError(f"a box ended after {len(ran)} of {len(runs)} simulations of the {self.design.label}, for no reason")

    def _run(self, simulator: Simulator, program: Program, runs: Sequence[Run], cpu_s: int) -> list[Ran]:
        stimuli = [(run.seed, run.stimulus(self._workload, self._batch, self._budget)) for run in runs]
        return run_all(self._conductor.sandbox(), simulator, program, stimuli, cpu_s, self._memory_bytes)

    def _take(self, run: Run, ran: Ran, *, complete: bool) -> None:
        try:
            if complete:
                _check_ended(ran)
            found = observe(self._workload, run, parse(ran.result, run.nonce, complete=complete))
        except RunFailedError as error:
            self.found[run] = error
        except ValueError as error:
            self.found[run] = RunFailedError(Failure.sim_crash, f"the simulation left unusable results: {error}")
        else:
            if found is not None:
                self.found[run] = found


def _check_ended(ran: Ran) -> None:
    """RunFailedError if the simulator did not end by itself."""
    if ran.timed_out:
        raise RunFailedError(Failure.wall_timeout, "the simulation was stopped: it takes too long")
    if ran.status in _CPU_SIGNALS:
        raise RunFailedError(Failure.cpu_timeout, f"the simulation was stopped after {ran.cpu_s:.0f} s of CPU time")
    if ran.status == _FILE_SIGNAL:
        raise RunFailedError(Failure.output_limit, "the simulation wrote more than it may")
    if ran.status == _ABORTED:
        raise RunFailedError(Failure.memory, "the simulator gave up: the design takes more memory than it may")
    if ran.status:
        raise RunFailedError(Failure.sim_crash, f"the simulator ended with status {ran.status}")


def _robustness(sets: int, kinds: Sequence[Kind]) -> list[Run]:
    """The runs that are not scored, on input sets in turn."""
    return [
        Run(kind, (index % sets, (index + 1) % sets) if kind is Kind.back_to_back else (index % sets,))
        for index, kind in enumerate(kinds)
    ]


# From lanes to results


def _results(workload: Workload, netlist: Lane, source: Lane, sets: int) -> list[Result]:
    results: list[Result] = []
    for index in range(sets):
        error = _plain_error(workload, netlist.plain(index), source.plain(index))
        if error is None and index == sets - 1:
            # Last, so that a kernel that is simply wrong is shown its wrong elements.
            error = _robustness_error(workload, netlist) or _robustness_error(workload, source)
        observation = netlist.plain(index)
        if error is None and not isinstance(observation, Observation):
            error = RunFailedError(Failure.cpu_timeout, "the simulation did not get as far as this input set")
        if error is not None or not isinstance(observation, Observation):
            return [*results, Result(error=error)]
        results.append(Result(observation))
    return results


def _plain_error(
    workload: Workload, netlist: Observation | RunFailedError | None, source: Observation | RunFailedError | None
) -> RunFailedError | None:
    """What is wrong with a scored run, on either text or between the two."""
    if isinstance(netlist, RunFailedError):
        same = isinstance(source, RunFailedError) and source.message == netlist.message
        return netlist if same else _in("in the synthesized netlist", netlist)
    if isinstance(source, RunFailedError):
        return _in("in the source", source)
    if netlist is not None and source is not None and netlist.moments != source.moments:
        return _disagreement(workload, netlist, source)
    return None


def _in(place: str, error: RunFailedError) -> RunFailedError:
    return RunFailedError(error.failure, f"{place}: {error.message}", error.cycle)


def _disagreement(workload: Workload, netlist: Observation, source: Observation) -> RunFailedError:
    index, ours, theirs = next(
        (index, *pair) for index, pair in enumerate(zip(netlist.moments, source.moments, strict=True)) if pair[0] != pair[1]
    )
    what = "output beat" if interface.profile(workload) == "stream" else "problem"
    if ours[0] != theirs[0]:
        message = f"{what} {index} comes in cycle {theirs[0]} from the source, but in cycle {ours[0]} from its netlist"
    elif what == "problem":
        message = "the source leaves other outputs in memory than its netlist"
    else:
        message = f"{what} {index} (cycle {ours[0]}) is {theirs[1]} from the source, but {ours[1]} from its netlist"
    return RunFailedError(Failure.synth_mismatch, message, ours[0])


def _robustness_error(workload: Workload, lane: Lane) -> RunFailedError | None:
    """The first failed run under stalls, or the first whose outputs are not those of the scored run."""
    titles = TITLES if interface.profile(workload) == "stream" else MEMORY_TITLES
    for run, found in lane.found.items():
        if isinstance(found, RunFailedError):
            return found if lane.design.label == "netlist" else _in("in the source", found)
        for index, outputs in zip(run.sets, found.outputs, strict=True):
            scored = lane.plain(index)
            if isinstance(scored, Observation) and (difference := _difference(outputs, scored.outputs[0])):
                return RunFailedError(Failure.mismatch, f"{difference} {titles[run.kind]}, unlike in the run without")
    return None


def _difference(outputs: Tensors, scored: Tensors) -> str:
    for name, array in outputs.items():
        wrong = np.argwhere(array != scored[name])
        if len(wrong):
            at = ", ".join(map(str, wrong[0]))
            got, expected = array[tuple(wrong[0])], scored[name][tuple(wrong[0])]
            return f"{len(wrong)} of {array.size} elements of {name} differ, first {name}[{at}] = {got} instead of {expected},"
    return ""
