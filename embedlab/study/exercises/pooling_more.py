"""More exercises of chapter 03: the maximum, a weighted mean, and finding the best."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake
from embedlab.study.exercises.pooling import _batches


def _weighted(rng: np.random.Generator) -> list[tuple]:
    """List (hidden, mask, weights): weights of padding are not 0, some texts have none above 0."""
    cases = []
    for hidden, mask in _batches(rng):
        weights = rng.integers(0, 4, mask.shape).astype(np.float32)
        cases.append((hidden, mask, np.where(mask == 0, 2, weights).astype(np.float32)))
    return cases


def _pooled(hidden, shares, total):
    return (np.einsum("ntd,nt->nd", hidden, shares) / total).astype(np.float32)


def _safe(total):
    return np.where(total > 0, total, 1)


def _scores(rng: np.random.Generator) -> list[tuple]:
    """List (scores, k): ties, k of one, k as large as the row, k larger."""
    cases = [([[1]], 1), ([[1, 2]], 1), ([[2, 2]], 1), ([[2, 2]], 2), ([[1]], 2), ([[3, 1, 2]], 3)]
    cases += [([[1, 2, 3], [3, 2, 1]], 2), ([[0, 5, 5, 1]], 3), ([[-1, -2]], 3)]
    for q, n, k in [(1, 4, 2), (2, 5, 3), (3, 6, 6), (2, 8, 4), (4, 10, 3)]:
        cases.append((rng.integers(-3, 4, (q, n)).tolist(), k))
    return [(np.array(scores, dtype=np.float32), k) for scores, k in cases]


def _filled(scores, ids, k):
    missing = k - ids.shape[1]
    best = np.take_along_axis(scores, ids, axis=1)
    if missing <= 0:
        return best, ids
    return (
        np.pad(best, ((0, 0), (0, missing)), constant_values=-np.inf),
        np.pad(ids, ((0, 0), (0, missing)), constant_values=-1),
    )


EXERCISES = (
    Exercise(
        name="max_pool",
        chapter="03_pooling",
        task="Take the largest value of each dimension over a text's tokens, without padding: hidden float32 "
        "(n, t, d) and mask int64 (n, t) give float32 (n, d); a text without tokens gives zeros.",
        reference="embedlab.pooling:max_pool",
        cases=_batches,
        hints=(
            "Multiplying with the mask turns padding into zeros. When does a zero win a maximum?",
            "Padding has to become smaller than anything: np.where(mask[:, :, None] == 1, hidden, -np.inf).",
            "Where a text has no token, -inf is left: put zeros there, np.where(mask.any(axis=1)...).",
        ),
        mistakes=(
            Mistake(
                "padding as zeros",
                "Zero beats every negative number. Padding has to become -inf before the maximum.",
                lambda hidden, mask: (hidden * mask[:, :, None]).max(axis=1).astype(np.float32),
            ),
            Mistake(
                "padding not hidden",
                "The padded positions have vectors, too, and take part in the maximum.",
                lambda hidden, mask: hidden.max(axis=1),
            ),
            Mistake(
                "-inf for a text without tokens",
                "A text without tokens has -inf everywhere, which spoils every product. Give zeros.",
                lambda hidden, mask: (
                    np.where(mask[:, :, None] == 1, hidden, -np.inf).max(axis=1).astype(np.float32)
                ),
            ),
            Mistake(
                "the largest absolute value",
                "The maximum is of the values themselves; -9 does not beat 1.",
                lambda hidden, mask: (
                    np.take_along_axis(
                        hidden, np.abs(hidden * mask[:, :, None]).argmax(axis=1)[:, None], axis=1
                    )[:, 0]
                    * mask.any(axis=1, keepdims=True).astype(np.float32)
                ),
            ),
        ),
        follow_up="How does the largest of t numbers grow with t? What does that do to long documents?",
    ),
    Exercise(
        name="weighted_mean_pool",
        chapter="03_pooling",
        task="Average the token vectors with weights: hidden float32 (n, t, d), mask int64 (n, t) and "
        "weights float32 (n, t) give float32 (n, d); padding counts nothing; without any weight, zeros.",
        reference="embedlab.pooling:weighted_mean_pool",
        cases=_weighted,
        hints=(
            "What is a token's share, and what is that of padding, whatever its weight says?",
            "shares = mask * weights; the sum of the vectors times shares is (n, d).",
            "Divide by the sum of the shares, (n, 1), not by the number of tokens; by 1 where it is 0.",
        ),
        mistakes=(
            Mistake(
                "padding's weights counted",
                "The weights of padding are not zero here: multiply them with the mask.",
                lambda hidden, mask, weights: _pooled(
                    hidden, weights, _safe(weights.sum(axis=1, keepdims=True))
                ),
            ),
            Mistake(
                "divided by the number of tokens",
                "A weighted mean is divided by the sum of the weights.",
                lambda hidden, mask, weights: _pooled(
                    hidden, mask * weights, _safe(mask.sum(axis=1, keepdims=True))
                ),
            ),
            Mistake(
                "divided by all weights, padding's too",
                "What is summed and what is divided by have to be the same shares.",
                lambda hidden, mask, weights: _pooled(
                    hidden, mask * weights, _safe(weights.sum(axis=1, keepdims=True))
                ),
            ),
            Mistake(
                "weights ignored",
                "That is the plain mean.",
                lambda hidden, mask, weights: _pooled(
                    hidden, mask * 1.0, _safe(mask.sum(axis=1, keepdims=True))
                ),
            ),
        ),
        follow_up="Weights that grow with the position are used for decoders. Why there, and not for BERT?",
    ),
    Exercise(
        name="top_k",
        chapter="03_pooling",
        task="Find the k largest of each row of scores, float32 (q, n), best first, of equals the "
        "earlier column: (scores float32 (q, k), ids int64 (q, k)); where k exceeds n, -inf and "
        "-1.",
        reference="embedlab.index:top_k",
        cases=_scores,
        hints=(
            "np.argsort sorts upwards. Negate the scores, and ask for kind='stable', so that ties keep "
            "order.",
            "np.take_along_axis(scores, ids, axis=1) gives the scores that belong to the ids.",
            "If k > n, pad both on the right, with -np.inf and with -1.",
        ),
        mistakes=(
            Mistake(
                "worst first",
                "argsort sorts upwards: the smallest come first. Negate the scores.",
                lambda scores, k: _filled(scores, np.argsort(scores, axis=1, kind="stable")[:, :k], k),
            ),
            Mistake(
                "reversed argsort",
                "Reversing turns the order of ties round, too: of equals the earlier column comes first.",
                lambda scores, k: _filled(
                    scores, np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k].copy(), k
                ),
            ),
            Mistake(
                "not sorted",
                "argpartition finds the k largest, but in any order: sort those k.",
                lambda scores, k: _filled(
                    scores, np.sort(np.argsort(-scores, axis=1, kind="stable")[:, :k], axis=1), k
                ),
            ),
        ),
        follow_up="Sorting costs n log n. How do you find the k largest of a million without sorting all?",
    ),
)
