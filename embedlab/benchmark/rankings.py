"""A ranking of rows becomes a run by document id, and a run becomes quality, query by query."""

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark.collection import Benchmark, Qrels
from embedlab.benchmark.metrics import ndcg

Rank = Callable[[Sequence[str], int], tuple[np.ndarray, np.ndarray]]


def run_of(
    benchmark: Benchmark, rank: Rank, split: str = "test", k: int = 100
) -> dict[str, dict[str, float]]:
    """Rank all queries of a split: ``{query id: {document id: score}}``, the k best each.

    A query that is itself a document (in ArguAna, Quora) would find itself first: as in BEIR, a document with
    the query's own id is left out of its ranking.
    """
    query_ids, texts, _ = benchmark.split(split)
    own = not set(benchmark.doc_ids).isdisjoint(query_ids)
    return as_run(benchmark, query_ids, rank(texts, k + own), k)  # one more, where one may go


def as_run(
    benchmark: Benchmark, query_ids: Sequence[str], ranking: tuple[np.ndarray, np.ndarray], k: int = 100
) -> dict[str, dict[str, float]]:
    """Turn (scores, rows), each (q, k), into ``{query id: {document id: score}}``; -1 is none."""
    run = {}
    for query_id, values, row in zip(query_ids, *ranking, strict=True):
        found = ((benchmark.doc_ids[j], float(value)) for j, value in zip(row, values, strict=True) if j >= 0)
        run[query_id] = dict(islice(((i, value) for i, value in found if i != query_id), k))
    return run


def quality(
    benchmark: Benchmark,
    ranking: tuple[NDArray, NDArray],
    query_ids: Sequence[str] | None = None,
    *,
    split: str = "test",
    qrels: Qrels | None = None,
    k: int = 10,
) -> NDArray[np.float64]:
    """Return nDCG@k of each query, (q,), for what an index, a stage or `top_k` found.

    Parameters
    ----------
    benchmark : Benchmark
        Its documents in the order in which they were indexed.
    ranking : (scores, rows), arrays (q, at least k), best first
    query_ids : sequence of q str, optional
        Whose ranking it is; by default that of all queries of the split.
    split : str
    qrels : {query id: {document id: gain}}, optional
        What is relevant; by default what the benchmark says.
    k : int

    Examples
    --------
    >>> toy = Benchmark("toy", ["a", "b"], ["A", "B"], {"q": "?"}, {"q": {"b": 1}}, {"test": ["q"]})
    >>> quality(toy, (np.array([[2.0, 1.0]]), np.array([[0, 1]]))).round(3)
    array([0.631])
    """
    query_ids = benchmark.splits[split] if query_ids is None else query_ids
    run = as_run(benchmark, query_ids, ranking)
    qrels = benchmark.qrels if qrels is None else qrels
    return np.array(list(ndcg({i: qrels[i] for i in query_ids}, run, k=k).values()))
