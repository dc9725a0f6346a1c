"""Bridges between models: maps of low rank against other ways to find them, and what is shipped."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from embedlab import drift
from embedlab.benchmark import docsearch
from embedlab.drift.bridges import KINDS
from embedlab.serving import Space, lsa_space


def loss(source, target, matrix, strength):
    return ((source @ matrix - target) ** 2).sum() + strength * (matrix**2).sum()


def drawn(seed, n=30, d=6, e=5):
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(n, d)) * rng.uniform(0.2, 3, d)
    return source, source @ rng.normal(size=(d, e)) + rng.normal(size=(n, e))


def test_at_full_rank_it_is_scikit_learns_ridge():
    source, target = drawn(0)
    down, up = drift.low_rank_map(source, target, 5, 0.3)
    ridge = Ridge(alpha=0.3, fit_intercept=False).fit(source, target)
    np.testing.assert_allclose(down @ up, ridge.coef_.T, atol=1e-4)


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_no_alternating_least_squares_finds_a_smaller_loss(seed, rank):
    source, target = drawn(seed)
    down, up = (part.astype(float) for part in drift.low_rank_map(source, target, rank, 0.1))
    best = loss(source, target, down @ up, 0.1)
    gram = source.T @ source + 0.1 * np.eye(6)
    other = np.random.default_rng(seed + 1).normal(size=(rank, 5))
    for _ in range(200):
        left = np.linalg.solve(gram, source.T @ target @ np.linalg.pinv(other))
        other = np.linalg.solve(left.T @ gram @ left, left.T @ source.T @ target)
    assert best <= loss(source, target, left @ other, 0.1) * (1 + 1e-5)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_more_rank_never_fits_worse(seed):
    source, target = drawn(seed)
    losses = [
        loss(source, target, np.matmul(*map(np.float64, drift.low_rank_map(source, target, rank))), 0.1)
        for rank in range(1, 6)
    ]
    assert all(b <= a * (1 + 1e-5) for a, b in itertools.pairwise(losses))


@pytest.mark.parametrize("rank", [0, 6])
def test_a_rank_that_does_not_fit_is_named(rank):
    with pytest.raises(ValueError, match=f"but is {rank}"):
        drift.low_rank_map(*drawn(0), rank)


def test_the_ends_keep_nothing_and_all():
    rng = np.random.default_rng(0)
    old = rng.uniform(0, 0.8, 200)
    new = old + rng.uniform(0, 0.2, 200)
    assert drift.gain_kept(old, new, old).share == 0
    assert drift.gain_kept(old, new, new).share == 1
    assert drift.gain_kept(old, new, 2 * old - new).share == pytest.approx(-1)


@pytest.mark.slow
def test_shipped_bridges_are_found_anew():
    from embedlab.engine import LEAD, embedder

    benchmark, stored = docsearch(), drift.shipped_bridges()["figures"]["encoder, not LSA"]
    model = embedder().reading(LEAD)
    queries = {part: model.encode(benchmark.split(part)[1], cache=True) for part in ("dev", "test")}
    new = Space(model.encode(benchmark.documents, cache=True, on_long="cut"), queries)
    old = lsa_space(benchmark)
    row = stored["ways"]["documents ahead"]["on test"][0]
    found = drift.on_test(benchmark, old, new, "documents ahead", {500: row["kind"]})[0]
    assert row["kind"] in KINDS
    assert found["bridge"] == pytest.approx(row["bridge"], abs=0.01)
    assert found["new"] == pytest.approx(row["new"], abs=0.005)
