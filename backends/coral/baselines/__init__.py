"""The template compiler whose kernels speed is measured against.

A kernel's template is ``templates/ID_NAME.TYPE.VARIANT.S.j2``, such as ``p01_vec_add.f32.naive.S.j2``: it is found by its name,
so that a new kernel touches nothing else. ``naive`` kernels are scalar; ``vector`` ones use the vector unit, where there are any.
Templates see the workload's sizes as ``p``, ``unique``, which makes labels, and ``bits``, the pattern of a float; tensors are the
symbols of the calling convention. Files that begin with ``pieces`` hold what they share.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import Literal

from backends.templates import environment, indented, label_maker
from harness.task import Workload

Variant = Literal["naive", "vector"]


def known(workload: Workload) -> bool:
    """Whether there is a kernel for the workload's task and type."""
    return any(_name(workload, variant) in _templates() for variant in ("vector", "naive"))


def render(workload: Workload, variant: Variant | None = None) -> str:
    """The baseline kernel of a workload: without a variant, the vectorised one if there is one. KeyError where there is none."""
    wanted = [variant] if variant else ["vector", "naive"]
    found = [name for name in (_name(workload, each) for each in wanted) if name in _templates()]
    if not found:
        raise KeyError(f"no {' or '.join(wanted)} kernel for {workload.id} {workload.task.name} in {workload.dtype.name}")
    text = environment(__name__).get_template(found[0]).render(p=workload.p, unique=label_maker(), bits=bits)
    title = f"# {workload.task.name}: {workload.p!r}"
    return "\n".join([title, *indented(text, "#")]).rstrip() + "\n"


def bits(value: float) -> str:
    """The pattern of a 32-bit float."""
    return f"{struct.unpack('<I', struct.pack('<f', value))[0]:#x}"


def _name(workload: Workload, variant: str) -> str:
    task = workload.task
    return f"{task.id.lower()}_{task.name}.{workload.dtype.name}.{variant}.S.j2"


@cache
def _templates() -> frozenset[str]:
    return frozenset(environment(__name__).list_templates())
