"""The topics: which chapters have questions, which topic is meant, and where a question is taught."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import quote

from embedlab.machine import data_path
from embedlab.study.bank.chapters import CHAPTERS, notebook_of, number_of
from embedlab.study.bank.names import aliases, topic_of
from embedlab.study.bank.questions import AnyQuestion, Question, load


@cache
def topics() -> dict[str, Path]:
    """Return the file of each topic, by name, in the order of the chapters.

    Examples
    --------
    >>> list(topics())[:2]
    ['tokenizer', 'encoder']
    """
    files = {name: data_path("questions") / f"{name}.yaml" for name in CHAPTERS}
    return {name: file for name, file in files.items() if file.exists()}


def find_topic(name: str) -> str:
    """Return the topic that is meant by its name, its number, its notebook, or the beginning of any of them.

    Raises
    ------
    ValueError
        If no topic is meant, or several are.

    Examples
    --------
    >>> [find_topic(name) for name in ("hnsw", "6", "06_hnsw", "Vector D", "16_drift_and_reindexing")]
    ['hnsw', 'hnsw', 'hnsw', 'vector_databases', 'drift']
    """
    asked = name.strip().lower().replace(" ", "_")
    asked = aliases()["topics"].get(asked, asked)
    if asked in topics():
        return asked
    asked = asked.zfill(2) if asked.isdigit() else asked
    found = [
        topic
        for topic in topics()
        if asked and (topic.startswith(asked) or notebook_of(topic).startswith(asked))
    ]
    if len(found) == 1:
        return found[0]
    wrong = f"{name!r} may be {', '.join(found)}" if found else f"there is no topic {name!r}"
    numbered = ", ".join(f"{number_of(topic)} {topic}" for topic in topics())
    raise ValueError(f"{wrong}; topics: {numbered}")


@cache
def bank() -> dict[str, AnyQuestion]:
    """Read all questions, by id; `topic_of` tells the topic of an id.

    Examples
    --------
    >>> len(bank()) >= 240
    True
    """
    return {question.id: question for path in topics().values() for question in load(path)}


def questions_on(names: Iterable[str] | None = None) -> list[AnyQuestion]:
    """Return the questions on some topics, by number or name as in `find_topic`; without, all.

    Examples
    --------
    >>> {topic_of(question.id) for question in questions_on(["6"])}
    {'hnsw'}
    """
    wanted = {find_topic(name) for name in names or ()}
    return [question for question in bank().values() if not wanted or topic_of(question.id) in wanted]


def place_of(question: Question) -> str | None:
    """Return in words where a question is taught, or None.

    Examples
    --------
    >>> next(filter(None, map(place_of, bank().values())))
    'notebooks/01_tokenizer.ipynb, “...”'
    """
    if question.teaches is None:
        return None
    return f"notebooks/{notebook_of(topic_of(question.id))}, “{question.teaches}”"


def link_to(question: Question) -> str | None:
    """Return where a question is taught, as a link from the folder of the notebooks, or None.

    Examples
    --------
    >>> next(filter(None, map(link_to, bank().values())))
    '01_tokenizer.ipynb#...'
    """
    if question.teaches is None:
        return None
    return link_to_heading(topic_of(question.id), question.teaches)


def link_to_heading(chapter: str, heading: str) -> str:
    """Return a heading of a chapter as a link from the folder of the notebooks.

    Examples
    --------
    >>> link_to_heading("hnsw", "Three knobs")
    '06_hnsw.ipynb#Three-knobs'
    """
    return f"{notebook_of(chapter)}#{quote(heading.replace(' ', '-'))}"
