"""Exercises of chapter 17: batches that do not pad."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _lengths(rng: np.random.Generator) -> list[tuple]:
    """List (lengths, room): none, one, ties, exact fits, too long; then drawn ones."""
    cases = [([], 8), ([3], 8), ([8], 8), ([9], 8), ([2, 2], 4), ([2, 2], 3), ([1, 2], 8), ([2, 1], 3)]
    cases += [([4, 4], 8), ([5, 9, 3], 8), ([1, 3, 2], 6), ([3, 9, 4, 4], 12), ([1, 1, 1, 5], 5)]
    cases += [([2, 2, 2, 2, 2], 4), ([7, 1, 1, 1, 1], 14), ([20, 3, 30, 3], 10)]
    for n in (5, 6, 8, 12, 20):
        cases.append((rng.integers(1, 13, n).tolist(), int(rng.integers(10, 40))))
    return cases


def padded_batches(lengths, room):
    """Deal texts into batches that waste little: the longest first, as many as the room holds.

    `embedlab.serving.padded_batches` does the same, with a limit on the texts of a batch besides.

    Parameters
    ----------
    lengths : list of int
        Tokens of each text.
    room : int
        Tokens of a batch, padding included.

    Returns
    -------
    list of lists of int
        Positions in lengths, each once.

    Examples
    --------
    >>> padded_batches([3, 9, 4, 4], room=12)
    [[1], [2, 3, 0]]
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batches = []
    while order:
        fit = max(1, room // lengths[order[0]])
        batches.append(order[:fit])
        order = order[fit:]
    return batches


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _dealt(size=lambda lengths, batch, i: (len(batch) + 1) * lengths[batch[0]], sign=-1):
    """Deal one text after the other, with another idea of what a batch takes, or in another order."""

    def batches(lengths, room):
        dealt = []
        for i in sorted(range(len(lengths)), key=lambda i: sign * lengths[i]):
            if dealt and size(lengths, dealt[-1], i) <= room:
                dealt[-1].append(i)
            else:
                dealt.append([i])
        return dealt

    return batches


def _longest_so_far(lengths, batch, i):
    return (len(batch) + 1) * max(lengths[j] for j in [*batch, i])


def _empty_batch(lengths, room):
    dealt = padded_batches(lengths, room)
    return [[], *dealt] if lengths and max(lengths) > room else dealt


def _renumbered(lengths, room):
    return padded_batches(sorted(lengths, reverse=True), room)


EXERCISES = (
    Exercise(
        name="padded_batches",
        chapter="17_serving",
        task="Deal texts into batches with little padding. lengths is a list of int, the tokens of each text "
        "(1 or more); room is an int. Go from the longest to the shortest, equal ones in their order. A "
        "batch is padded to its longest text, so it takes texts x longest tokens, at most room. Fill it "
        "until the next text does not fit, then begin another; a text longer than room goes alone. Return "
        "a list of lists of int: positions in lengths, from 0. No texts give [].",
        reference="embedlab.study.exercises.serving_batches:padded_batches",
        cases=_lengths,
        hints=(
            "Sort positions, not lengths: sorted(range(len(lengths)), key=...).",
            "The first text of a batch is its longest. How many of that length does the room hold?",
            "room // longest of them, but at least one. Take so many, and go on with the rest.",
        ),
        mistakes=(
            Mistake(
                "not sorted",
                "A short text beside a long one is mostly padding: go by length, the longest first.",
                _dealt(_longest_so_far, sign=0),
            ),
            Mistake(
                "shortest first",
                "From the longest on: then the first text of a batch tells its width, and a batch that is "
                "too large for the memory fails at once and not at the end.",
                _dealt(_longest_so_far, sign=1),
            ),
            Mistake(
                "padding not counted",
                "The model reads padding, too: a batch takes texts x longest, not the sum of its lengths.",
                _dealt(lambda lengths, batch, i: sum(lengths[j] for j in [*batch, i])),
            ),
            Mistake(
                "padded to the shortest",
                "The longest text of the batch, its first, says how wide all its rows are.",
                _dealt(lambda lengths, batch, i: (len(batch) + 1) * lengths[i]),
            ),
            Mistake(
                "strictly less than the room",
                "A batch may use its room to the last token.",
                lambda lengths, room: padded_batches(lengths, room - 1),
            ),
            Mistake(
                "an empty batch",
                "Where a text is longer than the room, nothing stands before it: do not close a batch that "
                "is empty.",
                _empty_batch,
            ),
            Mistake(
                "the last batch forgotten",
                "What is left when the texts are used up is a batch, too.",
                lambda lengths, room: padded_batches(lengths, room)[:-1],
            ),
            Mistake(
                "places in the sorted list",
                "The caller wants to know which texts: return their positions in lengths as it was given.",
                _renumbered,
            ),
        ),
        follow_up="The vectors come out in the order of the batches. How do you put them back into the order "
        "of the texts, and what would a user see if you forgot?",
    ),
)
