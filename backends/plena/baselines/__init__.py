"""The template compiler whose kernels speed is measured against.

Open first: `RECIPES`, which names for every task a template and what is put into it, then ``templates/``: one file per operator
family, and ``pieces.s.j2`` with the macros that several families are made of. The text is frozen (it is part of the backend's
digest) and plain: hardware loops over rows and groups, one accumulator per 4 x 4 product, every matrix loaded once where it fits.
Sizes are written into the text, so that each configuration has its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment

from backends.plena.layout import EYE, GROUP, ONES, Layout, padded
from backends.templates import environment, recipe_key
from harness.task import Workload


@dataclass(frozen=True)
class Recipe:
    """How the baseline of one task is made."""

    template: str
    """File in ``templates/``, without its suffix."""
    variables: Mapping[str, object] = field(default_factory=dict)
    """What the template is given besides the layout and the sizes."""


RECIPES: Mapping[str, Recipe] = {
    "P01 vec_add": Recipe("elementwise", {"kind": "add", "constants": []}),
    "P04 relu": Recipe("elementwise", {"kind": "relu", "constants": [-65504.0, 1.0, 65504.0]}),
    "P09 silu": Recipe("elementwise", {"kind": "silu", "constants": [-1.0, 1.0]}),
    "P11 row_sum": Recipe("reduction"),
    "P15 softmax": Recipe("softmax"),
    "P16 layernorm": Recipe("normalization", {"centred": True}),
    "P17 rmsnorm": Recipe("normalization", {"centred": False}),
    "P18 transpose": Recipe("transpose"),
    "P21 gemm": Recipe("gemm", {"a": "a", "b": "b", "bias": None}),
    "P22 batched_gemm": Recipe("gemm", {"a": "a", "b": "b", "bias": None}),
    "P24 conv2d": Recipe("convolution", {"normalize": False}),
    "P26 maxpool2d": Recipe("pooling"),
    "C01 linear_bias_relu": Recipe("gemm", {"a": "x", "b": "w", "bias": "bias"}),
    "C04 swiglu_ffn": Recipe("ffn"),
    "C06 rope": Recipe("rope"),
    "C07 attention_1head": Recipe("attention"),
    "C08 flash_attention": Recipe("flash_attention"),
    "C11 conv_bn_relu": Recipe("convolution", {"normalize": True}),
    "E05 vit_block": Recipe("vit_block"),
    "E06 decoder_block": Recipe("decoder_block"),
}
"""The recipe of each task, by id and name: both must match, so that no other suite's P01 is mistaken for ours."""


def known(workload: Workload) -> bool:
    """Whether there is a recipe for the workload's task."""
    return recipe_key(workload) in RECIPES


def render(workload: Workload) -> str:
    """The baseline kernel of a workload. KeyError where there is no recipe."""
    recipe = RECIPES[recipe_key(workload)]
    layout = Layout.of(workload)
    inputs = list(layout.inputs.values())
    text = (
        _environment()
        .get_template(f"{recipe.template}.s.j2")
        .render(
            title=f"{workload.task.name}: {workload.p!r}",
            p=workload.p,
            t=layout.inputs,
            y=next(iter(layout.outputs.values())),
            first=inputs[0],
            second=inputs[1] if len(inputs) > 1 else None,
            scratch=layout.scratch,
            **recipe.variables,
        )
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_indented(text))).strip() + "\n"


def _indented(text: str) -> Iterator[str]:
    """The lines of a program: ``.text`` behind its data, instructions indented by the loops that they are in."""
    depth, in_data = 0, False
    for line in map(str.strip, text.splitlines()):
        if in_data and line and not line.startswith("."):
            yield ".text"
        in_data = line.startswith(".") or (in_data and not line)
        depth -= line.startswith("C_LOOP_END")
        outermost = not line or line.startswith(".") or (depth == 0 and line.startswith(";"))
        yield line if outermost else "  " * (depth + 1) + line
        depth += line.startswith("C_LOOP_START")


@cache
def _environment() -> Environment:
    made = environment(__name__)
    made.globals.update(EYE=EYE, ONES=ONES, pad4=lambda n: padded(n, GROUP), pad=padded)
    return made
