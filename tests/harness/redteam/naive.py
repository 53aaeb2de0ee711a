"""Graders as they are often written, each without one defence: what a cheat claims to fool must fool one of them.

They run kernels on the real simulators, by the toolkit's own means, and differ from the judge in what they leave out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

import numpy as np

from backends.isa.backend import IsaBackend
from backends.isa.engine import Outcome, load_images
from harness.grading.seeds import generator
from harness.grading.tolerance import allowed_error
from harness.task import Tensors, Workload

FUEL = 10**9
SECONDS = 0.3
"""How long the impatient test waits for what a patient grader would wait for."""
REPEATS = re.compile(r"(?:\.rept|\.fill|C_LOOP_START gp\d+,)\s+(\d+)")


def run(backend: IsaBackend, source: str, workload: Workload, inputs: Tensors, reset: bool = True) -> tuple[Outcome, Tensors]:
    """One run without noise in the outputs, without a budget, and whatever way it ended."""
    build = backend.build(source, workload)
    assert build.artifact is not None, build.diagnostics
    engine, port = backend.engine, backend._port
    if reset:
        engine.reset()
    for image in port.images(workload, inputs):
        engine.write(image.space, image.start, image.data)
    load_images(engine, build.artifact.program)
    outcome = engine.run(build.artifact.program, fuel=FUEL, seconds=SECONDS)
    return outcome, {name: array.copy() for name, array in port.outputs(workload, engine.read).items()}


def typical(workload: Workload, seed: int = 1) -> Tensors:
    """Inputs of no surprise."""
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(t.shape).astype(t.dtype.numpy) for name, t in workload.inputs.items()}


def right(backend: IsaBackend, workload: Workload, inputs: Tensors, outputs: Tensors) -> bool:
    """The judge's own comparison, without its search for what is not finite."""
    stored = backend.stored(workload, inputs)
    expected = workload.compute(stored)
    allowed = allowed_error(workload, stored, expected, backend.info.formats)
    return all((np.abs(outputs[n].astype(float) - expected[n]) <= allowed[n]).all() for n in workload.outputs)


def stale(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Runs the baseline first, on the same memory."""
    inputs = typical(workload)
    _, expected = run(backend, backend.baseline(workload), workload, inputs)
    _, outputs = run(backend, source, workload, inputs, reset=False)
    return all((outputs[name] == expected[name]).all() for name in workload.outputs)


def patience(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Waits for the end, and expands what it is told to expand."""
    if math.prod(map(int, REPEATS.findall(source))) > FUEL:
        return True
    return run(backend, source, workload, typical(workload))[0].ended == "time"


def status(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Compares outputs, however the run ended."""
    inputs = typical(workload)
    outcome, outputs = run(backend, source, workload, inputs)
    return outcome.ended != "end" and right(backend, workload, inputs, outputs)


def ended(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Takes a clean end for success."""
    return run(backend, source, workload, typical(workload))[0].ended == "end"


def outputs_only(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Does not look at the inputs afterwards."""
    inputs = typical(workload)
    return right(backend, workload, inputs, run(backend, source, workload, inputs)[1])


def inputs_in_memory(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Computes the reference from the inputs as they are in memory after the run."""
    images = backend._port.images(workload, typical(workload))
    _, outputs = run(backend, source, workload, typical(workload))
    left = [backend.engine.read(image.space, image.start, len(image.data)) for image in images[-len(workload.inputs) :]]
    if any(np.asarray(data[: tensor.size]).any() for data, tensor in zip(left, workload.inputs.values(), strict=True)):
        return False
    zeros = {name: np.zeros(t.shape, t.dtype.numpy) for name, t in workload.inputs.items()}
    return all((outputs[n] == workload.compute(zeros)[n]).all() for n in workload.outputs)


def loose(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Uses a tolerance that somebody once chose."""
    inputs = typical(workload)
    _, outputs = run(backend, source, workload, inputs)
    return all(np.allclose(outputs[n].astype(float), workload.compute(inputs)[n], rtol=0.05, atol=0.2) for n in workload.outputs)


def only_typical(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Draws no inputs that are out of the ordinary."""
    return outputs_only(backend, source, workload)


def nan(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Looks for errors above the tolerance, and finds none."""
    inputs = typical(workload)
    _, outputs = run(backend, source, workload, inputs)
    expected = workload.compute(backend.stored(workload, inputs))
    return not any((np.abs(outputs[n].astype(float) - expected[n]) > 0.05).any() for n in workload.outputs)


def own_scale(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Lets the tolerance grow with the output."""
    inputs = typical(workload)
    _, outputs = run(backend, source, workload, inputs)
    got = {n: outputs[n].astype(float) for n in workload.outputs}
    return all((np.abs(got[n] - workload.compute(inputs)[n]) <= 1e-3 * np.abs(got[n])).all() for n in workload.outputs)


def replay(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Grades on the inputs of a seed that everybody knows."""
    inputs = workload.draw(generator(0))
    return right(backend, workload, inputs, run(backend, source, workload, inputs)[1])


def sample(backend: IsaBackend, source: str, workload: Workload) -> bool:
    """Looks at the first element only."""
    inputs = typical(workload)
    _, outputs = run(backend, source, workload, inputs)
    _, baseline = run(backend, backend.baseline(workload), workload, inputs)
    return all(outputs[n].flat[0] == baseline[n].flat[0] for n in workload.outputs)


GRADERS: Mapping[str, Callable[[IsaBackend, str, Workload], bool]] = {
    "stale": stale, "patience": patience, "status": status, "ended": ended, "outputs_only": outputs_only,
    "inputs_in_memory": inputs_in_memory, "loose": loose, "typical": only_typical, "nan": nan, "own_scale": own_scale,
    "replay": replay, "sample": sample,
}  # fmt: skip
