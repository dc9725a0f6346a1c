"""What chapter 06 compares at equal work, and work split by what is asked; what is slow is kept."""

import numpy as np
from numpy.typing import NDArray

from embedlab.hnsw import HNSWIndex, experiments
from embedlab.index import Floats


def at_work(recall: NDArray, compared: NDArray, work: float) -> NDArray[np.float64]:
    """Return the recall of each query, (q,), at a number of comparisons.

    The curve, (w, q) over (w,), is read between its beams.

    Examples
    --------
    >>> at_work(np.array([[0.8, 0.6], [1.0, 0.8]]), np.array([100, 400]), 200)
    array([0.9, 0.7])
    """
    place = np.interp(np.log(work), np.log(compared), np.arange(len(compared)))
    low = min(int(place), len(compared) - 2)
    return recall[low] + (place - low) * (recall[low + 1] - recall[low])


@experiments.kept
def deletes_at_equal_recall(
    vectors: Floats, queries: Floats, *, shares: tuple, widths: tuple, target: float = 0.95
) -> experiments.Found:
    """Delete shares of the vectors: comparisons for one recall, (s, 3): tombstones, repaired, built anew."""
    n, dims = vectors.shape
    base, takes = HNSWIndex(dims), []
    base.add(vectors, show_progress=False)
    for share in shares:
        gone, living = np.split(np.random.default_rng(0).permutation(n), [round(share * n)])
        marked, repaired, anew = base, base, base
        if len(gone):
            marked, repaired, anew = *(HNSWIndex.from_state(*base.state()) for _ in range(2)), HNSWIndex(dims)
            marked.delete(gone)
            repaired.delete(gone)
            repaired.repair()
            anew.add(vectors[living], show_progress=False)
        exact, row = experiments.nearest(vectors[living], queries), []
        for one in (marked, repaired, anew):
            whole = len(one) == n
            ideal, options = (living[exact], {"fallback": False}) if whole else (exact, {})
            found = experiments.curve(one, queries, ideal, widths, **options)
            row.append(experiments.needed(found["recall"].mean(axis=1), found["compared"], target))
        takes.append(row)
    return {"compared": np.array(takes)}


@experiments.kept
def filters_by_subject(
    vectors: Floats, queries: Floats, masks: NDArray[np.bool_], own: NDArray[np.bool_], *, ef: int
) -> experiments.Found:
    """Walk through all under each mask, (s, n): comparisons, (s, 2), of its own queries and of the others.

    own: (s, q), which queries are a mask's own. Without any of a kind, nan.
    """
    one = HNSWIndex(vectors.shape[1])
    one.add(vectors, show_progress=False)
    work = np.full((len(masks), 2), np.nan)
    for row, (mask, asks) in enumerate(zip(masks, own, strict=True)):
        for kind, which in enumerate((asks, ~asks)):
            if which.any():
                one.search(queries[which], experiments.K, ef=ef, mask=mask, fallback=False)
                work[row, kind] = one.compared
    return {"compared": work}


@experiments.kept
def afterwards_widened(
    vectors: Floats, queries: Floats, masks: NDArray[np.bool_], *, ef: int
) -> experiments.Found:
    """Filter afterwards, and double ef until ten are left: recall (s, q), and work of the last beam (s,)."""
    one = HNSWIndex(vectors.shape[1])
    one.add(vectors, show_progress=False)
    recall, compared = [], []
    for mask in masks:
        allowed = np.flatnonzero(mask)
        exact = allowed[experiments.nearest(vectors[allowed], queries)]
        left, width, work = np.arange(len(queries)), ef, 0.0
        got = np.zeros(len(queries))
        while len(left):
            found = one.search(queries[left], width, ef=width)[1]
            enough = (mask[found].sum(axis=1) >= experiments.K) | (width >= len(vectors))
            work += one.compared * enough.sum()
            for row in np.flatnonzero(enough):
                first = found[row][mask[found[row]]][None, : experiments.K]
                got[left[row]] = experiments.hits(first, exact[left[row]][None]).mean()
            left, width = left[~enough], min(2 * width, len(vectors))
        recall.append(got)
        compared.append(work / len(queries))
    return {"recall": np.array(recall), "compared": np.array(compared)}
