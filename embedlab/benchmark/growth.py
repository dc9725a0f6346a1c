"""A small collection of vectors grown to any size, to see what changes with n."""

import numpy as np
from numpy.typing import NDArray

from embedlab.pooling import l2_normalize

Floats = NDArray[np.float32]
NOISE = 0.02  # to each number of a vector of length 1 with 384: about 0.4 of its length in all


def grown(vectors: Floats, n: int, *, seed: int = 0) -> Floats:
    """Make n vectors like the given ones: mixtures of two of them in random shares, plus noise, length 1.

    Examples
    --------
    >>> grown(np.eye(4, dtype=np.float32), 3).shape
    (3, 4)
    """
    rng = np.random.default_rng(seed)
    pairs = rng.integers(0, len(vectors), (2, n))
    share = rng.random((n, 1), dtype=np.float32)
    mixed = share * vectors[pairs[0]] + (1 - share) * vectors[pairs[1]]
    mixed += NOISE * rng.standard_normal(mixed.shape, dtype=np.float32)
    return l2_normalize(mixed)
