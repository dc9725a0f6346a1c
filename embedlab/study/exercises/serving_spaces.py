"""Exercises of chapter 17: another model's vectors."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _spaces(rng: np.random.Generator) -> list[tuple]:
    """List (source, target): one dimension, reflected, rotated, stretched, moved; then drawn ones."""
    cases = [
        ([[1], [2]], [[1], [2]]),
        ([[1], [2]], [[-1], [-3]]),
        ([[1, 0], [0, 1]], [[2, 0], [0, 2]]),
        ([[1, 0], [0, 1]], [[0, 1], [-1, 0]]),
        ([[1, 0], [0, 2]], [[1, 0], [0, -2]]),
        ([[1, 0], [0, 1], [3, 4]], [[0, 1], [-1, 0], [-4, 3]]),
        ([[2, 0], [0, 1], [1, 1]], [[6, 1], [1, 6], [5, 5]]),
    ]
    for n, d in ((4, 2), (5, 2), (6, 3), (8, 3), (12, 4), (20, 5)):
        source = rng.normal(size=(n, d))
        rotation = np.linalg.qr(rng.normal(size=(d, d)))[0]
        target = source @ rotation * rng.uniform(0.6, 1.6, d) + 0.3 * rng.normal(size=(n, d)) + 0.4
        cases.append((source, target))
    return [(np.array(source, np.float32), np.array(target, np.float32)) for source, target in cases]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _factors(source, target):
    return np.linalg.svd(source.T.astype(float) @ target)


def _back(source, target):
    left, _, right = _factors(source, target)
    return (left @ right).T.astype(np.float32)


def _v_for_its_transpose(source, target):
    left, _, right = _factors(source, target)
    return (left @ right.T).astype(np.float32)


def _least_squares(source, target):
    return np.linalg.lstsq(source, target, rcond=None)[0].astype(np.float32)


def _cross(source, target):
    return source.T @ target


def _no_reflection(source, target):
    left, _, right = _factors(source, target)
    signs = np.ones(len(left))
    signs[-1] = np.sign(np.linalg.det(left @ right))
    return ((left * signs) @ right).astype(np.float32)


def _centred(source, target):
    left, _, right = _factors(source - source.mean(axis=0), target - target.mean(axis=0))
    return (left @ right).astype(np.float32)


def _texts_by_texts(source, target):
    left, _, right = np.linalg.svd(source.astype(float) @ target.T)
    return (left @ right).astype(np.float32)


EXERCISES = (
    Exercise(
        name="procrustes",
        chapter="17_serving",
        task="Find the map between the spaces of two models, if it may not stretch. source and target, "
        "float32 (n, d), n at least d, are the same n texts embedded by each; source.T @ target has full "
        "rank. Return R, float32 (d, d), orthogonal (R.T @ R = I; a reflection is allowed), for which the "
        "sum of the squares of source @ R - target is the least. Nothing is centred or normalised before.",
        reference="embedlab.serving:procrustes",
        cases=_spaces,
        hints=(
            "What depends on R is only the trace of R.T @ source.T @ target, and it has to be large.",
            "np.linalg.svd(source.T @ target) gives U, S, Vh: two orthogonal matrices, and a stretching "
            "between them.",
            "Leave the stretching out. NumPy's third result is transposed already.",
        ),
        mistakes=(
            Mistake(
                "from target to source",
                "That is R.T, the way back: it brings target close to source. Take the SVD of source.T @ "
                "target, and U on the left.",
                _back,
            ),
            Mistake(
                "V transposed once more",
                "np.linalg.svd returns V transposed as its third result: U @ Vh.",
                _v_for_its_transpose,
            ),
            Mistake(
                "least squares without the condition",
                "The best matrix of all may stretch and shear: not orthogonal, and in need of more pairs.",
                _least_squares,
            ),
            Mistake(
                "singular values left in",
                "source.T @ target is U @ diag(S) @ Vh: it stretches by S. Replace each singular value by 1.",
                _cross,
            ),
            Mistake(
                "reflections excluded",
                "Objects in space cannot be reflected, but spaces of models can: no determinant has to be 1.",
                _no_reflection,
            ),
            Mistake(
                "centred",
                "The map is applied to vectors as they are. Subtracting means finds another matrix, which "
                "fits only if the means are moved, too.",
                _centred,
            ),
            Mistake(
                "texts by texts",
                "R acts on the dimensions, so it is (d, d): source.T @ target sums over the texts.",
                _texts_by_texts,
            ),
        ),
        follow_up="How many texts does such a map need, how do you find out that it is good enough, and what "
        "would you do with questions while the remote model is down for ten minutes?",
    ),
)
