"""What deleting and inserting does to a graph: half of the vectors replaced, step by step."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import recall_at_k
from embedlab.index import Floats, top_k
from embedlab.scale.vamana_index import VamanaIndex

WAYS = ("tombstones", "consolidated", "built anew")


def churn(
    vectors: Floats,
    queries: Floats,
    *,
    share: float = 0.5,
    steps: int = 5,
    k: int = 10,
    beam: int = 64,
    beams: Sequence[int] = (),
    **options,
) -> dict[str, NDArray]:
    """Replace a share of the vectors by others, in steps, three ways, and search after each step.

    The first half of the vectors are there at first; the second half waits. Tombstones: what is deleted
    stays in the graph. Consolidated: `VamanaIndex.consolidate` after each deleting. Built anew: all of it.

    Parameters
    ----------
    vectors : float32 array (n, d)
    queries : float32 array (q, d)
    share : float
        How much of the first half is replaced in the end.
    steps : int
    k, beam : int
        Of searching.
    beams : sequence of int
        For a comparison at equal recall after the last step.
    **options
        Of `VamanaIndex`.

    Returns
    -------
    dict
        ``recall`` of the k nearest living ones, ``compared`` a query and ``seconds`` that the step took:
        each (3, steps + 1), in the order of `WAYS`. ``after``: recall and comparisons of each of the
        ``beams`` after the last step, (2, 3, beams).

    Raises
    ------
    ValueError
        If the share is not from 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, but is {share}")
    n = len(vectors) // 2
    going = np.array_split(np.random.default_rng(0).permutation(n)[: int(share * n)], steps)
    indexes, seconds = [], np.zeros((len(WAYS), steps + 1))
    start, first = time.perf_counter(), VamanaIndex(vectors.shape[1], **options)
    first.add(vectors[:n], show_progress=False)
    seconds[:, 0] = time.perf_counter() - start
    indexes = [VamanaIndex.from_state(*first.state()) for _ in WAYS[:2]]
    living = np.arange(n)
    found = [[_measured(one, living, vectors, queries, k, beam) for one in (*indexes, first)]]
    for step, gone in enumerate(going, 1):
        come = np.arange(len(indexes[0]), len(indexes[0]) + len(gone))
        living = np.concatenate([np.setdiff1d(living, gone), come])
        for way, index in enumerate(indexes):
            start = time.perf_counter()
            index.delete(gone)
            if way:
                index.consolidate()
            index.add(vectors[come], show_progress=False)
            seconds[way, step] = time.perf_counter() - start
        start, anew = time.perf_counter(), VamanaIndex(vectors.shape[1], **options)
        anew.add(vectors[living], show_progress=False)
        seconds[2, step] = time.perf_counter() - start
        row = [_measured(index, living, vectors, queries, k, beam) for index in indexes]
        found.append([*row, _measured(anew, living, vectors, queries, k, beam)])
    recall, compared = np.array(found).transpose(2, 1, 0)
    last = [[_measured(one, living, vectors, queries, k, b) for b in beams] for one in (*indexes, anew)]
    after = np.array(last).reshape(len(WAYS), len(beams), 2).transpose(2, 0, 1)
    return {"recall": recall, "compared": compared, "seconds": seconds, "after": after}


def _measured(index, living, vectors, queries, k, beam) -> tuple[float, float]:
    """Return recall and comparisons; an index of the living ones only has numbered them anew."""
    exact = living[top_k(queries @ vectors[living].T, k)[1]]
    ids = index.search(queries, k, beam=beam)[1]
    return recall_at_k(living[ids] if len(index) == len(living) else ids, exact), index.compared
