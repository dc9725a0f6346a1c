"""What is searched in place of the question as it was typed: a model's rewriting of it.

Each way has two halves that can be called apart: messages for a generator, and what is read out of its reply.
So the replies of a slow model can be computed beforehand. A reply may be anything: none makes a parser fail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from embedlab.hybrid import ANALYZERS
from embedlab.rag.answer import answerable
from embedlab.rag.rules import History, telling, with_history

if TYPE_CHECKING:
    from embedlab.rag.generator import Generator, Message

MOST_PARTS = 4  # sub-questions: each costs a search, and a share of what is read
MARK = re.compile(r"^\s*[*_]*(?:[-*•–]\s|\(?\d{1,2}[.):](?!\d))\s*")  # what an item of a list begins with
IN_LINE = re.compile(r"(?<=[?.!]) +(?=\d{1,2}[.)] )")  # "1. Who? 2. When?" on one line
LABEL = re.compile(r"(?i)^(?:[\w-]+ )?(?:sub-?)?(?:question|query|q)(?: ?\d+)?\s*:\s*")
EMPHASIS = " \t*_`"
QUOTED = re.compile(r"[\"“](?P<inside>[^\"“”]*)[\"”]")


def hyde_messages(question: str) -> list[Message]:
    """Ask for a passage that answers the question, made up where need be.

    Examples
    --------
    >>> hyde_messages("Why is snow white?")[-1]["content"]
    'Please write a passage to answer the question.\\nQuestion: Why is snow white?\\nPassage:'
    """
    answerable(question)
    return _messages(
        "You write short passages in the style of an encyclopaedia.",
        f"Please write a passage to answer the question.\nQuestion: {question}\nPassage:",
    )


def hyde(question: str, generator: Generator, most: int = 128) -> str:
    """Make up a passage that would answer the question; the question itself, where nothing is said.

    It is searched with because it is worded like a passage. What it claims may be false and is never shown
    (Gao et al. 2022, "Precise Zero-Shot Dense Retrieval without Relevance Labels").

    Parameters
    ----------
    question : str
    generator : Generator
        A greedy one makes up the same passage each time; the paper samples several, see `hyde_vector`.
    most : int
        Tokens.
    """
    return _said(generator, hyde_messages(question), most) or question


def variants_messages(question: str, n: int = 3) -> list[Message]:
    """Ask for the same question in n other wordings.

    Raises
    ------
    ValueError
        If n is below 1, or the question has no words.
    """
    answerable(question)
    if n < 1:
        raise ValueError(f"at least 1 wording has to be asked for, but n is {n}")
    task = "Write this question in {} other ways, as a numbered list.\nQuestion: {}"
    return _messages(
        "You reword questions. You do not answer them.",
        task.format(3, "Why do cats purr?"),
        "1. What makes a cat purr?\n2. What is the reason that cats purr?\n3. Why does a cat purr?",
        task.format(n, question),
    )


def variants(question: str, generator: Generator, n: int = 3, most: int = 128) -> list[str]:
    """Word the question in up to n other ways: each is searched, and the rankings are `fused`."""
    return listed(_said(generator, variants_messages(question, n), most), question)[:n]


def decompose_messages(question: str) -> list[Message]:
    """Ask for the simple questions that a question is made of; examples show the form."""
    answerable(question)
    return _messages(
        "You split a question into simple questions, each of which can be looked up alone.",
        "Which river is longer, the Nile or the Rhine?",
        "1. How long is the Nile?\n2. How long is the Rhine?",
        "Did Mozart die before Schubert was born?",
        "1. When did Mozart die?\n2. When was Schubert born?",
        "In which country was the inventor of the telephone born?",
        "1. Who was the inventor of the telephone?\n2. In which country was the inventor born?",
        question,
    )


def decompose(question: str, generator: Generator, most: int = 128) -> list[str]:
    """Split a question into parts that are searched each; the question itself, where there are none."""
    return sub_questions(_said(generator, decompose_messages(question), most), question)


def sub_questions(text: str, question: str) -> list[str]:
    """Read parts of a question out of a reply, at most `MOST_PARTS`; the question, where there are none.

    A part without any of the question's telling words is left out: a small model likes to repeat an example.

    Examples
    --------
    >>> sub_questions("1. How long is the Nile?\\n2. How long is a bee?", "Is a bee longer than an ant?")
    ['How long is a bee?']
    """
    own = set(map(str.lower, telling(question)))
    parts = [one for one in listed(text, question) if own & set(map(str.lower, telling(one)))]
    return parts[:MOST_PARTS] or [question]


def standalone_messages(history: History, follow_up: str) -> list[Message]:
    """Ask for a follow-up in words that are understood without what was said before.

    Examples
    --------
    >>> print(standalone_messages([("Why is snow white?", "It scatters light.")], "And ice?")[-1]["content"])
    Q: Why is snow white?
    A: It scatters light.
    Q: And ice?
    Rewrite the last question so that it is understood without the others.
    """
    answerable(follow_up)
    task = "Rewrite the last question so that it is understood without the others."
    turns = "".join(f"Q: {question}\nA: {reply}\n" for question, reply in history)
    return _messages(
        "You rewrite questions. You do not answer them.",
        f"Q: Who painted the Mona Lisa?\nA: Leonardo da Vinci.\nQ: When was he born?\n{task}",
        "When was Leonardo da Vinci born?",
        f"Q: How long is the Nile?\nA: 6,650 km.\nQ: And the Rhine?\n{task}",
        "How long is the Rhine?",
        f"{turns}Q: {follow_up}\n{task}",
    )


def standalone(history: History, follow_up: str, generator: Generator, most: int = 64) -> str:
    """Rewrite a follow-up so that it can be searched alone.

    Without a history it is returned as it is; where nothing is said, `with_history` is.

    Parameters
    ----------
    history : sequence of (question, reply)
        The oldest first.
    """
    if not history:
        return follow_up
    return first_line(_said(generator, standalone_messages(history, follow_up), most)) or with_history(
        history, follow_up
    )


def listed(text: str, question: str = "") -> list[str]:
    """Read the items out of a reply: one a line, numbered or with bullets.

    If any line is marked as an item, only such lines are: "Here are three:" is none. What differs in case and
    punctuation only is the same; of the same, the first stays.

    Parameters
    ----------
    text : str
    question : str
        Is left out where it comes back.

    Examples
    --------
    >>> reply = "Sure! Here they are:\\n1. **Why is snow white?**\\n2) What makes snow white?"
    >>> listed(reply, "why is snow white")
    ['What makes snow white?']
    """
    lines = IN_LINE.sub("\n", text).splitlines()
    found = {_key(question): question}
    for line in [line for line in lines if MARK.match(line)] or lines:
        item = _bare(line)
        if not item.endswith(":"):
            found.setdefault(_key(item), item)
    return [item for key, item in found.items() if key not in ("", _key(question))]


def first_line(text: str) -> str:
    """Return the first line of a reply that has words, without label and quotation marks; or "".

    Examples
    --------
    >>> first_line('\\nRewritten question: "When was Leonardo born?"\\nI hope this helps!')
    'When was Leonardo born?'
    """
    return next((line for line in map(_bare, text.splitlines()) if _key(line)), "")


def _messages(system: str, *turns: str) -> list[Message]:
    """Make messages of an instruction and turns, of which the user has the first and the last."""
    roles = ["user", "assistant"] * len(turns)
    found = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=False)]
    return [{"role": "system", "content": system}, *found]


def _said(generator: Generator, messages: Sequence[Message], most: int) -> str:
    return "".join(generator.stream(messages, most)).strip()


def _bare(line: str) -> str:
    """Return a line without mark, label, emphasis, and quotation marks around it."""
    bare = LABEL.sub("", MARK.sub("", line).strip(EMPHASIS)).strip(EMPHASIS)
    quoted = QUOTED.fullmatch(bare)
    return " ".join((quoted["inside"] if quoted else bare).split())


def _key(text: str) -> str:
    """Return what two wordings share that differ in case and punctuation only; "" without words."""
    return " ".join(ANALYZERS["words"](text))
