"""Exercises of chapter 11: the order of what was found."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _verdicts(rng: np.random.Generator) -> list[tuple]:
    """List (useful,): nothing, none, each place alone, all; then drawn ones."""
    cases = [
        [],
        [False],
        [True],
        [True, False],
        [False, True],
        [True, True],
        [False, False],
        [True, False, True],
    ]
    cases += [
        [False, False, True],
        [False, True, True],
        [True, True, False, False],
        [True, False, True, True, False],
    ]
    return [(one,) for one in cases] + [((rng.random(n) < 0.5).tolist(),) for n in (4, 5, 6, 8, 10)]


def context_precision(useful):
    """Judge the order of passages: precision at the rank of each useful one, on average, as RAGAS does.

    RAGAS documentation, "Context Precision". It is average precision, divided by the useful passages that
    were retrieved: it says nothing about those that were missed.

    Parameters
    ----------
    useful : list of bool
        Of each passage, the best first.

    Returns
    -------
    float, 0 to 1

    Examples
    --------
    >>> round(context_precision([True, False, True, True, False]), 3)
    0.806
    """
    ranks = [rank for rank, one in enumerate(useful, start=1) if one]
    return sum(count / rank for count, rank in enumerate(ranks, start=1)) / len(ranks) if ranks else 0.0


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _mrr(useful):
    return 1 / (useful.index(True) + 1) if any(useful) else 0.0


def _precisions(useful):
    return [sum(useful[:rank]) / rank for rank in range(1, len(useful) + 1)]


def _all_ranks(useful):
    return context_precision(useful) * sum(useful) / max(len(useful), 1)


def _zero_based(useful):
    ranks = [rank for rank, one in enumerate(useful) if one]
    return sum(count / max(rank, 1) for count, rank in enumerate(ranks, start=1)) / max(len(ranks), 1)


def _not_this_one(useful):
    """Count the useful ones before a rank, without the one at it."""
    ranks = [rank for rank, one in enumerate(useful, start=1) if one]
    return sum(count / rank for count, rank in enumerate(ranks)) / max(len(ranks), 1)


def _reciprocals(useful):
    ranks = [rank for rank, one in enumerate(useful, start=1) if one]
    return sum(1 / rank for rank in ranks) / max(len(ranks), 1)


EXERCISES = (
    Exercise(
        name="context_precision",
        chapter="11_rag",
        task="Judge the order of retrieved passages as RAGAS does. useful is a list of bool, one for each "
        "passage, the best first. Return a float: for each useful passage, take the precision at its rank "
        "(the share of useful ones among the first r, if it is the r-th, from 1); then the mean of these. "
        "No useful passage, or no passage at all, gives 0.0.",
        reference="embedlab.study.exercises.rag_precision:context_precision",
        cases=_verdicts,
        hints=(
            "Walk from the best to the worst, and count how many were useful up to here.",
            "enumerate(useful, start=1) gives ranks. At which of them do you add count / rank?",
        ),
        mistakes=(
            Mistake(
                "the plain share",
                "That is the same in any order. Take the precision at the rank of each useful passage.",
                lambda useful: sum(useful) / max(len(useful), 1),
            ),
            Mistake(
                "divided by all ranks",
                "Divide by the number of useful passages; the others add nothing above the line either.",
                _all_ranks,
            ),
            Mistake(
                "precision at every rank",
                "Only the ranks of useful passages are averaged.",
                lambda useful: sum(_precisions(useful)) / max(len(useful), 1),
            ),
            Mistake("ranks from 0", "The first passage has rank 1.", _zero_based),
            Mistake("the passage itself not counted", "The first r include the r-th.", _not_this_one),
            Mistake(
                "only the first useful one (MRR)",
                "The reciprocal rank of the first says nothing of the others: average over all useful ones.",
                _mrr,
            ),
            Mistake(
                "reciprocal ranks averaged",
                "Above the line stands how many were useful up to that rank, not 1.",
                _reciprocals,
            ),
        ),
        follow_up="One useful passage at rank 1, and four others that the search missed: what is the context "
        "precision, and which measure would notice?",
    ),
)
