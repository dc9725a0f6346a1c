"""Clustered vectors: few directions that many share, as texts about few subjects have."""

import numpy as np
import pytest


def clustered(n, dims=32, clusters=20, spread=0.6, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(clusters, dims))
    vectors = centres[rng.integers(0, clusters, n)] + spread * rng.normal(size=(n, dims))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="session")
def vectors():
    return clustered(3000)


@pytest.fixture(scope="session")
def queries():
    return clustered(60, seed=1)


@pytest.fixture(scope="session")
def exact(vectors, queries):
    return np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :10]
