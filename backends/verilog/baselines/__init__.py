"""The template compiler whose kernels speed and area are measured against.

Open first: `RECIPES`, which names for every task a template and what is put into it, then ``templates/``: one file per operator
family, and ``pieces.v.j2`` with the ports, and the modules that the kernels of the memory profile share. The text is frozen (it
is part of the backend's digest), plain, and of modest width: four lanes in a stream, eight multipliers at a memory. Sizes are
parameters of the module, which the harness sets, so that one text serves every configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backends.templates import environment, recipe_key
from backends.verilog.interface import Group, input_groups, output_groups, profile
from harness.task import Workload


@dataclass(frozen=True)
class Recipe:
    """How the baseline of one task is made."""

    template: str
    """File in ``templates/``, without its suffix."""
    dtype: str
    """The element type that it is for."""
    variables: Mapping[str, object] = field(default_factory=dict)
    """What the template is given, besides where the tensors are in a beat."""


RECIPES: Mapping[str, Recipe] = {
    "P01 vec_add": Recipe("elementwise", "i32", {"summary": "y = a + b", "value": "a + b"}),
    "P02 axpy": Recipe("multiply_add", "i8", {"summary": "z = a * x + y", "left": "a", "right": "x", "addend": "y"}),
    "P03 fma3": Recipe("multiply_add", "i8", {"summary": "y = a * b + c", "left": "a", "right": "b", "addend": "c"}),
    "P04 relu": Recipe("elementwise", "i8", {"summary": "y = max(x, 0)", "value": "x < 0 ? 8'sd0 : x"}),
    "P05 clamp": Recipe("elementwise", "i8", {"summary": "y = min(max(x, lo), hi)", "value": "x < lo ? lo : x > hi ? hi : x"}),
    "P11 row_sum": Recipe("row_sum", "i32"),
    "P12 row_max_argmax": Recipe("row_max_argmax", "i32"),
    "P14 prefix_sum": Recipe("prefix_sum", "i32"),
    "P18 transpose": Recipe("transpose", "i8"),
    "P21 gemm": Recipe("gemm", "i8"),
    "P23 conv1d": Recipe("conv1d", "i8"),
    "P28 quantize_i8": Recipe("quantize", "i32"),
    "P29 gemm_i8_i32": Recipe("linear", "i8", {"x": "a", "w": "b", "requantize": False}),
    "C18 linear_i8_requant": Recipe("linear", "i8", {"x": "x", "w": "w", "requantize": True}),
    "C19 ffn_i8": Recipe("ffn", "i8"),
}
"""The recipe of each task, by id and name: both must match, so that no other suite's P01 is mistaken for ours."""


def supported(workload: Workload) -> str | None:
    """None if there is a baseline for the workload, else why there is none."""
    recipe = RECIPES.get(recipe_key(workload))
    if recipe is None:
        return f"the template compiler has no template for {recipe_key(workload)!r}"
    if workload.dtype.name != recipe.dtype:
        return f"the template of {recipe_key(workload)!r} exists in {recipe.dtype}, not in {workload.dtype.name!r}"
    return None


def render(workload: Workload) -> str:
    """The baseline kernel of a workload. ValueError, with the reason, where `supported` gives one."""
    if reason := supported(workload):
        raise ValueError(reason)
    recipe = RECIPES[recipe_key(workload)]
    places = _stream_places(workload) if profile(workload) == "stream" else {}
    text = environment(__name__).get_template(f"{recipe.template}.v.j2").render(**places, **recipe.variables)
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


@dataclass(frozen=True)
class Place:
    """Where a tensor is in a beat; template text refers to these fields."""

    name: str
    width: int
    """Bits of an element."""
    at: int
    """Bits that lie below it, for each lane: its lowest lane begins at ``at * LANES``."""

    @property
    def lowest(self) -> str:
        """The bits of its lowest lane, as Verilog writes a range."""
        return f"{self.at}*LANES +: {self.width}" if self.at else f"{self.width - 1}:0"

    @property
    def lane(self) -> str:
        """The bits of lane ``i``."""
        return (f"{self.at}*LANES + " if self.at else "") + f"{self.width}*i +: {self.width}"


def _stream_places(workload: Workload) -> dict[str, object]:
    incoming, outgoing = input_groups(workload), output_groups(workload)
    return {
        "sw": 8 * max(group.bytes for group in incoming),
        "mw": 8 * max(group.bytes for group in outgoing),
        "scalars": [place for group in incoming[:-1] for place in _places(group)],
        "elements": list(_places(incoming[-1])),
        "width": 8 * outgoing[0].tensors[0].dtype.bytes,
    }


def _places(group: Group) -> Iterable[Place]:
    at = 0
    for tensor in group.tensors:
        yield Place(tensor.name, 8 * tensor.dtype.bytes, at)
        at += 8 * tensor.dtype.bytes
