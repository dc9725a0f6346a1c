"""Exercises of chapter 18: what has changed in a source."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _corpora(rng: np.random.Generator) -> list[tuple]:
    """List (source, stored, model): nothing, one of each kind, copies, tombstones; then drawn ones."""
    cases = [({}, {}), ({"a": "x"}, {}), ({}, {"a": ("m", "x")}), ({}, {"a": ("m", None)})]
    cases += [({}, {"a": ("old", "x")}), ({"a": "x"}, {"a": ("m", "x")}), ({"a": "y"}, {"a": ("m", "x")})]
    cases += [({"a": "x"}, {"a": ("old", "x")}), ({"a": "x"}, {"a": ("m", None)})]
    cases += [({"b": "x"}, {"a": ("m", "x")}), ({"a": "x", "b": "x"}, {"a": ("m", "x")})]
    cases += [({"b": "x", "a": "y"}, {}), ({"b": "x", "a": "y"}, {"b": ("m", "x"), "a": ("m", "y")})]
    for n in (3, 4, 5, 6, 6, 8):
        draw = lambda values: values[int(rng.integers(len(values)))]  # noqa: E731
        names = [chr(97 + i) for i in rng.permutation(n)]
        source = {name: draw("xyz") for name in names if rng.random() < 0.7}
        stored = {name: (draw(["m", "m", "old"]), draw(["x", "y", "z", None])) for name in names[::-1]}
        cases.append((source, {name: one for name, one in stored.items() if rng.random() < 0.7}))
    return [(*case, "m") for case in cases]


def plan_changes(source, stored, model):
    """Return what has to be embedded, what deleted, and what stays, where a source has changed.

    Parameters
    ----------
    source : dict of str to str
        The id of each document and the hash of its text.
    stored : dict of str to (str, str or None)
        The id, the model, and the hash of the text that was embedded; None: a tombstone.
    model : str

    Returns
    -------
    embed, delete, keep : lists of str
        Sorted ids.

    Examples
    --------
    >>> plan_changes({"a": "x", "b": "y"}, {"a": ("m", "x"), "b": ("m", "q"), "c": ("m", "z")}, "m")
    (['b'], ['c'], ['a'])
    """
    keep = sorted(id for id, hash in source.items() if stored.get(id) == (model, hash))
    embed = sorted(source.keys() - set(keep))
    delete = sorted(id for id, (_, hash) in stored.items() if hash is not None and id not in source)
    return embed, delete, keep


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _kept_if(same, delete=None):
    """Keep by another rule (id, hash, stored, model), or delete other things."""

    def plan(source, stored, model):
        keep = sorted(id for id, hash in source.items() if same(id, hash, stored, model))
        gone = plan_changes(source, stored, model)[1] if delete is None else delete(source, stored)
        return sorted(source.keys() - set(keep)), gone, keep

    return plan


def _right(id, hash, stored, model):
    return stored.get(id) == (model, hash)


EXERCISES = (
    Exercise(
        name="plan_changes",
        chapter="18_pipelines",
        task="What is to be done after a source changed? source is a dict of document ids to the hashes "
        "of their texts (both str); stored is a dict of ids to tuples of str, the model and the hash of the "
        "text that was embedded, or None for a tombstone; model is a str, the one to use. Return three "
        "sorted lists of ids: embed (in the source, not stored with this model and hash), delete (stored "
        "with a hash, not in the source), keep (the rest of the source).",
        reference="embedlab.study.exercises.pipelines_listed:plan_changes",
        cases=_corpora,
        hints=(
            "For each id of the source there are two cases only: stored just so, or not.",
            "stored.get(id) == (model, hash) asks for the row, its model and its hash at once.",
            "Deletes are found from the other side: go through stored, and leave the tombstones out.",
        ),
        mistakes=(
            Mistake(
                "new ids only",
                "An edited document has the id it had, and another hash: compare the hashes.",
                _kept_if(lambda id, hash, stored, model: id in stored),
            ),
            Mistake(
                "the model overlooked",
                "The text is the same, but its vector is of another model, and cannot be compared with the "
                "new ones.",
                _kept_if(lambda id, hash, stored, model: id in stored and stored[id][1] == hash),
            ),
            Mistake(
                "a tombstone kept",
                "A tombstone has no vector: if the document is back in the source, it has to be embedded.",
                _kept_if(lambda id, hash, stored, model: stored.get(id) in ((model, hash), (model, None))),
            ),
            Mistake(
                "the hash known somewhere",
                "Another document may have the same text. Its vector can be copied, but this one has no row "
                "of its own.",
                _kept_if(lambda id, hash, stored, model: (model, hash) in stored.values()),
            ),
            Mistake(
                "all embedded again",
                "What is stored with this model and this hash would come out the same: keep it. Most of a "
                "corpus has not changed.",
                _kept_if(lambda id, hash, stored, model: False),
            ),
            Mistake(
                "deletes forgotten",
                "What is gone from the source would be found for ever. Nobody tells you: look for stored "
                "ids that the source has not.",
                _kept_if(_right, lambda source, stored: []),
            ),
            Mistake(
                "tombstones deleted again",
                "A row with None for its hash is deleted already.",
                _kept_if(_right, lambda source, stored: sorted(stored.keys() - source.keys())),
            ),
        ),
        follow_up="The source listed half of its documents today, since a page of its API failed. What does "
        "the plan do, and what would you check before you carry it out?",
    ),
)
