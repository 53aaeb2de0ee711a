"""Inputs for timed calls: new in every element of every slot of every batch, at about the speed of copying memory.

A few sets are drawn by the task's own generator. A batch picks members of this pool at random and perturbs every element:
floats lose up to 2^-10 of their magnitude (zeros, signs and ranges stay), integers are XORed with random bits where the task
uses their whole range, else drawn anew from all values that the tensor had in the pool. So nothing that a kernel remembers
ever comes back. Parameters (tensors that a task declares with one element) stay as their member of the pool has them, because
they may have to agree with each other, as the ends of an interval do.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backends.cpu.layout import Arena
from harness.task import Array, Tensor, Workload

POOL = 8
"""Input sets drawn by the generator for one race."""
PARAMETER = (1,)
"""Declared shape of what is not data."""
_PERIOD = (1 << 17) - 1
"""The noise repeats after this many elements: a prime, so that no two slots of a batch meet the same stretch of it."""
_Perturb = Callable[[Array], object]


class FreshInputs:
    """A source of input images for one workload."""

    def __init__(self, workload: Workload, arena: Arena, slots: int, rng: np.random.Generator) -> None:
        self._arena, self._rng = arena, rng
        pool = arena.image(POOL)
        for member in range(POOL):
            arena.write(pool, member, workload.draw(rng))
        self._pool = pool.reshape(POOL, arena.stride)
        self._perturb = {
            name: self._rule(arena.view(pool, name), tensor, slots)
            for name, tensor in arena.tensors.items()
            if workload.task.inputs[name].shape != PARAMETER
        }

    def draw(self, slots: int) -> Array:
        """An image of that many slots, each different from everything before."""
        image = self._pool[self._rng.integers(POOL, size=slots)].reshape(-1)
        for name, perturb in self._perturb.items():
            perturb(self._arena.view(image, name))
        return image

    def _rule(self, pool: Array, tensor: Tensor, slots: int) -> _Perturb:
        needed = tensor.size * slots + _PERIOD
        if tensor.dtype.is_float:
            noise = np.resize(1 - self._rng.random(_PERIOD, np.float32) * np.float32(2**-10), needed)
            return lambda view: np.multiply(view, self._slice(noise, view), out=view)
        info = np.iinfo(tensor.dtype.numpy)
        if int(pool.max()) - int(pool.min()) > (int(info.max) - int(info.min)) // 2:
            bits = np.resize(self._rng.integers(info.min, info.max, _PERIOD, tensor.dtype.numpy, endpoint=True), needed)
            return lambda view: np.bitwise_xor(view, self._slice(bits, view), out=view)
        chosen = np.resize(self._rng.choice(pool.reshape(-1), _PERIOD), needed)
        return lambda view: np.copyto(view, self._slice(chosen, view))

    def _slice(self, noise: Array, view: Array) -> Array:
        start = int(self._rng.integers(_PERIOD))
        return noise[start : start + view.size].reshape(view.shape)
