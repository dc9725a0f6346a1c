"""Exercises of chapter 18: writes that come late, or twice."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _writes(rng: np.random.Generator) -> list[tuple]:
    """List (rows, document, version, vector): nothing, older, equal, newer, tombstones; then drawn ones."""
    row, other, stone = (2, [1.0]), (5, [3.0]), (2, None)
    cases = [({}, 1, 1, [1.0]), ({}, 1, 1, None), ({7: other}, 1, 1, [1.0]), ({7: other}, 1, 4, None)]
    for version in (1, 2, 3):
        cases += [({1: row}, 1, version, [9.0]), ({1: row}, 1, version, None)]
        cases += [({1: stone}, 1, version, [9.0]), ({1: stone}, 1, version, None)]
    cases += [({1: row, 7: other}, 1, 2, [1.0]), ({1: row, 7: other}, 7, 6, None)]
    for _ in range(10):
        rows = {
            i: (int(rng.integers(1, 5)), None if rng.random() < 0.4 else [float(rng.integers(1, 9))])
            for i in range(1, int(rng.integers(2, 5)))
        }
        vector = None if rng.random() < 0.4 else [float(rng.integers(1, 9))]
        cases.append((rows, int(rng.integers(1, 4)), int(rng.integers(1, 6)), vector))
    return cases


def apply_write(rows, document, version, vector):
    """Return the rows after a write that may come twice or late: of each document the newest stays.

    `embedlab.pipelines.writing.UPSERT` says the same in SQL.

    Parameters
    ----------
    rows : dict of int to (int, list of float or None)
        Of each document the version, and the vector or None, a tombstone.
    document, version : int
    vector : list of float or None
        None: the document was deleted.

    Returns
    -------
    dict

    Examples
    --------
    >>> rows = apply_write({1: (2, [0.5])}, 1, 4, None)
    >>> rows, apply_write(rows, 1, 3, [0.7])
    ({1: (4, None)}, {1: (4, None)})
    """
    if document in rows and version <= rows[document][0]:
        return dict(rows)
    return {**rows, document: (version, vector)}


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _where(refused, put=lambda rows, document, one: {**rows, document: one}):
    """Refuse a write by another rule (old version, old vector, version, vector), or write it differently."""

    def apply(rows, document, version, vector):
        if document in rows and refused(*rows[document], version, vector):
            return dict(rows)
        return put(rows, document, (version, vector))

    return apply


def _removed(rows, document, one):
    rows = {**rows, document: one}
    return {key: row for key, row in rows.items() if key != document or one[1] is not None}


def _stones_on_rows_only(rows, document, version, vector):
    if vector is None and document not in rows:
        return dict(rows)
    return apply_write(rows, document, version, vector)


EXERCISES = (
    Exercise(
        name="apply_write",
        chapter="18_pipelines",
        task="Store a write that may come late or twice. rows is a dict: for each document (int) a tuple of "
        "its version (int) and its vector, a list of float; or None, a tombstone, after it was deleted. "
        "document, version and vector (None for a delete) are the write. Return a new dict. A write of a "
        "document without a row, or of a newer version than the row's, becomes its row, deletes and rows "
        "with a tombstone included. Any other changes nothing.",
        reference="embedlab.study.exercises.pipelines_late:apply_write",
        cases=_writes,
        hints=(
            "Only two numbers decide: the version of the write and that of the row, if there is one.",
            "A delete is a write like any other, with None as its vector. It stays as a row.",
            "{**rows, document: (version, vector)} is a new dict with one row replaced or added.",
        ),
        mistakes=(
            Mistake(
                "the last to arrive wins",
                "A slow worker that read an older text would overwrite the newer vector: compare versions.",
                _where(lambda old, row, version, vector: False),
            ),
            Mistake(
                "the first to arrive wins",
                "Then no edit would ever be stored: a newer version replaces the row.",
                _where(lambda old, row, version, vector: True),
            ),
            Mistake(
                "an equal version replaces",
                "The same version is the same write once more, and changes nothing: it has to be newer.",
                _where(lambda old, row, version, vector: version < old),
            ),
            Mistake(
                "a late write revives",
                "The tombstone has a version as well: an older vector that arrives after the delete is "
                "turned away.",
                _where(lambda old, row, version, vector: row is not None and version <= old),
            ),
            Mistake(
                "nothing follows a tombstone",
                "A newer version than the tombstone's was written after the delete: somebody has restored "
                "the document.",
                _where(lambda old, row, version, vector: row is None or version <= old),
            ),
            Mistake(
                "the row removed",
                "Without a tombstone nothing tells a late write that it is late, and the document is back.",
                _where(lambda old, row, version, vector: version <= old, _removed),
            ),
            Mistake(
                "deletes always win",
                "A delete may come late, too: where the row is newer, it stays.",
                _where(lambda old, row, version, vector: vector is not None and version <= old),
            ),
            Mistake(
                "no tombstone without a row",
                "The delete may overtake the first write. If it leaves no tombstone, that write brings the "
                "document back.",
                _stones_on_rows_only,
            ),
        ),
        follow_up="When may a tombstone be removed? And who hands out the versions: what goes wrong with the "
        "workers' clocks, and with a number drawn before the transaction commits?",
    ),
)
