"""The exercise of chapter 08 on the cascade: two scores made one."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _rankings(rng: np.random.Generator) -> list[tuple]:
    """List (ids, first, model, depth, weight): depth 0 to beyond the end, no spread, one scale larger."""
    cases = [
        ([4], [1], [1], 1, 0.5),
        ([4, 7], [2, 1], [1, 3], 0, 1.0),
        ([4, 7], [2, 1], [1, 3], 2, 1.0),
        ([4, 7], [2, 1], [1, 3], 9, 0.25),
        ([4, 7, 2], [3, 2, 1], [1, 1, 1], 3, 0.5),
        ([4, 7, 2], [1, 1, 1], [1, 3, 2], 3, 0.5),
        ([4, 7, 2], [9, 8, 0], [0, 2, 90], 2, 0.75),
        ([], [], [], 3, 0.5),
    ]
    for n, depth in [(3, 2), (4, 3), (4, 4), (5, 3), (6, 4), (6, 6), (8, 5), (10, 7), (20, 10)]:
        for scale, weight in [(0.02, 0.5), (40.0, 0.5), (5.0, 0.25), (5.0, 0.75)]:
            ids, first = rng.permutation(2 * n)[:n].tolist(), -np.sort(-rng.permutation(4 * n)[:n])
            cases.append((ids, first.tolist(), (scale * rng.permutation(4 * n)[:n]).tolist(), depth, weight))
    made = [
        (ids, np.array(a, float), np.array(b, float), depth, weight) for ids, a, b, depth, weight in cases
    ]
    return [case for case in made if not _close(*case)]


def _close(ids, first, model, depth, weight) -> bool:
    """Tell whether two sums almost agree: rounding would decide between them."""
    sums = np.sort(_sums(first[:depth], model[:depth], weight))
    return bool(((np.diff(sums) < 1e-6) & (np.diff(sums) > 0)).any())


def _z(scores):
    return (scores - scores.mean()) / (scores.std() or 1.0) if len(scores) else scores


def _sums(first, model, weight):
    return weight * _z(model) + (1 - weight) * _z(first)


def rerank_fused(ids, first, model, depth, weight):
    """Reorder the first ``depth`` of a ranking by a weighted sum of two z-scores.

    Parameters
    ----------
    ids : list of n int
        The first stage's ranking.
    first, model : float64 arrays (n,)
        The first stage's scores of these documents, and the cross-encoder's.
    depth : int
    weight : float
        Of the cross-encoder.

    Examples
    --------
    >>> rerank_fused([5, 3, 8], np.array([9.0, 8.0, 1.0]), np.array([0.1, 0.7, 0.9]), depth=2, weight=0.75)
    [3, 5, 8]
    """
    order = np.argsort(-_sums(first[:depth], model[:depth], weight), kind="stable")
    return [ids[i] for i in order] + ids[depth:]


def _ordered(ids, sums, depth):
    return [ids[i] for i in np.argsort(-sums, kind="stable")] + ids[depth:]


def _raw(ids, first, model, depth, weight):
    return _ordered(ids, weight * model[:depth] + (1 - weight) * first[:depth], depth)


def _model_alone(ids, first, model, depth, weight):
    return _ordered(ids, model[:depth], depth)


def _weights_exchanged(ids, first, model, depth, weight):
    return rerank_fused(ids, first, model, depth, 1 - weight)


def _scaled_over_all(ids, first, model, depth, weight):
    return _ordered(ids, _sums(first, model, weight)[:depth], depth)


def _cut_off(ids, first, model, depth, weight):
    return rerank_fused(ids, first, model, depth, weight)[:depth]


def _all_read(ids, first, model, depth, weight):
    return rerank_fused(ids, first, model, len(ids), weight)


EXERCISES = (
    Exercise(
        name="rerank_fused",
        chapter="08_reranking",
        task="The second stage of a cascade. ids, a list with the best first, has the first stage's "
        "scores, first, and the cross-encoder's, model, both float64 (n,). Turn each into z-scores "
        "over the first depth documents: minus their mean, divided by their standard deviation (by 1 "
        "where that is 0). Order these by weight times the model's plus (1 - weight) times the "
        "first's, the largest first, equal ones in their old order; all others stay behind in "
        "theirs. Return a new list.",
        reference="embedlab.study.exercises.reranking_cascade:rerank_fused",
        cases=_rankings,
        hints=(
            "Cut first and model to depth before you take a mean: what was not read has no say.",
            "np.argsort(-sums, kind='stable') keeps equal ones in their order.",
            "scores.std() or 1.0 is the divisor; an empty slice has no mean, so treat depth 0 first.",
        ),
        mistakes=(
            Mistake(
                "raw scores added up",
                "The two have different spreads: the wider one decides, whatever the weight says. z-scores "
                "first.",
                _raw,
            ),
            Mistake(
                "the first stage's score is thrown away",
                "That is weight 1. Here both scores count.",
                _model_alone,
            ),
            Mistake("weights exchanged", "weight is the cross-encoder's.", _weights_exchanged),
            Mistake(
                "scaled over all n",
                "Mean and standard deviation are those of the first depth documents: the model has not read "
                "the others.",
                _scaled_over_all,
            ),
            Mistake(
                "the rest is lost",
                "The others are still results: put them behind, or recall at 100 drops.",
                _cut_off,
            ),
            Mistake(
                "all reranked",
                "Each score costs a run of the model: only the first depth are looked at, and what stands "
                "behind them cannot come up.",
                _all_read,
            ),
        ),
        follow_up="Depth is 20. Which of recall@10, recall@20 and recall@100 can this stage not change?",
    ),
)
