"""The names of questions, such as ``hnsw/tombstones``: a topic and what is asked; and names they had before.

Whatever outlives a renaming (a learner's history, a deck in Anki, the numbers drawn for a seed) goes by the
first name that a question ever had. ``data/questions/aliases.yaml`` keeps the old names.
"""

from functools import cache

import yaml

from embedlab.machine import data_path


@cache
def aliases() -> dict[str, dict[str, str]]:
    """Read the old names of "topics" and of "questions": old name to present name, the oldest first."""
    text = (data_path("questions") / "aliases.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def _first_ids() -> dict[str, str]:
    return {present: old for old, present in reversed(aliases()["questions"].items())}


def present_id(question: str) -> str:
    """Return the present id of a question, given any id that it ever had; what is unknown stays as it is.

    Examples
    --------
    >>> present_id("06-tombstones"), present_id("hnsw/tombstones"), present_id("06-never-heard-of")
    ('hnsw/tombstones', 'hnsw/tombstones', '06-never-heard-of')
    """
    return aliases()["questions"].get(question, question)


def first_id(question: str) -> str:
    """Return the first id that a question had, given any of its ids; what is unknown stays as it is.

    Examples
    --------
    >>> first_id("hnsw/tombstones"), first_id("06-tombstones"), first_id("hnsw/never-renamed")
    ('06-tombstones', '06-tombstones', 'hnsw/never-renamed')
    """
    return _first_ids().get(present_id(question), question)


def topic_of(question: str) -> str:
    """Return the topic of a question's id; that of an id without one, which no question has, is empty.

    Examples
    --------
    >>> topic_of("pooling/merge-order")
    'pooling'
    """
    return question.rpartition("/")[0]
