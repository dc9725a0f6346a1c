"""Exercises of chapter 05: int8 codes, and the Hamming distance."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _vectors(rng: np.random.Generator) -> list[tuple]:
    """List (vectors, lo, step): within the range, at its ends, beyond them; never halfway between steps."""
    cases = [([[0]], [0], [1]), ([[255]], [0], [1]), ([[256]], [0], [1]), ([[-1]], [0], [1])]
    cases += [([[2]], [0], [3]), ([[1]], [0], [3]), ([[5]], [2], [0.5]), ([[-7, 7]], [-7, 0], [1, 0.5])]
    cases += [([[200]], [0], [1]), ([[500, -500]], [0, 0], [1, 1])]
    for n, d, size in [(1, 2, 9), (2, 2, 40), (3, 2, 100), (2, 4, 200), (5, 3, 300), (4, 8, 400)]:
        vectors, lo = rng.integers(-size, size, (n, d)), rng.integers(-size, 0, d)
        cases.append((vectors, lo, rng.choice([0.3, 0.5, 1, 3], d)))
    return [tuple(np.array(part, dtype=np.float32) for part in case) for case in cases]


def _codes(rng: np.random.Generator) -> list[tuple]:
    """List (codes, lo, step): the ends of the range first."""
    cases = [([[-128]], [0], [1]), ([[127]], [0], [1]), ([[0]], [0], [1]), ([[-128]], [5], [2])]
    cases += [([[-126]], [5], [2]), ([[-127, 127]], [-3, 4], [1, 0.5])]
    for n, d in [(1, 2), (2, 2), (3, 2), (2, 4), (5, 3), (4, 8)]:
        cases.append((rng.integers(-128, 128, (n, d)), rng.integers(-9, 9, d), rng.choice([0.5, 1, 2], d)))
    as_float = np.float32
    return [(np.array(c, dtype=np.int8), as_float(lo), as_float(step)) for c, lo, step in cases]


def _bits(rng: np.random.Generator) -> list[tuple]:
    """List (a, b): single bytes, then n rows against m."""
    cases = [([[0]], [[0]]), ([[1]], [[0]]), ([[2]], [[0]]), ([[3]], [[5]]), ([[255]], [[0]])]
    cases += [([[1, 2]], [[1, 3]]), ([[7]], [[7], [0], [6]])]
    for n, m, size in [(1, 2, 2), (2, 2, 1), (2, 3, 2), (3, 3, 3), (4, 2, 8), (3, 5, 6)]:
        cases.append((rng.integers(0, 256, (n, size)), rng.integers(0, 256, (m, size))))
    return [(np.array(a, dtype=np.uint8), np.array(b, dtype=np.uint8)) for a, b in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _steps(vectors, lo, step):
    return np.rint((vectors - lo) / step)


def _truncated(vectors, lo, step):
    return (np.clip(np.floor((vectors - lo) / step), 0, 255) - 128).astype(np.int8)


def _wrapped(vectors, lo, step):
    return (_steps(vectors, lo, step) - 128).astype(np.int64).astype(np.int8)


def _not_shifted(vectors, lo, step):
    return np.clip(_steps(vectors, lo, step), 0, 255).astype(np.int64).astype(np.int8)


def _cut_at_127(vectors, lo, step):
    return np.clip(_steps(vectors, lo, step), -128, 127).astype(np.int8)


def _multiplied(vectors, lo, step):
    return (np.clip(np.rint((vectors - lo) * step), 0, 255) - 128).astype(np.int8)


def _one_range(vectors, lo, step):
    return (np.clip(_steps(vectors, lo.min(), step.max()), 0, 255) - 128).astype(np.int8)


def _as_unsigned(codes, lo, step):
    return lo + codes.astype(np.uint8).astype(np.float32) * step


def _no_shift_back(codes, lo, step):
    return lo + codes.astype(np.float32) * step


def _lo_in_steps(codes, lo, step):
    return (codes.astype(np.float32) + 128 + lo) * step


def _upper_edge(codes, lo, step):
    return lo + (codes.astype(np.float32) + 129) * step


def _bytes_that_differ(a, b):
    return (a[:, None] != b[None]).sum(axis=2)


def _values_of_xor(a, b):
    return (a[:, None] ^ b[None]).sum(axis=2, dtype=np.int64)


def _equal_bits(a, b):
    return 8 * a.shape[1] - np.bitwise_count(a[:, None] ^ b[None]).sum(axis=2, dtype=np.int64)


def _common_bits(a, b):
    return np.bitwise_count(a[:, None] & b[None]).sum(axis=2, dtype=np.int64)


def _first_row(a, b):
    return np.bitwise_count(a[:1, None] ^ b[None]).sum(axis=2, dtype=np.int64)


EXERCISES = (
    Exercise(
        name="encode_int8",
        chapter="05_quantization",
        task="Round vectors, float32 (n, d), to int8 codes (n, d): count the steps, float32 (d,), from lo, "
        "float32 (d,), to the number; the nearest of 0 to 255, minus 128.",
        reference="embedlab.quantization:encode_int8",
        cases=_vectors,
        hints=(
            "How many steps is a number above the lower end of its dimension? lo and step broadcast.",
            "np.rint takes the nearest whole number. What is beyond 0 and 255 is clipped to the end.",
            "Clip first, then subtract 128, then convert: a signed byte holds -128 to 127.",
        ),
        mistakes=(
            Mistake(
                "cut off instead of rounded",
                "Cutting off the fraction is wrong by up to a whole step; the nearest step by half of one.",
                _truncated,
            ),
            Mistake(
                "not clipped: wraps around",
                "A byte wraps around: one step above the top lands at the bottom. Clip before converting.",
                _wrapped,
            ),
            Mistake(
                "128 not subtracted",
                "0 to 255 do not fit into a signed byte: subtract 128 after clipping.",
                _not_shifted,
            ),
            Mistake(
                "clipped at 127 instead of shifted",
                "Clipping the steps at 127 throws the upper half of each range away: shift by 128 instead.",
                _cut_at_127,
            ),
            Mistake(
                "multiplied with the step",
                "The number of steps is the distance from lo divided by the width of a step.",
                _multiplied,
            ),
            Mistake(
                "one range for all dimensions",
                "Each dimension has its own lo and step, shape (d,): broadcasting does the rest.",
                _one_range,
            ),
        ),
        follow_up="A new document lies outside the range. What becomes of it, and would you notice?",
    ),
    Exercise(
        name="decode_int8",
        chapter="05_quantization",
        task="Turn codes, int8 (n, d), back into float32 vectors (n, d), with lo and step, float32 (d,), "
        "of each dimension; the code -128 means lo.",
        reference="embedlab.quantization:decode_int8",
        cases=_codes,
        hints=(
            "Undo the encoding from its end: first the 128, then the steps, then lo.",
            "int8 cannot hold 128: convert the codes to float32 before you add it.",
            "lo + (codes as float32 + 128) * step",
        ),
        mistakes=(
            Mistake(
                "read as unsigned bytes",
                "As uint8, -128 becomes 128 and -1 becomes 255: the halves of the range swap. Add 128.",
                _as_unsigned,
            ),
            Mistake(
                "128 not added back",
                "The code -128 stands for lo: add 128 before you multiply.",
                _no_shift_back,
            ),
            Mistake(
                "lo multiplied with the step",
                "lo is a value, not a number of steps: add it after multiplying.",
                _lo_in_steps,
            ),
            Mistake(
                "one step too high",
                "The lowest code, -128, is 0 steps above lo.",
                _upper_edge,
            ),
        ),
        follow_up="How could you score a query against the codes without decoding a single document?",
    ),
    Exercise(
        name="hamming",
        chapter="05_quantization",
        task="Count the bits in which each row of a, uint8 (n, b), differs from each row of b, uint8 (m, b): "
        "int64 (n, m).",
        reference="embedlab.quantization:hamming",
        cases=_bits,
        hints=(
            "a ^ b has a 1 exactly where the two differ.",
            "np.bitwise_count counts the ones of each byte.",
            "a[:, None] ^ b[None] has shape (n, m, bytes): sum the counts over the last axis, as int64.",
        ),
        mistakes=(
            Mistake(
                "bytes counted instead of bits",
                "!= compares whole bytes, in which up to eight bits differ.",
                _bytes_that_differ,
            ),
            Mistake(
                "sum of the XOR's values",
                "The XOR of 2 and 0 is 2, but only one bit differs: count its ones with np.bitwise_count.",
                _values_of_xor,
            ),
            Mistake(
                "equal bits counted",
                "That is the number of bits that agree. A distance is 0 for equal rows.",
                _equal_bits,
            ),
            Mistake(
                "bits in common counted",
                "& keeps bits that are 1 in both. Those that differ come from ^.",
                _common_bits,
            ),
            Mistake(
                "only the first row of a",
                "Each row of a is compared with each row of b: the result is (n, m).",
                _first_row,
            ),
        ),
        follow_up="How do you turn this distance into the inner product of the two rows of signs?",
    ),
)
