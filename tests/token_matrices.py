"""Matrices of token vectors, and slow and simple ways to score them, for the tests of ColBERT."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from indexes import assert_equal_results as assert_equal_results  # handed on, as those of every index
from indexes import filled as filled

from embedlab.colbert import ResidualIndex, TokenIndex

DIMS = 10  # at 1 and 2 bits this fills no whole number of bytes
KINDS = {
    "exact": lambda: TokenIndex(DIMS),
    "1 bit": lambda: ResidualIndex(DIMS, bits=1, centroids=32),
    "2 bits": lambda: ResidualIndex(DIMS, centroids=32),
    "2 bits, few looked at": lambda: ResidualIndex(DIMS, centroids=32, probes=2, shortlist=15),
    "4 bits, all looked at": lambda: ResidualIndex(DIMS, bits=4, centroids=32, probes=None),
}
every_index = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
several_bits = pytest.mark.parametrize("bits", [1, 2, 4])
few_examples = settings(max_examples=30, deadline=None)


def unit(n, seed=0, dims=DIMS):
    vectors = np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ragged(lengths, seed=0, dims=DIMS):
    """Documents of so many tokens; small whole numbers, so that sums are exact and ties occur."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-2, 3, size=(length, dims)).astype(np.float32) for length in lengths]


def laid_end_to_end(documents):
    return np.concatenate(documents), np.cumsum([0, *map(len, documents)])


def naive_maxsim(query, documents):
    scores = []
    for document in documents:
        best = [max((float(q @ d) for d in document), default=-np.inf) for q in query]
        scores.append(sum(best) if len(document) else -np.inf)
    return scores


def naive_search(query, documents, k, ids=None):
    """The k best as [(score, id)]: falling scores, then rising ids, none without tokens."""
    scores = dict(enumerate(naive_maxsim(query, documents)))
    candidates = [i for i in (scores if ids is None else ids) if i >= 0 and scores[i] > -np.inf]
    best = sorted((-scores[i], i) for i in candidates)[:k]
    return [(-score, i) for score, i in best] + [(-np.inf, -1)] * (k - len(best))


def as_pairs(result):
    return [
        list(zip(scores.tolist(), ids.tolist(), strict=True)) for scores, ids in zip(*result, strict=True)
    ]


LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=9)
SEEDS = st.integers(0, 999)


def documents_of(n, seed=0):
    return [unit(1 + i % 7, 1000 * seed + i) for i in range(n)]


def clustered(n, seed=0, dims=DIMS):
    """Vectors of length 1 around twenty directions, as tokens lie."""
    vectors = unit(20, 77, dims)[np.arange(n) % 20] + 0.4 * unit(n, seed, dims)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
