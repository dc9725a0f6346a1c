"""BM25 over shards: how rare a term is has to be known of all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from embedlab.hybrid import BM25Index, idf


def term_statistics(index: BM25Index) -> tuple[int, int, Counter[str]]:
    """Return what a shard tells the others: its documents, their terms in all, and how many hold each term.

    Examples
    --------
    >>> index = BM25Index()
    >>> index.add(["a cat", "a cat and a dog"])
    >>> documents, terms, held = term_statistics(index)
    >>> documents, held["cat"], held["dog"]
    (2, 2, 1)
    """
    held = np.bincount(index.terms, minlength=len(index.vocabulary))
    return (
        len(index),
        int(index.lengths.sum()),
        Counter({term: int(held[t]) for term, t in index.vocabulary.items()}),
    )


def share_statistics(shards: Sequence[BM25Index]) -> None:
    """Weigh the terms of every shard by what all shards hold, so that their scores can be merged.

    It is what Elasticsearch does before a query of the type ``dfs_query_then_fetch``, there for the query's
    terms only. Here it is done once, and has to be done again when documents come.

    Examples
    --------
    >>> one, other = BM25Index(), BM25Index()
    >>> one.add(["a cat", "a dog"])
    >>> other.add(["a cat and a cat", "a cat"])
    >>> before = one.scores("cat")[0] - other.scores("cat")[1]
    >>> share_statistics([one, other])
    >>> bool(before > 0.1), float(one.scores("cat")[0] - other.scores("cat")[1])
    (True, 0.0)
    """
    told = [term_statistics(shard) for shard in shards]
    documents, terms = sum(one[0] for one in told), sum(one[1] for one in told)
    held = sum((one[2] for one in told), Counter())
    for shard in shards:
        rarity = np.array([idf(held[term], documents, shard.idf_kind) for term in shard.vocabulary])
        relative = shard.lengths / max(terms / max(documents, 1), 1e-9)
        norm = shard.k1 * (1 - shard.b + shard.b * relative[shard.documents])
        weights = rarity[shard.terms] * shard.counts / (shard.counts + norm)
        least = np.finfo(np.float32).tiny  # a term that is shared is a match, though its idf be 0
        shard.weights = np.maximum(weights, least).astype(np.float32)
