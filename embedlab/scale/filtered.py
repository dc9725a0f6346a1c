"""Search among those that pass a filter, four ways, over one graph; and a chooser between them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import recall_at_k
from embedlab.index import Floats, Ints, as_vectors, top_k, whole
from embedlab.machine import compiling_is_announced
from embedlab.scale import filtered_walk
from embedlab.scale.equals import living, with_equals
from embedlab.scale.list_index import padded
from embedlab.scale.vamana_index import VamanaIndex

WAYS = ("exact", "afterwards", "through all", "two hops")
SEEDS = 8  # vectors that pass at which a walk over two hops begins
MARGIN = 2  # times as many as hold k that pass on average: with less, chance alone leaves some queries short
MOST = 3000  # the widest beam in filtering afterwards


class Filtered(NamedTuple):
    """What a filtered search found: scores and ids (q, k), -1 where there are less; comparisons a query."""

    scores: Floats
    ids: Ints
    compared: float


def search_filtered(
    index: VamanaIndex,
    queries: Floats,
    passing: NDArray[np.bool_],
    k: int,
    *,
    way: str = "two hops",
    beam: int = 64,
    seeds: int = SEEDS,
    exact_below: int = 0,
) -> Filtered:
    """Find about the k best of each query among the vectors that pass.

    - exact: compare all that pass (pre-filtering);
    - afterwards: take the `MARGIN` k / share nearest of all, at least ``beam`` and at most `MOST`, drop what
      does not pass (post-filtering);
    - through all: the walk leads over everybody, the beam holds who passes, as `HNSWIndex` and hnswlib do it;
    - two hops: the walk leads only over who passes; a neighbour that does not is looked through for its own
      neighbours, and never compared. So ACORN-1 searches a graph that was built without the filter (Patel et
      al., SIGMOD 2024, arXiv:2403.04871); looking through those alone that do not pass is Weaviate's variant,
      and so is to begin at some vectors that pass: the entry's surroundings may hold none.

    Parameters
    ----------
    index : VamanaIndex
    queries : float32 array (q, dims)
    passing : bool array (n,) or (q, n)
        Who passes, for all queries or for each.
    k : int
    way : {"exact", "afterwards", "through all", "two hops"}
    beam : int
        Of a walk; never less than k.
    seeds : int
        Vectors that pass at which a walk over two hops begins, beside the entry.
    exact_below : int
        Where no more than these pass, or a walk over two hops finds less than k, compare all that pass.

    Raises
    ------
    ValueError
        If the mask has another shape or type, the way is unknown, or a number is refused by `VamanaIndex`.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> index = VamanaIndex(16)
    >>> index.add(vectors)
    >>> even = np.arange(1000) % 2 == 0
    >>> search_filtered(index, vectors[4:6], even, 1).ids.ravel() % 2
    array([0, 0])
    """
    queries, k, beam = as_vectors(queries, index.dims), whole("k", k), max(whole("beam", beam), k)
    passing = _checked(passing, len(queries), len(index)) & ~index.deleted
    if way not in WAYS:
        raise ValueError(f"way must be one of {', '.join(WAYS)}, but is {way!r}")
    scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1)
    counts = np.broadcast_to(passing.sum(axis=1), len(queries))
    few = (counts <= exact_below) | (counts == 0) | (way == "exact")
    widths = np.where(few, 0, _widths(way, counts, k, beam, len(index)))
    compared, seeds = 0, whole("seeds", seeds, least=0) if way == "two hops" else 0
    for width in np.unique(widths[~few]):
        rows = np.flatnonzero(widths == width)
        linked = _linked(index, passing if len(passing) == 1 else passing[rows], way)
        starts = np.stack([_starts(index, mask, seeds) for mask in linked])
        settings = linked, way == "two hops", starts, int(width)
        found, more = _walked(index, queries[rows], settings)
        for q, row in enumerate(rows):
            one = found[0][q : q + 1], found[1][q : q + 1]
            scores[row], ids[row] = living(*one, ~passing[row % len(passing)], k)
        compared += more
    again = few | ((way == "two hops") & (exact_below > 0) & ((ids >= 0).sum(axis=1) < np.minimum(k, counts)))
    for mask, rows in _by_mask(passing, np.flatnonzero(again)):
        scores[rows], ids[rows] = _compare_all(index, queries[rows], mask, k)
    compared += int(counts[again].sum())
    return Filtered(scores, ids, compared / max(len(queries), 1))


def crossing_count(
    index: VamanaIndex,
    queries: Floats,
    counts: Ints,
    *,
    k: int = 10,
    recall: float = 0.95,
    beams: tuple = (10, 16, 32, 64, 128, 256),
    seed: int = 0,
) -> int:
    """Measure up to how many that pass exact search compares no more than a walk over two hops.

    Parameters
    ----------
    index : VamanaIndex
    queries : float32 array (q, dims)
        To choose with, not to report on.
    counts : sizes of random filters to try, ascending
    recall : float
        What the walk has to reach; the narrowest of the ``beams`` that does counts. Where none does, exact
        search wins.

    Returns
    -------
    int
        For ``exact_below`` of `search_filtered`: the largest count where exact search wins, 0 without any.
    """
    wins = 0
    for count in counts:
        passing = np.zeros(len(index), bool)
        passing[np.random.default_rng(seed).permutation(len(index))[:count]] = True
        right = search_filtered(index, queries, passing, k, way="exact").ids
        for beam in beams:
            found = search_filtered(index, queries, passing, k, beam=beam)
            if recall_at_k(found.ids, right) >= recall and found.compared < count:
                return wins
        wins = int(count)
    return wins


def topics(vectors: Floats, centres: Ints, share: float) -> NDArray[np.bool_]:
    """Make filters that follow the geometry: for each centre, a number of a vector, the share nearest to it.

    Examples
    --------
    >>> topics(np.float32([[1, 0], [0.6, 0.8], [0, 1], [-1, 0]]), [2], 0.5)
    array([[False,  True,  True, False]])
    """
    count, passing = max(round(share * len(vectors)), 1), np.zeros((len(centres), len(vectors)), bool)
    nearest = top_k(vectors[centres] @ vectors.T, count)[1]
    passing[np.arange(len(centres))[:, None], nearest] = True
    return passing


def _checked(passing: NDArray, queries: int, n: int) -> NDArray[np.bool_]:
    passing = np.asarray(passing)
    if passing.dtype != bool or passing.shape not in ((n,), (queries, n)):
        wanted = f"bool array ({n},) or ({queries}, {n})"
        raise ValueError(f"passing must be a {wanted}, but is {passing.dtype} {passing.shape}")
    return np.atleast_2d(passing)


def _widths(way: str, counts: Ints, k: int, beam: int, n: int) -> Ints:
    if way != "afterwards":
        return np.full(len(counts), min(beam, n))
    wanted = np.ceil(MARGIN * k * n / np.maximum(counts, 1)).astype(np.int64)
    return np.clip(wanted, min(beam, n), min(max(MOST, beam), n))


def _linked(index: VamanaIndex, passing: NDArray[np.bool_], way: str) -> NDArray[np.bool_]:
    """Say whom the walk takes for passing: everybody, or the first of equal ones for all of them."""
    if way == "afterwards":
        return np.ones((1, len(index)), bool)
    linked = passing.copy() if len(index.equals) else passing
    for first, later in index.equals:
        linked[:, first] |= passing[:, later]
        linked[:, later] = False
    return linked


def _starts(index: VamanaIndex, linked: NDArray[np.bool_], seeds: int) -> Ints:
    """Return the entry, and so many evenly spaced among those that pass."""
    there = np.flatnonzero(linked)
    return np.append(index.graph.entry, there[np.linspace(0, len(there) - 1, seeds).astype(np.int64)])


def _walked(index: VamanaIndex, queries: Floats, settings: tuple) -> tuple[tuple[Floats, Ints], int]:
    """Walk with a beam: all that it holds, (q, width), with those equal to it; how many were compared."""
    scores = np.full((len(queries), settings[-1]), -np.inf, np.float32)
    found, seen = np.full(scores.shape, -1), np.zeros(len(index), np.int32)
    with compiling_is_announced():
        compared = filtered_walk.search(index.graph, padded(queries), *settings, seen, scores, found)
    return with_equals(scores, found, index.equals), compared


def _by_mask(passing: NDArray[np.bool_], rows: Ints) -> list[tuple[NDArray[np.bool_], Ints]]:
    """Put queries together that have one mask: they read the same vectors."""
    if len(passing) == 1:
        return [(passing[0], rows)] if len(rows) else []
    return [(passing[row], rows[i : i + 1]) for i, row in enumerate(rows)]


def _compare_all(index: VamanaIndex, queries: Floats, mask: NDArray[np.bool_], k: int) -> tuple[Floats, Ints]:
    which = np.flatnonzero(mask)
    scores, places = top_k(queries @ index.vectors_of(which).T, k)
    return scores, np.where(places >= 0, np.append(which, -1)[places], -1)
