"""What several chapters measure with: quality query by query, and a cross-encoder that reads a pair once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import quality
from embedlab.engine import kept_scores

__all__ = ["Remembering", "quality"]

Pair = tuple[str, str]  # query, document


class Remembering:
    """A cross-encoder that reads each pair once, so that depths and weights can be compared quickly.

    Parameters
    ----------
    model : CrossEncoder, or anything else with ``score_pairs(pairs)``

    Examples
    --------
    >>> class Slow:
    ...     def score_pairs(self, pairs):
    ...         print("reading", len(pairs))
    ...         return [float(len(document)) for _, document in pairs]
    >>> model = Remembering(Slow())
    >>> model.score_pairs([("q", "one"), ("q", "three")])
    reading 2
    array([3., 5.], dtype=float32)
    >>> model.score_pairs([("q", "three"), ("q", "one")])
    array([5., 3.], dtype=float32)
    """

    def __init__(self, model):
        self.model, self.known = model, {}

    def score_pairs(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """Score pairs, (n,); the model reads those that it has not read."""
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self.known]
        if new:
            self.known |= dict(zip(new, kept_scores(self.model, new), strict=True))
        return np.array([self.known[pair] for pair in pairs], np.float32)
