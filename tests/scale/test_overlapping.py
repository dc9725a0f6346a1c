"""Closure assignment: who stands in which lists, by the rule written out, and what reading costs."""

import numpy as np
import pytest

from embedlab.scale import closure, read_by_lists, train_centroids


def plain(vectors, centroids, epsilon, most):
    lists = [[] for _ in centroids]
    for i, vector in enumerate(vectors):
        far = np.linalg.norm(centroids - vector, axis=1)
        chosen = []
        for c in np.argsort(far, kind="stable"):
            rival = any(np.linalg.norm(centroids[c] - centroids[other]) <= far[c] for other in chosen)
            if far[c] <= (1 + epsilon) * far.min() and not rival and len(chosen) < most:
                chosen.append(c)
        for c in chosen:
            lists[c].append(i)
    return lists


@pytest.mark.parametrize(("epsilon", "most"), [(0, 8), (0.1, 8), (0.4, 8), (0.4, 2)])
def test_it_is_the_rule_written_out(epsilon, most):
    rng = np.random.default_rng(0)
    vectors, centroids = rng.random((300, 3)), rng.random((20, 3))
    found = closure(vectors, centroids, epsilon=epsilon, most=most)
    assert [part.tolist() for part in found] == plain(vectors, centroids, epsilon, most)
    count = np.bincount(np.concatenate(found), minlength=300)
    assert count.min() == 1
    assert (count.max() > 1) == (epsilon > 0)
    assert count.max() <= most


def test_all_lists_hold_all(vectors, queries, exact):
    centroids = train_centroids(vectors, 30)
    lists = closure(vectors, centroids, epsilon=0.1)
    recall, read = read_by_lists(lists, centroids, queries, exact, (1, 8, 30))
    assert recall == sorted(recall)
    assert recall[-1] == 1
    assert read[-1] == sum(map(len, lists)) > len(vectors)


@pytest.mark.parametrize("bad", [{"epsilon": -0.1}, {"epsilon": 0.1, "most": 0}])
def test_bad_numbers_are_named(bad):
    with pytest.raises(ValueError, match="epsilon >= 0 and most >= 1"):
        closure(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32), **bad)
