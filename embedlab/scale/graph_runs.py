"""Long runs, shipped as ``data/scale/graphs.json``: alpha against links and hops, overlapping lists, churn.

python -m embedlab.scale.graph_runs
"""

from collections.abc import Sequence

import numpy as np

from embedlab.benchmark import docsearch, grown, recall_at_k
from embedlab.embedder import Embedder
from embedlab.index import Floats, Ints, top_k
from embedlab.machine import compiling_is_announced, data_path, machine_name, write_figures
from embedlab.scale import vamana
from embedlab.scale.clusters import train_centroids
from embedlab.scale.disk import DiskIndex
from embedlab.scale.list_index import padded
from embedlab.scale.overlapping import closure, read_by_lists
from embedlab.scale.scan import write_out
from embedlab.scale.updates import WAYS, churn
from embedlab.scale.vamana_index import VamanaIndex
from embedlab.scale.vamana_plain import distances

RESULTS = data_path("scale") / "graphs.json"
N, K = 30_000, 10
BEAMS = (10, 16, 24, 32, 48, 64, 96, 128)
SETTINGS = (
    {"alpha": 1.0, "degree": 32},
    {"alpha": 1.2, "degree": 32},
    {"alpha": 1.0, "degree": 14},  # as many as alpha 1 leaves on average
    {"alpha": 1.2, "degree": 14},
)


def hops(index: VamanaIndex, queries: Floats, width: int, k: int = K) -> tuple[Ints, float, float]:
    """Search, and count whose links were looked at: on disk each of them is a read.

    Returns
    -------
    ids : int64 array (q, k)
    hops, compared : float
        A query on average.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    >>> index = VamanaIndex(8)
    >>> index.add(vectors)
    >>> 20 <= hops(index, vectors[:9], width=20)[1] < 40
    True
    """
    desk = vamana.new_desk(len(index), index.degree, index.degree, max(width, k))
    scores, found = np.full((len(queries), len(desk.beam)), -np.inf, np.float32), None
    found, steps, compared = np.full(scores.shape, -1), 0, 0
    with compiling_is_announced():
        for q, query in enumerate(padded(queries)):
            marks = desk.seen, np.int32(q + 1), desk.todo, desk.pool[:0]
            size, visited, more = vamana.greedy_search(index.graph, query, desk.beam, *marks)
            write_out(desk.beam, size, scores[q], found[q])
            steps, compared = steps + visited, compared + more
    return found[:, :k], steps / len(queries), compared / len(queries)


def prune_steps(i: int, candidates: set[int], vectors: Floats, alpha: float) -> list[tuple[float, int, int]]:
    """Follow `robust_prune` through its rounds, without a limit on links: who was looked at, and why not.

    Returns
    -------
    list of (factor, candidate, led): the round's alpha, who was looked at, and the chosen one that leads to
    it, -1 where none does: then it was chosen

    Examples
    --------
    >>> vectors = np.float32([[0, 0], [1, 0], [1.9, 0], [-2.5, 0]])
    >>> prune_steps(0, {1, 2, 3}, vectors, 5.0)
    [(1.0, 1, -1), (1.0, 2, 1), (1.0, 3, -1), (5.0, 2, -1)]
    """
    direct = {j: float(distances(vectors[i], vectors[j])) for j in candidates if j != i}
    chosen: list[int] = []
    steps = []
    for factor in (1.0, alpha) if alpha > 1 else (1.0,):
        for j in sorted(direct, key=lambda j: (direct[j], j)):
            if j in chosen:
                continue
            far = factor * distances(vectors[j], vectors[chosen])
            led = chosen[int(far.argmin())] if len(chosen) and far.min() <= direct[j] else -1
            steps.append((factor, j, led))
            if led < 0:
                chosen.append(j)
    return steps


def by_alpha(
    vectors: Floats,
    queries: Floats,
    settings: Sequence[dict] = SETTINGS,
    beams: Sequence[int] = BEAMS,
    **options,
) -> list[dict]:
    """Build a graph for each setting of `VamanaIndex`: its links, and what each beam finds and costs.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    >>> rows = by_alpha(vectors, vectors[:9], beams=(10, 20))
    >>> rows[0]["links"] < rows[1]["links"], len(rows[0]["recall"])
    (True, 2)
    """
    exact, rows = top_k(queries @ vectors.T, K)[1], []
    for setting in settings:
        index = VamanaIndex(vectors.shape[1], **setting, **options)
        index.add(vectors, show_progress=False)
        sizes = index.graph.links[:, 0]
        ends = np.concatenate([index.links_of(i) for i in range(len(vectors))])
        starts = np.repeat(np.arange(len(vectors)), sizes)
        lengths = np.sqrt(np.maximum(2 - 2 * np.einsum("nd,nd->n", vectors[starts], vectors[ends]), 0))
        found = [hops(index, queries, beam) for beam in beams]
        rows.append(
            {
                **setting,
                "links": float(sizes.mean()),
                "length": float(lengths.mean()),
                "longest": float(np.quantile(lengths, 0.9)),
                "recall": [recall_at_k(ids, exact) for ids, _, _ in found],
                "hops": [steps for _, steps, _ in found],
                "compared": [compared for _, _, compared in found],
            }
        )
    return rows


def by_code(
    graph: VamanaIndex, queries: Floats, sizes: Sequence[int] = (24, 48, 96), beams: Sequence[int] = BEAMS
) -> list[dict]:
    """Put a graph on disk with codes of several sizes: recall of each beam, reads and rounds.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    >>> graph = VamanaIndex(8)
    >>> graph.add(vectors)
    >>> short, long = by_code(graph, vectors[:20], sizes=(1, 8), beams=(10,))
    >>> short["recall"] < long["recall"]
    True
    """
    exact, rows = top_k(queries @ graph.vectors_of(np.arange(len(graph))).T, K)[1], []
    for m in sizes:
        index, found = DiskIndex.from_graph(graph, m), []
        for beam in beams:
            recall = recall_at_k(index.search(queries, K, beam=beam)[1], exact)
            found.append((recall, index.reads, index.rounds))
        columns = zip(("recall", "reads", "rounds"), zip(*found, strict=True), strict=True)
        rows.append({"m": m, **{name: list(values) for name, values in columns}})
    return rows


def by_overlap(
    vectors: Floats,
    queries: Floats,
    *,
    nlist: int = 3000,
    epsilons: Sequence[float] = (0.0, 0.2, 0.4),
    probes: Sequence[int] = (2, 4, 6, 8, 11, 16, 23, 32, 45, 64),
) -> list[dict]:
    """Let lists overlap by each epsilon, see `closure`: copies of a vector, recall and vectors read.

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    >>> rows = by_overlap(vectors, vectors[:9], nlist=20, probes=(1, 20))
    >>> rows[0]["copies"] == 1 < rows[2]["copies"], rows[2]["recall"][1]
    (True, 1.0)
    """
    centroids, exact = train_centroids(vectors, nlist, iterations=5), top_k(queries @ vectors.T, K)[1]
    rows = []
    for epsilon in epsilons:
        lists = closure(vectors, centroids, epsilon=epsilon)
        recall, read = read_by_lists(lists, centroids, queries, exact, tuple(probes))
        copies = sum(map(len, lists)) / len(vectors)
        found = {"copies": copies, "probes": list(probes), "recall": recall, "read": read}
        rows.append({"epsilon": epsilon, "nlist": nlist, **found})
    return rows


def main() -> None:
    """Run everything, about four minutes on one core, and write the file."""
    embedder, benchmark = Embedder.load(), docsearch()
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut", show_progress=False)
    dev = embedder.encode(benchmark.split("dev")[1], cache=True, show_progress=False)
    vectors, updates = grown(documents, 100_000)[:N], []  # those that the chapter has
    rows = by_alpha(vectors, dev)
    for alpha in (1.0, 1.2):
        found = churn(vectors, dev, alpha=alpha, width=50, beams=BEAMS)
        row = {name: part.round(4).tolist() for name, part in found.items()}
        updates.append(
            {"alpha": alpha, **row, "after": dict(zip(("recall", "compared"), row["after"], strict=True))}
        )
    about = {"machine": machine_name(), "n": N, "queries": len(dev), "beams": BEAMS, "ways": WAYS}
    graph = VamanaIndex(vectors.shape[1], width=50)
    graph.add(vectors, show_progress=False)
    found = {
        "alpha": rows,
        "code": by_code(graph, dev),
        "overlap": by_overlap(vectors, dev),
        "churn": updates,
    }
    write_figures(RESULTS, {**about, **found})


if __name__ == "__main__":
    main()
