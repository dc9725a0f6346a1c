"""A language model as a judge: what it is asked, and how its verdict is read off the likelihoods.

Instead of sampling a verdict, the likelihoods of "Yes" and "No" (or of "A" and "B") are compared: that is
what greedy decoding would say, and it gives a score on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.rag.prompts import Message
from embedlab.rag.replies import likely

Likely = Callable[[Sequence[Sequence[Message]], Sequence[str]], list[float]]
JUDGE = "You judge answers to questions."
FILLER = " This is an interesting question, and there are many aspects that one could look at in more detail."


def is_right(question: str, reference: str, answer: str) -> list[Message]:
    """Ask whether an answer is right, given the reference."""
    user = (
        f"Question: {question}\nReference: {reference}\nAnswer: {answer}\n\nIs the answer right? Yes or No."
    )
    return [{"role": "system", "content": JUDGE}, {"role": "user", "content": user}]


def is_supported(sentence: str, passages: Sequence[str]) -> list[Message]:
    """Ask whether a sentence is supported by passages."""
    text = "\n\n".join(passages)
    user = f"Text:\n{text}\n\nSentence: {sentence}\n\nDoes the text support the sentence? Yes or No."
    return [{"role": "system", "content": JUDGE}, {"role": "user", "content": user}]


def which_is_better(question: str, first: str, second: str) -> list[Message]:
    """Ask which of two answers is better; the first is called A."""
    user = (
        f"Question: {question}\n\nAnswer A: {first}\n\nAnswer B: {second}\n\nWhich answer is better, A or B?"
    )
    return [{"role": "system", "content": JUDGE}, {"role": "user", "content": user}]


def margins(
    conversations: Sequence[Sequence[Message]],
    verdicts: tuple[str, str] = ("Yes", "No"),
    *,
    likelihood: Likely = likely,
) -> NDArray[np.float64]:
    """Return how much likelier the first verdict is than the second, (n,): above 0 it is given.

    Parameters
    ----------
    conversations : sequence of conversations
    verdicts : (str, str)
    likelihood : callable
        See `likely`.

    Examples
    --------
    >>> def sure(conversations, answers):
    ...     return [-0.1 if answer == "Yes" else -2.1 for answer in answers]
    >>> margins([is_right("What is snow?", "white", "It is white.")], likelihood=sure)
    array([2.])
    """
    first, second = (likelihood(conversations, [one] * len(conversations)) for one in verdicts)
    return np.array(first) - np.array(second)


def preferred(
    question_and_answers: Sequence[tuple[str, str, str]], *, likelihood: Likely = likely
) -> tuple[list[str], list[str]]:
    """Compare two answers to each question in both orders: "A" is the first of the pair, wherever it stands.

    Parameters
    ----------
    question_and_answers : sequence of (question, answer of A, answer of B)

    Returns
    -------
    shown first, shown second : lists of "A" and "B"
        The verdicts with A's answer in the first place, and in the second: what `position_bias` takes.
    """
    there = margins(
        [which_is_better(*one) for one in question_and_answers], ("A", "B"), likelihood=likelihood
    )
    back = margins(
        [which_is_better(q, b, a) for q, a, b in question_and_answers], ("A", "B"), likelihood=likelihood
    )
    return ["A" if one > 0 else "B" for one in there], ["B" if one > 0 else "A" for one in back]
