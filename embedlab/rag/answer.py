"""The loop: search, choose passages, read them, verify what is cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from embedlab.hybrid import ANALYZERS
from embedlab.rag.attribution import uncited
from embedlab.rag.citations import Citation, citations, verified
from embedlab.rag.passages import Passage, diverse, within_budget
from embedlab.tokenizer import checked_text

NOT_FOUND = "not found in the documents"
WIDER = 3  # times as many are searched as are read: `diverse` chooses among them


@dataclass(frozen=True)
class Draft:
    """What a reader makes of passages.

    Attributes
    ----------
    text : str
        With citations such as ``[1]``; empty where the reader found nothing.
    score : float
        How sure it is, on a scale of its own; larger is surer.
    quotes : list of Citation, optional
        What is quoted word for word. Without, citations are looked for in the text, and sentences may be in
        other words than their passages.
    note : str
        What a person should know of how it came about: why there is no text, or that it was cut.
    """

    text: str
    score: float = float("-inf")
    quotes: list[Citation] | None = None
    note: str = ""


Search = Callable[[str, int], Sequence[Passage]]  # (question, k) -> passages, best first
Read = Callable[[str, Sequence[Passage]], Draft]


@dataclass(frozen=True)
class Answer:
    """An answer with its citations, verified, and all that was read for it.

    Attributes
    ----------
    text : str
        `NOT_FOUND` where the evidence is thin.
    found : bool
    score : float
        The reader's.
    citations : list of Citation
    passages, left_out : list of Passage
        What was read, and what found no room in the budget.
    note : str
        The reader's.
    """

    text: str
    found: bool
    score: float
    citations: list[Citation] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    left_out: list[Passage] = field(default_factory=list)
    note: str = ""

    @property
    def unsupported(self) -> list[Citation]:
        """The citations that their passages do not bear out."""
        return [one for one in self.citations if not one.supported]

    @property
    def uncited(self) -> list[str]:
        """The sentences that cite nothing."""
        return uncited(self.text) if self.found else []


def ask(
    question: str,
    search: Search,
    read: Read,
    *,
    passages: int = 5,
    budget: int = 1024,
    order: str = "best",
    weight: float = 0.7,
) -> Answer:
    """Answer a question from documents.

    Parameters
    ----------
    question : str
    search : callable
        ``search(question, k)`` returns up to k `Passage`, best first.
    read : callable
        ``read(question, passages)`` returns a `Draft`: `Extractive`, or `Generative`.
    passages : int
        How many are read, at most.
    budget : int
        Tokens of all passages.
    order : {"best", "sides", "last"}
        See `within_budget`.
    weight : float, 0 to 1
        Of relevance, against being unlike the passages before, see `mmr`. For 100 dev queries of DocSearch,
        0.7 changes which five are read for 44, and the relevant docstring is among them as often: for 85.

    Raises
    ------
    TypeError
        If the question is no string.
    ValueError
        If it has no words, or no passage is to be read, or the budget holds none.

    Examples
    --------
    >>> def search(question, k):
    ...     return [Passage("snow.md", "Fresh snow is white.")][:k]
    >>> def read(question, passages):
    ...     return Draft("Snow is white [1]. It is warm [1].", score=1.0)
    >>> answer = ask("What colour is snow?", search, read)
    >>> [one.claim for one in answer.unsupported]
    ['It is warm.']
    """
    answerable(question)
    if passages < 1:
        raise ValueError(f"at least 1 passage has to be read, but passages is {passages}")
    chosen = diverse(list(search(question, WIDER * passages)), passages, weight)
    shown, left_out = within_budget(chosen, budget, order=order)
    draft = read(question, shown) if shown else Draft("")
    if not draft.text:
        return Answer(NOT_FOUND, False, draft.score, [], shown, left_out, draft.note)
    verbatim = draft.quotes is not None
    cited = verified(draft.quotes if verbatim else citations(draft.text), shown, verbatim=verbatim)
    return Answer(draft.text, True, draft.score, cited, shown, left_out, draft.note)


def answerable(question: str) -> None:
    """Refuse a question without words, before anything is searched.

    Raises
    ------
    TypeError
        If the question is no string.
    ValueError
        If it has no words.
    """
    if not ANALYZERS["words"](checked_text(question, "the question")):
        raise ValueError(f"the question {question!r} has no words")
