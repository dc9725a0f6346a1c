"""Chapter 11's questions answered by the reader that quotes; the scores of its sentences are kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from embedlab.engine.models import cross_encoder
from embedlab.engine.scores import Pair, kept_scores
from embedlab.rag import CONDITIONS, Draft, Evidence, Extractive, Passage, labelled_sentences
from embedlab.reranking import CrossEncoder

# Whose sentences are scored, and shipped: what chapter 11 has quoted.
QUOTED = ("gold", "dense 10", "bm25 5", "other 5", "dense 5, injected: answer")


class KeptScores:
    """A cross-encoder that looks up what it has scored before."""

    def __init__(self, model: CrossEncoder):
        self.model = model

    def score_pairs(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """Score pairs: (n,)."""
        return kept_scores(self.model, pairs)


class Quotes:
    """What is quoted, whatever its score: when to refuse is chosen afterwards.

    Parameters
    ----------
    evidence : Evidence
    model : object with ``score_pairs``, optional
        By default the course's cross-encoder, its scores kept.
    most : int
        Sentences, at most.

    Examples
    --------
    >>> quotes = Quotes(Evidence(), most=1)
    >>> [len(draft.quotes) for draft in quotes.drafts("gold", "dev")[:2]]
    [1, 1]
    """

    def __init__(self, evidence: Evidence, model: object | None = None, *, most: int = 3):
        self.evidence = evidence
        self.read = Extractive(model or KeptScores(cross_encoder()), threshold=-np.inf, most=most)

    @cache  # noqa: B019 - it lives as long as its notebook
    def drafts(self, name: str, split: str) -> list[Draft]:
        """Return what is quoted for each question of a split, under one of `CONDITIONS`."""
        queries = self.evidence.questions(split)
        return [self.read(one.text, self.evidence.passages(one, CONDITIONS[name])) for one in queries]

    def unanswerable(self, k: int = 5) -> list[Draft]:
        """Return what is quoted for the questions that no article answers."""
        asked = self.evidence.unanswerable
        return [self.read(one, found) for one, found in zip(asked, self.passages(asked, k), strict=True)]

    def passages(self, texts: Sequence[str], k: int) -> list[list[Passage]]:
        """Return the passages that a search finds for any texts."""
        chunks = self.evidence.chunks
        return [[chunks[i] for i in row] for row in self.evidence.search(texts, k)]


def pairs_quoted() -> list[Pair]:
    """Return all pairs that chapter 11 has scored, each once: question and sentence, sentence and passage."""
    asked: dict[Pair, None] = {}

    class Asked:
        def score_pairs(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
            asked.update(dict.fromkeys(pairs))
            return np.zeros(len(pairs), np.float32)

    quotes = Quotes(Evidence(), Asked())
    for name in QUOTED:
        for split in ("dev", "test"):
            quotes.drafts(name, split)
    quotes.unanswerable(10)
    questions = {one.name: one for split in ("dev", "test") for one in quotes.evidence.questions(split)}
    for one in labelled_sentences():
        read = quotes.evidence.passages(questions[one.name], CONDITIONS[one.condition])
        asked.update(dict.fromkeys((one.text, passage.text) for passage in read))
    return list(asked)
