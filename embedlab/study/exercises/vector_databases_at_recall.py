"""Exercises of chapter 19: engines compared where they find equally much."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _rows(*settings: tuple) -> list[dict]:
    return [{"engine": name, "recall": recall, "ms": ms} for name, recall, ms in settings]


def _tables(rng: np.random.Generator) -> list[tuple]:
    """List (rows, target): none, just reached, not reached, in no order, slower yet worse; drawn ones."""
    cases = [
        ([], 0.9),
        (_rows(("a", 0.95, 2.0)), 0.9),
        (_rows(("a", 0.9, 2.0)), 0.9),
        (_rows(("a", 0.8, 2.0)), 0.9),
        (_rows(("a", 0.8, 1.0), ("a", 0.95, 2.0)), 0.9),
        (_rows(("a", 0.95, 2.0), ("a", 0.8, 1.0)), 0.9),
        (_rows(("a", 0.92, 2.0), ("a", 0.99, 5.0)), 0.9),
        (_rows(("a", 0.99, 5.0), ("a", 0.92, 2.0)), 0.9),
        (_rows(("a", 0.92, 5.0), ("a", 0.99, 2.0)), 0.9),
        (_rows(("a", 0.88, 1.0), ("a", 0.99, 5.0)), 0.9),
        (_rows(("a", 0.8, 1.0), ("b", 0.95, 2.0)), 0.9),
        (_rows(("b", 0.95, 2.0), ("a", 0.95, 3.0)), 0.95),
        (_rows(("a", 0.7, 1.0), ("a", 0.9, 2.0), ("b", 0.7, 0.5), ("b", 0.8, 1.0)), 0.7),
    ]
    for n in (4, 5, 6, 8, 10, 12):
        names = rng.choice(list("abc"), n).tolist()
        recalls, times = (rng.integers(10, 21, n) / 20).tolist(), (rng.permutation(3 * n)[:n] / 4).tolist()
        cases.append((_rows(*zip(names, recalls, times, strict=True)), float(rng.integers(12, 20) / 20)))
    return cases


def cheapest(rows, target):
    """Return how long each engine takes at a recall of at least the target, by its best setting.

    `embedlab.vector_databases.ms_at` reads the time between two settings off, too.

    Parameters
    ----------
    rows : list of dict
        engine, recall and ms of each setting.
    target : float

    Returns
    -------
    dict of str to float or None

    Examples
    --------
    >>> a, b = {"engine": "a", "recall": 0.8, "ms": 1.0}, {"engine": "a", "recall": 0.95, "ms": 2.0}
    >>> cheapest([a, b], 0.9), cheapest([a, b], 0.99)
    ({'a': 2.0}, {'a': None})
    """
    found = {row["engine"]: None for row in rows}
    for name in found:
        reached = [row["ms"] for row in rows if row["engine"] == name and row["recall"] >= target]
        found[name] = min(reached, default=None)
    return found


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _by(choose, reaches=lambda recall, target: recall >= target):
    """Choose in another way among an engine's rows that reach the target, in the order of the list."""

    def best(rows, target):
        found = {}
        for name in dict.fromkeys(row["engine"] for row in rows):
            own = [row for row in rows if row["engine"] == name and reaches(row["recall"], target)]
            found[name] = choose(own)["ms"] if own else None
        return found

    return best


def _fastest(rows):
    return min(rows, key=lambda row: row["ms"])


def _nearest(rows, target):
    choose = _by(
        lambda own: min(own, key=lambda row: abs(row["recall"] - target)), lambda recall, target: True
    )
    return choose(rows, target)


def _left_out(rows, target):
    return {name: ms for name, ms in cheapest(rows, target).items() if ms is not None}


EXERCISES = (
    Exercise(
        name="cheapest",
        chapter="19_vector_databases",
        task="Compare engines at equal recall. rows is a list of dicts, one for each setting that was "
        "measured, in any order: engine (str), recall (float), ms (float). target is a float. Return a dict "
        "of each engine in rows to the smallest ms among those of its settings whose recall is at least "
        "target; to None if no setting reaches it. A setting may be slower than another and find less. No "
        "rows give {}.",
        reference="embedlab.study.exercises.vector_databases_at_recall:cheapest",
        cases=_tables,
        hints=(
            "First drop the settings that do not reach the target; then look for the fastest of the rest.",
            "An engine without such a setting has to be in the result, too.",
            "min(times, default=None) of an empty list gives None.",
        ),
        mistakes=(
            Mistake(
                "recall not asked for",
                "The fastest setting may find hardly anything: only those with recall >= target count.",
                _by(_fastest, lambda recall, target: True),
            ),
            Mistake(
                "the best recall",
                "More than the target is not asked for, and paid with time: of the settings that reach it, "
                "take the fastest.",
                _by(lambda own: max(own, key=lambda row: row["recall"])),
            ),
            Mistake(
                "the least recall that reaches it",
                "Usually more recall takes longer, but not in every table: compare the times themselves.",
                _by(lambda own: min(own, key=lambda row: row["recall"])),
            ),
            Mistake(
                "more than the target",
                "A recall equal to the target reaches it: compare with >=.",
                _by(_fastest, lambda recall, target: recall > target),
            ),
            Mistake(
                "engines left out",
                "An engine that cannot reach the target must not vanish from the table: give it None.",
                _left_out,
            ),
            Mistake(
                "the setting next to the target",
                "It may lie below the target. Only settings with recall >= target are comparable.",
                _nearest,
            ),
            Mistake(
                "the first that reaches it",
                "The rows are in any order: look at all that reach the target.",
                _by(lambda own: own[0]),
            ),
            Mistake(
                "the last that reaches it",
                "Later rows of an engine overwrite earlier ones: keep the smallest time.",
                _by(lambda own: own[-1]),
            ),
        ),
        follow_up="Recall was measured on 200 queries, and two engines stand at 0.95 with 2.4 and 2.2 ms. "
        "What must you know before you call one of them faster, and would you compare medians or p95?",
    ),
)
