"""Exercises of chapter 17: bytes that saturate."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _bytes(rng: np.random.Generator) -> list[tuple]:
    """List (activations, weights): none, what just fits and just does not, at both ends; then drawn ones."""
    cases = [
        ([], []),
        ([1, 2], [3, 4]),
        ([1, 2], [3, -4]),
        ([255, 255], [64, 64]),
        ([255, 255], [127, 127]),
        ([255, 191], [127, 2]),  # 32767
        ([254, 255], [127, 2]),  # 32768
        ([255, 128], [-128, -1]),  # -32768
        ([255, 129], [-128, -1]),  # -32769
        ([255, 255], [-128, -128]),
        ([200, 10, 3, 250], [1, 2, 4, -1]),
        ([255, 1, 255, 1], [127, 1, 127, 1]),
        ([[255, 200, 1, 1]], [[127, 127, 1, 1]]),
    ]
    for shape in ((6,), (2, 4), (3, 8), (2, 2, 6)):
        cases.append((rng.integers(0, 256, shape), rng.integers(-128, 128, shape)))
    return [(np.array(a, np.uint8), np.array(w, np.int8)) for a, w in cases]


def _same_numbers(expected, got):
    """Compare without the dtype: in a tuple `difference` would blame it, where it is not what went wrong."""
    return isinstance(got, tuple) and len(got) == 2 and all(map(np.array_equal, expected, got))


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _with(saturate=lambda exact: exact.clip(-32_768, 32_767), add=lambda p: p[..., ::2] + p[..., 1::2]):
    """Saturate or add in another way."""

    def sums(activations, weights):
        exact = add(activations.astype(np.int64) * weights)
        return exact, saturate(exact)

    return sums


def _in_16_bits(activations, weights):
    products = activations * weights
    exact = products[..., ::2] + products[..., 1::2]
    return exact, exact.clip(-32_768, 32_767)


def _both_saturated(activations, weights):
    saturated = _with()(activations, weights)[1]
    return saturated, saturated


def _halves(products):
    half = products.shape[-1] // 2
    return products[..., :half] + products[..., half:]


EXERCISES = (
    Exercise(
        name="pair_sums",
        chapter="17_serving",
        task="Add products in pairs, as AVX2's vpmaddubsw does. activations, uint8 (..., 2 m), and weights, "
        "int8, have the same shape. Multiply them place by place; add the products 0 and 1, 2 and 3, and so "
        "on along the last axis. Return a tuple of two arrays of int (..., m): the exact sums, and the "
        "saturated ones, in which a sum that 16 bits with a sign (-32768 to 32767) cannot hold has become "
        "the nearest number that they can. m may be 0.",
        reference="embedlab.serving:pair_sums",
        cases=_bytes,
        hints=(
            "What is the largest sum of two products, and does NumPy's product of uint8 and int8 hold it?",
            "Convert to int64 before you multiply. [..., ::2] takes every other product.",
            "Saturated means clipped to the two ends of the range; it does not wrap around.",
        ),
        mistakes=(
            Mistake(
                "not saturated",
                "255 x 127 twice is 64,770, and 16 bits with a sign end at 32,767: clip the second result.",
                _with(lambda exact: exact),
            ),
            Mistake(
                "wraps around",
                "Converting to int16 wraps around, so that a large sum becomes negative. Saturated means "
                "clipped: the nearest number that fits.",
                _with(lambda exact: exact.astype(np.int16).astype(np.int64)),
            ),
            Mistake(
                "added in 16 bits",
                "NumPy's product of uint8 and int8 is int16, and so is the sum of two, which wraps around: "
                "convert to int64 before you multiply.",
                _in_16_bits,
            ),
            Mistake(
                "the exact sum saturated, too",
                "The first result is what the sum should be: it is not clipped. Only so does one see what "
                "was lost.",
                _both_saturated,
            ),
            Mistake(
                "first half with second half",
                "Neighbours are added, 0 with 1 and 2 with 3: [..., ::2] and [..., 1::2].",
                _with(add=_halves),
            ),
            Mistake(
                "overlapping pairs",
                "Each product is used once: 2 m products make m sums, not 2 m - 1.",
                _with(add=lambda products: products[..., :-1] + products[..., 1:]),
            ),
            Mistake(
                "-32768 left out",
                "Two's complement has one more negative number than positive ones: the range begins at "
                "-32768.",
                _with(lambda exact: exact.clip(-32_767, 32_767)),
            ),
            Mistake(
                "activations read with a sign",
                "The activations are unsigned: as int8, 255 would be -1.",
                lambda activations, weights: _with()(activations.astype(np.int8), weights),
            ),
        ),
        follow_up="With reduce_range the weights use 7 of their 8 bits. Why can no pair saturate then, what "
        "does it cost in accuracy, and on which CPUs would you not pay it?",
        close=_same_numbers,
    ),
)
