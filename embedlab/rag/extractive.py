"""An answer that is quoted: the sentences that a cross-encoder scores best. What a generator has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from embedlab.rag.answer import Draft
from embedlab.rag.citations import Citation
from embedlab.rag.passages import Passage
from embedlab.rag.sentences import quotable

# Below the best score, on the scale of `embedlab.reranking.SCALE`. Of chapter 10's 49 written dev questions,
# found by BM25, the answer is in the five passages for 24; in the best sentence for 9, in those at most 1.0
# behind (2.3 on average) for 17, in always three for 19.
NEAR = 1.0


class Scores(Protocol):
    """Scores pairs of (question, text), larger is better; a `CrossEncoder`."""

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> Sequence[float]:
        """Score pairs: (n,)."""


class Extractive:
    """A reader that quotes one to three sentences, each with its citation.

    A sentence is scored below the title of its passage: what "it" is often stands there.

    Parameters
    ----------
    model : CrossEncoder
    threshold : float
        If no sentence reaches it, nothing was found.
    most : int
        Sentences that are quoted, at most.
    near : float
        Sentences behind the best are quoted only if their score is at most so much lower.

    Raises
    ------
    ValueError
        If no sentence may be quoted.

    Examples
    --------
    >>> class Shared:
    ...     def score_pairs(self, pairs):
    ...         return [len({*a.lower().split()} & {*b.lower().split()}) for a, b in pairs]
    >>> read = Extractive(Shared(), threshold=2, near=0)
    >>> passages = [Passage("snow.md", "Snow falls. Fresh snow is white.", number=1)]
    >>> read("what is white snow", passages).text
    'Fresh snow is white. [1]'
    >>> read("what is rust", passages).text
    ''
    """

    def __init__(self, model: Scores, *, threshold: float, most: int = 3, near: float = NEAR):
        if most < 1:
            raise ValueError(f"at least 1 sentence has to be quoted, but most is {most}")
        self.model, self.threshold, self.most, self.near = model, threshold, most, near

    def __call__(self, question: str, passages: Sequence[Passage]) -> Draft:
        """Quote what answers the question best, in the order of the passages."""
        found = candidates(passages)
        if not found:
            return Draft("")
        pairs = [(question, f"{passage.title}\n{text}".lstrip("\n")) for passage, text in found]
        scores = [float(score) for score in self.model.score_pairs(pairs)]
        best = max(scores)
        if best < self.threshold:
            return Draft("", best)
        ranked = sorted(range(len(found)), key=lambda i: -scores[i])[: self.most]
        kept = sorted(i for i in ranked if scores[i] >= max(best - self.near, self.threshold))
        quotes = [Citation(found[i][0].number, found[i][1]) for i in kept]
        return Draft("\n".join(f"{one.claim} [{one.number}]" for one in quotes), best, quotes)


def candidates(passages: Sequence[Passage]) -> list[tuple[Passage, str]]:
    """Return what can be quoted of passages: (passage, sentence) each, once; single words are no sentence.

    Examples
    --------
    >>> passages = [Passage("a", "Yes. Snow is white."), Passage("b", "Snow is  white.")]
    >>> [text for _, text in candidates(passages)]
    ['Snow is white.']
    """
    found = {}
    for passage in passages:
        for start, end in quotable(passage.text):
            text = passage.text[start:end]
            if len(text.split()) > 1:
                found.setdefault(" ".join(text.split()), (passage, text))
    return list(found.values())
