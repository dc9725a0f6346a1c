"""How good is a ranking, and is the difference between two of them more than chance?

A run is ``{query id: {document id: score}}``, judgements (qrels) are ``{query id: {document id: gain}}``.
Every judged query counts: one that the run has no answer to gets 0. Where scores tie, the document with the
larger id (as text) comes first: the rule of trec_eval, which makes figures repeatable. It compares in single
precision, so scores that are 1e-9 apart tie. MS MARCO's script, from which MRR@k is known, compares in double
precision and has the opposite rule for ties; `mrr` keeps to that.
"""

import math
from array import array
from collections.abc import Sequence

import numpy as np
from scipy.stats import bootstrap, permutation_test

Run = dict[str, dict[str, float]]
Qrels = dict[str, dict[str, int]]


def ranked(scores: dict[str, float], *, query: str = "", trec_eval: bool = True) -> list[str]:
    """Sort documents by score, best first; ties by id. The query's id is for the error's message.

    With ``trec_eval`` as that program does: scores in single precision, the larger id first. Otherwise as MS
    MARCO's script: double precision, the smaller id first.

    Raises
    ------
    ValueError
        If a score is NaN, which has no place in any order.

    Examples
    --------
    >>> ranked({"a": 1.000000001, "b": 2.0, "c": 1.0})
    ['b', 'c', 'a']
    """
    bad = next((document for document, score in scores.items() if math.isnan(score)), None)
    if bad is not None:
        raise ValueError(f"query {query!r}: the score of document {bad!r} is NaN, which has no rank")
    compared = dict(zip(scores, array("f", scores.values()), strict=True)) if trec_eval else scores
    by_id = sorted(scores, reverse=trec_eval)
    return sorted(by_id, key=lambda document: -compared[document])  # stable: ties keep the order of the ids


def ndcg(qrels: Qrels, run: Run, k: int = 10) -> dict[str, float]:
    """Compute nDCG@k: gains discounted by rank, as a share of the best possible (Järvelin & Kekäläinen 2002).

    The gain at rank r (from 1) counts gain / log2(r + 1).

    Returns
    -------
    dict
        Query id to a number from 0 to 1.

    Examples
    --------
    >>> ndcg({"q": {"a": 1}}, {"q": {"b": 0.9, "a": 0.8}})
    {'q': 0.6309297535714575}
    """
    discounts = [1 / math.log2(rank + 1) for rank in range(1, _positive(k) + 1)]

    def dcg(gains: Sequence[int]) -> float:
        return sum(gain * discount for gain, discount in zip(gains, discounts, strict=False))

    values = {}
    for query, judged in qrels.items():
        gains = [max(judged.get(document, 0), 0) for document in ranked(run.get(query, {}), query=query)[:k]]
        best = dcg(sorted((gain for gain in judged.values() if gain > 0), reverse=True))
        values[query] = dcg(gains) / best if best else 0.0
    return values


def recall(qrels: Qrels, run: Run, k: int = 100) -> dict[str, float]:
    """Compute recall@k: the share of the relevant documents among the first k.

    Examples
    --------
    >>> recall({"q": {"a": 1, "c": 1}}, {"q": {"b": 0.9, "a": 0.8}}, k=2)
    {'q': 0.5}
    """
    _positive(k)
    values = {}
    for query, judged in qrels.items():
        relevant = {document for document, gain in judged.items() if gain > 0}
        found = relevant.intersection(ranked(run.get(query, {}), query=query)[:k])
        values[query] = len(found) / len(relevant) if relevant else 0.0
    return values


def mrr(qrels: Qrels, run: Run, k: int = 10) -> dict[str, float]:
    """Compute the reciprocal rank: 1 / rank of the first relevant document among k, else 0.

    The mean over queries is MRR@k (Voorhees 1999).

    Examples
    --------
    >>> mrr({"q": {"a": 1}}, {"q": {"b": 0.9, "a": 0.8}})
    {'q': 0.5}
    """
    _positive(k)
    values = {}
    for query, judged in qrels.items():
        documents = ranked(run.get(query, {}), query=query, trec_eval=False)[:k]
        ranks = [rank for rank, d in enumerate(documents, start=1) if judged.get(d, 0) > 0]
        values[query] = 1 / ranks[0] if ranks else 0.0
    return values


def bootstrap_interval(
    values: Sequence[float], *, level: float = 0.95, samples: int = 10_000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean of per-query values with a percentile bootstrap interval (Sakai 2006).

    The interval answers: had other queries of this kind been asked, how different might the mean be?

    Returns
    -------
    mean, low, high : float

    Raises
    ------
    ValueError
        If there are no values, or one is NaN.

    Examples
    --------
    >>> mean, low, high = bootstrap_interval([0.0, 1.0] * 50)
    >>> round(mean, 2), round(low, 1), round(high, 1)
    (0.5, 0.4, 0.6)
    """
    data = np.asarray(values, float)
    if data.size == 0:
        raise ValueError("there are no values to take a mean of")
    _no_nan(data)
    if np.ptp(data) == 0:
        return (float(data[0]),) * 3
    found = bootstrap(
        (data,),
        np.mean,
        n_resamples=samples,
        confidence_level=level,
        method="percentile",
        batch=1000,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(data.mean()), float(found.low), float(found.high)


def randomisation_test(
    a: Sequence[float], b: Sequence[float], *, samples: int = 10_000, seed: int = 0
) -> float:
    """Return the p value of a paired, two-sided randomisation test (Smucker et al. 2007).

    If two systems were equally good, the names on each query's pair of values could be swapped: how often
    does swapping at random make a mean difference as large as the one seen?

    Raises
    ------
    ValueError
        If the two differ in length, are empty, or hold a NaN.

    Examples
    --------
    >>> randomisation_test([0.5, 0.7, 0.2], [0.5, 0.7, 0.2])
    1.0
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"pairs need two equally long lists of values, but got {a.size} and {b.size}")
    _no_nan(a, b)  # else no difference compares as larger, and p comes out as 0
    if np.array_equal(a, b):
        return 1.0
    found = permutation_test(
        (a, b),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=samples,
        batch=1000,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def _no_nan(*samples: np.ndarray) -> None:
    for values in samples:
        if np.isnan(values).any():
            raise ValueError(f"value {np.flatnonzero(np.isnan(values))[0]} (from 0) is NaN")


def _positive(k: int) -> int:
    if k < 1:
        raise ValueError(f"k must be at least 1, but is {k}")
    return k


def recall_at_k(found: np.ndarray, exact: np.ndarray) -> float:
    """Return the share of the exact results that an approximate index found, row by row, in any order.

    Parameters
    ----------
    found : int array (q, k)
        -1 stands for nothing.
    exact : int array (q, k)

    Examples
    --------
    >>> recall_at_k(np.array([[1, 2], [3, -1]]), np.array([[2, 1], [3, 4]]))
    0.75
    """
    hits = [len(set(a) & set(b)) for a, b in zip(found.tolist(), exact.tolist(), strict=True)]
    return float(np.mean(hits) / exact.shape[1])
