"""Whether a text is in an index, from the scores of a search alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def best_scores(index: Floats, probes: Floats, *, digits: int | None = None) -> Floats:
    """Return the best cosine that a search for each probe (p, d) shows in an index (n, d): (p,).

    Membership inference (Shokri et al. 2017) in its simplest form: the text itself is the query, and a score
    of 1 says that it is stored, or one that the model cannot tell from it.

    Parameters
    ----------
    index, probes : float32 arrays, rows of length 1
    digits : int, optional
        Round the scores, as an API may do.

    Examples
    --------
    >>> best_scores(np.eye(2, dtype=np.float32), np.float32([[0, 1], [0.6, 0.8]]), digits=1)
    array([1. , 0.8], dtype=float32)
    """
    best = (np.asarray(probes, np.float32) @ np.asarray(index, np.float32).T).max(1)
    return best if digits is None else best.round(digits)
