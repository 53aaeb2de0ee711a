"""What is run: the scored run, and the runs under stalls, junk and back-to-back problems, as text for a bench's stdin."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from backends.verilog import interface
from harness.task import Tensors, Workload

OF = 256
"""Stall probabilities are given in 256ths."""


class Kind(StrEnum):
    """The kinds of run, by what the bench does."""

    plain = "plain"
    """No stalls: the scored run."""
    inputs_stall = "inputs_stall"
    """Inputs (or the memory's answers) come late, at random."""
    outputs_stall = "outputs_stall"
    """Outputs (or requests) are accepted late, at random."""
    both_stall = "both_stall"
    """Both, and ``m_ready`` waits for ``m_valid``."""
    junk = "junk"
    """Stalls, with random values instead of X wherever nothing is valid."""
    back_to_back = "back_to_back"
    """Two problems, one right after the other, without reset or stalls."""


TITLES = {
    Kind.plain: "without stalls",
    Kind.inputs_stall: "with random stalls of the inputs",
    Kind.outputs_stall: "with random stalls of the outputs",
    Kind.both_stall: "with random stalls of inputs and outputs, m_ready waiting for m_valid",
    Kind.junk: "with random values on idle inputs",
    Kind.back_to_back: "with two problems back to back",
}
"""How messages name the runs of the stream profile."""
MEMORY_TITLES = {
    **TITLES,
    Kind.inputs_stall: "with answers after 4 to 40 cycles",
    Kind.outputs_stall: "with req_ready low at random",
    Kind.both_stall: "with late answers and req_ready low at random",
    Kind.junk: "with random values on rsp_rdata while rsp_valid is low",
}
"""The same for the memory profile."""
ROBUSTNESS = tuple(kind for kind in Kind if kind is not Kind.plain)
"""The runs that must give the same outputs as the scored one."""
_STALLS = {
    Kind.plain: (0, 0),
    Kind.inputs_stall: (128, 0),
    Kind.outputs_stall: (0, 144),
    Kind.both_stall: (80, 80),
    Kind.junk: (64, 64),
    Kind.back_to_back: (0, 0),
}
"""Probability, in 256ths, that an input (an answer) and that an output (a request) has to wait in a cycle."""
LATENCIES = (4, 40)
"""Least and most latency of a memory that answers late."""
SLOWER = 8
"""How many times the cycles of the scored run a run with stalls may take: the latency above over the scored one, and margin."""


@dataclass(frozen=True)
class Budget:
    """When a run is given up."""

    cycles: int
    """Most cycles of a problem."""
    idle: int
    """Most cycles without a transfer."""


@dataclass(frozen=True)
class Run:
    """One simulation, from reset to the last output."""

    kind: Kind
    sets: tuple[int, ...]
    """Which input sets it works on, in order."""
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    """What the last line of its results must repeat."""
    seed: int = field(default_factory=lambda: secrets.randbelow(2**31 - 1) + 1)
    """Of stalls and junk; never 0, which the bench's generator would not leave."""

    def stimulus(self, workload: Workload, batch: Sequence[Tensors], budget: Budget) -> bytes:
        """What the bench reads from stdin."""
        chosen, junk = [batch[index] for index in self.sets], np.random.default_rng(self.seed)
        if self.kind is not Kind.plain:
            budget = Budget(SLOWER * len(chosen) * budget.cycles, SLOWER * budget.idle)
        words = _stream if interface.profile(workload) == "stream" else _memory
        return "\n".join([*words(self, workload, chosen, junk, budget), ""]).encode()


def _stream(
    run: Run, workload: Workload, problems: Sequence[Tensors], junk: np.random.Generator, budget: Budget
) -> list[str]:  # fmt: skip
    incoming, outgoing = interface.input_groups(workload), interface.output_groups(workload)
    total_in, total_out = (len(problems) * interface.beats(groups) for groups in (incoming, outgoing))
    stalls = *_STALLS[run.kind], int(run.kind is Kind.both_stall), int(run.kind is Kind.junk)
    header = (run.nonce, run.seed, *stalls, total_in, total_out, budget.cycles, budget.idle)
    lines = [" ".join(map(str, header))]
    width = interface.contract(workload).parameters["SW"]
    for problem in problems:
        beats = interface.pack(workload, problem, junk)
        beats[-1] |= 1 << width
        lines += [f"{beat:x}" for beat in beats]
    return lines


def _memory(
    run: Run, workload: Workload, problems: Sequence[Tensors], junk: np.random.Generator, budget: Budget
) -> list[str]:  # fmt: skip
    late, refused = _STALLS[run.kind]
    latency = LATENCIES if late else (interface.LATENCY, interface.LATENCY)
    header = (run.nonce, run.seed, *latency, refused, int(run.kind is Kind.junk), len(problems), budget.cycles, budget.idle)
    lines = [" ".join(map(str, header))]
    for problem in problems:
        lines += [f"{word:x}" for word in interface.image(workload, problem, junk)]
    return lines
