"""Grown collections, and how much of the exact results an index finds."""

import numpy as np

from embedlab.benchmark import grown, recall_at_k


def test_grown_vectors_are_like_their_parents():
    parents = grown(np.eye(384, dtype=np.float32), 50, seed=1)
    children = grown(parents, 2000)
    np.testing.assert_allclose(np.linalg.norm(children, axis=1), 1, rtol=1e-5)
    nearest = np.sort(children @ parents.T)[:, ::-1]
    assert nearest[:, 0].mean() > 0.6
    np.testing.assert_array_equal(grown(parents, 10), grown(parents, 10))


def test_recall_at_k():
    assert recall_at_k(np.array([[1, 2], [3, 9]]), np.array([[2, 1], [3, 4]])) == 0.75
    assert recall_at_k(np.array([[-1, -1]]), np.array([[2, 1]])) == 0
