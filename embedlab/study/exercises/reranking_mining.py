"""Exercises of chapter 08 on what a reranker learns from: negatives without false ones, and a teacher."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _found(rng: np.random.Generator) -> list[tuple]:
    """List (ids, scores, relevant, k, share): nothing relevant found, several, k of 0 and beyond the end."""
    cases = [
        ([4], [2.0], {4}, 1, 0.9),
        ([4, 7], [2.0, 1.0], {4}, 1, 0.9),
        ([7, 4], [2.0, 1.0], {4}, 1, 0.9),
        ([7, 4, 2], [2.0, 1.0, 0.9], {4}, 2, 0.9),
        ([7, 4, 2], [4.0, 2.0, 1.5], {4}, 2, 0.5),
        ([7, 4, 2], [4.0, 2.0, 1.0], {9}, 2, 0.5),
        ([7, 4, 2], [4.0, 2.0, 1.0], {9, 4}, 2, 0.5),
        ([4, 7, 2, 3], [4.0, 3.0, 2.0, 1.0], {4, 2}, 2, 1.0),
        ([4, 7, 2], [4.0, 2.0, 1.0], {4}, 0, 0.5),
        ([], [], {4}, 3, 0.9),
    ]
    for n in (4, 5, 6, 8, 10, 12, 16, 20):
        for share in (0.5, 0.75, 1.0):
            ids = rng.permutation(3 * n)[:n].tolist()
            relevant = {ids[i] for i in rng.permutation(n)[: rng.integers(1, 3)]} | {int(rng.integers(3 * n))}
            scores = np.sort(rng.permutation(4 * n)[:n] + 1)[::-1].astype(float)
            cases.append((ids, scores, relevant, int(rng.integers(1, n)), share))
    return [(ids, np.array(scores, float), relevant, k, share) for ids, scores, relevant, k, share in cases]


def hard_negatives(ids, scores, relevant, k, share):
    """Return the k best that are not relevant, and score at most a share of the weakest relevant one.

    Parameters
    ----------
    ids : list of n int
        What a first stage found, best first.
    scores : float64 array (n,)
        Its scores, above 0.
    relevant : set of int
        What is labelled relevant.
    k : int
        How many are wanted.
    share : float, 0 to 1
        Whatever scores above ``share`` times the weakest relevant document found is dropped: it may be a
        relevant one that nobody has labelled (Moreira et al. 2024, "positive-aware mining").

    Examples
    --------
    >>> hard_negatives([7, 4, 2, 3], np.array([9.0, 8.0, 7.9, 5.0]), {4}, k=2, share=0.95)
    [3]
    """
    anchors = [score for i, score in zip(ids, scores, strict=True) if i in relevant]
    if not anchors:
        return []
    line = share * min(anchors)
    kept = [i for i, score in zip(ids, scores, strict=True) if i not in relevant and score <= line]
    return kept[:k]


def _no_filter(ids, scores, relevant, k, share):
    return [i for i in ids if i not in relevant][:k]


def _relevant_stay(ids, scores, relevant, k, share):
    anchors = [score for i, score in zip(ids, scores, strict=True) if i in relevant]
    line = share * min(anchors) if anchors else -1
    return [i for i, score in zip(ids, scores, strict=True) if score <= line][:k]


def _strongest(ids, scores, relevant, k, share):
    anchors = [score for i, score in zip(ids, scores, strict=True) if i in relevant]
    line = share * max(anchors) if anchors else -1
    return [i for i, score in zip(ids, scores, strict=True) if i not in relevant and score <= line][:k]


def _share_forgotten(ids, scores, relevant, k, share):
    return hard_negatives(ids, scores, relevant, k, 1.0)


def _cut_before_filter(ids, scores, relevant, k, share):
    first = [i for i in ids if i not in relevant][:k]
    kept = hard_negatives(ids, scores, relevant, len(ids), share)
    return [i for i in first if i in kept]


def _no_anchor_no_filter(ids, scores, relevant, k, share):
    if not relevant.intersection(ids):
        return list(ids[:k])
    return hard_negatives(ids, scores, relevant, k, share)


def _scores(rng: np.random.Generator) -> list[tuple]:
    """List (teacher, student), each (n, 2): equal, shifted, the wrong way round, then random ones."""
    cases = [
        ([[2, 1]], [[2, 1]]),
        ([[2, 1]], [[5, 4]]),
        ([[2, 1]], [[1, 2]]),
        ([[9, 1]], [[2, 1]]),
        ([[0, 0]], [[1, 3]]),
        ([[4, 1], [2, 2]], [[1, 0], [0, 1]]),
    ]
    cases += [
        (rng.integers(-5, 6, (n, 2)), rng.integers(-3, 4, (n, 2))) for n in (1, 1, 2, 2, 3, 3, 4, 8, 20)
    ]
    return [(np.array(teacher, float), np.array(student, float)) for teacher, student in cases]


def margin_mse(teacher, student):
    """Return the mean squared difference between two models' margins (Hofstätter et al. 2020).

    Parameters
    ----------
    teacher, student : float64 arrays (n, 2)
        Scores of a relevant document, and of another one, for n queries.

    Examples
    --------
    >>> margin_mse(np.array([[9.0, 7.0]]), np.array([[0.8, 0.3]]))
    2.25
    """
    gap = (teacher[:, 0] - teacher[:, 1]) - (student[:, 0] - student[:, 1])
    return float((gap**2).mean())


def _score_mse(teacher, student):
    return float(((teacher - student) ** 2).mean())


def _absolute(teacher, student):
    return float(np.abs((teacher[:, 0] - teacher[:, 1]) - (student[:, 0] - student[:, 1])).mean())


def _turned(teacher, student):
    return margin_mse(teacher, student[:, ::-1])


def _total(teacher, student):
    return margin_mse(teacher, student) * len(teacher)


EXERCISES = (
    Exercise(
        name="hard_negatives",
        chapter="08_reranking",
        task="Mine hard negatives without the false ones. ids, a list with the best first, has scores, "
        "float64 (n,), all above 0; relevant is a set of ids, not all of them found. Drop the "
        "relevant ones, and whatever scores above share times the lowest score of a relevant "
        "document found; return the first k of the rest, fewer if there are not so many. Where no "
        "relevant one was found, nothing can be told: return an empty list.",
        reference="embedlab.study.exercises.reranking_mining:hard_negatives",
        cases=_found,
        hints=(
            "First the scores of the relevant ones that were found; without any, you are done.",
            "The line is share times their minimum; what scores exactly as much stays.",
            "Filter first, cut to k afterwards.",
        ),
        mistakes=(
            Mistake(
                "no filter",
                "What scores close to the right document, or above it, is the most likely to be right "
                "itself.",
                _no_filter,
            ),
            Mistake(
                "relevant ones among the negatives",
                "A labelled document must not be a negative of its own query.",
                _relevant_stay,
            ),
            Mistake(
                "measured by the strongest",
                "Of several relevant documents, the weakest draws the line: whatever scores above it "
                "looks at least as right.",
                _strongest,
            ),
            Mistake(
                "the share is forgotten",
                "The line is share times the score, not the score.",
                _share_forgotten,
            ),
            Mistake(
                "cut before the filter",
                "Take the first k of those that stay, or there are fewer than k where more could be had.",
                _cut_before_filter,
            ),
            Mistake(
                "no relevant one found, no filter",
                "If the first stage missed them all, its scores say nothing about what is right.",
                _no_anchor_no_filter,
            ),
        ),
        follow_up="The scores are those of the model that you train next. What does the filter keep away "
        "from it, and which model's scores would you rather use?",
    ),
    Exercise(
        name="margin_mse",
        chapter="08_reranking",
        task="Distil a cross-encoder. teacher and student, both float64 (n, 2), hold for n queries the "
        "score of a relevant document and that of another one. Return, as a float, the mean over the "
        "queries of the squared difference between the teacher's margin (first minus second) and the "
        "student's.",
        reference="embedlab.study.exercises.reranking_mining:margin_mse",
        cases=_scores,
        hints=(
            "A margin is scores[:, 0] - scores[:, 1]: n numbers.",
            "Subtract the two margins, square, take the mean.",
        ),
        mistakes=(
            Mistake(
                "scores compared, not margins",
                "A dot product need not reach the teacher's scores: only how far apart the two documents are "
                "counts, so that an offset costs nothing.",
                _score_mse,
            ),
            Mistake("not squared", "Mean squared error: square before the mean.", _absolute),
            Mistake(
                "the student's margin turned round",
                "Relevant minus other, for both: a student that agrees has a loss of 0.",
                _turned,
            ),
            Mistake("a sum, not a mean", "Divide by n, or the loss grows with the batch.", _total),
        ),
        follow_up="The teacher gives the 'other' document a higher score than the labelled one. What does "
        "listwise training on labels do with such a pair, and what does this loss do?",
    ),
)
