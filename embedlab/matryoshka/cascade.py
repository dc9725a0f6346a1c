"""A search in stages, each with more dimensions and fewer candidates."""

from collections.abc import Sequence

import numpy as np

from embedlab.index import Floats, Ints
from embedlab.matryoshka.prefixes import truncate


def funnel_search(query: Floats, documents: Floats, stages: Sequence[tuple[int, int]]) -> Ints:
    """Rank all documents by a short prefix, the best of them by a longer one, and so on.

    Two stages are "adaptive retrieval", several are "funnel retrieval" (Kusupati et al. 2022, section 4.3.1).

    Parameters
    ----------
    query : float32 array (d,)
    documents : float32 array (n, d)
    stages : sequence of (dims, keep)
        Of each stage: the length of the prefix, and how many of the candidates are kept.

    Returns
    -------
    int64 array (keep of the last stage,)
        Rows of ``documents``, best first; the smaller row where two scores are equal.

    Raises
    ------
    ValueError
        If there is no stage, or one keeps nothing or has more dims than there are.

    Examples
    --------
    >>> documents = np.float32([[1, 0, 9], [9, 1, 0], [3, 1, 1]])
    >>> funnel_search(np.float32([1, 0, 0]), documents, [(2, 2), (3, 1)])  # row 0 leads the first stage only
    array([1])
    """
    if not stages or min(keep for _, keep in stages) < 1:
        raise ValueError(f"each stage has to keep at least one candidate, but they are {list(stages)}")
    candidates = np.arange(len(documents))
    for dims, keep in stages:
        scores = truncate(documents[candidates], dims) @ truncate(query[None], dims)[0]
        order = np.lexsort((candidates, -scores))  # by score; where two are equal, by row
        candidates = candidates[order[:keep]]
    return candidates
