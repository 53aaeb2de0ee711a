"""The C conversions against `backends.isa.conversion`, and C arithmetic against the words of the golden engine."""

from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest

from backends.isa import conversion
from backends.isa.dtypes import DTYPES, MX
from backends.isa.language import builtins, values
from backends.isa.native.build import compile_unit

FLOATS = [d for d in DTYPES.values() if d.is_float]
INTEGERS = {"i32": (32, True), "u32": (32, False), "i64": (64, True), "u64": (64, False)}
CORNERS = [0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1, -1, -2, -7]
BINARY = {"floordiv": "//", "mod": "%", "shl": "<<", "shr": ">>"}


def _over(name, parameters, statement):
    """A C function that does something to every element."""
    return f"void {name}({parameters}, long k) {{ for (long i = 0; i < k; i++) {statement}; }}"


def _text():
    parts = ['#include "runtime.h"']
    for d in FLOATS:
        for function, source, target in (("store", "float", f"uint{8 * d.bytes}_t"), ("load", f"uint{8 * d.bytes}_t", "float")):
            parts.append(
                _over(f"{function}_all_{d.name}", f"const {source} *x, {target} *y", f"y[i] = {function}_{d.name}(x[i])")
            )
    for name, (width, signed) in INTEGERS.items():
        c = f"{'' if signed else 'u'}int{width}_t"
        parts += [f"{c} try_{op}_{name}({c} a, {c} b) {{ return {op}_{name}(a, ({c})b); }}" for op in (*BINARY, "min", "max")]
        parts += [
            f"{c} try_abs_{name}({c} a) {{ return abs_{name}(a); }}",
            f"{c} try_from_{name}(float x) {{ return from_f32_{name}(x); }}",
        ]
    parts.append(_over("scale_all", "const float *x, const int32_t *n, float *y", "y[i] = scale_by(x[i], n[i])"))
    parts.append(_over("exponent_all", "const float *x, int32_t *y", "y[i] = exponent(x[i])"))
    return "\n".join(parts)


@pytest.fixture(scope="session")
def library(native_cache):
    return ctypes.CDLL(str(compile_unit(_text(), native_cache)))


def pointers(*arrays):
    return [ctypes.c_void_p(a.ctypes.data) for a in arrays]


def floats():
    """Every pattern of the upper 18 bits with several low ends, around every tie that rounding meets."""
    upper = np.arange(1 << 18, dtype=np.uint32) << 14
    return np.concatenate([upper + low for low in (0, 1, 0x1FFF, 0x2000, 0x2001, 0x3FFF)]).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda d: d.name)
def test_values_are_stored_as_the_reference_stores_them(library, dtype):
    given = floats()
    made = np.zeros(len(given), conversion.pattern_type(dtype))
    library[f"store_all_{dtype.name}"](*pointers(given, made), ctypes.c_long(len(given)))
    wrong = np.flatnonzero(made != conversion.encode(dtype, given))
    assert len(wrong) == 0, f"{given[wrong[:5]]} became {made[wrong[:5]]}"


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda d: d.name)
def test_every_pattern_loads_as_the_reference_loads_it(library, dtype):
    patterns = np.arange(1 << min(dtype.bits, 20), dtype=np.uint32) * (1 if dtype.bits < 32 else 4097)
    patterns = patterns.astype(conversion.pattern_type(dtype))
    made = np.zeros(len(patterns), np.float32)
    library[f"load_all_{dtype.name}"](*pointers(patterns, made), ctypes.c_long(len(patterns)))
    wanted = conversion.decode(dtype, patterns)
    nan = np.isnan(wanted)
    np.testing.assert_array_equal(np.isnan(made), nan)
    np.testing.assert_array_equal(made[~nan].view(np.uint32), wanted[~nan].view(np.uint32))


def test_scaling_rounds_once_and_exponents_are_those_of_frexp(library):
    rng = np.random.default_rng(1)
    given = np.concatenate([rng.integers(0, 2**32, 20000, np.uint32).view(np.float32), np.float32([0, -0.0, 1, np.inf, 1e-45])])
    powers = rng.integers(-320, 320, len(given)).astype(np.int32)
    powers[:4] = [-(2**31), 2**31 - 1, 0, 127]
    scaled, exponents = np.zeros_like(given), np.zeros(len(given), np.int32)
    library.scale_all(*pointers(given, powers, scaled), ctypes.c_long(len(given)))
    library.exponent_all(*pointers(given, exponents), ctypes.c_long(len(given)))
    with np.errstate(all="ignore"):
        for x, n, y, e in zip(given, powers, scaled, exponents, strict=True):
            wanted = builtins.scale_by(x, values.I32(int(n)))
            assert (math.isnan(y) and math.isnan(wanted)) or y.view(np.uint32) == wanted.view(np.uint32), (x, n)
            assert e == builtins.exponent(x).value, x


@pytest.mark.parametrize("name", INTEGERS)
def test_integer_arithmetic_is_total(library, name):
    width, signed = INTEGERS[name]
    word = values.WORDS[name]
    c_type = getattr(ctypes, f"c_{'' if signed else 'u'}int{width}")
    operators = {"//": lambda a, b: a // b, "%": lambda a, b: a % b, "<<": lambda a, b: a << b, ">>": lambda a, b: a >> b}
    for op, symbol in BINARY.items():
        function = library[f"try_{op}_{name}"]
        function.argtypes, function.restype = [c_type, c_type], c_type
        for a in CORNERS:
            for b in CORNERS:
                assert function(word(a).value, word(b).value) == operators[symbol](word(a), word(b)).value, (op, a, b)
    absolute, convert = library[f"try_abs_{name}"], library[f"try_from_{name}"]
    absolute.argtypes, absolute.restype, convert.argtypes, convert.restype = [c_type], c_type, [ctypes.c_float], c_type
    for a in CORNERS:
        assert absolute(word(a).value) == abs(word(a)).value
    for x in (
        0.0,
        -0.5,
        0.999,
        1e9,
        -1e9,
        2.0**31,
        2.0**32,
        -(2.0**31),
        2.0**63,
        -(2.0**63),
        2.0**64,
        math.inf,
        -math.inf,
        math.nan,
    ):
        assert convert(x) == values.convert(name, np.float32(x)).value, x


@pytest.mark.parametrize("element", ["e4m3", "e5m2", "e2m1"])
def test_blocks_are_those_of_the_reference(native_cache, element):
    text = f"""#include "runtime.h"
    void write(uint8_t *m, const float *x, long n) {{ write_mx_{element}(m, 0, 256, x, n, 8); }}
    void read(float *x, const uint8_t *m, long n) {{ read_mx_{element}(x, m, 0, 256, 512, n, n, 8); }}"""
    library = ctypes.CDLL(str(compile_unit(text, native_cache)))
    kind, rng = MX(DTYPES[element], 8), np.random.default_rng(2)
    for trial in range(200):
        count = int(rng.integers(1, 100))
        given = (rng.normal(0, 1, count) * 2.0 ** rng.integers(-140, 120, count)).astype(np.float32)
        if trial % 4 == 0:
            given[rng.integers(count)] = rng.choice(np.float32([np.inf, np.nan, 0, 1e-45, 3e38]))
        if trial % 5 == 0:
            given[:] = np.float32(2.0) ** rng.integers(-20, 20) * rng.normal(0, 1, count).astype(np.float32)
        memory, back = np.zeros(512, np.uint8), np.zeros(count, np.float32)
        library.write(*pointers(memory, given), ctypes.c_long(count))
        library.read(*pointers(back, memory), ctypes.c_long(count))
        elements, scales = conversion.encode_block(kind, given)
        if element == "e2m1":
            elements = conversion.pack(elements, np.zeros(len(elements), np.uint8))
        np.testing.assert_array_equal(memory[: len(elements)], elements)
        np.testing.assert_array_equal(memory[256 : 256 + len(scales)], scales)
        stored = conversion.unpack(memory[:256], count) if element == "e2m1" else memory[:count]
        np.testing.assert_array_equal(back, conversion.decode_block(kind, stored, scales))
