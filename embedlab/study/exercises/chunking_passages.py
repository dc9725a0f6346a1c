"""Exercises of chapter 10: from chunks back to documents, and how much of an answer was read."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _scored(rng: np.random.Generator) -> list[tuple]:
    """List (scores, documents): nothing, one chunk, several of a document, below 0; then drawn ones."""
    cases = [
        ([], []),
        ([2.0], ["a"]),
        ([-2.0], ["a"]),
        ([1.0, 3.0], ["a", "b"]),
        ([1.0, 3.0], ["a", "a"]),
        ([3.0, 1.0], ["a", "a"]),
        ([1.0, 3.0, 2.0], ["a", "a", "a"]),
        ([-1.0, -3.0], ["a", "a"]),
        ([2.0, 1.0, 3.0], ["a", "b", "a"]),
        ([0.0, -1.0], ["a", "b"]),
    ]
    for n in (3, 4, 5, 6, 8, 12, 20):
        scores = (rng.integers(-5, 10, n) / 2).tolist()
        cases.append((scores, rng.choice(list("abcd")[: 1 + n // 2], n).tolist()))
    return cases


def _stretches(rng: np.random.Generator) -> list[tuple]:
    """List (read, answer): nothing, beside it, all of it, parts, overlaps; then drawn ones."""
    cases = [
        ([], (2, 6)),
        ([(0, 2)], (2, 6)),
        ([(6, 9)], (2, 6)),
        ([(2, 6)], (2, 6)),
        ([(0, 10)], (2, 6)),
        ([(3, 5)], (2, 6)),
        ([(0, 4)], (2, 6)),
        ([(5, 20)], (2, 6)),
        ([(0, 3), (5, 8)], (2, 6)),
        ([(0, 4), (4, 8)], (2, 6)),
        ([(0, 4), (0, 4)], (2, 6)),
        ([(0, 5), (3, 8)], (2, 6)),
        ([(3, 4), (0, 4)], (2, 6)),
    ]
    for n in (2, 3, 3, 4, 5, 6, 8):
        starts = rng.integers(0, 20, n)
        read = list(zip(starts.tolist(), (starts + rng.integers(1, 8, n)).tolist(), strict=True))
        start = int(rng.integers(0, 15))
        cases.append((read, (start, start + int(rng.integers(4, 13)))))
    return cases


def best_passage(scores, documents):
    """Score each document by its best chunk (MaxP).

    Parameters
    ----------
    scores : list of float
        Of each chunk.
    documents : list of str
        Of each chunk, what document it is of.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> best_passage([0.2, 0.7, 0.4], ["snow", "tax", "snow"])
    {'snow': 0.4, 'tax': 0.7}
    """
    best = {}
    for score, document in zip(scores, documents, strict=True):
        best[document] = max(score, best.get(document, score))
    return best


def span_recall(read, answer):
    """Return which part of the answer's characters was read.

    Parameters
    ----------
    read : list of (start, end)
        Characters of the answer's document that were read, in any order; they may overlap.
    answer : (start, end)

    Returns
    -------
    float, 0 to 1

    Examples
    --------
    >>> span_recall([(0, 40), (20, 60)], (30, 70))
    0.75
    """
    start, end = answer
    seen, place = 0, start  # up to place, all has been counted
    for a, b in sorted(read):
        a, b = max(a, place), min(b, end)
        if a < b:
            seen, place = seen + b - a, b
    return seen / (end - start)


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _grouped(scores, documents, combine):
    return {d: combine([s for s, one in zip(scores, documents, strict=True) if one == d]) for d in documents}


def _by(combine):
    return lambda scores, documents: _grouped(scores, documents, combine)


def _shown(read, answer):
    """Return how many characters of the answer each stretch shows."""
    return [max(0, min(b, answer[1]) - max(a, answer[0])) for a, b in read]


def _read_at_all(read):
    return len({place for a, b in read for place in range(a, b)})


def _found(read, answer):
    return span_recall(read, answer) * (answer[1] - answer[0])


def _counted_twice(read, answer):
    return sum(_shown(read, answer)) / (answer[1] - answer[0])


def _either(read, answer):
    found = _found(read, answer)
    return found / (_read_at_all(read) + answer[1] - answer[0] - found)


EXERCISES = (
    Exercise(
        name="best_passage",
        chapter="10_chunking",
        task="Score documents by their best chunk (MaxP). scores is a list of float, one of each chunk, in "
        "any order and possibly below 0; documents, a list of str as long, says what document each chunk is "
        "of. Return a dict of document to its highest score; no chunks give {}.",
        reference="embedlab.study.exercises.chunking_passages:best_passage",
        cases=_scored,
        hints=(
            "Walk through both lists together, and keep the best score so far of each document.",
            "What does a document start with that has not been seen? A cosine may be below 0.",
        ),
        mistakes=(
            Mistake(
                "the sum",
                "A long document has more chunks, not better ones: take the largest.",
                _by(sum),
            ),
            Mistake(
                "the mean",
                "One chunk that answers is enough; the others of its document must not pull it down.",
                _by(lambda found: sum(found) / len(found)),
            ),
            Mistake(
                "the last chunk",
                "Each chunk overwrites the one before: compare before you store.",
                _by(lambda found: found[-1]),
            ),
            Mistake(
                "the first chunk",
                "Chunks are in no order here: a later one may be better.",
                _by(lambda found: found[0]),
            ),
            Mistake(
                "starts at 0",
                "A document whose scores are all below 0 would get 0: start with its first score.",
                _by(lambda found: max(0.0, *found)),
            ),
        ),
        follow_up="You want the ten best documents. How many chunks do you ask the index for?",
    ),
    Exercise(
        name="span_recall",
        chapter="10_chunking",
        task="Which part of the answer was read? read is a list of tuples (start, end), the characters "
        "start to end - 1 of a document, in any order, and they may overlap; answer is such a tuple, not "
        "empty. Return a float from 0 to 1: the answer's characters that were read at least once, divided "
        "by all of the answer's. Nothing read gives 0.0.",
        reference="embedlab.study.exercises.chunking_passages:span_recall",
        cases=_stretches,
        hints=(
            "A stretch shows max(0, min(end, answer's end) - max(start, answer's start)) characters of it.",
            "What two stretches both show counts once: sort them, and count only behind what was counted.",
            "Or put the numbers of all characters that were read into a set: slow, and plainly right.",
        ),
        mistakes=(
            Mistake(
                "counted twice",
                "Where stretches overlap, characters are read twice, but found once. Overlapping chunks "
                "would look better than they are.",
                _counted_twice,
            ),
            Mistake(
                "counted twice, cut off at 1",
                "Cutting off at 1 only hides it: the same half read twice is still a half.",
                lambda read, answer: min(1.0, _counted_twice(read, answer)),
            ),
            Mistake(
                "all or nothing",
                "Half of the answer counts as half.",
                lambda read, answer: float(span_recall(read, answer) == 1),
            ),
            Mistake(
                "the best stretch only",
                "Two chunks may show the answer's two halves: join what they show.",
                lambda read, answer: max(_shown(read, answer), default=0) / (answer[1] - answer[0]),
            ),
            Mistake(
                "intersection over union",
                "What was read beside the answer does not count against it here. Divide by the answer.",
                _either,
            ),
            Mistake(
                "precision",
                "Divide by the length of the answer, not by what was read.",
                lambda read, answer: _found(read, answer) / max(_read_at_all(read), 1),
            ),
        ),
        follow_up="Whoever reads the whole document has a recall of 1. So what has to be equal before two "
        "ways of cutting are compared?",
    ),
)
