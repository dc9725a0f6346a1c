"""RaBitQ to read (Gao & Long, SIGMOD 2024, arXiv:2405.12497): one bit a number, and how wrong it can be.

Rotate at random what is left of a vector without the centroid, and keep signs, as `BinaryIndex` does. What is
new are three numbers beside the signs: they make of the signs' inner product with a query one that is right
on average over all rotations, and say how far off it may be. Extended RaBitQ (arXiv:2409.09913) keeps more
bits a number in the same way.
"""

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats

Words = NDArray[np.uint64]


def sign_codes(rotated: Floats) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Encode rotated residuals (n, D): signs, what they are multiplied by, and the error for epsilon 1.

    With r a residual and s its signs as +1 and -1, ``scale * s`` is the vector along s that has r's inner
    product with r itself: scale = r*r / r*s. (The paper's o is r/|r|, its x is s/√D, its estimator
    x*q / x*o, which times |r| is scale * s*q: section 3.2.) What is missing, r - scale * s, stands at a right
    angle to r. To a query of length 1 it says at most its length, |r| √(1 - (x*o)²) / (x*o), and typically
    1/√(D - 1) of that, since a random rotation turns it anywhere (theorem 3.2).

    Parameters
    ----------
    rotated : float32 array (n, D)

    Returns
    -------
    signs : bool array (n, D), True for +1
    scales : float32 array (n,), 0 for a residual of zeros
    errors : float32 array (n,)

    Examples
    --------
    >>> signs, scales, errors = sign_codes(np.float32([[3, -1], [2, 2]]))
    >>> signs.tolist(), scales.tolist()  # (2.5, -2.5) instead of (3, -1), and (2, 2) as it is
    ([[True, False], [True, True]], [2.5, 2.0])
    >>> errors.round(3)  # the length of (0.5, 1.5), and nothing
    array([1.581, 0.   ], dtype=float32)
    """
    rotated = rotated.astype(float)
    squares, along = (rotated**2).sum(axis=1), np.abs(rotated).sum(axis=1)
    scales = np.divide(squares, along, out=np.zeros_like(along), where=along > 0)
    dims = rotated.shape[1]
    missing = np.maximum(scales**2 * dims - squares, 0)  # the square of |scale * s - r|
    return rotated > 0, scales.astype(np.float32), np.sqrt(missing / (dims - 1)).astype(np.float32)


def estimate(signs: NDArray[np.bool_], scales: Floats, queries: Floats) -> Floats:
    """Estimate inner products of rotated queries (q, D) with the residuals of signs (n, D): (q, n).

    Examples
    --------
    >>> signs, scales, _ = sign_codes(np.float32([[3, -1]]))
    >>> estimate(signs, scales, np.float32([[3, -1], [1, 1]]))  # right for itself: 10; and 0 instead of 2
    array([[10.],
           [ 0.]], dtype=float32)
    """
    return queries @ np.where(signs, 1, -1).astype(np.float32).T * scales


def error_bound(errors: Floats, lengths: Floats, epsilon: float = 1.9) -> Floats:
    """Say how far off estimates may be: errors (n,) of codes, lengths (q,) of queries -> (q, n).

    The error is epsilon times a number that is nearly normal, of standard deviation 1 at most: epsilon = 1.9,
    the paper's, is exceeded by 1 in 17 estimates (5.7 %) at most, and to one side by 1 in 35.

    Examples
    --------
    >>> error_bound(np.float32([0.04]), np.float32([1, 0.5])).round(3)
    array([[0.076],
           [0.038]], dtype=float32)
    """
    return epsilon * lengths[:, None] * errors


def quantize_query(rotated: Floats, bits: int = 4) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """Round each rotated query (q, D) to 2^bits even steps from its least number to its largest.

    The paper rounds up or down at random, which is right on average for each number; to the nearest, as
    here and in FAISS, is wrong by half the square, and after a random rotation as good as right on average.

    Returns
    -------
    levels : uint8 array (q, D)
    lows, steps : float32 arrays (q,)
        A number is nearly ``low + step * level``.

    Examples
    --------
    >>> quantize_query(np.float32([[-1, 0.1, 0.5]]), bits=2)
    (array([[0, 2, 3]], dtype=uint8), array([-1.], dtype=float32), array([0.5], dtype=float32))
    """
    lows = rotated.min(axis=1)
    steps = (rotated.max(axis=1) - lows) / np.float32(2**bits - 1)
    levels = np.rint((rotated - lows[:, None]) / np.where(steps > 0, steps, 1)[:, None])
    return levels.astype(np.uint8), lows, steps


def as_words(flags: NDArray[np.bool_]) -> Words:
    """Pack flags (..., D), D a multiple of 64, into words of 64 bits (..., D/64).

    Examples
    --------
    >>> as_words(np.arange(128) % 64 == 1).tolist()  # 8 flags a byte, the first in its highest bit
    [64, 64]
    """
    return np.packbits(flags, axis=-1).view(np.uint64)


def bit_planes(levels: NDArray[np.uint8], bits: int) -> Words:
    """Take levels (q, D) apart: the lowest bit of all, the second of all, ...: (q, bits, D/64).

    Examples
    --------
    >>> bit_planes(np.full((1, 64), 2, np.uint8), 2).tolist() == [[[0], [2**64 - 1]]]
    True
    """
    return as_words(levels[:, None, :] >> np.arange(bits, dtype=np.uint8)[:, None] & 1 > 0)


def product_of_bits(code: Words, planes: Words) -> int:
    """Add up the levels of a query where a code has ones: (D/64,), (bits, D/64).

    A plane counts 2^b where it and the code have a one: an AND and a population count for 64 numbers.

    Examples
    --------
    >>> product_of_bits(np.uint64([0b1011]), np.uint64([[0b0011], [0b0110]]))  # levels: 1, 3, 2, 0
    4
    """
    counts = np.bitwise_count(code & planes).sum(axis=1, dtype=int)
    return int((counts << np.arange(len(planes))).sum())
