"""When not to search: whether a turn is a question, chat, or something to compute."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embedlab.pooling import l2_normalize
from embedlab.tokenizer import checked_text

ROUTES = ("search", "chat", "compute")
# Of a margin. Of the 60 dev turns, each routed by the means of the others, it gets 52 right and answers 3
# questions without a search. At 0, that is 50 and 6, at 0.1, 45 and 2: then every second chat is searched.
LEAST = 0.05
LONGEST = 500  # characters that the rule looks at; its time grows faster than the text

UNIT = (
    r"(?:millimet|centimet|kilomet|met)(?:er|re)s?|mm|cm|km|m|inch(?:es)?|feet|foot|ft|yards?|miles?|acres?|"
    r"hectares?|(?:kilo|milli)?grams?|kg|g|pounds?|lbs?|ounces?|oz|stone|tons?|tonnes?|lit(?:er|re)s?|ml|gallons?|"
    r"pints?|cups?|celsius|fahrenheit|kelvin|degrees|knots|mph|km/h|seconds?|minutes?|hours?|days?|weeks?|months?|"
    r"years?|bytes?|bits?|[kmgt]i?b"
)
NUMBER = (
    r"(?:\d[\d.,]*|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|half|hundred|thousand)"
)
COMPUTE = re.compile(
    rf"\d\s*(?:[-+*/×÷^]|x|plus|minus|times|divided by|multiplied by|to the power of|squared|cubed)\s*\(?-?\d"
    rf"|\d\s*(?:squared|cubed)\b"
    rf"|\d\s*(?:%|percent|per cent) (?:of|off)\b"
    rf"|\b(?:root|factorial|sum|product|average|mean|median|half|third|quarter) of \d"
    rf"|\bhow many (?:{UNIT})\b.*\b{NUMBER}\s*(?:{UNIT})\b"
    rf"|\b{NUMBER}\s*(?:{UNIT}) (?:in|to|into|as) (?:{UNIT})\b"
    rf"|\bconvert\b.*\d"
    rf"|\bhow (?:many (?:days|weeks|months|years|hours|minutes)|long)\b.*\b(?:until|till|between|from)\b.*\d"
    rf"|\b(?:days?|weeks?|months?|years?) (?:after|before|from) (?:today|tomorrow|now|\d)"
    rf"|\b(?:what|which) (?:day of the week|weekday)\b",
    re.IGNORECASE,
)
CHAT = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|afternoon|evening|night)|thanks|thank you|cheers|bye|goodbye|ok|okay|"
    r"great|nice|cool|perfect|sorry|never mind|well done)\b[^?]*$"
    r"|\b(?:who|what|how) are you\b|\b(?:can|could|do) you (?:help|do|speak|remember|know)\b|\bwhat can you\b"
    r"|\byou(?:r|'ve)?\b.*\b(?:said|say|mean|meant|wrote|told|answer|reply|message|explanation|sentence)\b"
    r"|\b(?:shorter|simpler|rephrase|reword|in other words|bullet points)\b"
    r"|\b(?:summari[sz]e|translate|repeat|rewrite|explain|shorten) (?:that|this|it|your|our|the last)\b",
    re.IGNORECASE,
)


class Encodes(Protocol):
    """Turns texts into unit vectors; an `Embedder`."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector for each text: (n, d)."""


class Router:
    """Send a turn where it belongs: to the label whose examples are nearest on average.

    A turn that is about as near to two labels is searched. The errors are not equal: a search too many costs
    some milliseconds, and the reader can pass over what it found; after a search too few, the reader answers
    from memory, and nothing in the answer tells that no document stands behind it.

    Parameters
    ----------
    texts, labels : sequences of str
        Examples, each with one of `ROUTES`.
    embedder : Embedder
    least : float
        The margin (a difference of cosines) below which a turn is searched.

    Raises
    ------
    ValueError
        If there are no examples, not as many texts as labels, an unknown label, or one label only.

    Examples
    --------
    >>> class Letters:
    ...     def encode(self, texts):
    ...         return np.float32([["?" in text, "!" in text] for text in texts]) + np.float32(0.1)
    >>> router = Router(["Who?", "Hello!"], ["search", "chat"], Letters())
    >>> labels, margins = router.route(["Why?", "Thanks!", "Hm"])
    >>> labels
    ['search', 'chat', 'search']
    """

    def __init__(
        self, texts: Sequence[str], labels: Sequence[str], embedder: Encodes, *, least: float = LEAST
    ):
        _check(texts, labels)
        self.embedder, self.least = embedder, least
        self.labels = [one for one in ROUTES if one in labels]
        vectors, named = embedder.encode(list(texts)), np.array(labels)
        means = [vectors[named == one].mean(axis=0) for one in self.labels]
        self.centroids = l2_normalize(np.stack(means))  # (labels, d)

    def route(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
        """Return a label for each turn, and margins: how much nearer the best is than the second, (n,)."""
        if not len(texts):
            return [], np.zeros(0, np.float32)
        cosines = self.embedder.encode(list(texts)) @ self.centroids.T  # (n, labels)
        best, margins = cosines.argmax(axis=1), -np.diff(np.sort(cosines, axis=1)[:, ::-1][:, :2])[:, 0]
        sure = margins >= self.least
        return [self.labels[i] if yes else "search" for i, yes in zip(best, sure, strict=True)], margins


def by_rule(text: str) -> str:
    """Label a turn by two regular expressions: what a model has to beat.

    Examples
    --------
    >>> [by_rule(one) for one in ("What is 12 * 7?", "Thanks a lot!", "Thanks, but who was she?")]
    ['compute', 'chat', 'search']
    """
    text = checked_text(text, "the turn").strip()[:LONGEST]
    return "compute" if COMPUTE.search(text) else "chat" if CHAT.search(text) else "search"


def _check(texts: Sequence[str], labels: Sequence[str]) -> None:
    """Refuse examples that nothing can be learnt from."""
    if not len(texts) or len(texts) != len(labels):
        raise ValueError(
            f"a router needs examples, each with a label: {len(texts)} texts, {len(labels)} labels"
        )
    unknown = sorted(set(labels) - set(ROUTES))
    if unknown:
        raise ValueError(f"there is no label {unknown[0]!r}; choose from {', '.join(ROUTES)}")
    if len(set(labels)) == 1:
        raise ValueError(f"all examples are {labels[0]!r}: a router needs two labels at least")
