"""What the chapter measures; each result kept by what went in and by the code that made it."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import grown
from embedlab.hnsw import filtered, graph, index, repair, results, storage
from embedlab.hnsw.index import HNSWIndex
from embedlab.index import Floats, Ints, top_k
from embedlab.machine import cached, content_key, files

Found = dict[str, NDArray]
K = 10


def kept(experiment: Callable[..., Found]) -> Callable[..., Found]:
    """Keep what an experiment found, by its arguments and the code it runs."""

    @wraps(experiment)
    def run(*arrays: NDArray, **options) -> Found:
        modules = (filtered, graph, index, repair, results, storage)
        code = [inspect.getsource(thing) for thing in (experiment, nearest, hits, *modules)]
        data = [
            part for array in arrays for part in (str(array.shape), np.ascontiguousarray(array).tobytes())
        ]
        key = content_key(repr(sorted(options.items())), *code, *data)
        return cached("hnsw", key, lambda: experiment(*arrays, **options), _write, _read)

    return run


def _write(path: Path, found: Found) -> None:
    files.save(path, "Experiment", found)


def _read(path: Path) -> Found:
    return files.load(path, "Experiment")[0]


def nearest(vectors: Floats, queries: Floats, k: int = K) -> Ints:
    """Return the k nearest of each query by exact search, (q, k)."""
    return np.concatenate([top_k(part @ vectors.T, k)[1] for part in np.array_split(queries, 16)])


def hits(found: Ints, exact: Ints) -> NDArray[np.bool_]:
    """Return which of the exact results, (q, k) by rank, are among those found, (q, k') in any order.

    Examples
    --------
    >>> hits(np.array([[7, 3]]), np.array([[3, 5]]))
    array([[ True, False]])
    """
    return (exact[:, :, None] == found[:, None, :]).any(axis=2)


def curve(one: HNSWIndex, queries: Floats, exact: Ints, widths: tuple[int, ...], **options) -> Found:
    """Search with beams of several widths: recall@10 of each query, (w, q), and comparisons a query, (w,)."""
    recall, compared = [], []
    for ef in widths:
        found = one.search(queries, K, ef=ef, **options)[1]
        recall.append(hits(found, exact).mean(axis=1))
        compared.append(one.compared)
    return {"recall": np.array(recall), "compared": np.array(compared)}


def needed(recall: NDArray, compared: NDArray, target: float = 0.95) -> float:
    """Return how many comparisons reach a recall: the curve (w,) over (w,), read between its points.

    Examples
    --------
    >>> needed(np.array([0.9, 1.0]), np.array([100.0, 400.0]))
    200.0
    """
    return float(np.exp(np.interp(target, recall, np.log(compared))).round(6))


@kept
def knobs(vectors: Floats, queries: Floats, *, settings: tuple, widths: tuple) -> Found:
    """Build for each (m, ef_construction): recall (s, w, q), compared (s, w), bytes of links (s,)."""
    exact, curves, links = nearest(vectors, queries), [], []
    for m, ef_construction in settings:
        one = HNSWIndex(vectors.shape[1], m=m, ef_construction=ef_construction)
        one.add(vectors, show_progress=False)
        curves.append(curve(one, queries, exact, widths))
        links.append(one.bytes_per_vector - 4 * one.dims)
    stacked = {name: np.stack([one[name] for one in curves]) for name in ("recall", "compared")}
    return {**stacked, "links": np.array(links)}


@kept
def growth(documents: Floats, queries: Floats, *, sizes: tuple, widths: tuple) -> Found:
    """Grow one index, of int8 codes: recall (n, w, q) and compared (n, w) at each size."""
    vectors = grown(documents, sizes[-1])
    one, curves = HNSWIndex(vectors.shape[1], ef_construction=100, codes="int8"), []
    for n in sizes:
        one.add(vectors[len(one) : n], show_progress=False)
        curves.append(curve(one, queries, nearest(vectors[:n], queries), widths))
    return {name: np.stack([one[name] for one in curves]) for name in ("recall", "compared")}


@kept
def filters(vectors: Floats, queries: Floats, masks: NDArray[np.bool_], *, ef: int = 64) -> Found:
    """Search among those that each mask (s, n) allows, four ways: recall (s, 4, q) and compared (s, 4).

    Afterwards: the ef best of all, filtered. Allowed links only: as if the others were not in the graph.
    Through all: the walk leads over all, and returns what is allowed. As the index does it: the same, or
    exact search where few are allowed.
    """
    one = HNSWIndex(vectors.shape[1])
    one.add(vectors, show_progress=False)
    recall, compared = [], []
    found = one.search(queries, ef, ef=ef)[1]
    all_compared = one.compared
    for mask in masks:
        allowed = np.flatnonzero(mask)
        exact = allowed[nearest(vectors[allowed], queries)]
        first = np.sort(np.where(mask[found], np.arange(ef), ef))[:, :K]  # places of the first ten allowed
        after = np.where(first < ef, np.take_along_axis(found, np.minimum(first, ef - 1), 1), -1)
        island = HNSWIndex.from_state(*one.state())
        cut(island, allowed)
        ways, work = (
            [after, island.search(queries, K, ef=ef, fallback=False)[1]],
            [all_compared, island.compared],
        )
        for fallback in (False, True):
            ways.append(one.search(queries, K, ef=ef, mask=mask, fallback=fallback)[1])
            work.append(one.compared)
        recall.append([hits(way, exact).mean(axis=1) for way in ways])
        compared.append(work)
    return {"recall": np.array(recall), "compared": np.array(compared)}


@kept
def deletes(vectors: Floats, queries: Floats, *, shares: tuple, ef: int = 40) -> Found:
    """Delete shares of the vectors, among them the entry: recall (s, 4, q) and compared (s, 4).

    Tombstones; their links cut and nothing else; repaired; built anew from the rest.
    """
    n, dims = vectors.shape
    order = np.random.default_rng(0).permutation(n)
    recall, compared = [], []
    base = HNSWIndex(dims)
    base.add(vectors, show_progress=False)
    order = np.concatenate([[base.entry], order[order != base.entry]])
    for share in shares:
        dead, living = order[: round(share * n)], np.sort(order[round(share * n) :])
        exact = living[nearest(vectors[living], queries)]
        marked, bare, mended = (HNSWIndex.from_state(*base.state()) for _ in range(3))
        for one in (marked, bare, mended):
            one.delete(dead)
        if len(dead):
            cut(bare, living)
            mended.repair()
        anew = HNSWIndex(dims)
        anew.add(vectors[living], show_progress=False)
        ways, work = [], []
        for one in (marked, bare, mended):
            ways.append(one.search(queries, K, ef=ef, fallback=False)[1])
            work.append(one.compared)
        ways.append(living[anew.search(queries, K, ef=ef)[1]])
        recall.append([hits(way, exact).mean(axis=1) for way in ways])
        compared.append([*work, anew.compared])
    return {"recall": np.array(recall), "compared": np.array(compared)}


def cut(one: HNSWIndex, living: Ints) -> None:
    """Take the links to all others out of an index, as one would who knows no better; the entry moves."""
    alive = np.zeros(len(one), bool)
    alive[living] = True
    for blocks in (one.graph.links[: len(one)], one.graph.upper):
        for block in blocks:
            links = block[1 : block[0] + 1]
            links = links[alive[links]]
            block[0], block[1 : len(links) + 1] = len(links), links
    entry = living[one.levels[living].argmax()]
    one.graph.at[graph.ENTRY], one.graph.at[graph.TOP] = entry, one.levels[entry]
