"""An answer in a generator's own words: what is done with it, and when it is stopped."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from embedlab.rag.answer import Draft, Read
from embedlab.rag.attribution import attributed
from embedlab.rag.passages import Passage
from embedlab.rag.prompts import Message, prompt
from embedlab.rag.sentences import quotable

if TYPE_CHECKING:  # the small model's file loads torch
    from embedlab.rag.generator import Generator

RUN = 8  # words that are a loop if they are said a third time; a name or a phrase is shorter
TIMES = 3

# How a generator says that there is no answer. It has to speak of the passages, as "kangaroos are not found
# in Europe" is an answer.
THEM = r"(?:passages?|documents?|context|texts?|information (?:given|provided)|provided information)"
REFUSAL = re.compile(
    r"^\W*(?:(?:the )?answer\b(?: is)?\W*)?not found\b"
    rf"|^\W*the {THEM}\b[^.]* not found\W*$"
    rf"|\b{THEM}(?: above| given| provided)? (?:do not|does not|don't|doesn't|cannot|can't)\b"
    rf"|\bnot \w+ (?:in|by|from) (?:any of )?the (?:\w+ )?{THEM}\b"
    r"|^\W*(?:there is )?no (?:mention|information|answer)\b"
    r"|^\W*(?:(?:i'm )?sorry\W+(?:but )?)?i (?:do not know|don't know|cannot|can't|am unable|am not able)\b",
    re.IGNORECASE,
)
GOES_ON = re.compile(r"\b(?:but|however|although|though)\b", re.IGNORECASE)


class GeneratorError(ValueError):
    """A generator that is not there, refuses, or does not finish its answer."""


def refuses(text: str) -> bool:
    """Tell whether an answer's first sentence says that there is none, and goes on with no "but".

    Examples
    --------
    >>> refuses("The passages do not mention rust.")
    True
    >>> refuses("The passages do not mention rust, but iron is red [1].")
    False
    """
    text = text.replace("’", "'")
    first = next((text[start:end] for start, end in quotable(text)), text)
    found = REFUSAL.search(first)
    return bool(found) and not GOES_ON.search(first, found.end())


def without_loop(text: str) -> str:
    """Cut a text that says the same a third time: what stood before it was said again is kept.

    The same is a run of 8 words, or a whole sentence of three or more. Greedy decoding falls into such loops,
    as what was said twice is ever more likely to be said again (Holtzman et al. 2020, "The Curious Case of
    Neural Text Degeneration", figure 4).

    Examples
    --------
    >>> without_loop("Snow is white. It melts. Snow is white. It melts. Snow is white. ")
    'Snow is white. It melts.'
    >>> without_loop("Snow is white. It melts. Snow is white. ")
    'Snow is white. It melts. Snow is white. '
    """
    words = [(match[0].lower(), match.start()) for match in re.finditer(r"\w+", text)]
    runs = [(tuple(word for word, _ in words[i : i + RUN]), words[i][1]) for i in range(len(words) - RUN + 1)]
    whole = [(start, end) for start, end in quotable(text) if end < len(text) and text[end - 1] in ".!?"]
    said = [(text[start:end], start) for start, end in whole if len(text[start:end].split()) > 2]
    for units in (runs, said):
        places = defaultdict(list)
        for unit, start in units:
            places[unit].append(start)
            if len(places[unit]) == TIMES:
                return _whole_sentences(text[: places[unit][1]])
    return text


def _whole_sentences(text: str) -> str:
    """Return a text up to the end of its last whole sentence; all of it if there is none."""
    ends = [end for _, end in quotable(text) if text[end - 1] in ".!?"]
    return text[: ends[-1]] if ends else text.rstrip()


class Generative:
    """A reader that has a generator answer in its own words.

    What the generator leaves uncited is cited for it (`attributed`); whether a passage bears out what is
    cited, `ask` verifies. An answer that says there is none (`refuses`), or nothing at all, is no answer: the
    draft is empty, and its note says why.

    Parameters
    ----------
    generator : Generator
        Such as `packaged_generator` or an `Endpoint`.
    evidence : callable, optional
        A reader such as `Extractive`. Where it finds nothing, nothing is generated: a generator seldom
        notices that the answer is not there. The score of the draft is its score.
    style : str
        Of the prompt, see `STYLES`. "cite" asks for numbers and for "not found": a small model follows
        "plain" better.
    most : int
        Tokens of an answer.
    show : callable, optional
        Is called with each piece of text as it comes.

    Attributes
    ----------
    partial : str
        What was said so far, if it is interrupted, too.

    Raises
    ------
    ValueError
        If an answer may have no token, or there is no such style.
    GeneratorError
        From an endpoint, see `Endpoint`.

    Examples
    --------
    >>> class Parrot:
    ...     name = "parrot"
    ...     def stream(self, messages, most=128):
    ...         yield from ("Snow ", "is white.")
    >>> passages = [Passage("snow.md", "Fresh snow is white.", number=1)]
    >>> Generative(Parrot())("What is snow?", passages).text
    'Snow is white. [1]'
    """

    def __init__(
        self,
        generator: Generator,
        *,
        evidence: Read | None = None,
        style: str = "cite",
        most: int = 128,
        show: Callable[[str], None] | None = None,
    ):
        if most < 1:
            raise ValueError(f"an answer needs at least 1 token, but most is {most}")
        self.generator, self.evidence, self.style = generator, evidence, style
        self.most, self.show, self.partial = most, show, ""

    def __call__(self, question: str, passages: Sequence[Passage]) -> Draft:
        """Answer from the passages, if there is evidence in them."""
        self.partial = ""
        found = self.evidence(question, passages) if self.evidence else Draft("")
        if self.evidence and not found.text:
            return found
        said = self._said(prompt(question, passages, self.style)).strip()
        if not said:
            return Draft("", found.score, note="the generator said nothing")
        if refuses(said):
            return Draft("", found.score, note="the generator says that there is no answer")
        looped = len(said) < len(self.partial.strip())
        note = "the generator repeated itself: it was stopped, and the end left out" if looped else ""
        return Draft(attributed(said, passages), found.score, note=note)

    def _said(self, messages: list[Message]) -> str:
        """Return what the generator says, up to where it loops."""
        pieces = self.generator.stream(messages, self.most)
        try:
            for piece in pieces:
                self.partial += piece
                if self.show:
                    self.show(piece)
                kept = without_loop(self.partial)
                if kept != self.partial:
                    return kept
        finally:
            getattr(pieces, "close", lambda: None)()  # an endpoint's connection is open as long as it streams
        return without_loop(self.partial + "\n")
