"""Exercises of chapter 19: which version of a row a transaction sees."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _snapshot(own=20, following=15, running=(12, 20), aborted=(13, 9)) -> dict:
    return {"own": own, "next": following, "running": list(running), "aborted": list(aborted)}


def _tables(rng: np.random.Generator) -> list[tuple]:
    """List (versions, snapshot): each writer and each deleter that matters, alone; updates; drawn ones."""
    usual = _snapshot()
    cases = [([], usual)]
    for xmin in (5, 9, 12, 13, 14, 15, 16, 20):
        cases.append(([("a", xmin, 0)], usual))
    for xmax in (6, 9, 12, 13, 14, 15, 16, 20):
        cases.append(([("a", 5, xmax)], usual))
    cases += [
        ([("a", 20, 20)], usual),
        ([("old", 5, 12), ("new", 12, 0)], usual),
        ([("old", 5, 14), ("new", 14, 0)], usual),
        ([("old", 5, 16), ("new", 16, 0)], usual),
        ([("old", 5, 13), ("new", 13, 0)], usual),
        ([("old", 5, 20), ("new", 20, 0)], usual),
        ([("1", 5, 7), ("2", 7, 12), ("3", 12, 0)], usual),
        ([("a", 10, 0), ("b", 11, 0)], _snapshot(own=12, following=11, running=(), aborted=())),
    ]
    for n in (3, 4, 5, 6, 8, 8, 8):
        ended = rng.permutation(np.arange(5, 12))
        snapshot = _snapshot(14, 12, (*ended[:2].tolist(), 14), ended[2:4].tolist())
        pairs = np.sort(rng.integers(5, 15, (n, 2)), axis=1).tolist()
        last = (rng.random(n) < 0.4).tolist()
        cases.append(
            ([(f"row{i}", a, 0 if last[i] else b) for i, (a, b) in enumerate(pairs)], snapshot),
        )
    return cases


def visible(versions, snapshot):
    """Return the rows that a transaction sees.

    PostgreSQL 18, section 13.2 and "System Columns"; steps within a transaction are left out.
    `embedlab.vector_databases.snapshots` shows it on an index.

    Parameters
    ----------
    versions : list of (row, xmin, xmax)
        The transaction that wrote the version, and the one that deleted or replaced it; 0 for none.
    snapshot : dict
        own (the transaction's id), next (from this id on, none had ended), running and aborted (lists).

    Returns
    -------
    list of str

    Examples
    --------
    >>> snapshot = {"own": 9, "next": 9, "running": [7], "aborted": []}
    >>> visible([("old", 3, 7), ("new", 7, 0)], snapshot)
    ['old']
    """

    def counts(xid):
        if xid == snapshot["own"]:
            return True
        return 0 < xid < snapshot["next"] and xid not in snapshot["running"] + snapshot["aborted"]

    return [row for row, xmin, xmax in versions if counts(xmin) and not counts(xmax)]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _changed(**parts):
    """Look at another snapshot; each part is made of the snapshot."""

    def rows(versions, snapshot):
        return visible(versions, snapshot | {name: made(snapshot) for name, made in parts.items()})

    return rows


def _deleted_is_gone(versions, snapshot):
    return [row for row, xmin, xmax in versions if not xmax and visible([(row, xmin, 0)], snapshot)]


def _never_deleted(versions, snapshot):
    return visible([(row, xmin, 0) for row, xmin, _ in versions], snapshot)


def _zero_counts(versions, snapshot):
    return visible([one for one in versions if one[2] != 0], snapshot)


def _aborted_deleter(versions, snapshot):
    return [one[0] for one in versions if visible([one], snapshot) and one[2] not in snapshot["aborted"]]


EXERCISES = (
    Exercise(
        name="visible",
        chapter="19_vector_databases",
        task="Which versions of rows does a transaction see? versions is a list of tuples (row, xmin, xmax): "
        "a str, the transaction that wrote it, and the one that deleted or replaced it, 0 for none. snapshot "
        "is a dict: own (its id), next (from this id on, none had ended), running and aborted (lists of "
        "ids). A transaction counts if it is own, or below next and in neither list. Return "
        "the rows whose xmin counts and whose xmax does not, as a list, in order.",
        reference="embedlab.study.exercises.vector_databases_mvcc:visible",
        cases=_tables,
        hints=(
            "Write a helper that says whether one transaction counts, and ask it for xmin and for xmax.",
            "The own transaction counts first of all, though it is running.",
            "0 is no transaction, so nobody has deleted the row; mind that 0 is below next, too.",
        ),
        mistakes=(
            Mistake(
                "dirty read",
                "What a running transaction wrote may still be rolled back: it does not count.",
                _changed(running=lambda snapshot: []),
            ),
            Mistake(
                "own writes not seen",
                "A transaction sees what it wrote itself, and no longer what it deleted: own counts, though "
                "it is running.",
                _changed(own=lambda snapshot: -1),
            ),
            Mistake(
                "deleted is gone",
                "An xmax alone hides nothing: the deleter may be running, rolled back, or later than the "
                "snapshot.",
                _deleted_is_gone,
            ),
            Mistake(
                "xmax ignored",
                "The old version is still in the table, and in the index: its deleter decides whether it is "
                "seen.",
                _never_deleted,
            ),
            Mistake(
                "rolled back counts",
                "A rolled-back transaction leaves its versions behind: neither its writes nor its deletes "
                "count.",
                _changed(aborted=lambda snapshot: []),
            ),
            Mistake(
                "later ones count",
                "The snapshot is a moment: what ended after it, from next on, does not count, committed or "
                "not.",
                _changed(next=lambda snapshot: 10**9),
            ),
            Mistake(
                "0 taken for a transaction",
                "xmax 0 means that nobody has deleted the version, but 0 is below next: ask for it first.",
                _zero_counts,
            ),
            Mistake(
                "rolled-back delete hides",
                "If the deleter was rolled back, nothing was deleted.",
                _aborted_deleter,
            ),
        ),
        follow_up="A report keeps its transaction open for three hours while vectors are updated. What can "
        "VACUUM not remove meanwhile, and what does a search in the graph have to do for it?",
    ),
)
