"""What the small generator makes of chapter 11's conditions, and how its answers are scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from embedlab.chunking import Query
from embedlab.rag.conditions import CONDITIONS, Evidence
from embedlab.rag.material import comparisons, follow_ups
from embedlab.rag.prompts import Message, prompt
from embedlab.rag.replies import Reply, likely, said
from embedlab.rag.rewriting import (
    decompose_messages,
    first_line,
    hyde_messages,
    listed,
    standalone_messages,
    sub_questions,
    variants_messages,
)
from embedlab.rag.scoring import has, token_f1

OPTIONS = 4  # answers that the model chooses from: the right one, and three to other questions
Score = Callable[[str, str], float]


class Answers:
    """The small generator's answers to chapter 10's written questions.

    Parameters
    ----------
    evidence : Evidence, optional

    Examples
    --------
    >>> answers = Answers()
    >>> answers.score("gold", "dev").shape
    (49,)
    """

    def __init__(self, evidence: Evidence | None = None):
        self.evidence = evidence or Evidence()

    @cache  # noqa: B019 - it lives as long as its notebook
    def replies(self, name: str, split: str) -> list[Reply]:
        """Return what was said to each question of a split, under one of `CONDITIONS`."""
        queries = self.evidence.questions(split)
        return said(self.evidence.prompts(queries, CONDITIONS[name]))

    def score(self, name: str, split: str, measure: Score = has) -> NDArray[np.float64]:
        """Return a measure of each answer against the reference, (q,)."""
        pairs = zip(self.replies(name, split), self.evidence.questions(split), strict=True)
        return np.array([measure(reply.text, query.answer) for reply, query in pairs])

    def f1(self, name: str, split: str) -> NDArray[np.float64]:
        """Return the F1 over words of each answer, (q,)."""
        return self.score(name, split, token_f1)

    def options(self, query: Query) -> list[str]:
        """Return the right answer and three others, to questions of the same kind where there are enough."""
        others = [one for one in self.evidence.questions(query.split) if one.article != query.article]
        alike = [one for one in others if one.about == query.about]
        rng = np.random.default_rng(int.from_bytes(query.name.encode()[:6]))
        pool = alike if len(alike) >= OPTIONS - 1 else others
        drawn = rng.choice(len(pool), OPTIONS - 1, replace=False)
        return [query.answer, *(pool[i].answer for i in drawn)]

    @cache  # noqa: B019 - see above
    def likelihoods(self, name: str, split: str) -> NDArray[np.float64]:
        """Return the mean log probability of each option, the right one first: (q, 4)."""
        queries = self.evidence.questions(split)
        prompts = self.evidence.prompts(queries, CONDITIONS[name])
        repeated = [one for one in prompts for _ in range(OPTIONS)]
        answers = [answer for query in queries for answer in self.options(query)]
        return np.array(likely(repeated, answers)).reshape(-1, OPTIONS)

    def chosen(self, name: str, split: str) -> NDArray[np.bool_]:
        """Tell for which questions the right answer is the likeliest of the four, (q,)."""
        found = self.likelihoods(name, split)
        return found[:, 0] > found[:, 1:].max(axis=1)

    def unanswerable(self, style: str = "plain", k: int = 5) -> list[Reply]:
        """Return what is said to the questions that no article answers."""
        return said(self.unanswerable_prompts(style, k))

    def unanswerable_prompts(self, style: str, k: int) -> list[list[Message]]:
        """Return their conversations, with what a search finds for them."""
        asked = self.evidence.unanswerable
        rows = self.evidence.search(asked, k)
        chunks = self.evidence.chunks
        return [prompt(one, [chunks[i] for i in row], style) for one, row in zip(asked, rows, strict=True)]


def made_up(questions: Sequence[str]) -> list[str]:
    """Return a passage made up for each question (HyDE); the question, where nothing was said."""
    replies = said([hyde_messages(one) for one in questions], 96)
    return [reply.text.strip() or one for reply, one in zip(replies, questions, strict=True)]


def worded_anew(questions: Sequence[str], n: int = 3) -> list[list[str]]:
    """Return up to n other wordings of each question."""
    replies = said([variants_messages(one, n) for one in questions], 96)
    return [listed(reply.text, one)[:n] for reply, one in zip(replies, questions, strict=True)]


def in_parts() -> list[list[str]]:
    """Return what the small generator splits each of `comparisons` into."""
    asked = [one.question for one in comparisons()]
    replies = said([decompose_messages(one) for one in asked], 64)
    return [sub_questions(reply.text, one) for reply, one in zip(replies, asked, strict=True)]


def rewritten() -> list[str]:
    """Return what the small generator makes of each of `follow_ups`."""
    items = follow_ups()
    replies = said([standalone_messages(one.history, one.follow_up) for one in items], 48)
    return [first_line(reply.text) or one.follow_up for reply, one in zip(replies, items, strict=True)]
