"""What several chapters measure with, beyond the scoreboard: quality query by query, pairs scored once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import Benchmark, Qrels, as_run, ndcg
from embedlab.engine import kept_scores

Pair = tuple[str, str]  # query, document


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
