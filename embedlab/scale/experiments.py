"""What the chapter measures on grown collections; each result kept by what went in and by the code it ran."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab import quantization
from embedlab.benchmark import grown
from embedlab.index import Floats, Index, Ints, top_k
from embedlab.machine import cached, code_of, content_key, files
from embedlab.scale import anisotropic, clusters, fast_scan, ivf, ivf_pq, list_index, lists, rotation, tuning

Found = dict[str, NDArray]
MODULES = (anisotropic, clusters, fast_scan, ivf, ivf_pq, list_index, lists, rotation, tuning)
K = 10


def hits(found: Ints, exact: Ints) -> NDArray[np.float64]:
    """Return each query's share of the exact results (q, k) among those found (q, k'): (q,).

    Examples
    --------
    >>> hits(np.array([[7, 3], [1, 2]]), np.array([[3, 5], [2, 1]]))
    array([0.5, 1. ])
    """
    return (exact[:, :, None] == found[:, None, :]).any(axis=2).mean(axis=1)


def key_of(code: Sequence[str], *parts: object) -> str:
    """Hash arrays and plain values, together with the code that they go through."""
    data = []
    for part in parts:
        array = isinstance(part, np.ndarray)
        data += [str(part.shape), np.ascontiguousarray(part).tobytes()] if array else [repr(part)]
    return content_key(*code, *data)


def _key(*parts: object) -> str:
    """Hash what goes in, with the code that lists and codes are made by."""
    code = [inspect.getsource(part) for part in (*MODULES, grown)] + [code_of(quantization)]
    return key_of(code, *parts)


def kept(experiment: Callable[..., Found]) -> Callable[..., Found]:
    """Keep what an experiment found; its arguments are arrays and plain values."""

    @wraps(experiment)
    def run(*arrays: NDArray, **options) -> Found:
        key = _key(inspect.getsource(experiment), *arrays, sorted(options.items()))
        return cached("scale", key, lambda: experiment(*arrays, **options), write, read)

    return run


def write(path: Path, found: Found) -> None:
    """Store what an experiment found."""
    files.save(path, "Experiment", {name: np.asarray(part) for name, part in found.items()})


def read(path: Path) -> Found:
    """Read what `write` stored."""
    return files.load(path, "Experiment")[0]


def filled(index: Index, documents: Floats, n: int, centroids: Floats | None = None) -> Index:
    """Fill an empty index with n vectors grown from documents (n', d), or read back what that made before.

    Parameters
    ----------
    index : Index
        With all its options set.
    documents : float32 array (n', d)
    n : int
    centroids : float32 array (nlist, d), optional
        Of its lists, where it has some.

    Examples
    --------
    >>> import os, tempfile
    >>> os.environ["EMBEDLAB_CACHE"] = tempfile.mkdtemp()
    >>> [len(filled(ivf.IVFIndex(8, 2), np.eye(8, dtype=np.float32), 9)) for _ in range(2)]
    [9, 9]
    >>> del os.environ["EMBEDLAB_CACHE"]
    """

    def build() -> Index:
        vectors = grown(documents, n)
        if centroids is not None:
            index.train(vectors, centroids)
        index.add(vectors)
        return index

    key = _key(type(index).__name__, index.state()[1], documents, n, centroids)
    return cached("scale", key, build, lambda path, one: one.save(path), Index.load)


@kept
def centroids_of(documents: Floats, *, n: int, nlist: int) -> Found:
    """Train centroids for n vectors grown from documents: ``centroids`` (nlist, d)."""
    return {"centroids": clusters.train_centroids(grown(documents, n), nlist)}


@kept
def by_nlist(documents: Floats, queries: Floats, *, n: int, nlists: Sequence[int]) -> Found:
    """Cut n grown vectors into more and more lists, and look into more and more of them.

    Returns
    -------
    ``recall``, ``compared`` (nlists, most): with 1, 2, ... lists looked into; NaN where there are no more
    ``imbalance`` (nlists,)
    """
    vectors = grown(documents, n)
    exact = top_k(queries @ vectors.T, K)[1]
    recall, compared = np.full((2, len(nlists), max(nlists)), np.nan)
    uneven = []
    for row, nlist in enumerate(nlists):
        index = ivf.IVFIndex(vectors.shape[1], nlist)
        index.add(vectors)
        recall[row, :nlist] = tuning.recall_by_probes(index, queries, exact)
        sizes = index.lists.sizes[index.probed(queries, nlist)]
        compared[row, :nlist] = nlist + sizes.cumsum(axis=1).mean(axis=0)
        uneven.append(index.imbalance)
    return {"recall": recall, "compared": compared, "imbalance": np.array(uneven)}


@kept
def by_rotation(
    documents: Floats, centroids: Floats, dev: Floats, test: Floats, *, n: int, m: int, kinds: Sequence
) -> Found:
    """Rotate residuals in the same lists in different ways: what each subspace has to say, and recall.

    Returns
    -------
    ``shares`` (kinds, m): of the residuals' variance in each subspace
    ``loudest`` (kinds, m): of a subspace's variance in its principal direction
    ``errors`` (kinds, m): share of all variance which the byte of each subspace leaves over
    ``dev``, ``test`` (kinds, q): recall@10 of each query, all lists looked into
    """
    vectors = grown(documents, n)
    some = clusters.sampled(vectors, 10_000, 0)
    numbers, _ = clusters.assign(some, centroids)
    asked = {"dev": dev, "test": test}
    exact = {name: top_k(queries @ vectors.T, K)[1] for name, queries in asked.items()}
    shares, loudest, errors, recall = [], [], [], {name: [] for name in asked}
    for kind in kinds:
        index = ivf_pq.IVFPQIndex(vectors.shape[1], len(centroids), m, rotation=kind)
        index.train(vectors, centroids)
        index.add(vectors)
        residuals = rotation.rotate(some - index.lengths[numbers, None] * centroids[numbers], index.matrix)
        left = residuals - index.quantizer.decode(index.quantizer.encode(residuals))
        spread = residuals.var(axis=0).sum()
        shares.append(residuals.var(axis=0).reshape(m, -1).sum(axis=1) / spread)
        parts = np.split(residuals, m, axis=1)
        largest = [np.linalg.eigvalsh(np.atleast_2d(np.cov(part.T)))[-1] for part in parts]
        loudest.append(largest / (shares[-1] * spread))
        errors.append((left**2).mean(axis=0).reshape(m, -1).sum(axis=1) / spread)
        for name, queries in asked.items():
            ids = index.search(queries, K, nprobe=len(centroids))[1]
            recall[name].append(hits(ids, exact[name]))
    found = {"shares": shares, "loudest": loudest, "errors": errors, **recall}
    return {name: np.array(values) for name, values in found.items()}


@kept
def by_weight(
    documents: Floats, dev: Floats, test: Floats, *, n: int, m: int, thresholds: Sequence[float]
) -> Found:
    """Weigh errors along vectors more and more, in codes of m pieces of 4 bits (`PQFastScanIndex`).

    Returns
    -------
    ``dev``, ``test`` (thresholds, q): recall@10 of each query
    ``along``, ``across`` (thresholds,): mean length of the errors
    """
    vectors = grown(documents, n)
    found = {name: [] for name in ("dev", "test", "along", "across")}
    for threshold in thresholds:
        weight = anisotropic.parallel_weight(vectors.shape[1], threshold)
        index = fast_scan.PQFastScanIndex(vectors.shape[1], m, weight=weight)
        index.add(vectors)
        errors = vectors - index.quantizer.decode(index.codes)
        along = (errors * vectors).sum(axis=1)  # of vectors of length 1
        found["along"].append(np.abs(along).mean())
        found["across"].append(np.sqrt((errors**2).sum(axis=1) - along**2).mean())
        for name, queries in (("dev", dev), ("test", test)):
            found[name].append(hits(index.search(queries, K)[1], top_k(queries @ vectors.T, K)[1]))
    return {name: np.array(values) for name, values in found.items()}
