"""Exercises of chapter 18: what a vector depends on."""

import hashlib
import json

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _chunk(text, title="", model="m1", document=1, place=0):
    return {"document": document, "place": place, "model": model, "title": title, "text": text}


def _chunks(rng: np.random.Generator) -> list[tuple]:
    """List (chunks,): none, pairs that differ in one thing each, long ones; then drawn ones."""
    cases = [
        [],
        [_chunk("a")],
        [_chunk("a"), _chunk("b")],
        [_chunk("a"), _chunk("a", document=2)],
        [_chunk("a"), _chunk("a", place=1)],
        [_chunk("a"), _chunk("a", model="m2")],
        [_chunk("a", "T"), _chunk("a", "U")],
        [_chunk("US"), _chunk("us")],
        [_chunk("a", "1", "m"), _chunk("a", "", "m1")],
        [_chunk("a", "1T", "m"), _chunk("a", "T", "m1")],
        [_chunk("b", "a"), _chunk("a\nb")],
        [_chunk("a" * 99), _chunk("a" * 98)],
        [_chunk("a" * 65, document=1), _chunk("a" * 65, document=2)],
        [_chunk("a", "T", document=1), _chunk("a", "T", document=2, place=4)],
    ]
    for n in (3, 3, 4, 4, 5, 6):
        draw = lambda *values: values[int(rng.integers(len(values)))]  # noqa: E731
        cases.append(
            [
                _chunk(draw("a", "b", "A"), draw("T", "1T"), draw("m", "m1"), draw(1, 2), draw(0, 1))
                for _ in range(n)
            ]
        )
    return [(chunks,) for chunks in cases]


def vector_keys(chunks):
    """Return a key for the vector of each chunk: equal keys, equal vectors, and nothing is embedded twice.

    The model reads the title, a new line, and the text.

    Parameters
    ----------
    chunks : list of dict
        With ``document``, ``place`` (of the chunk in it), ``model``, ``title`` and ``text``.

    Returns
    -------
    list of str
        Hashes, 32 characters each.

    Examples
    --------
    >>> chunk = {"document": 1, "place": 0, "model": "m1", "title": "Snow", "text": "It melts."}
    >>> same, other = vector_keys([chunk, {**chunk, "document": 2}, {**chunk, "model": "m2"}])[1:]
    >>> [same] == vector_keys([chunk]), [other] == vector_keys([chunk])
    (True, False)
    """
    return [_key([one["model"], f"{one['title']}\n{one['text']}"]) for one in chunks]


def _key(parts):
    """Hash strings. JSON marks where each ends."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def _same_groups(expected, got):
    """Compare which keys are equal, not the keys: any hash will do, if it is short."""
    if not isinstance(got, list) or not all(isinstance(key, str) for key in got):
        return False
    first = [[keys.index(key) for key in keys] for keys in (expected, got)]
    short = [all(len(key) <= 64 for key in keys) for keys in (expected, got)]
    return first[0] == first[1] and short[0] == short[1]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _of(*fields):
    """Hash these fields only."""
    return lambda chunks: [_key([one[name] for name in fields]) for one in chunks]


def _besides(name):
    """Hash one field too many."""

    def keys(chunks):
        pairs = zip(vector_keys(chunks), chunks, strict=True)
        return [_key([key, one[name]]) for key, one in pairs]

    return keys


def _no_boundary(chunks):
    return [_key("".join([one["model"], one["title"], "\n", one["text"]])) for one in chunks]


def _folded(chunks):
    return vector_keys([one | {name: one[name].lower() for name in ("title", "text")} for one in chunks])


def _not_hashed(chunks):
    return [json.dumps([one["model"], f"{one['title']}\n{one['text']}"]) for one in chunks]


EXERCISES = (
    Exercise(
        name="vector_keys",
        chapter="18_pipelines",
        task="Under which key is a vector stored, to embed no text twice? chunks is a list of "
        "dicts: document and place (int: which chunk of it), model, title and text (str). The model reads "
        "the title, a new line, and the text, and the vector depends on every character. Return a list of "
        "str, a key of at most 64 characters for each chunk, the same in every process. Two are equal "
        "exactly where the models are equal and what they read is equal. Any good hash will do.",
        reference="embedlab.study.exercises.pipelines_content:vector_keys",
        cases=_chunks,
        hints=(
            "Which of the five fields change the vector, and which only say where the chunk stands?",
            "Build the string that the model reads. The key is a hash of it and of the model's name.",
            "hashlib.sha256(data).hexdigest() has 64 characters. Between model and text put something that "
            "is in no name, or hash json.dumps of a list.",
        ),
        mistakes=(
            Mistake(
                "model left out",
                "Another model makes another vector of the same text. With this key a new model would get "
                "the vectors of the old one.",
                _of("title", "text"),
            ),
            Mistake(
                "title left out",
                "The model reads the title, too: after a new title the vector would stay the old one.",
                _of("model", "text"),
            ),
            Mistake(
                "document in the key",
                "A copy of a text in another document has the same vector, and would be embedded again.",
                _besides("document"),
            ),
            Mistake(
                "place in the key",
                "A paragraph inserted at the top moves all others by one, and each would be embedded again.",
                _besides("place"),
            ),
            Mistake(
                "no boundary behind the model",
                "'m' with the title '1' and 'm1' with no title would be hashed as the same characters: mark "
                "where the model's name ends.",
                _no_boundary,
            ),
            Mistake(
                "capitals folded",
                "'US' and 'us' are two texts. A model that tells them apart would get one vector for both.",
                _folded,
            ),
            Mistake(
                "the text instead of its hash",
                "A key with the whole text in it is as long as the text, in the table and in its index. "
                "Hash it.",
                _not_hashed,
            ),
        ),
        follow_up="The chunker gets a new version. Which keys change, and would you put its version into the "
        "key? And why does Python's own hash() not do here?",
        close=_same_groups,
    ),
)
