"""Exercises of chapter 20: a map of low rank between two models."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _spaces(rng: np.random.Generator) -> list[tuple]:
    """List (source, target, rank, strength): small ones, then drawn ones with directions of unequal use."""
    cases = [
        (np.float32([[1, 0], [0, 1]]), np.float32([[2, 0], [0, 1]]), 1, 1.0),
        (np.float32([[1, 0], [0, 3]]), np.float32([[2, 0], [0, 3]]), 1, 0.5),
        (np.float32([[4, 0], [0, 1]]), np.float32([[4, 0], [0, 3]]), 1, 1.0),
    ]
    for n, d, e, rank in (
        (6, 3, 3, 1),
        (8, 3, 4, 2),
        (8, 4, 3, 2),
        (7, 3, 3, 2),
        (10, 5, 5, 2),
        (9, 4, 4, 3),
        (12, 5, 4, 2),
        (12, 4, 4, 4),
    ):
        source = rng.normal(size=(n, d)) * rng.uniform(0.2, 3, d)
        matrix = rng.normal(size=(d, e)) * rng.uniform(0.2, 3, e)
        target = source @ matrix + rng.normal(size=(n, e)) * rng.uniform(0.1, 4, e)
        cases.append((source.astype(np.float32), target.astype(np.float32), rank, 0.5))
    return cases


def _close(expected, got) -> bool:
    """Compare the products: the two factors are not unique."""
    if not (isinstance(got, tuple) and len(got) == 2):
        return False
    down, up = (np.asarray(part, float) for part in got)
    if down.shape != expected[0].shape or up.shape != expected[1].shape:
        return False
    return bool(np.allclose(down @ up, expected[0].astype(float) @ expected[1], rtol=1e-3, atol=1e-3))


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _ridge(source, target, strength):
    source, target = source.astype(float), target.astype(float)
    return np.linalg.solve(source.T @ source + strength * np.eye(source.shape[1]), source.T @ target)


def _matrix_cut(source, target, rank, strength):
    left, values, right = np.linalg.svd(_ridge(source, target, strength), full_matrices=False)
    return left[:, :rank] * values[:rank], right[:rank]


def _targets_cut(source, target, rank, strength):
    up = np.linalg.svd(target.astype(float), full_matrices=False)[2][:rank]
    return _ridge(source, target, strength) @ up.T, up


def _sources_cut(source, target, rank, strength):
    down = np.linalg.svd(source.astype(float), full_matrices=False)[2][:rank].T
    return down, _ridge(source @ down, target, strength)


def _fitted(source, target, strength):
    full = _ridge(source, target, strength)
    gram = source.T.astype(float) @ source + strength * np.eye(source.shape[1])
    return full, np.linalg.eigh(full.T @ gram @ full)[1]


def _smallest(source, target, rank, strength):
    full, directions = _fitted(source, target, strength)
    return full @ directions[:, :rank], directions[:, :rank].T


def _no_ridge(source, target, rank, strength):
    full, directions = _fitted(source, target, 1e-9)
    up = directions[:, ::-1][:, :rank].T
    return full @ up.T, up


EXERCISES = (
    Exercise(
        name="low_rank_map",
        chapter="20_drift",
        task="Find a map between two models' spaces that is two narrow matrices. source, float32 (n, d), and "
        "target, float32 (n, e), are the same n texts embedded by each; rank is an int from 1 to min(d, e); "
        "strength a float above 0. Among all M of that rank, the sum of squares of source @ M - target plus "
        "strength times the sum of squares of M has to be the least. Return the tuple (down, up) of float "
        "arrays (d, rank) and (rank, e) with M = down @ up; up to signs and the like they are not unique.",
        reference="embedlab.drift:low_rank_map",
        cases=_spaces,
        close=_close,
        hints=(
            "Start with the ridge map B of full rank: solve (S.T @ S + strength * I) B = S.T @ T.",
            "What has to be kept is not B but what comes out of it, source @ B. Write the ridge as d more "
            "rows below the source, sqrt(strength) * I, with targets of zero: then it is plain "
            "least squares.",
            "Take the SVD of those stacked rows @ B. Its first rank right singular vectors are up; down is "
            "B @ up.T.",
        ),
        mistakes=(
            Mistake(
                "SVD of the matrix",
                "The best approximation of the matrix is not the best map: a direction that the texts hardly "
                "use counts as much there as one that all of them use. Take the SVD of what is fitted.",
                _matrix_cut,
            ),
            Mistake(
                "SVD of the targets",
                "The directions in which the targets vary most may be those that the source cannot tell. "
                "Take the SVD of what is fitted.",
                _targets_cut,
            ),
            Mistake(
                "SVD of the source",
                "The directions in which the source varies most may say little about the target.",
                _sources_cut,
            ),
            Mistake(
                "smallest directions",
                "np.linalg.eigh gives eigenvalues in ascending order: take the last ones.",
                _smallest,
            ),
            Mistake(
                "no ridge",
                "Where texts are few, strength keeps the map from following each of them. Add it to the "
                "diagonal.",
                _no_ridge,
            ),
        ),
        follow_up="How many numbers does it have at rank 64 between two models of 384 dimensions, against "
        "the full matrix and against one document's vector? So when is a low rank worth anything here?",
    ),
)
