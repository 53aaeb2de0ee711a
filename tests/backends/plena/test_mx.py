"""The block-scaled format: known bytes, what rounding does, and what survives."""

import numpy as np
import pytest

from backends.plena import mx


def block(*values: float) -> list[float]:
    return [*values, *[0.0] * (8 - len(values))]


@pytest.mark.parametrize(
    ("values", "elements", "scale"),
    [
        (block(1.0), [0x38], 127),
        (block(-1.0, 0.5), [0xB8, 0x30], 127),
        (block(448.0), [0x3E], 135),
        (block(0.0), [0x00], 0),
        (block(1.99), [0x3F], 127),  # never carries into the exponent
        (block(1.0625), [0x38], 127),  # a tie goes to even
        (block(1.1875), [0x3A], 127),
        (block(2.0**-40), [0x01], 97),  # the least number
    ],
)  # fmt: skip
def test_known_bytes(values: list[float], elements: list[int], scale: int) -> None:
    got, scales = mx.encode(np.array(values))
    assert got[: len(elements)].tolist() == elements
    assert scales.tolist() == [scale]


def test_what_it_can_hold_comes_back_as_it_was() -> None:
    codes = np.array([c for c in range(256) if c >> 3 & 15 <= 7 and c != 0x80], np.uint8)
    codes = np.concatenate([np.full((len(codes), 1), 0x38, np.uint8), np.repeat(codes[:, None], 7, axis=1)], axis=1).ravel()
    values = mx.decode(codes, np.full(len(codes) // 8, 140, np.uint8))
    again = mx.decode(*mx.encode(values))
    np.testing.assert_array_equal(again, values)


def test_large_elements_are_off_by_at_most_an_eighth_and_small_ones_by_little_of_the_largest() -> None:
    values = np.random.default_rng(1).normal(size=4096)
    largest = np.repeat(np.abs(values.reshape(-1, 8)).max(axis=1), 8)
    error = np.abs(mx.decode(*mx.encode(values)) - values)
    # Between 2**-7 and 2**-6 of the shared power, the writer saturates: there is no leading bit in the lowest binade.
    assert (error <= np.where(np.abs(values) >= largest / 32, np.abs(values) / 8, largest / 64)).all()
    assert (error > np.abs(values) / 20).any()


def test_the_codes_that_are_not_numbers() -> None:
    values = mx.decode(np.array([0x78, 0xF8, 0x79, 0x07, 0x38, 0, 0, 0], np.uint8), np.array([127], np.uint8))
    assert values[0] == np.inf
    assert values[1] == -np.inf
    assert np.isnan(values[2])
    assert values[3] == 7 / 8 * 2**-7
    assert mx.decode(np.full(8, 0x38, np.uint8), np.array([0], np.uint8)).tolist() == [0.0] * 8
    assert np.isinf(mx.decode(np.full(8, 0x38, np.uint8), np.array([255], np.uint8))).all()


def test_it_agrees_with_the_interpreter(plena_numpy: object) -> None:
    codes = np.arange(256, dtype=np.uint8)
    for scale in (0, 1, 97, 127, 200, 255):
        scales = np.full(32, scale, np.uint8)
        np.testing.assert_array_equal(mx.decode(codes, scales), plena_numpy.decode(codes, scales))  # type: ignore[attr-defined]
