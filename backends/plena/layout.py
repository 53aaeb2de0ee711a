"""Where a workload's tensors lie: inputs in HBM as MXFP8, outputs in vector SRAM as bf16.

Every tensor is laid out as a matrix whose columns are a multiple of 64, because 64 elements are a row of vector SRAM and of a
tile. A `Placement` says which row and column an element has; the rest follows: in HBM the matrix is row-major with its scales
behind it, padded with zeros to whole tiles; in vector SRAM it is cut into blocks of 64 columns that lie one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backends.plena import mx
from harness.task import Array, Params, Tensor, Workload

LANES = 64
"""Elements of a row of vector SRAM; rows and columns of a tile."""
GROUP = 4
"""Rows that one transfer moves and that one product makes."""
VRAM_ROWS = 1024
"""Rows of vector SRAM in the profile that tasks use."""
SCRATCH_ROWS = 128
"""Rows that a kernel must have left beside its outputs."""
EYE, ONES, FIRST_TENSOR = 0, 13824, 18432
"""HBM byte addresses: 192 rows of zeros, the identity and zeros; a tile of ones; the first input."""


def padded(value: int, unit: int) -> int:
    """The least multiple of ``unit`` that is not less."""
    return -(-value // unit) * unit


@dataclass(frozen=True)
class Placement:
    """A tensor as a matrix."""

    row: Array
    """Row of every element, broadcastable to the tensor's shape."""
    column: Array
    """Column of every element."""
    text: str
    """The rule in words: ``row r, column c holds x[r, c]``."""
    least_rows: int = 0
    """Rows that belong to the tensor even where they hold no element."""

    @cached_property
    def rows(self) -> int:
        """Rows in use."""
        return max(int(np.max(self.row)) + 1, self.least_rows)

    @cached_property
    def columns(self) -> int:
        """Columns, padded to whole rows of lanes."""
        return padded(int(np.max(self.column)) + 1, LANES)

    @property
    def blocks(self) -> int:
        """Blocks of 64 columns."""
        return self.columns // LANES


def vector(tensor: Tensor, _: Params) -> Placement:
    """``x[i]`` in rows of 64."""
    index = np.arange(tensor.size)
    return Placement(index // LANES, index % LANES, f"row i // 64, column i % 64 holds {tensor.name}[i]")


def matrix(tensor: Tensor, _: Params) -> Placement:
    """The last dimension is the column; the one or two before it are the row."""
    *outer, columns = tensor.shape
    row = np.arange(int(np.prod(outer))).reshape(*outer, 1)
    names, index = {1: ("r", "r"), 2: ("t, h", f"t * {outer[-1]} + h")}[len(outer)]
    return Placement(row, np.arange(columns), f"row {index}, column c holds {tensor.name}[{names}, c]")


def batch(unit: int) -> Callable[[Tensor, Params], Placement]:
    """Matrices of a batch one below the other, each padded to a multiple of ``unit`` rows."""

    def place(tensor: Tensor, _: Params) -> Placement:
        count, rows, columns = tensor.shape
        pitch = padded(rows, unit)
        row = (np.arange(count)[:, None] * pitch + np.arange(rows))[:, :, None]
        return Placement(row, np.arange(columns), f"row b * {pitch} + r, column c holds {tensor.name}[b, r, c]")

    return place


def image(border: str | int) -> Callable[[Tensor, Params], Placement]:
    """Channels last: a row per pixel. The border, a number or a symbol, is stored too, as zeros."""

    def place(tensor: Tensor, p: Params) -> Placement:
        channels, height, width = tensor.shape
        b = p[border] if isinstance(border, str) else border
        pitch = width + 2 * b
        row = (np.arange(height)[:, None] + b) * pitch + np.arange(width) + b
        text = f"row (h + {b}) * {pitch} + w + {b}" if b else f"row h * {pitch} + w"
        around = f"; a border of {b} zero pixels surrounds the image" if b else ""
        rule = f"{text}, column c holds {tensor.name}[c, h, w]{around}"
        return Placement(row[None], np.arange(channels)[:, None, None], rule, (height + 2 * b) * pitch)

    return place


def taps(tensor: Tensor, _: Params) -> Placement:
    """A convolution's weights: one matrix of output by input channels for each element of the window."""
    outputs, inputs, height, width = tensor.shape
    pitch = padded(outputs, GROUP)
    tap = np.arange(height)[:, None] * width + np.arange(width)
    row = tap[None, None] * pitch + np.arange(outputs)[:, None, None, None]
    column = np.arange(inputs)[None, :, None, None]
    return Placement(row, column, f"row (i * {width} + j) * {pitch} + o, column c holds {tensor.name}[o, c, i, j]")


def planes(tensor: Tensor, p: Params) -> Placement:
    """A convolution's output: a row per channel. Lines of pixels are as far apart as those of the bordered input."""
    channels, height, width = tensor.shape
    pitch = p["W"] + 2 * p.get("PAD", 1)
    column = np.arange(height)[:, None] * pitch + np.arange(width)
    row = np.arange(channels)[:, None, None]
    return Placement(row, column[None], f"row o, column h * {pitch} + w holds {tensor.name}[o, h, w]; other columns are ignored")


Rule = Callable[[Tensor, Params], Placement]
RULES: Mapping[str, Mapping[str, Rule]] = {
    "P22": {"a": batch(LANES), "b": batch(LANES), "y": batch(GROUP)},
    "P24": {"x": image("PAD"), "w": taps, "y": planes},
    "P26": {"x": image(0), "y": image(0)},
    "C11": {"x": image(1), "w": taps, "y": planes},
}
"""Tensors that are not laid out by rank, by task."""


def place(workload: Workload, tensor: Tensor) -> Placement:
    """The placement of a tensor of a workload."""
    rule = RULES.get(workload.task.id, {}).get(tensor.name) or (vector if len(tensor.shape) == 1 else matrix)
    return rule(tensor, workload.p)


@dataclass(frozen=True)
class Input:
    """A tensor in HBM."""

    tensor: Tensor
    placement: Placement
    address: int
    """Byte address of its first element; a multiple of 64."""

    @property
    def rows(self) -> int:
        """Rows, padded to whole tiles."""
        return padded(self.placement.rows, LANES)

    @property
    def columns(self) -> int:
        """Columns, and so the bytes from one row to the next."""
        return self.placement.columns

    @property
    def blocks(self) -> int:
        """Blocks of 64 columns."""
        return self.placement.blocks

    @property
    def scale(self) -> int:
        """Bytes from the first element to the first scale: the value for C_SET_SCALE_REG."""
        return self.rows * self.columns

    @property
    def end(self) -> int:
        """The byte after its last scale."""
        return self.address + self.scale + self.scale // mx.BLOCK

    def encoded(self, values: Array) -> tuple[mx.Bytes, mx.Bytes]:
        """Element and scale bytes of the whole matrix."""
        dense = np.zeros((self.rows, self.columns))
        dense[self.placement.row, self.placement.column] = values
        return mx.encode(dense)

    def stored(self, values: Array) -> Array:
        """The values that the bytes stand for, in the tensor's own type."""
        dense = mx.decode(*self.encoded(values)).reshape(self.rows, self.columns)
        held: Array = dense[self.placement.row, self.placement.column].astype(self.tensor.dtype.numpy)
        return np.ascontiguousarray(held.reshape(self.tensor.shape))


@dataclass(frozen=True)
class Output:
    """A tensor in vector SRAM."""

    tensor: Tensor
    placement: Placement
    address: int
    """Address of its first element; a multiple of 64."""

    @property
    def rows(self) -> int:
        """Rows, padded to a multiple of four."""
        return padded(self.placement.rows, GROUP)

    @property
    def blocks(self) -> int:
        """Blocks of 64 columns."""
        return self.placement.blocks

    @property
    def size(self) -> int:
        """Elements of vector SRAM."""
        return self.rows * self.placement.columns

    def read(self, elements: Array) -> Array:
        """The tensor from its part of vector SRAM."""
        dense = elements.reshape(self.blocks, self.rows, LANES)
        column = self.placement.column
        found: Array = dense[column // LANES, self.placement.row, column % LANES].astype(self.tensor.dtype.numpy)
        return np.ascontiguousarray(found.reshape(self.tensor.shape))


@dataclass(frozen=True)
class Layout:
    """All tensors of a workload."""

    inputs: Mapping[str, Input]
    """In signature order."""
    outputs: Mapping[str, Output]
    """In signature order, from address 0 of vector SRAM on."""
    scratch: int
    """First HBM byte that is free."""

    @staticmethod
    def of(workload: Workload) -> Layout:
        """The layout of a workload."""
        inputs, outputs, at = {}, {}, FIRST_TENSOR
        for name, tensor in workload.inputs.items():
            inputs[name] = Input(tensor, place(workload, tensor), at)
            at = padded(inputs[name].end, LANES)
        row = 0
        for name, tensor in workload.outputs.items():
            outputs[name] = Output(tensor, place(workload, tensor), row)
            row += outputs[name].size
        return Layout(inputs, outputs, at)

    @property
    def output_rows(self) -> int:
        """Rows of vector SRAM that outputs take."""
        return sum(output.size for output in self.outputs.values()) // LANES


def constants() -> mx.Bytes:
    """What lies in HBM before the first tensor: `EYE` and `ONES`."""
    eye = np.zeros((3 * LANES, LANES))
    eye[LANES : 2 * LANES] = np.eye(LANES)
    parts = [part for values in (eye, np.ones((LANES, LANES))) for part in mx.encode(values)]
    return np.concatenate(parts)
