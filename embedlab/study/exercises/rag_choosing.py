"""Exercises of chapter 11: passages that are relevant, and not all the same."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _candidates(rng: np.random.Generator) -> list[tuple]:
    """List (relevance, similarity, k, weight): none, one, duplicates, ties, weights 0 and 1; drawn ones.

    All are multiples of 1/8 and the weights of 1/4, so that no rounding decides a tie.
    """
    twins = [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    chain = [[1.0, 0.0, 0.5], [0.0, 1.0, 0.75], [0.5, 0.75, 1.0]]
    cases = [
        ([], [], 2, 0.5),
        ([0.5], [[1.0]], 1, 0.5),
        ([0.5], [[1.0]], 3, 0.5),
        ([0.5], [[1.0]], 0, 0.5),
        ([0.25, 0.75], [[1.0, 0.5], [0.5, 1.0]], 2, 0.75),
        ([0.5, 0.5], [[1.0, 0.5], [0.5, 1.0]], 1, 0.5),
        ([0.5, 0.875], [[1.0, 0.0], [0.0, 1.0]], 2, 1.0),
        ([1.0, 0.875, 0.5], twins, 2, 0.5),
        ([1.0, 0.875, 0.5], twins, 2, 1.0),
        ([0.5, 0.5, 0.5], twins, 3, 0.5),
        ([0.125, 0.5, 0.25], twins, 3, 0.0),
        ([0.75, 0.75, 0.625], chain, 3, 0.5),
    ]
    for n in (3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8):
        half = np.triu(rng.integers(0, 9, (n, n)) / 8, 1)
        relevance = rng.integers(0, 9, n) / 8
        weight = float(rng.choice([0.25, 0.5, 0.75]))
        similarity = (half + half.T + np.eye(n)).tolist()
        cases.append((relevance.tolist(), similarity, int(rng.integers(3, n + 1)), weight))
    return cases


def mmr(relevance, similarity, k, weight):
    """Choose k passages, each relevant and unlike those before it: maximal marginal relevance.

    Carbonell and Goldstein (1998), "The Use of MMR, Diversity-Based Reranking for Reordering Documents and
    Producing Summaries", section 2.

    Parameters
    ----------
    relevance : list of float
        Of each passage to the question.
    similarity : list of list of float
        Of each passage to each.
    k : int
        At most; fewer where there are not so many.
    weight : float, 0 to 1
        Of relevance; 1 - weight is that of being unlike.

    Returns
    -------
    list of int
        Places, in the order in which they are chosen.

    Examples
    --------
    >>> similarity = [[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]  # the first two say the same
    >>> mmr([0.9, 0.85, 0.4], similarity, k=2, weight=0.5)
    [0, 2]
    """
    return _chosen(len(relevance), k, lambda i, picked: _worth(relevance[i], similarity[i], picked, weight))


def _chosen(n, k, worth):
    """Pick one after the other, the most worth first, of equals the first."""
    picked, left = [], list(range(n))
    while left and len(picked) < k:
        best = max(left, key=lambda i: worth(i, picked))
        picked.append(best)
        left.remove(best)
    return picked


def _worth(relevance, similar, picked, weight, combine=max):
    alike = combine([similar[j] for j in picked]) if picked else 0.0
    return weight * relevance - (1 - weight) * alike


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _combined(combine):
    """Put together the similarities to what is picked in another way."""

    def chosen(relevance, similarity, k, weight):
        def worth(i, picked):
            return _worth(relevance[i], similarity[i], picked, weight, combine)

        return _chosen(len(relevance), k, worth)

    return chosen


def _mean(values):
    return sum(values) / len(values)


def _other_side(relevance, similarity, k, weight):
    return mmr(relevance, similarity, k, 1 - weight)


def _added(relevance, similarity, k, weight):
    return _combined(lambda values: -max(values))(relevance, similarity, k, weight)


def _again(relevance, similarity, k, weight):
    picked = []
    while len(picked) < min(k, len(relevance)):
        worth = [_worth(*both, picked, weight) for both in zip(relevance, similarity, strict=True)]
        picked.append(worth.index(max(worth)))
    return picked


def _relevance_ignored(relevance, similarity, k, weight):
    return mmr([0.0] * len(relevance), similarity, k, weight)


def _only_relevance(relevance, similarity, k, weight):
    return mmr(relevance, similarity, k, 1.0)


def _last_of_equals(relevance, similarity, k, weight):
    n = len(relevance)
    turned = mmr(relevance[::-1], [row[::-1] for row in similarity[::-1]], k, weight)
    return [n - 1 - i for i in turned]


EXERCISES = (
    Exercise(
        name="mmr",
        chapter="11_rag",
        task="Choose passages by maximal marginal relevance. relevance is a list of n float, of each "
        "passage to the question; similarity is a list of n lists of n float, of each passage to each; k is "
        "an int (0 or more), weight a float from 0 to 1. Return a list of int, places from 0, in the order "
        "in which they are picked: again and again the one, of those not picked yet, with the largest "
        "weight * relevance - (1 - weight) * (its largest similarity to a picked one, 0 while none is "
        "picked); of equals the one with the smaller place. Stop at k, or when all are picked; no passages "
        "give [].",
        reference="embedlab.study.exercises.rag_choosing:mmr",
        cases=_candidates,
        hints=(
            "Keep two lists: what is picked, and what is left. Each round moves one from the second to the "
            "first.",
            "max((similarity[i][j] for j in picked), default=0) is how much i repeats of what is picked.",
            "max(left, key=...) takes the first of equals, so keep left in ascending order.",
        ),
        mistakes=(
            Mistake(
                "the mean similarity",
                "A copy of one picked passage repeats it, however unlike it is to the others. Take the "
                "largest similarity, not the mean.",
                _combined(_mean),
            ),
            Mistake(
                "the similarity to the last pick",
                "A passage must not repeat any that is picked, not only the last one.",
                _combined(lambda values: values[-1]),
            ),
            Mistake(
                "weight on the wrong side",
                "weight belongs to the relevance, 1 - weight to the similarity: at 1, only relevance counts.",
                _other_side,
            ),
            Mistake(
                "similarity added", "Being like what is picked counts against a passage: subtract it.", _added
            ),
            Mistake(
                "picked again",
                "A passage that is picked is in the prompt: look among the others only.",
                _again,
            ),
            Mistake(
                "relevance left out",
                "What is unlike everything is mostly off the subject. Add weight * relevance.",
                _relevance_ignored,
            ),
            Mistake(
                "only relevance",
                "Near-duplicates follow each other then. Subtract the largest similarity to a picked one.",
                _only_relevance,
            ),
            Mistake("the last of equals", "Of equals, the smaller place is picked.", _last_of_equals),
        ),
        follow_up="Relevance comes from a cross-encoder and runs from -11 to 11, similarity is a cosine. "
        "What does a weight of 0.7 mean then, and what do you do first?",
    ),
)
