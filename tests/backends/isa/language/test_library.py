"""Library functions, computed from their checked bodies with numpy on whole arrays and compared with float64."""

import numpy as np
import pytest

from backends.isa import exp
from backends.isa.language import ir
from backends.isa.language.check import check_helper
from backends.isa.language.scope import Context

NUMPY = {"f32": np.float32, "i32": np.int32, "u32": np.uint32}
OPERATIONS = {"+": np.add, "-": np.subtract, "*": np.multiply, "<<": np.left_shift, ">>": np.right_shift}
BUILTINS = {
    "min": lambda a, b: np.where(b < a, b, a),
    "max": lambda a, b: np.where(b > a, b, a),
    "bits": lambda a: np.where(np.isnan(a), np.uint32(0x7FC00000), a.view(np.uint32)),
    "float_from_bits": lambda a: a.view(np.float32),
}


def evaluate(node, names):
    match node:
        case ir.Const(type=kind, value=value):
            return NUMPY[kind](value) if kind in NUMPY else value
        case ir.Local(name=name):
            return names[name]
        case ir.Binary(op=op, left=left, right=right):
            return OPERATIONS[op](evaluate(left, names), evaluate(right, names))
        case ir.Cast(type=kind, value=value):
            return evaluate(value, names).astype(NUMPY[kind])
        case ir.Builtin(name=name, arguments=arguments):
            return BUILTINS[name](*(evaluate(argument, names) for argument in arguments))
    raise NotImplementedError(node)


def run(helper, x):
    """The helper on every element of x."""
    checked = check_helper(helper, Context({}, {}, None, None))
    names = {checked.parameters[0][0]: x}
    with np.errstate(all="ignore"):
        for statement in checked.statements[:-1]:
            names[statement.name] = evaluate(statement.value, names)
        result = evaluate(checked.statements[-1].values[0], names)
    assert result.dtype == np.float32
    return result


@pytest.mark.parametrize(("low", "high"), [(-87.3, 88.72), (-1, 1), (-1e-3, 1e-3)])
def test_exp_is_within_two_to_the_minus_22(low, high):
    x = np.random.default_rng(22).uniform(low, high, 2_000_000).astype(np.float32)
    exact = np.exp(x.astype(np.float64))
    assert np.max(np.abs(run(exp, x) - exact) / exact) < 2.0**-22


def test_exp_of_subnormal_results_is_within_one_unit_in_the_last_place():
    x = np.random.default_rng(23).uniform(-110, -87, 1_000_000).astype(np.float32)
    assert np.max(np.abs(run(exp, x) - np.exp(x.astype(np.float64)))) <= 2.0**-149


def test_exp_at_the_ends():
    x = np.array([0, -0.0, 88.72283, 88.72284, np.inf, -np.inf, -103.972, -103.9721, -1e30, np.nan], np.float32)
    expected = np.array([1, 1, 3.4027985e38, np.inf, np.inf, 0, 2.0**-149, 0, 0, np.nan], np.float32)
    np.testing.assert_array_equal(run(exp, x), expected)
