"""Exercises of chapter 21: a word swapped by the gradient."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _swaps(rng: np.random.Generator) -> list[tuple]:
    """List (words, gradient, old, allowed, n): small whole numbers, ties, nothing allowed, nothing better."""
    square = np.float32([[0, 0], [1, 0], [0, 1], [2, -1]])
    cases = [
        (square, np.float32([1, 0]), 0, [0, 1, 2, 3], 2),
        (square, np.float32([1, 0.5]), 0, [0, 1, 2, 3], 1),
        (square, np.float32([1, 0.5]), 0, [2, 1], 3),
        (square, np.float32([1, 0.5]), 3, [0, 1, 2], 3),
        (square, np.float32([-1, 0]), 3, [0, 1, 2, 3], 4),
        (square, np.float32([0, 0]), 1, [0, 1, 2, 3], 2),
        (square, np.float32([1, 1]), 0, [1, 2, 3], 3),
        (square, np.float32([1, 1]), 0, [3, 2, 1], 2),
        (square, np.float32([1, 1]), 0, [0], 2),
        (square, np.float32([1, 1]), 0, [], 2),
        (np.float32([[-1, -1], [-2, 0], [0, -3]]), np.float32([1, 1]), 2, [0, 1, 2], 2),
    ]
    for v, d in ((5, 2), (6, 2), (6, 3), (8, 3), (10, 4), (12, 4), (14, 4)):
        words = rng.integers(-3, 4, (v, d)).astype(np.float32)
        gradient = rng.integers(-2, 3, d).astype(np.float32)
        allowed = rng.permutation(v)[: max(3, v - 2)].tolist()
        cases.append((words, gradient, int(rng.integers(v)), allowed, int(rng.integers(2, v))))
    return cases


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _ranked(gains, old, allowed, n, least=0.0):
    """Order what is allowed by its gain, best first, of equals the smaller id; only above `least`."""
    ids = sorted(one for one in set(allowed) if one != old)
    best = sorted(ids, key=lambda one: -gains[one])[:n]
    return [int(one) for one in best if gains[one] > least]


def _absolute(words, gradient, old, allowed, n):
    return _ranked(words @ gradient, old, allowed, n)


def _downhill(words, gradient, old, allowed, n):
    return _ranked((words[old] - words) @ gradient, old, allowed, n)


def _nearest(words, gradient, old, allowed, n):
    return _ranked(-np.linalg.norm(words - words[old] - gradient, axis=1), old, allowed, n, -np.inf)


def _all_allowed(words, gradient, old, allowed, n):
    return _ranked((words - words[old]) @ gradient, old, range(len(words)), n)


def _also_worse(words, gradient, old, allowed, n):
    return _ranked((words - words[old]) @ gradient, old, allowed, n, -np.inf)


def _unsorted_ties(words, gradient, old, allowed, n):
    gains = (words - words[old]) @ gradient
    ids = sorted((one for one in set(allowed) if one != old), reverse=True)
    return [int(one) for one in sorted(ids, key=lambda one: -gains[one])[:n] if gains[one] > 0]


def _cosine(words, gradient, old, allowed, n):
    step = words - words[old]
    length = np.maximum(np.linalg.norm(step, axis=1), 1e-9)
    return _ranked(step @ gradient / length, old, allowed, n)


EXERCISES = (
    Exercise(
        name="best_swaps",
        chapter="21_security",
        task="Which tokens promise most in the place of one? words is a float32 array (v, d), the vectors "
        "of all tokens; gradient (d,) is the gradient of what is to become large, by the vector at that "
        "place; old is the token there (int), allowed a list of ints. To first order, a swap to new gains "
        "(words[new] - words[old]) @ gradient. Return a list of at most n allowed tokens (int), the "
        "largest gain first, of equal gains the smaller id; without old, and only such as gain more than 0.",
        reference="embedlab.security.poisoning:best_swaps",
        cases=_swaps,
        hints=(
            "A function changes by about gradient @ step. What is the step of a swap?",
            "Compute all gains with one product, then sort what is allowed.",
            "np.argsort(-gains, kind='stable') keeps equal ones in their order: let that be the order of "
            "ids.",
        ),
        mistakes=(
            Mistake(
                "the old word forgotten",
                "words @ gradient ranks alike, but says not whether a swap gains: take words[old] off.",
                _absolute,
            ),
            Mistake(
                "downhill",
                "The objective has to rise: the new vector minus the old one, in this order.",
                _downhill,
            ),
            Mistake(
                "nearest to one step",
                "The nearest word to old + gradient is cautious. To first order the whole product counts, "
                "and long steps gain more.",
                _nearest,
            ),
            Mistake(
                "divided by the step's length",
                "That is the gain for each unit of way. A swap goes the whole way: no division.",
                _cosine,
            ),
            Mistake(
                "everything allowed",
                "Only tokens of allowed: special tokens and pieces of words would not survive reading.",
                _all_allowed,
            ),
            Mistake(
                "swaps that lose",
                "A swap that promises nothing, or less, need not be tried: gains above 0 only.",
                _also_worse,
            ),
            Mistake(
                "ties the other way",
                "Of equal gains, the smaller id comes first.",
                _unsorted_ties,
            ),
        ),
        follow_up="The gradient costs one pass forward and one back, and ranks 30,000 swaps. Why are the "
        "best few computed all the same, and what would an attacker do who has no gradients, only an API?",
    ),
)
