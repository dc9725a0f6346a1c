"""What chapter 11 asks, written by hand: follow-up questions, questions in two parts, turns for a router.

The quotes are from chapter 10's articles. An item is in dev or in test as its article is, so that nothing is
chosen on an article that the test asks about.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from embedlab.benchmark import BenchmarkError
from embedlab.chunking import passages
from embedlab.machine import data_path
from embedlab.rag.routing import ROUTES

Place = tuple[int, int, int]  # article, first character, behind the last
Item = dict[str, Any]
KINDS = ("comparison", "two_hop")


@dataclass(frozen=True)
class FollowUp:
    """A question that goes on with a conversation.

    Attributes
    ----------
    id : str
    first, reply : str
        What was asked before, and the answer.
    follow_up : str
        What is asked now.
    standalone : str
        The same, to be searched alone: the follow-up itself where it changes the subject.
    answer : str
        In a few words.
    needs_history : bool
        Whether the follow-up says too little alone.
    place : Place
        The span that answers it, in ``passages().articles``.
    split : {"dev", "test"}
    """

    id: str
    first: str
    reply: str
    follow_up: str
    standalone: str
    answer: str
    needs_history: bool
    place: Place
    split: str

    @property
    def history(self) -> list[tuple[str, str]]:
        """The conversation before it, as `with_history` takes it."""
        return [(self.first, self.reply)]


@dataclass(frozen=True)
class Comparison:
    """A question that needs two spans.

    Attributes
    ----------
    id, question : str
    parts : (str, str)
        The two questions to search for instead. The second of a two-hop question names
        the first's answer.
    places : (Place, Place)
        The span that answers each part.
    answer : str
    kind : {"comparison", "two_hop"}
    split : {"dev", "test"}
    """

    id: str
    question: str
    parts: tuple[str, str]
    places: tuple[Place, Place]
    answer: str
    kind: str
    split: str


@dataclass(frozen=True)
class Turn:
    """What a user types, and where it belongs.

    Attributes
    ----------
    text : str
    label : {"search", "chat", "compute"}
    split : {"dev", "test"}
    hard : bool
        Whether it looks like another label at first sight.
    """

    text: str
    label: str
    split: str
    hard: bool


@cache
def follow_ups() -> tuple[FollowUp, ...]:
    """Return the follow-up questions.

    Raises
    ------
    BenchmarkError
        If an item of the file is not as it has to be; the message names it.

    Examples
    --------
    >>> one = next(one for one in follow_ups() if one.id == "arraignment-germany")
    >>> one.history, one.follow_up
    ([('How long may the French police hold you?', 'Generally no more than 24 hours.')], 'And in Germany?')
    >>> one.standalone
    'How long may the German police hold someone before a judge sees them?'
    """
    fields = "id article first reply follow_up standalone quote answer needs_history"
    found = []
    for item in _items("follow_ups", fields, "id"):
        place, split = placed(item["id"], item.pop("article"), item.pop("quote"))
        if item["needs_history"] == (item["follow_up"] == item["standalone"]):
            raise BenchmarkError(
                f"{item['id']}: standalone is the follow-up where it needs no history, and only there"
            )
        found.append(FollowUp(**item, place=place, split=split))
    return tuple(found)


@cache
def comparisons() -> tuple[Comparison, ...]:
    """Return the questions that need two spans.

    Raises
    ------
    BenchmarkError
        If an item of the file is not as it has to be; the message names it.

    Examples
    --------
    >>> one = next(one for one in comparisons() if one.id == "tirana-peak")
    >>> one.kind, one.parts
    ('two_hop', ('Of which country is Tirana the capital?', 'What is the tallest mountain in Albania?'))
    """
    found = []
    for item in _items("comparisons", "id question parts quotes answer kind", "id"):
        if item["kind"] not in KINDS or not len(item["parts"]) == len(item["quotes"]) == 2:
            raise BenchmarkError(f"{item['id']}: two parts, two quotes, and a kind of {', '.join(KINDS)}")
        both = [placed(item["id"], one["article"], one["quote"]) for one in item.pop("quotes")]
        places, splits = zip(*both, strict=True)
        if len(set(splits)) > 1:
            raise BenchmarkError(f"{item['id']}: one of its articles is in dev, the other in test")
        parts = tuple(item.pop("parts"))
        found.append(Comparison(**item, parts=parts, places=places, split=splits[0]))
    return tuple(found)


@cache
def turns() -> tuple[Turn, ...]:
    """Return the turns of a router: as many of each label in dev as in test.

    Raises
    ------
    BenchmarkError
        If an item of the file is not as it has to be; the message names it.

    Examples
    --------
    >>> [(one.text, one.label) for one in turns() if one.hard and one.split == "dev"][0]
    ('Thanks, but when was it built?', 'search')
    """
    found = [Turn(**item) for item in _items("turns", "text label split hard", "text")]
    for one in found:
        if one.label not in ROUTES or one.split not in ("dev", "test"):
            raise BenchmarkError(f"{one.text!r}: a label of {', '.join(ROUTES)}, a split of dev, test")
    return tuple(found)


def placed(name: str, article: str, quote: str) -> tuple[Place, str]:
    """Find where a quote stands in the text that is searched, and on which side its article is.

    Parameters
    ----------
    name : str
        Of the item, for the errors.
    article : str
        A title.
    quote : str

    Returns
    -------
    place : Place
    split : {"dev", "test"}

    Raises
    ------
    BenchmarkError
        If there is no such article, or it is on no side, or the quote does not stand there exactly once.

    Examples
    --------
    >>> (article, start, end), split = placed("tirana", "Albania", "The country's capital, Tirana")
    >>> passages().articles[article].text[start:end], split
    ("The country's capital, Tirana", 'test')
    """
    numbers = {one.title: number for number, one in enumerate(passages().articles)}
    if article not in numbers:
        raise BenchmarkError(f"{name}: there is no article {article!r}")
    number = numbers[article]
    split = next((query.split for query in passages().queries if query.article == number), None)
    if split is None:
        raise BenchmarkError(f"{name}: no query is of {article!r}, so that it is neither in dev nor in test")
    text = passages().articles[number].text
    if text.count(quote) != 1:
        raise BenchmarkError(f"{name}: the quote stands {text.count(quote)} times in {article!r}")
    start = text.index(quote)
    return (number, start, start + len(quote)), split


def _items(file: str, fields: str, key: str) -> list[Item]:
    """Read a file: each item with these fields, and no two with the same key."""
    items = yaml.safe_load(data_path(f"rag/{file}.yaml").read_text(encoding="utf-8"))
    seen = set()
    for item in items:
        name = item.get(key)
        if wrong := ", ".join(sorted(set(item) ^ set(fields.split()))):
            raise BenchmarkError(f"{file}, {name!r}: fields that are missing or unknown: {wrong}")
        if name in seen:
            raise BenchmarkError(f"{file}, {name!r}: stands there twice")
        seen.add(name)
    return items
