"""Keys of the questions on scale and on vector databases, measured."""

import numpy as np

from embedlab.pooling import l2_normalize as unit


def best(queries, documents, k):
    """Return the ids of the k nearest, best first: (q, k)."""
    return np.argsort(-(queries @ documents.T), axis=1)[:, :k]


def test_a_filter_that_depends_on_the_query():
    """A tenth is German, and language is a direction of its own beside the topics."""
    rng = np.random.default_rng(0)
    german = rng.random(4000) < 0.1
    language = np.zeros(32)
    language[0] = 2.0

    def texts(are_german):
        topics = rng.normal(size=(len(are_german), 32))
        return unit(topics + np.where(are_german[:, None], language, -language))

    documents = texts(german)
    left = {
        asked: german[best(texts(np.full(300, asked)), documents, 100)].sum(axis=1) for asked in (True, False)
    }
    assert np.mean(left[False] < 10) > 0.9
    assert np.mean(left[True] >= 10) > 0.9
    assert left[False].mean() < 5 < 30 < left[True].mean()
    unrelated = rng.random(4000) < 0.1
    assert 8 < unrelated[best(texts(np.full(300, False)), documents, 100)].sum(axis=1).mean() < 12


def test_two_from_each_shard_lose_some_of_the_best():
    rng = np.random.default_rng(0)
    documents, queries = unit(rng.normal(size=(4000, 32))), unit(rng.normal(size=(300, 32)))
    shard = rng.integers(0, 8, 4000)
    exact = best(queries, documents, 10)
    for each, complete in ((2, False), (10, True)):
        found = []
        for one in range(8):
            own = np.flatnonzero(shard == one)
            found.append(own[best(queries, documents[own], each)])
        kept = [np.isin(wanted, got).mean() for wanted, got in zip(exact, np.hstack(found), strict=True)]
        assert (np.mean(kept) == 1) == complete
    # More than two of ten on one of eight shards is the rule, not the exception.
    assert np.mean([np.bincount(shard[ids], minlength=8).max() > 2 for ids in exact]) > 0.5
