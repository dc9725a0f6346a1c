"""Exercises of chapter 21: a secret rotation, and a vector that its scores give away."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _matrices(rng: np.random.Generator) -> list[tuple]:
    """List square matrices: one number of either sign, triangular ones, whole numbers; then normal ones."""
    cases = [
        [[2.0]],
        [[-2.0]],
        [[3.0, 1], [4, 2]],
        [[3.0, 2], [4, 1]],
        [[-1.0, 2], [0, -3]],
        [[0.0, 1], [1, 0]],
    ]
    cases += [rng.normal(size=(d, d)) for d in (2, 3, 3, 4, 5, 8)]
    return [(np.array(one),) for one in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _as_the_library_says(gaussian):
    return np.linalg.qr(gaussian)[0]


def _rows(gaussian):
    q, r = np.linalg.qr(gaussian)
    return np.sign(np.diag(r))[:, None] * q


def _no_reflection(gaussian):
    q, r = np.linalg.qr(gaussian)
    q = q * np.sign(np.diag(r))
    q[:, -1] *= np.sign(np.linalg.det(q))
    return q


def _columns_of_length_one(gaussian):
    return gaussian / np.linalg.norm(gaussian, axis=0)


def _nearest(gaussian):
    left, _, right = np.linalg.svd(gaussian)
    return left @ right


def _of_rows(gaussian):
    q, r = np.linalg.qr(gaussian.T)
    return (q * np.sign(np.diag(r))).T


def _systems(rng: np.random.Generator) -> list[tuple]:
    """List (queries, scores): one, as many as dimensions, fewer, more, with an error; then drawn ones."""
    cases = [
        ([[1.0]], [0.5]),
        ([[1.0, 0], [0.6, 0.8]], [0.6, 1.0]),
        ([[0.6, 0.8]], [1.0]),
        ([[1.0, 0], [0, 1], [0.6, 0.8]], [0.6, 0.8, 1.0]),
        ([[1.0, 0], [0, 1], [0.6, 0.8]], [0.6, 0.8, 0.9]),
    ]
    for q, d in ((3, 3), (2, 4), (4, 3), (5, 5), (9, 6), (4, 8)):
        queries, vector = rng.normal(size=(q, d)), rng.normal(size=d)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        cases.append((queries, queries @ vector + 0.01 * rng.normal(size=q)))
    return [(np.array(queries, np.float32), np.array(scores, np.float32)) for queries, scores in cases]


def _weighted(queries, scores):
    return queries.T @ scores


def _of_length_one(queries, scores):
    found = np.linalg.lstsq(queries, scores, rcond=None)[0]
    return (found / np.linalg.norm(found)).astype(np.float32)


def _first(queries, scores):
    n = min(queries.shape)
    found = np.zeros(queries.shape[1])
    found[:n] = np.linalg.lstsq(queries[:n, :n], scores[:n], rcond=None)[0]
    return found.astype(np.float32)


def _best_query(queries, scores):
    return queries[scores.argmax()] * scores.max()


def _near(expected, got) -> bool:
    """Compare as float32 results of two solvers may differ."""
    got = np.asarray(got, float)
    return got.shape == expected.shape and bool(np.allclose(got, expected, rtol=1e-3, atol=1e-4))


EXERCISES = (
    Exercise(
        name="random_rotation",
        chapter="21_security",
        task="Turn a regular matrix (d, d) of normal numbers into a random orthogonal matrix, float64 (d, "
        "d): Q of its QR decomposition, the one for which R has a positive diagonal. So all are equally "
        "probable, reflections included. np.linalg.qr promises no signs: change those of Q's columns.",
        reference="embedlab.security:random_rotation",
        cases=_matrices,
        hints=(
            "If D is diagonal with 1 and -1, then QR = (QD)(DR): both are QR decompositions.",
            "np.sign(np.diag(r)) says which columns of Q have to change their sign.",
            "q * signs multiplies the columns, signs[:, None] * q the rows.",
        ),
        mistakes=(
            Mistake(
                "signs as the library has them",
                "The first column then depends on LAPACK's convention, and is not uniform on the sphere.",
                _as_the_library_says,
            ),
            Mistake("signs of the rows", "Q D changes columns of Q; D Q would change its rows.", _rows),
            Mistake(
                "reflections excluded",
                "Half of all orthogonal matrices have the determinant -1. They hide as well, and are wanted.",
                _no_reflection,
            ),
            Mistake(
                "columns brought to length 1",
                "They are not orthogonal to each other, so inner products change, and the search with them.",
                _columns_of_length_one,
            ),
            Mistake(
                "the nearest orthogonal matrix",
                "That is the polar decomposition, U @ Vh. It is random and uniform, too, but not QR's Q.",
                _nearest,
            ),
            Mistake("QR of the transpose", "Decompose the matrix itself: its columns, in order.", _of_rows),
        ),
        follow_up="The rotation is secret, and searching costs nothing more. What must an attacker get hold "
        "of to undo it, and how many of them?",
    ),
    Exercise(
        name="vector_from_scores",
        chapter="21_security",
        task="A search shows the score of one document for any query. queries, float32 (q, d), are the "
        "vectors of yours, scores (q,) the inner products that came back, maybe rounded. Return the vector "
        "of the document, float32 (d,): least squares; where several fit equally well, the shortest.",
        reference="embedlab.security:vector_from_scores",
        cases=_systems,
        hints=(
            "queries @ vector = scores: how many equations, how many unknowns?",
            "np.linalg.solve wants as many equations as unknowns; np.linalg.lstsq takes any number.",
            "np.linalg.lstsq(queries, scores, rcond=1e-5)[0] is the shortest of the best.",
        ),
        mistakes=(
            Mistake(
                "queries weighted by scores",
                "That would be the solution if queries were orthogonal. They are not.",
                _weighted,
            ),
            Mistake(
                "brought to length 1",
                "The stored vector may have any length; and with few queries, what is found is only its "
                "projection, which is shorter.",
                _of_length_one,
            ),
            Mistake(
                "a square part",
                "Each equation counts, and each dimension: do not cut the matrix to make it square.",
                _first,
            ),
            Mistake(
                "the best query",
                "The nearest query is a guess. The scores of all of them determine the vector.",
                _best_query,
            ),
        ),
        follow_up="Your API rounds scores to two decimals, and shows the ten best only. What does each of "
        "the two change for the attacker?",
        close=_near,
    ),
)
