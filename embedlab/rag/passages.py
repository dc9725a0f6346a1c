"""What a reader gets: passages that differ, numbered, within a budget of tokens, in a chosen order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from embedlab.chunking import Words
from embedlab.hybrid import stemmed
from embedlab.rag.sentences import packaged_tokenizer, quotable
from embedlab.tokenizer import WordPieceTokenizer

LEAST = 16  # tokens of a budget: "[1]", a name and a few words
ORDERS = ("best", "sides", "last")
T = TypeVar("T")


@dataclass(frozen=True)
class Passage:
    """A passage that was found.

    Attributes
    ----------
    source : str
        Where it stands, as a person reads it: "guide.md, lines 3-9".
    text : str
    title : str
        What a sentence of it is read below: a name, headings.
    score : float
        What the search gave it; larger is better.
    number : int
        Its place among those that were found, from 1: what ``[1]`` cites. 0 before they are numbered.
    cut : bool
        Whether its end was left out, for the budget.
    """

    source: str
    text: str
    title: str = ""
    score: float = 0.0
    number: int = 0
    cut: bool = False

    @property
    def shown(self) -> str:
        """What a reader is given: number and source, the text below."""
        return f"[{self.number}] {self.source}\n{self.text}"


def alike(texts: Sequence[str]) -> NDArray[np.float64]:
    """Compare texts by their words: cosines of the counts of stems, (n, n), 0 to 1.

    Examples
    --------
    >>> alike(["drop rows", "dropping a row", "a cat"]).round(2).tolist()
    [[1.0, 0.82, 0.0], [0.82, 1.0, 0.41], [0.0, 0.41, 1.0]]
    """
    counts = [Counter(stemmed(text)) for text in texts]
    column = {word: i for i, word in enumerate(dict.fromkeys(word for one in counts for word in one))}
    vectors = np.zeros((len(texts), len(column)))
    for row, one in enumerate(counts):
        vectors[row, [column[word] for word in one]] = list(one.values())
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return (vectors @ vectors.T).clip(0, 1)


def mmr(relevance: NDArray, similar: NDArray, k: int, weight: float = 0.7) -> list[int]:
    """Choose k, each relevant and unlike those before it: maximal marginal relevance.

    Carbonell and Goldstein (1998): the next is the one with the largest ``weight * relevance - (1 - weight) *
    (similarity to the most similar that is chosen)``.

    Parameters
    ----------
    relevance : array (n,)
        On the scale of the similarities, 0 to 1.
    similar : array (n, n)
    k : int
        At most; fewer where there are not so many.
    weight : float, 0 to 1
        At 1, similarity is of no account.

    Returns
    -------
    list of int
        Positions, in the order in which they are chosen; of equals, the first.

    Raises
    ------
    ValueError
        If the weight is not between 0 and 1, or the shapes do not fit.

    Examples
    --------
    >>> similar = np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]])  # the first two are near-duplicates
    >>> mmr(np.array([0.9, 0.85, 0.4]), similar, k=2, weight=0.5)
    [0, 2]
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"weight must be between 0 and 1, but is {weight}")
    if similar.shape != (len(relevance), len(relevance)):
        raise ValueError(f"{len(relevance)} relevances, but similarities of shape {similar.shape}")
    left, chosen = list(range(len(relevance))), []
    while left and len(chosen) < k:
        best = max(
            left,
            key=lambda i: weight * relevance[i] - (1 - weight) * max(similar[i, chosen], default=0.0),
        )
        chosen.append(best)
        left.remove(best)
    return chosen


def diverse(found: Sequence[Passage], k: int, weight: float = 0.7) -> list[Passage]:
    """Choose k of the passages that were found, best first, by `mmr`; scores are brought to 0 to 1 first.

    Where all scores are equal, as they are where a search gives none, the rank stands for them: with equal
    relevances, `mmr` would pick what is unlike the first, whatever it is about.

    Examples
    --------
    >>> found = [Passage("a", "Drop rows.", score=3), Passage("b", "Drop rows!", score=2)]
    >>> found.append(Passage("c", "Fill gaps."))
    >>> [passage.source for passage in diverse(found, k=2, weight=0.5)]
    ['a', 'c']
    """
    scores = np.array([passage.score for passage in found], dtype=float)
    span = np.ptp(scores) if len(scores) else 0
    relevance = (scores - scores.min()) / span if span > 0 else np.linspace(1, 0, len(scores))
    return [found[i] for i in mmr(relevance, alike([one.text for one in found]), k, weight)]


def within_budget(
    found: Sequence[Passage],
    budget: int,
    *,
    order: str = "best",
    tokenizer: WordPieceTokenizer | None = None,
) -> tuple[list[Passage], list[Passage]]:
    """Take what the budget holds of passages, best first, and number them.

    A passage longer than what is left is cut behind its last sentence that fits; the best one, where not even
    its first does, between words. What finds no room is returned, too.

    Parameters
    ----------
    found : sequence of Passage
        Best first.
    budget : int
        Tokens, numbers and sources included.
    order : {"best", "sides", "last"}
        Where the best stands: first; or at the sides, the worst in the middle, which language models were
        found to read least well (Liu et al. 2023, "Lost in the Middle"); or last, next to the question.
    tokenizer : WordPieceTokenizer, optional
        By default that of the packaged model.

    Returns
    -------
    shown, left out : list of Passage

    Raises
    ------
    ValueError
        If the budget holds no passage, or there is no such order.

    Examples
    --------
    >>> found = [Passage("a", "One. Two. " * 9), Passage("b", "A cat. " * 9), Passage("c", "A dog.")]
    >>> shown, left_out = within_budget(found, budget=60)
    >>> [(passage.number, len(passage.text), passage.cut) for passage in shown]
    [(1, 90, False), (2, 34, True)]
    >>> [passage.source for passage in left_out]
    ['c']
    """
    if budget < LEAST:
        raise ValueError(f"a budget of {budget} tokens holds no passage: at least {LEAST} are needed")
    in_order((), order)  # an order that is unknown is refused before anything is cut
    tokenizer = tokenizer or packaged_tokenizer()
    shown: list[Passage] = []
    left_out: list[Passage] = []
    for number, passage in enumerate(found, start=1):
        passage = replace(passage, number=number)
        header = len(Words(replace(passage, text="").shown, tokenizer).ids)
        words = Words(passage.text, tokenizer)
        cost = header + len(words.ids)
        if cost > budget:
            passage = _cut(passage, words, budget - header, at_word=not shown)
            cost = budget  # what is behind a passage that was cut is no better than what was cut off
        (shown if passage.text else left_out).append(passage)
        budget -= cost
    if not shown and found:
        raise ValueError(f"the budget has no room for a word of {found[0].source!r}: give more tokens")
    return in_order(shown, order), left_out


def in_order(ranked: Sequence[T], order: str = "best") -> list[T]:
    """Put what is ranked, best first, in the order in which it is to be read, see `within_budget`.

    Raises
    ------
    ValueError
        If there is no such order.

    Examples
    --------
    >>> in_order([1, 2, 3, 4, 5], "sides"), in_order([1, 2, 3], "last")
    ([1, 3, 5, 4, 2], [3, 2, 1])
    """
    if order not in ORDERS:
        raise ValueError(f"there is no order {order!r}; choose from {', '.join(ORDERS)}")
    sides = [*ranked[::2], *ranked[1::2][::-1]]
    return {"best": list(ranked), "sides": sides, "last": list(ranked)[::-1]}[order]


def _cut(passage: Passage, words: Words, room: int, *, at_word: bool) -> Passage:
    """Cut a passage to so many tokens; without a text where nothing fits."""
    fits = 0
    for _, end in quotable(passage.text, words.tokenizer):
        if words.before[words.at(end)] <= room:
            fits = end
    if not fits and at_word and room > 0:
        last = sum(tokens <= room for tokens in words.before) - 1
        fits = words.ends[last - 1] if last else 0
    return replace(passage, text=passage.text[:fits] if fits else "", cut=fits > 0)
