"""What may be done to a vector before it is stored: noise, a secret rotation, a prefix, fewer bits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from embedlab.matryoshka import truncate
from embedlab.pooling import l2_normalize
from embedlab.quantization import Int8Quantizer

Floats = NDArray[np.float32]


class Defence:
    """Vectors as they are; the others change what is `stored`, and what is `asked` if that needs it too."""

    name = "none"

    def stored(self, vectors: Floats, seed: int = 0) -> Floats:
        """Return what is kept of vectors (n, d) of length 1."""
        return np.asarray(vectors, np.float32)

    def asked(self, queries: Floats) -> Floats:
        """Return what a query (q, d) is compared by with what is stored, by inner product."""
        return np.asarray(queries, np.float32)


@dataclass(frozen=True)
class Noise(Defence):
    """Normal noise on what is stored, of a mean length ``length`` where the vector has 1; queries have none.

    A number gets noise with a standard deviation of ``length / sqrt(d)``.
    """

    length: float

    @property
    def name(self) -> str:
        """What the chapter calls it."""
        return f"noise {self.length:g}"

    def stored(self, vectors: Floats, seed: int = 0) -> Floats:
        """Add noise drawn by the seed, and bring the sum to length 1."""
        vectors = np.asarray(vectors, np.float32)
        drawn = np.random.default_rng(seed).normal(size=vectors.shape)
        return l2_normalize((vectors + self.length / vectors.shape[1] ** 0.5 * drawn).astype(np.float32))


@dataclass(frozen=True)
class Rotation(Defence):
    """A secret rotation of what is stored and of queries: inner products stay, the numbers mean nothing."""

    key: int = 0
    name = "rotation"

    def matrix(self, dims: int) -> Floats:
        """Return the rotation (d, d) that the key draws."""
        return _drawn(self.key, dims)

    def stored(self, vectors: Floats, seed: int = 0) -> Floats:
        """Rotate."""
        return np.asarray(vectors, np.float32) @ self.matrix(vectors.shape[1])

    def asked(self, queries: Floats) -> Floats:
        """Rotate: only who has the key can ask."""
        return self.stored(queries)


@dataclass(frozen=True)
class Prefix(Defence):
    """The first ``dims`` numbers only, of length 1 again (see chapter 04)."""

    dims: int

    @property
    def name(self) -> str:
        """What the chapter calls it."""
        return f"prefix {self.dims}"

    def stored(self, vectors: Floats, seed: int = 0) -> Floats:
        """Cut: (n, dims)."""
        return truncate(vectors, self.dims)

    def asked(self, queries: Floats) -> Floats:
        """Cut as well."""
        return truncate(queries, self.dims)


class Int8(Defence):
    """One byte a number (see chapter 05): what is stored, decoded; the range is that of the vectors given."""

    name = "int8"

    def stored(self, vectors: Floats, seed: int = 0) -> Floats:
        """Round to 256 steps in the range of each number over these vectors, and decode."""
        quantizer = Int8Quantizer.fit(vectors)
        return quantizer.decode(quantizer.encode(vectors))


class Signs(Defence):
    """One bit a number: its sign, scaled to length 1; queries stay as they are."""

    name = "signs"

    def stored(self, vectors: Floats, seed: int = 0) -> Floats:
        """Keep the signs."""
        vectors = np.asarray(vectors, np.float32)
        return np.where(vectors > 0, 1, -1).astype(np.float32) / np.float32(vectors.shape[1] ** 0.5)


@cache
def _drawn(key: int, dims: int) -> Floats:
    return random_rotation(np.random.default_rng(key).normal(size=(dims, dims))).astype(np.float32)


def random_rotation(gaussian: NDArray) -> NDArray[np.float64]:
    """Turn a matrix (d, d) of normal numbers into a rotation or reflection, all equally probable.

    The Q of a QR decomposition, with the sign of each column chosen so that R has a positive diagonal.
    Without that, the result depends on a convention of the library and is not uniform (Mezzadri 2007, "How to
    Generate Random Matrices from the Classical Compact Groups", section 5).

    Raises
    ------
    ValueError
        If the matrix is not square, or singular: then there is no such rotation.

    Examples
    --------
    >>> random_rotation(np.array([[3.0, 1], [4, 2]])).round(2)
    array([[ 0.6, -0.8],
           [ 0.8,  0.6]])
    """
    gaussian = np.asarray(gaussian, np.float64)
    if gaussian.ndim != 2 or gaussian.shape[0] != gaussian.shape[1]:
        raise ValueError(f"need a square matrix, but got shape {gaussian.shape}")
    q, r = np.linalg.qr(gaussian)
    signs = np.sign(np.diag(r))
    if not signs.all():
        raise ValueError("the matrix is singular: draw another")
    return q * signs


def gaussian_epsilon(sigma: float, sensitivity: float = 2.0, delta: float = 1e-5) -> float:
    """Return the epsilon of differential privacy that normal noise gives one vector that is released once.

    Exact (Balle and Wang 2018, "Improving the Gaussian Mechanism", theorem 8), where the usual formula
    ``sqrt(2 log(1.25 / delta)) sensitivity / sigma`` holds for epsilon below 1 only.

    Parameters
    ----------
    sigma : float
        Standard deviation of the noise in each number.
    sensitivity : float
        The largest distance between two vectors that must not be told apart: 2 for vectors of length 1, if
        any text may stand in the place of any other.
    delta : float

    Examples
    --------
    >>> round(gaussian_epsilon(sigma=9.69, sensitivity=2.0), 2)  # the usual formula says 1.00
    0.75
    """
    if not (sigma > 0 and sensitivity > 0 and 0 < delta < 1):
        raise ValueError(f"need sigma, sensitivity > 0, 0 < delta < 1, got {sigma}, {sensitivity}, {delta}")
    half = sensitivity / (2 * sigma)

    def excess(epsilon: float) -> float:
        shift = epsilon * sigma / sensitivity
        return float(ndtr(half - shift) - np.exp(epsilon + log_ndtr(-half - shift)) - delta)

    if excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, 2 * half**2 + 20 * half + 20))


def told_apart(distance: float | NDArray, sigma: float) -> float | NDArray:
    """Return how often one guesses right which of two vectors it was, from one of them with normal noise.

    The nearer one is the best guess; it is right if the noise along the line between both is less than half
    the distance. 0.5 is chance.

    Examples
    --------
    >>> round(float(told_apart(0.5, sigma=0.25)), 3), float(told_apart(0.0, sigma=1.0))
    (0.841, 0.5)
    """
    return ndtr(np.asarray(distance) / (2 * sigma))
