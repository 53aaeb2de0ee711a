"""How a workload reaches a hardware kernel: ports, parameters, and the packing of tensors into beats or memory words.

Two profiles exist, and a task's category decides which one it has. In `kstream 1` inputs arrive and outputs leave as beats of a
valid/ready stream; in `kmem 1` the kernel reads and writes a memory through one port. Everything here follows from shapes and
element types; no task is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.task import Array, Tensor, Tensors, TensorSpec, Workload

Profile = Literal["stream", "memory"]
Words = NDArray[np.uint64]
"""Memory contents, one 64-bit word each."""

MODULE = "kernel"
"""The name that the top module must have."""
LANES = 4
"""Elements of each tensor of a group in one beat."""
ADDRESS_BITS = 20
"""Width of ``req_addr``; addresses count words."""
DATA_BITS = 64
"""Width of a memory word."""
LATENCY = 8
"""Cycles from an accepted read to its answer in the scored run."""
WORD = DATA_BITS // 8
ALIGNMENT = 64 // WORD
"""Words between the places where a tensor may begin."""
MEMORY_CATEGORIES = frozenset({"matmul", "convolution", "attention", "full block", "pooling"})
"""Task categories whose kernels use the memory profile: they read their inputs more than once or out of order."""


@dataclass(frozen=True)
class Port:
    """A port of the top module."""

    name: str
    direction: Literal["input", "output"]
    width: int
    """Bits; a port of width 1 is a scalar."""


@dataclass(frozen=True)
class Contract:
    """What the top module of a kernel must look like for one workload."""

    profile: Profile
    ports: tuple[Port, ...]
    """In the order of the module header."""
    parameters: Mapping[str, int]
    """Every integer parameter that the harness sets; a kernel declares those it needs."""


class Group(NamedTuple):
    """Consecutive tensors of the same symbolic shape: they share beats, the first in the lowest bits."""

    tensors: tuple[Tensor, ...]

    @property
    def rows(self) -> int:
        """Rows along the last dimension; 1 for a vector or a scalar."""
        return self.tensors[0].size // self.columns

    @property
    def columns(self) -> int:
        """Elements of a row."""
        shape = self.tensors[0].shape
        return shape[-1] if shape else 1

    @property
    def row_beats(self) -> int:
        """Beats of a row; the last one may have unused lanes."""
        return -(-self.columns // LANES)

    @property
    def beats(self) -> int:
        """Beats of the whole group."""
        return self.rows * self.row_beats

    @property
    def bytes(self) -> int:
        """Bytes of a beat that belong to this group."""
        return LANES * sum(tensor.dtype.bytes for tensor in self.tensors)

    def places(self) -> Iterator[tuple[Tensor, slice]]:
        """Each tensor with the bytes of a beat that carry it, lowest first."""
        at = 0
        for tensor in self.tensors:
            size = LANES * tensor.dtype.bytes
            yield tensor, slice(at, at + size)
            at += size


def profile(workload: Workload) -> Profile:
    """The interface that a workload's kernels have."""
    return "memory" if workload.task.category in MEMORY_CATEGORIES else "stream"


def contract(workload: Workload) -> Contract:
    """Ports and parameters of a workload's kernels."""
    if profile(workload) == "stream":
        return _stream_contract(workload)
    return _memory_contract(workload)


def reserved(contract: Contract, workload: Workload) -> frozenset[str]:
    """Names that the interface uses itself, so that no size may have them."""
    own = {"LANES", "SW", "MW"} if contract.profile == "stream" else {"AW", "DW", *_bases(workload)}
    return frozenset(own | {port.name for port in contract.ports})


# The stream profile


def input_groups(workload: Workload) -> tuple[Group, ...]:
    """The groups that arrive, in the order in which they do."""
    return _groups(workload.task.inputs, workload.inputs)


def output_groups(workload: Workload) -> tuple[Group, ...]:
    """The groups that leave, in the order in which they must."""
    return _groups(workload.task.outputs, workload.outputs)


def beats(groups: Sequence[Group]) -> int:
    """Beats of one problem."""
    return sum(group.beats for group in groups)


def pack(workload: Workload, inputs: Tensors, junk: np.random.Generator) -> list[int]:
    """The input beats of one problem as unsigned numbers of SW bits; unused lanes and bits are drawn from ``junk``."""
    groups = input_groups(workload)
    image = junk.integers(0, 256, (beats(groups), _width(groups)), np.uint8)
    for group, rows in _rows_of(groups, image):
        for tensor, place in group.places():
            lanes = rows[..., place].copy().view(_little(tensor)).reshape(group.rows, -1)
            lanes[:, : group.columns] = inputs[tensor.name].reshape(group.rows, group.columns)
            rows[..., place] = lanes.view(np.uint8).reshape(group.rows, group.row_beats, -1)
    return [int.from_bytes(row.tobytes(), "little") for row in image]


def unpack(workload: Workload, received: Sequence[int]) -> dict[str, Array]:
    """Output tensors from the output beats of one problem; ValueError if there are too few or too many, or one is too wide."""
    groups = output_groups(workload)
    if len(received) != beats(groups):
        raise ValueError(f"{len(received)} output beats; {workload.id} has {beats(groups)}")
    width = _width(groups)
    if any(beat >> 8 * width for beat in received):
        raise ValueError(f"an output beat has more than {8 * width} bits")
    image = np.frombuffer(b"".join(beat.to_bytes(width, "little") for beat in received), np.uint8).reshape(-1, width)
    outputs = {}
    for group, rows in _rows_of(groups, image):
        for tensor, place in group.places():
            lanes = rows[..., place].copy().view(_little(tensor)).reshape(group.rows, -1)
            outputs[tensor.name] = lanes[:, : group.columns].reshape(tensor.shape).astype(tensor.dtype.numpy)
    return outputs


def used_bits(groups: Sequence[Group]) -> list[int]:
    """For each beat of a problem, the bits that carry elements as a mask; the others are junk."""
    masks = []
    for group in groups:
        last = group.columns - (group.row_beats - 1) * LANES
        masks += [*[_mask(group, LANES)] * (group.row_beats - 1), _mask(group, last)] * group.rows
    return masks


# The memory profile


def bases(workload: Workload) -> Mapping[str, int]:
    """The word at which each tensor begins: inputs, then outputs. Words between them are junk, and so are the first ones, so
    that a stray address 0 meets no tensor."""
    placed, at = {}, ALIGNMENT
    for name, tensor in {**workload.inputs, **workload.outputs}.items():
        placed[name] = at
        at += -(-words_of(tensor) // ALIGNMENT) * ALIGNMENT
    return MappingProxyType(placed)


def words_of(tensor: Tensor) -> int:
    """Memory words that hold a tensor; the last one may be partly junk."""
    return -(-tensor.bytes // WORD)


def memory_words(workload: Workload) -> int:
    """Words from address 0 to the end of the last tensor."""
    name, tensor = list({**workload.inputs, **workload.outputs}.items())[-1]
    return bases(workload)[name] + words_of(tensor)


def first_output(workload: Workload) -> int:
    """The first word of the first output; outputs reach from there to the end of the memory, with junk between them."""
    return bases(workload)[next(iter(workload.outputs))]


def image(workload: Workload, inputs: Tensors, junk: np.random.Generator) -> Words:
    """The memory before a problem: inputs in their places, everything else, outputs included, drawn from ``junk``."""
    memory = junk.integers(0, 256, memory_words(workload) * WORD, np.uint8)
    for name, base in bases(workload).items():
        if name in workload.inputs:
            tensor = workload.inputs[name]
            values = np.ascontiguousarray(inputs[name]).astype(_little(tensor))
            memory[base * WORD :][: tensor.bytes] = values.reshape(-1).view(np.uint8)
    return memory.view("<u8").astype(np.uint64)


def outputs_of(workload: Workload, words: Words) -> dict[str, Array]:
    """Output tensors from the memory after a problem."""
    memory, places = words.astype("<u8").view(np.uint8), bases(workload)
    outputs = {}
    for name, tensor in workload.outputs.items():
        values = memory[places[name] * WORD :][: tensor.bytes].view(_little(tensor))
        outputs[name] = values.reshape(tensor.shape).astype(tensor.dtype.numpy)
    return outputs


def is_output_word(workload: Workload) -> NDArray[np.bool_]:
    """For each memory word, whether it belongs to an output: the only ones that a kernel may write."""
    writable, places = np.zeros(memory_words(workload), np.bool_), bases(workload)
    for name, tensor in workload.outputs.items():
        writable[places[name] :][: words_of(tensor)] = True
    return writable


def _stream_contract(workload: Workload) -> Contract:
    arriving, leaving = (8 * _width(groups) for groups in (input_groups(workload), output_groups(workload)))
    return Contract(
        profile="stream",
        ports=(
            Port("clk", "input", 1),
            Port("rst", "input", 1),
            Port("s_valid", "input", 1),
            Port("s_ready", "output", 1),
            Port("s_data", "input", arriving),
            Port("s_last", "input", 1),
            Port("m_valid", "output", 1),
            Port("m_ready", "input", 1),
            Port("m_data", "output", leaving),
            Port("m_last", "output", 1),
        ),
        parameters=MappingProxyType({**workload.p, "LANES": LANES, "SW": arriving, "MW": leaving}),
    )


def _memory_contract(workload: Workload) -> Contract:
    return Contract(
        profile="memory",
        ports=(
            Port("clk", "input", 1),
            Port("rst", "input", 1),
            Port("start", "input", 1),
            Port("done", "output", 1),
            Port("req_valid", "output", 1),
            Port("req_ready", "input", 1),
            Port("req_we", "output", 1),
            Port("req_addr", "output", ADDRESS_BITS),
            Port("req_wdata", "output", DATA_BITS),
            Port("req_wstrb", "output", WORD),
            Port("rsp_valid", "input", 1),
            Port("rsp_rdata", "input", DATA_BITS),
        ),
        parameters=MappingProxyType({**workload.p, "AW": ADDRESS_BITS, "DW": DATA_BITS, **_bases(workload)}),
    )


def _bases(workload: Workload) -> Mapping[str, int]:
    """The parameters that say where tensors are."""
    return {f"BASE_{name.upper()}": base for name, base in bases(workload).items()}


def _groups(specs: Mapping[str, TensorSpec], tensors: Mapping[str, Tensor]) -> tuple[Group, ...]:
    """By symbolic shape, so that the grouping of a task is the same at every configuration."""
    runs = groupby(tensors, key=lambda name: specs[name].shape)
    return tuple(Group(tuple(tensors[name] for name in names)) for _, names in runs)


def _rows_of(groups: Sequence[Group], image: NDArray[np.uint8]) -> Iterator[tuple[Group, NDArray[np.uint8]]]:
    """Each group with its part of an image of beats, shaped (rows, beats of a row, bytes of a beat)."""
    at = 0
    for group in groups:
        yield group, image[at : at + group.beats].reshape(group.rows, group.row_beats, -1)
        at += group.beats


def _width(groups: Sequence[Group]) -> int:
    """Bytes of the widest group's beat: the width of the stream."""
    return max(group.bytes for group in groups)


def _mask(group: Group, lanes: int) -> int:
    mask = 0
    for tensor, place in group.places():
        mask |= ((1 << 8 * lanes * tensor.dtype.bytes) - 1) << 8 * place.start
    return mask


def _little(tensor: Tensor) -> np.dtype[Any]:
    """The element type in the byte order of beats and memory."""
    return tensor.dtype.numpy.newbyteorder("<")
