"""Formulas of the questions on ColBERT, reranking and hybrid search."""

import math


def maxsim_millions(query_tokens: float, document_tokens: float, dims: float, candidates: float) -> float:
    """Compute the millions of multiplications of MaxSim for so many candidates.

    Examples
    --------
    >>> maxsim_millions(10, 100, 100, 20)
    2.0
    """
    return query_tokens * document_tokens * dims * candidates / 1e6


def residual_bytes(tokens: float, kept_percent: float, bits: float, dims: float) -> float:
    """Compute the bytes of a document whose tokens are stored as centroid number and residual.

    Examples
    --------
    >>> residual_bytes(100, 50, 2, 128)
    1700.0
    """
    return tokens * kept_percent / 100 * (2 + dims * bits / 8)


def cores_for_reranking(
    queries_per_second: float, depth: float, milliseconds: float, busy_percent: float
) -> float:
    """Compute how many cores rerank so many queries a second, kept busy for a share of the time only.

    Examples
    --------
    >>> cores_for_reranking(10, 20, 3, 60)
    1.0
    """
    return queries_per_second * depth * milliseconds / 1000 / (busy_percent / 100)


def window_calls(depth: float, window: float, step: float) -> float:
    """Count the calls of one pass of a listwise model whose window slides over the candidates.

    Examples
    --------
    >>> window_calls(100, 20, 10)
    9.0
    """
    return (depth - window) / step + 1


def listwise_loss(negatives: float, lead: float, scale: float) -> float:
    """Softmax loss of a list whose right document leads each negative by so much in cosine.

    Examples
    --------
    >>> round(listwise_loss(7, 0, 20), 4)  # log 8
    2.0794
    """
    return math.log(1 + negatives * math.exp(-scale * lead))


def cascade_ndcg(recall_percent: float, first_percent: float, place: float) -> float:
    """Mean nDCG@10 with one relevant document: found or not, then put first or at another place.

    Examples
    --------
    >>> round(cascade_ndcg(80, 50, 3), 4)
    0.6
    """
    found, first = recall_percent / 100, first_percent / 100
    return found * (first + (1 - first) / math.log2(1 + place))


def bm25_term(count: float, length: float, rarity: float) -> float:
    """Compute what a word adds to a BM25 score, with k1 = 1.2, b = 0.75 and a mean length of 100.

    Examples
    --------
    >>> bm25_term(1.2, 100, 4)
    2.0
    """
    return rarity * count / (count + 1.2 * (0.25 + 0.75 * length / 100))


def rrf_thousandths(first: float, second: float) -> float:
    """Compute a thousand times the reciprocal rank fusion score of two places, with the constant 60.

    Examples
    --------
    >>> rrf_thousandths(40, 40)
    20.0
    """
    return 1000 / (60 + first) + 1000 / (60 + second)
