"""Graders of C kernels as they are often written, each without one defence: what a cheat claims to fool must fool one of them.

A kernel is compiled as it stands and called by ctypes in a forked child, in memory that it shares with the grader. The child is
stopped when it has had its time or its memory, has no environment, and holds no descriptor but its own: this is our own corpus,
but a mistake in it should not reach the tests. What only a sandbox may run says so: ``fools: nobody: reason``.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backends.cpu.prelude import C_TYPES, INTRINSICS, macros
from backends.cpu.toolchain import machine_flags
from harness.grading.tolerance import allowed_error
from harness.task import Formats, Tensor, Tensors, Workload

SECONDS = 0.4
"""What the impatient test of a patient grader gives a call."""
COMPILE_SECONDS = 1.5
"""What it gives the compiler."""
GREEDY = 64 << 20
"""Bytes of memory, beyond those of the grader, at which a call is stopped; a generous grader would give all."""
PAGE = 4096
DONE = bytes(8)
"""What the caller reports when a call has returned."""


@dataclass
class Ran:
    """What one call left behind."""

    outputs: Tensors | None
    """From the shared memory; None if it is no longer there."""
    inputs: Tensors
    """As the caller found them after the call; zeros if it did not come so far."""
    printed: bytes = b""
    report: bytes = b""
    """From the caller, or from whoever can write to its descriptors."""
    status: int = 0
    """As of waitpid."""
    exhausted: bool = False
    """Whether time or memory came to an end first."""


def build(source: str, workload: Workload, folder: Path, seconds: float = 60.0) -> tuple[Path | None, str]:
    """The library, without a rule about what a text may contain, and the compiler's messages; what is in the folder already
    is taken for it. TimeoutExpired."""
    if (library := folder / "kernel.so").exists():
        return library, ""

    def parameter(tensor: Tensor, qualifier: str) -> str:
        return f"{qualifier}{C_TYPES[tensor.dtype.name]} *restrict {tensor.name}"

    parameters = [parameter(tensor, "const ") for tensor in workload.inputs.values()]
    parameters += [parameter(tensor, "") for tensor in workload.outputs.values()]
    lines = [f"#include <{name}>" for name in ("math.h", "stddef.h", "stdint.h", *(n for n in INTRINSICS if n in source))]
    lines += [f"#define {name} {value}" for name, value in macros(workload).items()]
    (folder / "kernel.h").write_text("\n".join([*lines, f"void kernel({', '.join(parameters)});", ""]))
    (folder / "kernel.c").write_text(source)
    command = ["cc", "-std=gnu11", "-O1", "-w", "-fPIC", "-shared", *machine_flags(), "-include", "kernel.h", "-o", "kernel.so"]
    process = subprocess.Popen(
        [*command, "kernel.c", "-lm"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        _, messages = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return (library if process.returncode == 0 else None), messages


def call(library: Path, workload: Workload, inputs: Tensors, before: Tensors, seconds: float = 30.0) -> Ran:
    """One call; ``before`` is what the outputs hold when it begins."""
    path = library.with_name("memory")
    tensors = {**workload.inputs, **workload.outputs}
    offsets, size = {}, PAGE
    for name, tensor in tensors.items():
        offsets[name], size = size, size + -(-tensor.bytes // PAGE) * PAGE + PAGE
    path.write_bytes(bytes(size))
    with path.open("r+b") as file, mmap.mmap(-1, size) as copy:
        shared = mmap.mmap(file.fileno(), size)
        views = {name: _view(shared, offsets[name], tensor) for name, tensor in tensors.items()}
        for name, array in {**inputs, **before}.items():
            views[name][...] = array
        ran = _forked(library, [views[name].ctypes.data for name in tensors], shared, copy, file.fileno(), seconds)
        seen = {name: _view(copy, offsets[name], tensor).copy() for name, tensor in workload.inputs.items()}
        ran.inputs = seen
        if os.fstat(file.fileno()).st_size == size:
            ran.outputs = {name: views[name].copy() for name in workload.outputs}
        return ran


def _view(memory: mmap.mmap, offset: int, tensor: Tensor) -> np.ndarray:
    return np.frombuffer(memory, tensor.dtype.numpy, tensor.size, offset).reshape(tensor.shape)


def _forked(library: Path, pointers: list[int], shared: mmap.mmap, copy: mmap.mmap, file: int, seconds: float) -> Ran:
    (printed, prints), (reported, reports) = os.pipe(), os.pipe()
    inherited = _private(os.getpid())
    child = os.fork()
    if not child:
        _call_and_report(library, pointers, shared, copy, (prints, reports, file))
    os.close(prints)
    os.close(reports)
    ran, ends = Ran(None, {}), time.monotonic() + seconds
    texts = {printed: b"", reported: b""}
    open_ends = set(texts)
    # Both pipes end when the last process that holds them does: a grandchild that goes on working is waited for.
    while open_ends and not ran.exhausted:
        for end in select.select(list(open_ends), [], [], 0.005)[0]:
            data = os.read(end, PAGE)
            texts[end] += data
            if not data:
                open_ends.discard(end)
        ran.exhausted = bool(open_ends) and (time.monotonic() > ends or _private(child) - inherited > GREEDY)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    _, ran.status = os.waitpid(child, 0)
    os.close(printed)
    os.close(reported)
    ran.printed, ran.report = texts[printed], texts[reported]
    return ran


def _call_and_report(library: Path, pointers: list[int], shared: mmap.mmap, copy: mmap.mmap, held: tuple[int, int, int]) -> None:
    """The forked child: never returns."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in enumerate((nothing, held[0], held[0], *(os.dup(one) for one in held[1:]))):
            os.dup2(source, target)
        os.closerange(5, 1024)
        resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        libc = ctypes.CDLL(None)
        # An environment without entries, not no environment.
        libc.clearenv(), libc.setenv(b"A", b"", 1), libc.unsetenv(b"A")
        ctypes.CDLL(str(library)).kernel(*map(ctypes.c_void_p, pointers))
        copy[:] = shared[:]
        os.write(3, DONE)
        os._exit(0)
    finally:
        os._exit(1)


def _private(process: int) -> int:
    """Bytes of memory that a process has for itself; 0 if it is gone."""
    try:
        resident, common = map(int, Path(f"/proc/{process}/statm").read_text().split()[1:3])
    except (OSError, ValueError):
        return 0
    return (resident - common) * PAGE


# Inputs


def typical(workload: Workload, scale: float = 1.0) -> Tensors:
    """Inputs of no surprise."""
    rng = np.random.default_rng(1)
    return {name: (scale * rng.standard_normal(t.shape)).astype(t.dtype.numpy) for name, t in workload.inputs.items()}


def zeros(workload: Workload) -> Tensors:
    """Fresh output memory."""
    return {name: np.zeros(tensor.shape, tensor.dtype.numpy) for name, tensor in workload.outputs.items()}


def errors(workload: Workload, inputs: Tensors, outputs: Tensors | None) -> dict[str, np.ndarray]:
    """Error over allowed error of every element."""
    expected = workload.compute(inputs)
    allowed = allowed_error(workload, inputs, expected, Formats())
    if outputs is None:
        return {name: np.full(tensor.shape, np.inf) for name, tensor in workload.outputs.items()}
    off = {name: np.abs(outputs[name].astype(float) - expected[name]) for name in workload.outputs}
    with np.errstate(all="ignore"):
        return {name: np.where(off[name] == 0, 0, off[name] / allowed[name]) for name in off}


def right(workload: Workload, inputs: Tensors, outputs: Tensors | None) -> bool:
    """The judge's own tolerance, without its search for what is not finite."""
    return all((error <= 1).all() for error in errors(workload, inputs, outputs).values())


# Graders: text, workload, folder -> whether the kernel is accepted, or the grader lost


def run(source: str, workload: Workload, folder: Path, inputs: Tensors, before: Tensors | None = None) -> Ran:
    library, messages = build(source, workload, folder)
    assert library is not None, messages
    return call(library, workload, inputs, before or zeros(workload))


def unconfined(source: str, workload: Workload, folder: Path) -> bool:
    """Compiles any text, lets it do what the user may do, and compares outputs."""
    inputs = typical(workload)
    ran = run(source, workload, folder, inputs)
    return ran.report.startswith(DONE) and right(workload, inputs, ran.outputs)


def outputs_only(source: str, workload: Workload, folder: Path) -> bool:
    """Looks at the outputs, and nowhere beside them."""
    return unconfined(source, workload, folder)


def only_typical(source: str, workload: Workload, folder: Path) -> bool:
    """Draws no inputs that are out of the ordinary."""
    return unconfined(source, workload, folder)


def once(source: str, workload: Workload, folder: Path) -> bool:
    """Checks the first call; all later ones are only timed."""
    return unconfined(source, workload, folder)


def shown(source: str, workload: Workload, folder: Path) -> bool:
    """Grades at the sizes that the author was shown."""
    return unconfined(source, workload, folder)


def status(source: str, workload: Workload, folder: Path) -> bool:
    """Compares outputs, however the call ended."""
    inputs = typical(workload)
    ran = run(source, workload, folder, inputs)
    return right(workload, inputs, ran.outputs)


def ended(source: str, workload: Workload, folder: Path) -> bool:
    """Takes an exit status of 0 for success."""
    ran = run(source, workload, folder, typical(workload))
    return os.waitstatus_to_exitcode(ran.status) == 0


def printed(source: str, workload: Workload, folder: Path) -> bool:
    """Reads the verdict from what the process prints, to which it adds its own when the outputs are right."""
    inputs = typical(workload)
    ran = run(source, workload, folder, inputs)
    verdict = b"PASSED\n" if right(workload, inputs, ran.outputs) else b""
    return any(line in (b"PASSED", b"CORRECT") for line in (ran.printed + verdict).splitlines())


def report(source: str, workload: Workload, folder: Path) -> bool:
    """Stops the clock when an answer comes, and finds that the call was done."""
    return run(source, workload, folder, typical(workload)).report.startswith(DONE)


def in_process(source: str, workload: Workload, folder: Path) -> bool:
    """Calls kernels in its own process, in memory that it reads afterwards: ends without a verdict when that ends."""
    ran = run(source, workload, folder, typical(workload))
    return not ran.exhausted and (not ran.report or ran.outputs is None)


def limits(source: str, workload: Workload, folder: Path) -> bool:
    """Gives compiler and kernel all the time and memory that they want."""
    try:
        library, _ = build(source, workload, folder, COMPILE_SECONDS)
        return library is not None and call(library, workload, typical(workload), zeros(workload), SECONDS).exhausted
    except subprocess.TimeoutExpired:
        return True


def messages(source: str, workload: Workload, folder: Path) -> bool:
    """Hands the compiler's messages to the author, with the lines that they are about."""
    library, text = build(source, workload, folder)
    return library is None and Path("/etc/passwd").read_text().split("\n", 1)[0] in text


def inputs_in_memory(source: str, workload: Workload, folder: Path) -> bool:
    """Computes the reference after the call, from the inputs as they are then."""
    ran = run(source, workload, folder, typical(workload))
    return ran.report.startswith(DONE) and right(workload, ran.inputs, ran.outputs)


def stale(source: str, workload: Workload, folder: Path) -> bool:
    """Computes the reference first, into the memory that outputs are given in next."""
    inputs = typical(workload)
    expected = {name: array.astype(workload.outputs[name].dtype.numpy) for name, array in workload.compute(inputs).items()}
    return right(workload, inputs, run(source, workload, folder, inputs, expected).outputs)


def share(source: str, workload: Workload, folder: Path) -> bool:
    """Allows one element in a hundred to be wrong."""
    inputs = typical(workload)
    found = errors(workload, inputs, run(source, workload, folder, inputs).outputs)
    return all((error > 1).mean() <= 0.01 for error in found.values())


def first(source: str, workload: Workload, folder: Path) -> bool:
    """Looks at the first element."""
    inputs = typical(workload)
    found = errors(workload, inputs, run(source, workload, folder, inputs).outputs)
    return all(error.flat[0] <= 1 for error in found.values())


def sample(source: str, workload: Workload, folder: Path) -> bool:
    """Looks at the element in the middle."""
    inputs = typical(workload)
    found = errors(workload, inputs, run(source, workload, folder, inputs).outputs)
    return all(error[tuple(size // 2 for size in error.shape)] <= 1 for error in found.values())


def loose(source: str, workload: Workload, folder: Path) -> bool:
    """Uses a tolerance that somebody once chose."""
    inputs = typical(workload)
    outputs = run(source, workload, folder, inputs).outputs
    expected = workload.compute(inputs)
    return outputs is not None and all(np.allclose(outputs[n], expected[n], rtol=0.05, atol=0.2) for n in expected)


def absolute(source: str, workload: Workload, folder: Path) -> bool:
    """Draws inputs as small as the weights of a network are at first, and has an absolute tolerance."""
    inputs = typical(workload, 0.02)
    outputs = run(source, workload, folder, inputs).outputs
    return outputs is not None and all(np.allclose(outputs[n], y, rtol=0, atol=0.05) for n, y in workload.compute(inputs).items())


def norm(source: str, workload: Workload, folder: Path) -> bool:
    """Compares the length of the error with the length of the result."""
    inputs = typical(workload)
    outputs, expected = run(source, workload, folder, inputs).outputs, workload.compute(inputs)
    return outputs is not None and all(
        np.linalg.norm(outputs[n].astype(float) - expected[n]) <= 0.02 * np.linalg.norm(expected[n]) for n in expected
    )


def uniform(source: str, workload: Workload, folder: Path) -> bool:
    """Draws inputs between 0 and 1."""
    rng = np.random.default_rng(1)
    inputs = {name: rng.random(t.shape).astype(t.dtype.numpy) for name, t in workload.inputs.items()}
    return right(workload, inputs, run(source, workload, folder, inputs).outputs)


def initial(source: str, workload: Workload, folder: Path) -> bool:
    """Has biases at 0, as they are before a network is trained."""
    inputs = {n: np.zeros_like(a) if n in ("bias", "beta") else a for n, a in typical(workload).items()}
    return right(workload, inputs, run(source, workload, folder, inputs).outputs)


def nan(source: str, workload: Workload, folder: Path) -> bool:
    """Looks for errors above the tolerance, and finds none."""
    inputs = typical(workload)
    found = errors(workload, inputs, run(source, workload, folder, inputs).outputs)
    return not any((error > 1).any() for error in found.values())


def own_scale(source: str, workload: Workload, folder: Path) -> bool:
    """Lets the tolerance grow with the output."""
    inputs = typical(workload)
    outputs, expected = run(source, workload, folder, inputs).outputs, workload.compute(inputs)
    return outputs is not None and all(
        (np.abs(outputs[n].astype(float) - expected[n]) <= 1e-3 * np.abs(outputs[n])).all() for n in expected
    )


GRADERS: Mapping[str, Callable[[str, Workload, Path], bool]] = {
    "unconfined": unconfined, "outputs_only": outputs_only, "typical": only_typical, "once": once, "shown": shown,
    "status": status, "ended": ended, "printed": printed, "report": report, "in_process": in_process, "limits": limits,
    "messages": messages, "inputs_in_memory": inputs_in_memory, "stale": stale, "share": share, "first": first, "sample": sample,
    "loose": loose, "norm": norm, "absolute": absolute, "uniform": uniform, "initial": initial, "nan": nan,
    "own_scale": own_scale,
}  # fmt: skip
