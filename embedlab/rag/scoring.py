"""How good is an answer: by its words, or by a judge's verdicts on its passages and statements."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.tokenizer import checked_text

ARTICLES = re.compile(r"\b(a|an|the)\b")
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)  # of ASCII only: “ and – stay


def answer_words(text: str) -> list[str]:
    """Split an answer into words as SQuAD compares them: lower case, no punctuation, no articles.

    Marks are deleted, not replaced: "3.5" becomes "35". Of an answer that is only an article, such as the
    letter "A", nothing is left.

    Parameters
    ----------
    text : str

    Raises
    ------
    TypeError
        If the text is no string.

    References
    ----------
    Rajpurkar et al. 2016, SQuAD: 100,000+ Questions for Machine Comprehension of Text; the evaluation script.

    Examples
    --------
    >>> answer_words("The  cat's on a mat.")
    ['cats', 'on', 'mat']
    """
    return ARTICLES.sub(" ", checked_text(text, "an answer").lower().translate(NO_PUNCTUATION)).split()


def exact(answer: str, reference: str) -> bool:
    """Tell whether two answers have the same words in the same order, see `answer_words`.

    Examples
    --------
    >>> exact("the Aardvark.", "aardvark"), exact("an aardvark's", "aardvark")
    (True, False)
    """
    return answer_words(answer) == answer_words(reference)


def token_f1(answer: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall over words, 0 to 1.

    A word that occurs twice in both counts twice. It suits short answers: words that explain cost precision,
    though they may be true. An answer with one wrong number may still get most of the credit.

    Parameters
    ----------
    answer, reference : str
        If one has no words, 1 where the other has none either, else 0: an empty reference stands for a
        question that should be refused (SQuAD 2.0).

    Raises
    ------
    TypeError
        If one is no string.

    References
    ----------
    Rajpurkar et al. 2016, SQuAD, section 6.1; Rajpurkar et al. 2018, Know What You Don't Know.

    Examples
    --------
    >>> round(token_f1("within 30 days of delivery", "30 days after delivery"), 3)
    0.667
    >>> round(token_f1("within 40 days of delivery", "30 days after delivery"), 3)
    0.444
    """
    said, wanted = answer_words(answer), answer_words(reference)
    if not said or not wanted:
        return float(said == wanted)
    return 2 * _shared(said, wanted) / (len(said) + len(wanted))


def has(answer: str, reference: str) -> float:
    """Return the share of the reference's words that the answer has, 0 to 1: their recall.

    It suits long answers, which `token_f1` punishes. Of chapter 10's 49 written dev questions, take the span
    of the article that answers, with 22 words in the median, for an answer: it has 0.82 of the reference's
    words on average, and its F1 is 0.25. What else an answer claims counts nothing: compare answers of about
    the same length only.

    Parameters
    ----------
    answer, reference : str
        One without words counts as in `token_f1`.

    Raises
    ------
    TypeError
        If one is no string.

    Examples
    --------
    >>> has("It was built in 1889, by Gustave Eiffel's company.", "in 1889")
    1.0
    >>> has("In spring.", "in 1889")
    0.5
    """
    said, wanted = answer_words(answer), answer_words(reference)
    return _shared(said, wanted) / len(wanted) if wanted else float(not said)


def context_precision(useful: Sequence[bool]) -> float:
    """Return whether useful passages come first, as RAGAS computes it: mean precision at the useful ranks.

    It is average precision over what was retrieved. Useful passages that were *not* retrieved count nothing,
    nor do useless ones behind the last useful one: one useful passage, first of five, gives 1.0 however many
    were missed. So read it together with recall.

    Parameters
    ----------
    useful : sequence of n bool
        A judge's verdict on each passage, in the order of retrieval.

    Returns
    -------
    float
        From 0 to 1; 0 if no passage is useful.

    Raises
    ------
    ValueError
        If a verdict is neither True nor False.

    References
    ----------
    RAGAS, documentation of Context Precision.

    Examples
    --------
    >>> round(context_precision([True, False, True, True, False]), 3)  # (1/1 + 2/3 + 3/4) / 3
    0.806
    >>> context_precision([True, False, False, False, False])
    1.0
    """
    found = _verdicts(useful, "useful")
    ranks = np.flatnonzero(found) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)) if len(ranks) else 0.0


def context_recall(supported: Sequence[bool]) -> float:
    """Return the share of the *reference's* statements that the retrieved passages support.

    Parameters
    ----------
    supported : sequence of n bool
        A judge's verdict on each statement.

    Returns
    -------
    float
        From 0 to 1; NaN without statements, as then nothing was measured. Take means with `numpy.nanmean`,
        and say how many were left out.

    Raises
    ------
    ValueError
        If a verdict is neither True nor False.

    References
    ----------
    RAGAS, documentation of Context Recall.

    Examples
    --------
    >>> context_recall([True, True, False, True])
    0.75
    """
    return _share(supported)


def faithfulness(supported: Sequence[bool]) -> float:
    """Return the share of the *answer's* statements that the retrieved passages support.

    It compares with the passages, not with the world: from an outdated passage, a wrong answer is faithful.
    A refusal makes no statement.

    Parameters
    ----------
    supported : sequence of n bool
        A judge's verdict on each statement.

    Returns
    -------
    float
        From 0 to 1; NaN without statements, see `context_recall`.

    Raises
    ------
    ValueError
        If a verdict is neither True nor False.

    References
    ----------
    Es et al. 2023, RAGAS: Automated Evaluation of Retrieval Augmented Generation, section 3.

    Examples
    --------
    >>> faithfulness([True, False]), faithfulness([])
    (0.5, nan)
    """
    return _share(supported)


def _shared(a: list[str], b: list[str]) -> int:
    return (Counter(a) & Counter(b)).total()


def _share(verdicts: Sequence[bool]) -> float:
    found = _verdicts(verdicts, "supported")
    return float(found.mean()) if len(found) else float("nan")


def _verdicts(values: Sequence[bool], name: str) -> NDArray[np.bool_]:
    for place, value in enumerate(values):
        if value not in (0, 1):
            raise ValueError(f"{name}[{place}] must be True or False, but is {value!r}")
    return np.array(values, bool)
