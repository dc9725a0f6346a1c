"""The exercises of chapter 08: from the tokens of a pair to its score, the loss, and the cascade."""

import math

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _pairs(rng: np.random.Generator) -> list[tuple]:
    """List (hidden, segments): few tokens on small numbers, then more; no query; no document."""
    cases = []
    for query, document, d in [(1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 2, 2), (3, 2, 3), (2, 5, 3), (4, 9, 4)]:
        for _ in range(2):
            hidden = rng.integers(-3, 4, (query + document + 3, d)).astype(np.float32)
            hidden[~hidden.any(axis=1)] = 1  # a vector without a direction has no cosine
            cases.append((hidden, [0] * (query + 2) + [1] * (document + 1)))
    some = np.float32([[1, 0], [0, 1], [1, 1], [1, 0]])
    return [*cases, (some, [0, 0, 1, 1]), (some, [0, 0, 0, 1])]


def _lists(rng: np.random.Generator) -> list[tuple]:
    """List score arrays: one alone; few small ones; some so large or so small that exp has no number."""
    cases = [[0], [3], [0, 0], [1, 0], [0, 1], [2, 0, 1], [-1, 2, 2]]
    cases += [[0, 1000], [5, 900], [1, 2, 800], [-1000, 0], [1000, 1001], [-1000, -1001, -999]]
    cases += [
        np.round(scale * rng.normal(size=n), 1) for n, scale in [(3, 1), (4, 2), (5, 3), (8, 5), (8, 20)]
    ]
    return [(np.array(scores, dtype=np.float64),) for scores in cases]


def _rankings(rng: np.random.Generator) -> list[tuple]:
    """List (ids, scores, depth): depth 0, beyond the end, and between; equal scores; a good one behind."""
    cases = [
        ([4], [1], 1),
        ([4, 7], [1, 2], 0),
        ([4, 7], [1, 2], 1),
        ([4, 7], [1, 2], 2),
        ([4, 7], [1, 2], 9),
        ([7, 4], [1, 1], 2),
        ([5, 3, 8], [1, 2, 9], 2),
        ([5, 3, 8], [2, 2, 1], 3),
        ([], [], 3),
    ]
    for n, depth in [(3, 2), (4, 2), (4, 3), (5, 3), (6, 4), (8, 5), (10, 4), (20, 10)]:
        cases.append((rng.permutation(2 * n)[:n].tolist(), rng.integers(-3, 4, n).tolist(), depth))
    return [
        (ids, {i: float(score) for i, score in zip(ids, scores, strict=True)}, depth)
        for ids, scores, depth in cases
    ]


def listwise_loss(scores):
    """Return minus the logarithm of the first score's share in a softmax over all.

    Parameters
    ----------
    scores : float64 array (n,)
        Of one query's documents; the right one stands first.

    Examples
    --------
    >>> round(listwise_loss(np.array([0.0, 0.0])), 4), listwise_loss(np.array([0.0, 1000.0]))
    (0.6931, 1000.0)
    """
    largest = scores.max()
    return float(largest - scores[0] + np.log(np.exp(scores - largest).sum()))


def rerank_top(ids, scores, depth):
    """Order the first ``depth`` ids by score, the largest first; the others stay behind, in their order.

    Parameters
    ----------
    ids : list of int
        The first stage's ranking.
    scores : dict of int to float
        The second stage's score of each id.
    depth : int
        How many the second stage looks at.

    Examples
    --------
    >>> rerank_top([5, 3, 8], {5: 0.1, 3: 0.7, 8: 0.9}, depth=2)
    [3, 5, 8]
    """
    return sorted(ids[:depth], key=lambda i: -scores[i]) + ids[depth:]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _score(hidden, segments, query, document, mean=np.mean, scale=20.0):
    vectors = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
    first, second = vectors[query], vectors[document]
    if not len(first) or not len(second):
        return -20.0
    return scale * float(mean((first @ second.T).max(axis=1)))


def _spans(segments):
    behind = len(segments) - sum(segments)
    return slice(1, behind - 1), slice(behind, -1)


def _with_specials(hidden, segments):
    behind = len(segments) - sum(segments)
    return _score(hidden, segments, slice(0, behind), slice(behind, None))


def _summed(hidden, segments):
    return _score(hidden, segments, *_spans(segments), mean=np.sum)


def _not_scaled(hidden, segments):
    return _score(hidden, segments, *_spans(segments), scale=1.0)


def _turned(hidden, segments):
    return _score(hidden, segments, *reversed(_spans(segments)))


def _not_normalised(hidden, segments):
    query, document = (hidden[span] for span in _spans(segments))
    if not len(query) or not len(document):
        return -20.0
    return 20 * float((query @ document.T).max(axis=1).mean())


def _overflowing(scores):
    powers = np.exp(scores)
    return float(-np.log(powers[0] / powers.sum()))


def _sum_overflowing(scores):
    return float(np.log(np.exp(scores).sum()) - scores[0])


def _log_of_zero(scores):
    powers = np.exp(scores - scores.max())
    return float(-np.log(powers[0] / powers.sum()))


def _largest_is_right(scores):
    return listwise_loss(np.sort(scores)[::-1])


def _last_is_right(scores):
    return listwise_loss(scores[::-1])


def _no_minus(scores):
    return -listwise_loss(scores)


def _share(scores):
    return math.exp(-listwise_loss(scores))


def _only_negatives(scores):
    if len(scores) == 1:
        return 0.0
    largest = scores[1:].max()
    return float(largest - scores[0] + np.log(np.exp(scores[1:] - largest).sum()))


def _divided(scores):
    return listwise_loss(scores) / len(scores)


def _all_reranked(ids, scores, depth):
    return sorted(ids, key=lambda i: -scores[i])


def _cut_off(ids, scores, depth):
    return rerank_top(ids, scores, depth)[:depth]


def _worst_first(ids, scores, depth):
    return sorted(ids[:depth], key=lambda i: scores[i]) + ids[depth:]


def _equals_reversed(ids, scores, depth):
    return sorted(ids[:depth], key=lambda i: scores[i])[::-1] + ids[depth:]


def _rest_sorted(ids, scores, depth):
    return _all_reranked(ids[:depth], scores, depth) + _all_reranked(ids[depth:], scores, depth)


EXERCISES = (
    Exercise(
        name="maxsim_head",
        chapter="08_reranking",
        task="Score one pair. hidden, float32 (t, d), holds the token vectors of [CLS] query [SEP] document "
        "[SEP]; segments, t numbers, are 0 up to the first [SEP] and 1 behind it. Return 20 times the mean, "
        "over the query's tokens, of the best cosine with a token of the document; -20 if either has none.",
        reference="embedlab.reranking:maxsim_head",
        cases=_pairs,
        hints=(
            "The document's part begins at len(segments) - sum(segments).",
            "Leave out [CLS], the first, and both [SEP]: the last before that place, and the very last.",
            "Bring the vectors to length 1 first; then a product is a cosine.",
        ),
        mistakes=(
            Mistake(
                "special tokens take part",
                "[CLS] and [SEP] match each other in every pair. Leave them out.",
                _with_specials,
            ),
            Mistake("a sum, not a mean", "Take the mean, or long queries score higher.", _summed),
            Mistake("not scaled", "Multiply by 20, the softmax's one over temperature.", _not_scaled),
            Mistake("document looks in the query", "Each token of the query looks in the document.", _turned),
            Mistake("not normalised", "A cosine: divide by both lengths.", _not_normalised),
        ),
        follow_up="Why does this head work before any training, and a linear layer on [CLS] not?",
    ),
    Exercise(
        name="listwise_loss",
        chapter="08_reranking",
        task="The loss of one list: scores, float64 (n,), of the right document first and then of the "
        "negatives. Return minus the logarithm of the first one's share in a softmax over all n, a float; "
        "it must be right for scores of 1000, too.",
        reference="embedlab.study.exercises.reranking:listwise_loss",
        cases=_lists,
        hints=(
            "-log(exp(s0) / sum(exp(s))) is log(sum(exp(s))) - s0: no division is needed.",
            "A softmax does not change if the same number is taken from all scores.",
            "Take the largest from all: then exp is at most 1, and the sum at least 1.",
        ),
        mistakes=(
            Mistake(
                "exp without end",
                "exp(1000) is infinite, exp(-1000) is 0. Subtract the largest score before exp.",
                _overflowing,
            ),
            Mistake(
                "the sum without end",
                "exp(1000) is infinite. Subtract the largest before exp, and add it after the logarithm.",
                _sum_overflowing,
            ),
            Mistake(
                "logarithm of a share that is 0",
                "After subtracting the largest, exp(-1000) is still 0, and log(0) infinite. Write the "
                "logarithm of the fraction as a difference: then exp(s0) is not needed.",
                _log_of_zero,
            ),
            Mistake(
                "the largest taken for the right one",
                "The right document stands first, whatever its score. A wrong one on top must cost.",
                _largest_is_right,
            ),
            Mistake("the last taken for the right one", "The right one stands first.", _last_is_right),
            Mistake(
                "no minus",
                "A logarithm of a share is at most 0: without the minus, worse is less.",
                _no_minus,
            ),
            Mistake(
                "the share itself",
                "The share grows as the model gets better. The loss is minus its logarithm.",
                _share,
            ),
            Mistake(
                "only the negatives below the line",
                "The sum goes over the whole list, the right one included: so the loss never is below 0.",
                _only_negatives,
            ),
            Mistake("divided by the length", "One list makes one choice: nothing to divide by n.", _divided),
        ),
        follow_up="All scores are equal in a list of eight: what is the loss? And if one of the seven "
        "negatives is in truth a right answer, what does training do to it?",
    ),
    Exercise(
        name="rerank_top",
        chapter="08_reranking",
        task="The second stage of a cascade: order the first depth of ids, a list with the best first, by "
        "scores, a dict of id to float, the largest first. Equal ones keep their order; all others stay "
        "behind these, in their order. Return a new list.",
        reference="embedlab.study.exercises.reranking:rerank_top",
        cases=_rankings,
        hints=(
            "Two slices: ids[:depth] is looked at, ids[depth:] is not.",
            "sorted is stable: equal ones stay in their order.",
            "Sort by minus the score: key=lambda i: -scores[i].",
        ),
        mistakes=(
            Mistake(
                "all reranked",
                "Each score costs a run of the model. Only the first depth are looked at; what stands behind "
                "them cannot come up.",
                _all_reranked,
            ),
            Mistake(
                "the rest is lost",
                "The others are still results: put them behind, or recall at 100 drops.",
                _cut_off,
            ),
            Mistake("worst first", "A larger score is better.", _worst_first),
            Mistake(
                "equal ones turned over",
                "Turning a sorted list around turns equal ones, too. The first stage had an order for them.",
                _equals_reversed,
            ),
            Mistake(
                "the rest sorted, too",
                "The second stage has not looked at the others: they keep the first stage's order.",
                _rest_sorted,
            ),
        ),
        follow_up="Depth is 20. Which of recall@10, recall@20 and recall@100 can this stage not change?",
    ),
)
