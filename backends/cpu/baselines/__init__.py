"""The template compiler whose kernels speed is measured against.

Open first: `RECIPES`, which names for every task a template and what is put into it, then ``templates/``: one file per operator
family, and ``pieces.c.j2`` with the functions that several families are made of. The text is frozen (it is part of the
backend's digest) and plain: loops in an order that a compiler vectorises, no intrinsics, no threads, sums in float32. Sizes are
the workload's symbols, which the build supplies as macros, so that one text serves every configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backends.cpu.prelude import C_TYPES, signature
from backends.templates import environment, recipe_key
from harness.task import Workload


@dataclass(frozen=True)
class Recipe:
    """How the baseline of one task is made."""

    template: str
    """File in ``templates/``, without its suffix."""
    variables: Mapping[str, object] = field(default_factory=dict)
    """What the template is given, besides ``elem`` and ``acc``, the C types of elements and of their sums."""
    dtypes: tuple[str, ...] = ("f32",)
    """Element types that this baseline exists in."""


RECIPES: Mapping[str, Recipe] = {
    "P01 vec_add": Recipe("elementwise", {"value": "a[i] + b[i]"}, ("f32", "i32")),
    "P02 axpy": Recipe("elementwise", {"result": "z", "value": "a[0] * x[i] + y[i]"}, ("f32", "i8")),
    "P03 fma3": Recipe("elementwise", {"value": "a[i] * b[i] + c[i]"}, ("f32", "i8")),
    "P04 relu": Recipe("elementwise", {"value": "x[i] > 0 ? x[i] : 0"}, ("f32", "i8")),
    "P05 clamp": Recipe("elementwise", {"value": "x[i] < lo[0] ? lo[0] : x[i] > hi[0] ? hi[0] : x[i]"}, ("f32", "i8")),
    "P09 silu": Recipe("elementwise", {"value": "silu(x[i])", "pieces": ["silu"]}),
    "P11 row_sum": Recipe("reduction", dtypes=("f32", "i32")),
    "P12 row_max_argmax": Recipe("argmax", dtypes=("f32", "i32")),
    "P14 prefix_sum": Recipe("scan", dtypes=("f32", "i32")),
    "P15 softmax": Recipe("normalization", {"kind": "softmax", "weights": []}),
    "P16 layernorm": Recipe("normalization", {"kind": "layernorm", "weights": ["gamma", "beta"]}),
    "P17 rmsnorm": Recipe("normalization", {"kind": "rmsnorm", "weights": ["gamma"]}),
    "P18 transpose": Recipe("transpose", dtypes=("f32", "i8")),
    "P21 gemm": Recipe("gemm", {"a": "a", "b": "b"}, ("f32", "i8")),
    "P22 batched_gemm": Recipe("gemm", {"a": "a", "b": "b", "batched": True}, ("f32", "i8")),
    "P23 conv1d": Recipe("convolution_1d", dtypes=("f32", "i8")),
    "P24 conv2d": Recipe("convolution", dtypes=("f32", "i8")),
    "P26 maxpool2d": Recipe("pooling", dtypes=("f32", "i8")),
    "P28 quantize_i8": Recipe("quantize", dtypes=("f32", "i32")),
    "P29 gemm_i8_i32": Recipe("gemm_rows", dtypes=("i8",)),
    "P31 lookup_i8": Recipe("elementwise", {"value": "table[x[i] + 128]"}, ("i8",)),
    "P32 softmax_i8": Recipe("normalization", {"kind": "softmax_i8", "weights": ["table"]}, ("i8",)),
    "P33 rmsnorm_i8": Recipe("normalization", {"kind": "rmsnorm_i8", "weights": ["gamma"]}, ("i8",)),
    "C01 linear_bias_relu": Recipe("gemm", {"a": "x", "b": "w", "bias": "bias", "relu": True}),
    "C04 swiglu_ffn": Recipe("ffn"),
    "C06 rope": Recipe("rope"),
    "C07 attention_1head": Recipe("attention"),
    "C08 flash_attention": Recipe("flash_attention"),
    "C11 conv_bn_relu": Recipe("convolution", {"same": 3, "batch_norm_relu": True}),
    "C18 linear_i8_requant": Recipe("linear_requant", dtypes=("i8",)),
    "C19 ffn_i8": Recipe("ffn_i8", dtypes=("i8",)),
    "C20 conv_relu_i8": Recipe("convolution", {"same": 3, "requantize_relu": True}, ("i8",)),
    "C21 attention_i8": Recipe("attention_i8", dtypes=("i8",)),
    "C22 rope_i8": Recipe("rope", dtypes=("i8",)),
    "E05 vit_block": Recipe("vit_block"),
    "E06 decoder_block": Recipe("decoder_block"),
}
"""The recipe of each task, by id and name: both must match, so that no other suite's P01 is mistaken for ours."""


def supported(workload: Workload) -> str | None:
    """None if there is a baseline for the workload, else why there is none."""
    recipe = RECIPES.get(recipe_key(workload))
    if recipe is None:
        return f"the template compiler has no template for {recipe_key(workload)!r}"
    if workload.dtype.name not in recipe.dtypes:
        return f"the template of {recipe_key(workload)!r} exists in {', '.join(recipe.dtypes)}, not in {workload.dtype.name!r}"
    return None


def render(workload: Workload) -> str:
    """The baseline kernel of a workload. ValueError, with the reason, where `supported` gives one."""
    if reason := supported(workload):
        raise ValueError(reason)
    recipe = RECIPES[recipe_key(workload)]
    template = environment(__name__).get_template(f"{recipe.template}.c.j2")
    types = {"elem": C_TYPES[workload.dtype.name], "acc": "float" if workload.dtype.is_float else "int32_t"}
    text = template.render(signature=_wrapped(signature(workload)), **types, **recipe.variables)
    return text.strip() + "\n"


def _wrapped(declaration: str, width: int = 120) -> str:
    """A declaration with its parameters aligned under the first, over as many lines as they need."""
    margin = " " * (declaration.index("(") + 1)
    first, *parameters = declaration.split(", ")
    lines = [first]
    for parameter in parameters:
        joined = f"{lines[-1]}, {parameter}"
        if len(joined) < width:
            lines[-1] = joined
        else:
            lines[-1] += ","
            lines.append(margin + parameter)
    return "\n".join(lines)
