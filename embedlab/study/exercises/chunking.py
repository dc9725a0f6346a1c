"""Exercises of chapter 10: windows with overlap, and packing."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _lengths(rng: np.random.Generator) -> list[tuple]:
    """List (tokens, size, overlap): nothing, one window, ends that fit and do not; then drawn ones."""
    cases = [(0, 4, 2), (1, 4, 2), (4, 4, 2), (5, 4, 2), (6, 4, 2), (7, 4, 2), (6, 3, 0), (7, 3, 0)]
    cases += [(3, 2, 1), (5, 4, 3), (9, 5, 1), (10, 4, 1)]
    for most in (12, 20, 40, 60, 300, 300):
        size = int(rng.integers(2, most // 3))
        cases.append((int(rng.integers(size, most)), size, int(rng.integers(1, size))))
    return cases


def _costs(rng: np.random.Generator) -> list[tuple]:
    """List (costs, size): nothing, exact fits, pieces that are too large; then drawn ones."""
    cases = [([], 5), ([3], 5), ([5], 5), ([7], 5), ([2, 3], 5), ([3, 3], 5), ([2, 2, 2], 5), ([7, 1], 5)]
    cases += [([1, 7, 1], 5), ([4, 1, 1], 5), ([1, 4, 2, 3], 5), ([9, 9], 5), ([1, 1, 1, 1], 2)]
    for n, size in [(3, 6), (4, 8), (5, 8), (6, 10), (8, 12), (12, 20)]:
        cases.append((rng.integers(1, size + 3, n).tolist(), size))
        cases.append((rng.integers(1, size // 2, n).tolist(), size))
    return cases


def sliding(tokens, size, overlap):
    """Cover so many tokens with windows that overlap.

    Parameters
    ----------
    tokens : int
    size : int
        Tokens of a window, at most.
    overlap : int
        Tokens that neighbours share; less than size.

    Returns
    -------
    list of (first, last)
        Tokens first to last - 1 of each window.

    Examples
    --------
    >>> sliding(10, size=4, overlap=1)
    [(0, 4), (3, 7), (6, 10)]
    """
    if tokens == 0:
        return []
    windows = [(0, min(size, tokens))]
    while windows[-1][1] < tokens:
        first = windows[-1][0] + size - overlap
        windows.append((first, min(first + size, tokens)))
    return windows


def pack(costs, size):
    """Join neighbouring pieces into groups, each as large as it may be.

    Parameters
    ----------
    costs : list of int
        Tokens of each piece.
    size : int
        Tokens of a group, at most; a piece that is larger stands alone.

    Returns
    -------
    list of (i, j)
        Pieces i to j - 1 of each group.

    Examples
    --------
    >>> pack([2, 2, 3, 9, 1], size=5)
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    groups, first, total = [], 0, 0
    for i, cost in enumerate(costs):
        if i > first and total + cost > size:
            groups.append((first, i))
            first, total = i, 0
        total += cost
    return [*groups, (first, len(costs))] if costs else []


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _last_lost(tokens, size, overlap):
    return [(i, i + size) for i in range(0, tokens - size + 1, size - overlap)]


def _no_overlap(tokens, size, overlap):
    return sliding(tokens, size, 0)


def _repeats(tokens, size, overlap):
    return [(i, min(i + size, tokens)) for i in range(0, tokens, size - overlap)]


def _both_sides(tokens, size, overlap):
    return [(max(i - overlap, 0), min(i + size + overlap, tokens)) for i in range(0, tokens, size)]


def _beyond(tokens, size, overlap):
    return [(first, first + size) for first, _ in sliding(tokens, size, overlap)]


def _moved_back(tokens, size, overlap):
    return [(max(min(i, tokens - size), 0), j) for i, j in sliding(tokens, size, overlap)]


def _closed(costs, size, full):
    """Pack, and let ``full(total, cost, size)`` say when a group ends before a piece."""
    groups, first, total = [], 0, 0
    for i, cost in enumerate(costs):
        if i > first and full(total, cost, size):
            groups.append((first, i))
            first, total = i, 0
        total += cost
    return [*groups, (first, len(costs))] if costs else []


def _one_too_many(costs, size):
    return _closed(costs, size, lambda total, cost, size: total > size)


def _strictly_less(costs, size):
    return _closed(costs, size, lambda total, cost, size: total + cost >= size)


def _each_alone(costs, size):
    return [(i, i + 1) for i in range(len(costs))]


def _sorted_first(costs, size):
    return pack(sorted(costs), size)


def _by_count(costs, size):
    return [(i, min(i + size, len(costs))) for i in range(0, len(costs), size)]


def _empty_group(costs, size):
    large_first = bool(costs) and costs[0] > size
    return [(0, 0)] * large_first + pack(costs, size)


EXERCISES = (
    Exercise(
        name="sliding",
        chapter="10_chunking",
        task="Cover a text of so many tokens (int) with windows of at most size tokens: a list of tuples "
        "(first, last), which hold the tokens first to last - 1. The first begins at 0, each other size - "
        "overlap after the one before (0 <= overlap < size); the last ends at tokens and may be shorter, "
        "and no window lies wholly inside another. 0 tokens give [].",
        reference="embedlab.study.exercises.chunking:sliding",
        cases=_lengths,
        hints=(
            "Windows begin at 0, size - overlap, twice that, and so on. Where does the last one begin?",
            "Go on only while the last window ends before tokens: then each adds something new.",
            "min(first + size, tokens) keeps the last window inside the text.",
        ),
        mistakes=(
            Mistake(
                "the last piece lost",
                "What is left at the end needs a window, too, even if it is not a full one.",
                _last_lost,
            ),
            Mistake(
                "a step of size",
                "Then neighbours share nothing: each begins size - overlap after the last.",
                _no_overlap,
            ),
            Mistake(
                "a last window that only repeats",
                "The window before it reaches the end already: stop there. A chunk inside another takes a "
                "place among the results and says nothing new.",
                _repeats,
            ),
            Mistake(
                "overlap on both sides",
                "The overlap is part of size: a window is never larger, and shares overlap tokens with the "
                "one before it.",
                _both_sides,
            ),
            Mistake("beyond the end", "The last window ends at tokens: take the smaller of two.", _beyond),
            Mistake(
                "the last window moved back",
                "That gives it its full size, and more overlap than was asked for. Here it begins size - "
                "overlap after the one before, and is shorter.",
                _moved_back,
            ),
        ),
        follow_up="Size 128 with overlap 32: how many more vectors do you store than without overlap, and "
        "what becomes of ten results that overlap each other?",
    ),
    Exercise(
        name="pack",
        chapter="10_chunking",
        task="Join neighbouring pieces into groups of at most size tokens. costs is a list of int, the "
        "tokens of each piece (1 or more); return a list of tuples (i, j), each a group of the pieces i to "
        "j - 1, in order. From the left, a piece joins the group before it if both together have at most "
        "size tokens, and begins a new group otherwise; a piece larger than size stands alone. No pieces "
        "give [].",
        reference="embedlab.study.exercises.chunking:pack",
        cases=_costs,
        hints=(
            "Keep two numbers: where the group began, and how many tokens it has so far.",
            "Ask before you add a piece: is the group not empty, and would it become too large?",
            "When the loop ends, one group is still open.",
        ),
        mistakes=(
            Mistake(
                "the last group dropped",
                "A group is closed by the piece that does not fit any more. The last has none behind it: "
                "add it after the loop.",
                lambda costs, size: pack(costs, size)[:-1],
            ),
            Mistake(
                "one piece too many",
                "Look before you add: the piece that would pass the size begins the next group.",
                _one_too_many,
            ),
            Mistake("strictly less than size", "A group may have exactly size tokens.", _strictly_less),
            Mistake(
                "reordered", "Sorted pieces pack better, but a chunk is a stretch of the text.", _sorted_first
            ),
            Mistake("always split", "Neighbours that fit together belong to one group.", _each_alone),
            Mistake("pieces counted", "size counts tokens: add up the costs.", _by_count),
            Mistake(
                "an empty group before a large piece",
                "Close a group only if it holds a piece already.",
                _empty_group,
            ),
        ),
        follow_up="Greedy packing can leave a tiny last group. How would you even the sizes out, and is it "
        "worth it?",
    ),
)
