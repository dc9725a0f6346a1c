"""Citations: which [n] stand in an answer, what each claims, and whether the passage says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from embedlab.hybrid import stemmed
from embedlab.rag.passages import Passage
from embedlab.rag.sentences import quotable

# "[1]" and "[1][2]" behind a space or a full stop; not "x[1]", "([1])", nor a docstring's reference "[1]_".
MARKS = re.compile(r"(?:(?<!\S)|(?<=[.!?,;:\"”]))\[\d{1,3}\](?:\s?\[\d{1,3}\])*(?![\w(\[])")
FUNCTION_WORDS = frozenset(
    stemmed("a an and are as at be by for from has have in is it its of on or that the this to was were with")
)
# Share of a sentence's words that its passage has to have. Of the 49 answers to chapter 10's dev questions,
# in other words than their passages, 80 % reach it, 96 % would reach 0.5; against another passage of the same
# article, none and 2 %. Strict, as a false sentence on a passage's subject has half of its words, too.
LEAST = 0.7


@dataclass(frozen=True)
class Citation:
    """A sentence of an answer and the passage that it cites.

    Attributes
    ----------
    number : int
        Of the passage.
    claim : str
        The sentence, without its marks.
    support : float
        From 0 to 1: what of the claim is in the passage. 0 before it was verified.
    supported : bool
    """

    number: int
    claim: str
    support: float = 0.0
    supported: bool = False


def citations(text: str) -> list[Citation]:
    """Find what is cited in a text: a mark belongs to the sentence that it stands in, or right behind.

    Examples
    --------
    >>> [(one.number, one.claim) for one in citations("Snow is white. It melts [2]. Ice floats. [1][3]")]
    [(2, 'It melts.'), (1, 'Ice floats.'), (3, 'Ice floats.')]
    """
    found, begin = [], 0
    for match in MARKS.finditer(text):
        before, behind = text[begin : match.start()].strip(), text[match.end() :]
        begin = match.end()
        end = re.match(r"[.!?]+", behind)
        if end:
            before, begin = before + end[0], begin + end.end()
        places = quotable(before)
        claim = before[slice(*places[-1])] if places else before.strip()
        found += [Citation(int(number), claim) for number in re.findall(r"\d+", match[0])]
    return found


def support(claim: str, passage: str, *, verbatim: bool = False) -> float:
    """Return what of a claim is in a passage, 0 to 1.

    Parameters
    ----------
    claim, passage : str
    verbatim : bool
        Whether it has to stand there character for character, whatever the spaces: 0 or 1. Otherwise, it is
        the share of its words, stemmed, without the commonest. That says nothing of who did what to whom:
        "the dog bit the man" supports "the man bit the dog".

    Examples
    --------
    >>> support("Snow reflects sunlight.", "Fresh snow reflects most of the light.")
    0.6666666666666666
    >>> support("It reflects most", "It reflects\\nmost of the light.", verbatim=True)
    1.0
    """
    if verbatim:
        return float(bool(claim.strip()) and " ".join(claim.split()) in " ".join(passage.split()))
    words = set(stemmed(claim))
    words = words - FUNCTION_WORDS or words
    return len(words & set(stemmed(passage))) / len(words) if words else 0.0


def verified(
    cited: Iterable[Citation], passages: Sequence[Passage], *, verbatim: bool = False, least: float = LEAST
) -> list[Citation]:
    """Hold each citation against its passage.

    Parameters
    ----------
    cited : iterable of Citation
    passages : sequence of Passage
        Numbered. A number that none of them has supports nothing.
    verbatim : bool
        See `support`.
    least : float
        The support from which on a citation holds.

    Examples
    --------
    >>> passages = [Passage("snow.md", "Fresh snow is white.", number=1)]
    >>> found = citations("Snow is white [1]. Snow is warm [1]. Ice is blue [2].")
    >>> [(one.claim, one.supported) for one in verified(found, passages)]
    [('Snow is white.', True), ('Snow is warm.', False), ('Ice is blue.', False)]
    """
    texts = {passage.number: passage.text for passage in passages}
    found = []
    for one in cited:
        share = support(one.claim, texts.get(one.number, ""), verbatim=verbatim)
        found.append(replace(one, support=share, supported=share >= least))
    return found
