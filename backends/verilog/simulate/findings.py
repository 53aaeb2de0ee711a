"""From the trace of a run to outputs and counts, or to the rule that the kernel broke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backends.verilog import interface
from backends.verilog.classes import Failure
from backends.verilog.simulate.runs import MEMORY_TITLES, TITLES, Kind, Run
from backends.verilog.simulate.trace import Change, Ending, Trace, Violation, known_bits
from harness.task import Tensors, Workload


class RunFailedError(Exception):
    """A run in which the kernel failed."""

    def __init__(self, failure: Failure, message: str, cycle: int | None = None) -> None:
        super().__init__(message)
        self.failure, self.message, self.cycle = failure, message, cycle


@dataclass(frozen=True)
class Observation:
    """What a run showed."""

    outputs: tuple[Tensors, ...]
    """Outputs of each problem, in order."""
    cycles: int
    """Of the last problem of a run of one problem, from its first input to its last output."""
    counters: Mapping[str, float]
    """Counted events by name."""
    moments: tuple[tuple[int, str], ...]
    """Cycle and content of every output beat, or of the memory after each ``done``: what two simulations must agree on."""


def observe(workload: Workload, run: Run, trace: Trace) -> Observation | None:
    """What a run showed; None if it was stopped from outside before its end, and nothing was wrong until then.
    RunFailedError if the kernel broke a rule."""
    stream = interface.profile(workload) == "stream"
    title = (TITLES if stream else MEMORY_TITLES)[run.kind]
    try:
        return (_observe_stream if stream else _observe_memory)(workload, run, trace)
    except RunFailedError as error:
        raise RunFailedError(error.failure, f"{error.message} (run {title})", error.cycle) from None


# The stream profile


def _observe_stream(workload: Workload, run: Run, trace: Trace) -> Observation | None:
    groups = interface.output_groups(workload)
    masks = interface.used_bits(groups)
    due, problems = len(masks), len(run.sets)
    for change in trace.changes:
        _check_change(change, masks[change.beat % due])
    values = []
    for index, beat in enumerate(trace.beats):
        if index >= due * problems:
            message = f"m_valid is high in cycle {beat.cycle}, after the last of {_plural(due * problems, 'output beat')}"
            raise RunFailedError(Failure.protocol, message, beat.cycle)
        value, unknown = known_bits(beat.data)
        if unknown & masks[index % due]:
            where = _element(groups, index % due, unknown & masks[index % due])
            message = f"output beat {index} (cycle {beat.cycle}) is undefined (X or Z) in {where}"
            raise RunFailedError(Failure.x_data, message, beat.cycle)
        _check_last(beat.last, (index + 1) % due == 0, index, beat.cycle)
        values.append(value)
    if trace.violation:
        raise _stream_violation(trace.violation)
    if trace.ending is None:
        return None
    arriving = problems * interface.beats(interface.input_groups(workload))
    _check_stream_end(trace.ending, run, arriving, due * problems)
    if not len(trace.beats) == trace.ending.second == due * problems:
        raise ValueError(f"{len(trace.beats)} output beats in the results, {trace.ending.second} counted, {due * problems} due")
    cycles = trace.beats[-1].cycle
    return Observation(
        outputs=tuple(interface.unpack(workload, values[n * due : (n + 1) * due]) for n in range(problems)),
        cycles=cycles,
        counters={
            "first_output": float(trace.ending.first_output),
            "stalled_input_cycles": float(trace.ending.third),
            "beats_in": float(arriving),
            "beats_out": float(due * problems),
        },
        moments=tuple(
            (beat.cycle, f"{value & mask:x}") for beat, value, mask in zip(trace.beats, values, masks * problems, strict=True)
        ),
    )


def _check_change(change: Change, mask: int) -> None:
    values = [known_bits(data) for _, data in (change.before, change.after)]
    if change.before[0] != change.after[0]:
        what = "m_last"
    elif any((one ^ other) & mask for one, other in zip(*values, strict=True)):
        what = "m_data"
    else:
        return  # only unused lanes
    message = f"{what} changed in cycle {change.cycle}, while output beat {change.beat} waited for m_ready"
    raise RunFailedError(Failure.protocol, message, change.cycle)


def _check_last(last: str, expected: bool, index: int, cycle: int) -> None:
    if last in "xz":
        message = f"m_last is {last.upper()} with output beat {index} (cycle {cycle})"
        raise RunFailedError(Failure.x_control, message, cycle)
    if (last == "1") != expected:
        right = "the last one of the problem" if expected else "not the last one"
        message = f"m_last is {last} with output beat {index} (cycle {cycle}), which is {right}"
        raise RunFailedError(Failure.protocol, message, cycle)


def _stream_violation(found: Violation) -> RunFailedError:
    if found.what == "m_dropped":
        message = f"m_valid fell in cycle {found.cycle}, before output beat {found.second} was taken"
        return RunFailedError(Failure.protocol, message, found.cycle)
    return _undefined(found)


def _check_stream_end(ending: Ending, run: Run, arriving: int, due: int) -> None:
    if ending.reason == "done":
        return
    progress = f"{ending.first} of {arriving} input beats taken, {ending.second} of {due} output beats given"
    failure = Failure.max_cycles
    if ending.reason == "unread":
        failure = Failure.protocol
        message = f"the last output beat was given before the last input beat was taken: {progress}"
    elif ending.reason == "idle":
        message = f"no beat moved for a long time before cycle {ending.cycle}: {progress}"
        if run.kind is Kind.both_stall and ending.second < due:
            message += "; m_ready waits for m_valid here, so m_valid must not depend on m_ready"
        failure = Failure.short_output if ending.first == arriving else Failure.max_cycles
    else:
        message = f"not done after {ending.cycle} cycles: {progress}"
    raise RunFailedError(failure, message, ending.cycle)


def _element(groups: Sequence[interface.Group], index: int, unknown: int) -> str:
    """The first element that undefined bits belong to, as ``y[2, 7]``."""
    for group in groups:
        if index < group.beats:
            break
        index -= group.beats
    byte = (unknown & -unknown).bit_length() // 8 if unknown & -unknown != 1 else 0
    row, beat = divmod(index, group.row_beats)
    for tensor, place in group.places():
        if place.start <= byte < place.stop:
            column = beat * interface.LANES + (byte - place.start) // tensor.dtype.bytes
            position = np.unravel_index(row * group.columns + column, tensor.shape) if tensor.shape else ()
            return f"{tensor.name}[{', '.join(str(int(at)) for at in position)}]"
    raise AssertionError("undefined bits outside of the group were masked")


# The memory profile


def _observe_memory(workload: Workload, run: Run, trace: Trace) -> Observation | None:
    if trace.violation:
        raise _memory_violation(trace.violation)
    if trace.ending is None:
        return None
    if trace.ending.reason != "done":
        counts = f"{_plural(trace.ending.first, 'read')} and {_plural(trace.ending.second, 'write')} accepted"
        long = "no request and no done for a long time before" if trace.ending.reason == "idle" else "not done in"
        message = f"{long} cycle {trace.ending.cycle} of problem {len(trace.problems)}: {counts}"
        raise RunFailedError(Failure.max_cycles, message, trace.ending.cycle)
    size, low = interface.memory_words(workload), interface.first_output(workload)
    outputs = []
    for problem in trace.problems:
        if len(problem.words) != size - low or any(len(word) != interface.DATA_BITS // 4 for word in problem.words):
            raise ValueError(f"the results do not hold the {size - low} memory words from the first output on")
        words = np.zeros(size, np.uint64)
        words[low:] = [int(word, 16) for word in problem.words]
        outputs.append(interface.outputs_of(workload, words))
    if len(outputs) != len(run.sets):
        raise ValueError(f"{len(outputs)} problems in the results of a run of {len(run.sets)}")
    return Observation(
        outputs=tuple(outputs),
        cycles=trace.problems[-1].cycles,
        counters={
            "first_output": float(trace.ending.first_output),
            "reads": float(trace.ending.first),
            "writes": float(trace.ending.second),
            "idle_port_cycles": float(trace.ending.third),
        },
        moments=tuple(
            (problem.cycles, " ".join(array.tobytes().hex() for array in left.values()))
            for problem, left in zip(trace.problems, outputs, strict=True)
        ),
    )


_MEMORY_RULES = {
    "w_bounds": "a write to word {address} in cycle {cycle}, which belongs to no output",
    "r_outside": "req_valid is high in cycle {cycle}, outside of start to done",
    "r_changed": "a request changed in cycle {cycle} before it was accepted (it must hold until req_ready)",
    "r_dropped": "req_valid fell in cycle {cycle} before the request was accepted (it must hold until req_ready)",
    "d_outside": "done is high in cycle {cycle}, although no problem is running; it is high for one cycle, once a problem",
    "d_pending": "done is high in cycle {cycle}, before every read was answered",
    "d_request": "done is high in cycle {cycle} together with a request; it comes after the last one was accepted",
}


def _memory_violation(found: Violation) -> RunFailedError:
    if found.what == "x_req_wdata":
        message = f"a write to word {found.address} in cycle {found.cycle} carries undefined bits (X or Z)"
        return RunFailedError(Failure.x_data, message, found.cycle)
    if found.what in _MEMORY_RULES:
        message = _MEMORY_RULES[found.what].format(cycle=found.cycle, address=found.address)
        return RunFailedError(Failure.protocol, message, found.cycle)
    return _undefined(found)


def _undefined(found: Violation) -> RunFailedError:
    signal = found.what.removeprefix("x_")
    message = f"{signal} is undefined (X or Z) in cycle {found.cycle}, after reset"
    return RunFailedError(Failure.x_control, message, found.cycle)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
