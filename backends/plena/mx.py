"""MXFP8 as PLENA keeps it in HBM: eight neighbours share a power of two; each is a sign, four exponent and three fraction bits.

The encoder is that of the host's image writer: the fraction is cut to quarter steps and then rounded to even, and never carries
into the exponent. Exponents are found by `numpy.frexp`, so that every CPU writes the same bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.task import Array

BLOCK = 8
"""Neighbours that share a scale."""
SCALE_BIAS = 127
LEAST = 1e-9
"""What the writer adds to a magnitude before it takes its exponent: no block is scaled below 2**-30."""

Bytes = NDArray[np.uint8]


def encode(values: Array) -> tuple[Bytes, Bytes]:
    """Element bytes and scale bytes of finite values, in order; their number is a multiple of `BLOCK`."""
    blocks = np.asarray(values, np.float64).reshape(-1, BLOCK)
    largest = np.abs(blocks).max(axis=1)
    shared = np.clip(_exponent(largest), -128, 127)
    scaled = np.ldexp(np.abs(blocks), -shared[:, None])
    exponent = np.clip(_exponent(scaled), -7, 7)
    fraction = np.ldexp(scaled, -exponent)
    eighths = np.where(exponent == -7, fraction, fraction - 1) * 8
    mantissa = np.clip(np.rint(np.floor(4 * eighths) / 4), 0, 7).astype(np.int64)
    code = np.signbit(blocks).astype(np.int64) << 7 | (exponent + 7) << 3 | mantissa
    elements = np.where(scaled == 0, 0, code)
    scales = np.where(largest == 0, 0, shared + SCALE_BIAS)
    return elements.astype(np.uint8).ravel(), scales.astype(np.uint8)


def decode(elements: Bytes, scales: Bytes) -> NDArray[np.float32]:
    """Values of element bytes under their scale bytes; codes of infinity and NaN, which the encoder never writes, included."""
    exponent, mantissa = (elements >> 3 & 15).astype(np.int64), (elements & 7).astype(np.float64)
    magnitude = np.ldexp(np.where(exponent == 0, mantissa / 8, 1 + mantissa / 8), np.where(exponent == 0, -7, exponent - 7))
    magnitude = np.where(exponent == 15, np.where(mantissa == 0, np.inf, np.nan), magnitude)
    power = np.where(scales == 0, 0.0, np.where(scales == 255, np.inf, np.ldexp(1.0, scales.astype(np.int64) - SCALE_BIAS)))
    with np.errstate(all="ignore"):
        values: NDArray[np.float32] = (np.where(elements & 128, -magnitude, magnitude) * np.repeat(power, BLOCK)).astype(
            np.float32
        )
    return values


def _exponent(magnitude: Array) -> NDArray[np.int64]:
    """floor(log2(magnitude + LEAST))."""
    return (np.frexp(magnitude + LEAST)[1] - 1).astype(np.int64)
