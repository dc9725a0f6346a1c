"""What the chapter measures on graphs, filters, hashing and trees; each result is kept."""

import inspect
import tempfile
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab import hnsw, quantization
from embedlab.benchmark import recall_at_k
from embedlab.index import Floats, Index, top_k
from embedlab.machine import cached, code_of, machine_name
from embedlab.scale import (
    disk,
    disk_storage,
    disk_walk,
    filtered,
    filtered_walk,
    fresh,
    hashing,
    resident,
    sectors,
    vamana,
    vamana_index,
)
from embedlab.scale.experiments import Found, key_of, read, write

K = 10
MODULES = (disk, disk_storage, disk_walk, fresh, sectors, vamana, vamana_index)
KINDS = ("random", "near", "far")  # filters


def _key(*parts: object) -> str:
    """Hash what goes in, with the code of graphs."""
    code = [inspect.getsource(part) for part in MODULES] + [code_of(hnsw, quantization)]
    return key_of(code, *parts)


def kept(*modules: object) -> Callable[[Callable[..., Found]], Callable[..., Found]]:
    """Keep what an experiment found, by its arrays, its options and the code that it runs."""

    def decorate(experiment: Callable[..., Found]) -> Callable[..., Found]:
        @wraps(experiment)
        def run(*arrays: NDArray, **options) -> Found:
            code = [inspect.getsource(part) for part in (experiment, *modules)]
            key = _key(*code, *arrays, sorted(options.items()))
            return cached("scale", key, lambda: experiment(*arrays, **options), write, read)

        return run

    return decorate


def linked(index: Index, vectors: Floats) -> Index:
    """Add vectors (n, d) to an empty index, or read back what that made before.

    Examples
    --------
    >>> import os, tempfile
    >>> os.environ["EMBEDLAB_CACHE"] = tempfile.mkdtemp()
    >>> [len(linked(vamana_index.VamanaIndex(8), np.eye(8, dtype=np.float32))) for _ in range(2)]
    [8, 8]
    >>> del os.environ["EMBEDLAB_CACHE"]
    """

    def build() -> Index:
        bar = "show_progress" in inspect.signature(index.add).parameters
        index.add(vectors, **{"show_progress": False} if bar else {})
        return index

    key = _key(type(index).__name__, index.state()[1], vectors)
    return cached("scale", key, build, lambda path, one: one.save(path), type(index).load)


def on_disk(graph: vamana_index.VamanaIndex, m: int) -> disk.DiskIndex:
    """Put a graph on disk with codes of m bytes, or open the file that was written before."""
    arrays, about = graph.state()
    key = _key("on disk", m, about, arrays["vectors"], arrays["links"])
    made = lambda: disk.DiskIndex.from_graph(graph, m)  # noqa: E731
    return cached("scale", key, made, lambda path, one: one.save(path), disk.DiskIndex.load)


def memory(indexes: Sequence[Index], queries: Floats) -> NDArray[np.int64]:
    """Save indexes, open each in a fresh process and search there; kept by what they are.

    Returns
    -------
    int64 array (indexes, 3)
        Bytes in RAM with everything imported, with the index opened, and after the search.
    """

    def measure() -> Found:
        found = []
        with tempfile.TemporaryDirectory() as folder:
            for index in indexes:
                index.save(Path(folder, "index"))
                one = resident.memory_of(Path(folder, "index"), queries)
                found.append([int(one[name]) for name in ("before", "opened", "searched")])
        return {"bytes": np.array(found)}

    about = [(type(index).__name__, index.state()[1], len(index)) for index in indexes]
    key = _key("memory", inspect.getsource(resident), about, machine_name(), queries)
    return cached("scale", key, measure, write, read)["bytes"]


def masks(vectors: Floats, queries: Floats, kind: str, share: float, *, seed: int = 0) -> NDArray[np.bool_]:
    """Make a filter for each query, (q, n), that a share of the vectors passes.

    random: drawn. near: the share nearest to the query's 20th nearest vector: a question about the filter's
    own topic. far: the share nearest to a vector drawn from the farther half: about something else.

    Raises
    ------
    ValueError
        If there is no such kind.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    >>> [masks(vectors, vectors[:3], kind, 0.1).sum(axis=1).tolist() for kind in KINDS]
    [[10, 10, 10], [10, 10, 10], [10, 10, 10]]
    """
    n, rng = len(vectors), np.random.default_rng(seed)
    if kind == "random":
        passing, count = np.zeros((len(queries), n), bool), max(round(share * n), 1)
        for row in passing:
            row[rng.choice(n, count, replace=False)] = True
        return passing
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, but is {kind!r}")
    order = np.argsort(-(queries @ vectors.T), axis=1, kind="stable")
    places = (
        np.full(len(queries), min(19, n - 1)) if kind == "near" else rng.integers(n // 2, n, len(queries))
    )
    return filtered.topics(vectors, order[np.arange(len(queries)), places], share)


@kept(filtered, filtered_walk)
def filters(vectors: Floats, queries: Floats, *, graph: dict, shares: tuple, beams: tuple) -> Found:
    """Search with filters of each kind and share: recall and comparisons, (kinds, shares, ways, beams).

    graph: options of `VamanaIndex`. Exact search has no beam.
    """
    index = linked(vamana_index.VamanaIndex(vectors.shape[1], **graph), vectors)
    size = len(KINDS), len(shares), len(filtered.WAYS), len(beams)
    recall, compared = np.ones(size), np.zeros(size)
    for a, kind in enumerate(KINDS):
        for b, share in enumerate(shares):
            passing = masks(vectors, queries, kind, share)
            right = filtered.search_filtered(index, queries, passing, K, way="exact").ids
            compared[a, b, 0] = passing.sum(axis=1).mean()
            for c, way in enumerate(filtered.WAYS[1:], 1):
                for d, beam in enumerate(beams):
                    if d and way == "afterwards" and beam * share < filtered.MARGIN * K:  # as before
                        recall[a, b, c, d], compared[a, b, c, d] = recall[a, b, c, 0], compared[a, b, c, 0]
                        continue
                    found = filtered.search_filtered(index, queries, passing, K, way=way, beam=beam)
                    recall[a, b, c, d], compared[a, b, c, d] = recall_at_k(found.ids, right), found.compared
    return {"recall": recall, "compared": compared}


@kept(hashing)
def before_graphs(
    vectors: Floats, queries: Floats, *, lsh: Sequence[tuple], probes: tuple, trees: tuple, least: tuple
) -> Found:
    """Look for candidates by hashing and by trees: recall of the exact ten and candidates read.

    lsh: (bits, tables) of each; trees: (trees, leaf). Returns ``recall`` and ``read``, (lsh + 1, steps).
    """
    exact = top_k(queries @ vectors.T, K)[1]
    asked = [(hashing.HyperplaneLSH(vectors, *one).candidates, probes) for one in lsh]
    asked.append((hashing.ProjectionForest(vectors, *trees).candidates, least))
    recall, read = [], []
    for ask, steps in asked:
        found = [[ask(query, step) for query in queries] for step in steps]
        recall.append(
            [np.mean([np.isin(*pair).mean() for pair in zip(exact, at, strict=True)]) for at in found]
        )
        read.append([np.mean([len(ids) for ids in at]) for at in found])
    return {"recall": np.array(recall), "read": np.array(read)}
