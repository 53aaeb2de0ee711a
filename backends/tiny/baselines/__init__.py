"""The template compiler whose kernels speed is measured against.

Open first: `RECIPES`, which names a template for every task, then ``templates/pieces.s.j2`` with the loops and the products that
all of them are made of. The text is plain: it takes a row in strips of the vector length, one instruction after the other, and
its sizes are written into it.
"""

from __future__ import annotations

from collections.abc import Mapping

from backends.templates import environment, indented, label_maker, recipe_key
from harness.task import Workload

RECIPES: Mapping[str, str] = {
    "P01 vec_add": "vec_add",
    "P04 relu": "relu",
    "P09 silu": "silu",
    "P11 row_sum": "row_sum",
    "P15 softmax": "softmax",
    "P16 layernorm": "layernorm",
    "P17 rmsnorm": "rmsnorm",
    "P18 transpose": "transpose",
    "P21 gemm": "gemm",
    "P22 batched_gemm": "batched_gemm",
    "P24 conv2d": "conv2d",
    "P26 maxpool2d": "maxpool2d",
    "C01 linear_bias_relu": "linear_bias_relu",
    "C04 swiglu_ffn": "swiglu_ffn",
    "C06 rope": "rope",
    "C07 attention_1head": "attention",
    "C08 flash_attention": "flash_attention",
    "C11 conv_bn_relu": "conv_bn_relu",
    "E05 vit_block": "vit_block",
    "E06 decoder_block": "decoder_block",
}
"""The template of each task, by id and name: both must match, so that no other suite's P01 is mistaken for ours."""


def known(workload: Workload) -> bool:
    """Whether there is a recipe for the workload's task."""
    return recipe_key(workload) in RECIPES


def render(workload: Workload, addresses: Mapping[str, int], scratch: int, lanes: int) -> str:
    """The baseline kernel of a workload whose tensors lie at these addresses. KeyError where there is no recipe."""
    template = environment(__name__).get_template(f"{RECIPES[recipe_key(workload)]}.s.j2")
    text = template.render(p=workload.p, t=addresses, scratch=scratch, lanes=lanes, unique=label_maker())
    title = f"; {workload.task.name}: {workload.p!r}"
    return "\n".join([title, *indented(text, ";")]).rstrip() + "\n"
