"""How well spans are found: precision, recall and F1 by kind, with intervals, and what leaks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.security.labelled import Sentence
from embedlab.security.spans import KINDS, Span, overlap

Find = Callable[[str], Sequence[Span]]
LEAST = 0.5  # of intersection over union: a find of half a name, or of name and half a line, does not count
SAMPLES = 2000


def matched(labelled: Sequence[Span], found: Sequence[Span], least: float = LEAST) -> tuple[int, int, int]:
    """Count (true positives, false positives, false negatives) of spans of one text.

    A find matches a label of the same kind with an intersection over union of at least ``least``; each label
    is matched once, and the pairs that overlap most go first. With ``least`` above 0.5 no find could match
    two labels, and the order would not matter.

    Parameters
    ----------
    labelled, found : sequences of Span
    least : float

    Examples
    --------
    >>> name = Span(0, 12, "PERSON")
    >>> matched([name], [Span(0, 12, "PERSON"), Span(0, 12, "ADDRESS")])  # the right kind, and one too many
    (1, 1, 0)
    >>> matched([name], [Span(0, 5, "PERSON")])  # the first name only: 5 of 12 characters
    (0, 1, 1)
    """
    pairs = [
        (overlap(a, b), i, j) for i, a in enumerate(labelled) for j, b in enumerate(found) if a.kind == b.kind
    ]
    left, right, hits = set(range(len(labelled))), set(range(len(found))), 0
    for shared, i, j in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
        if shared >= least and i in left and j in right:
            left.discard(i)
            right.discard(j)
            hits += 1
    return hits, len(right), len(left)


@dataclass(frozen=True)
class Scores:
    """Figures with 95 % intervals, each (value, low, high); NaN where there was nothing to divide by."""

    precision: tuple[float, float, float]
    recall: tuple[float, float, float]
    f1: tuple[float, float, float]
    labels: int


def counts(sentences: Sequence[Sentence], found: Sequence[Sequence[Span]]) -> NDArray[np.int64]:
    """Count true positives, false positives and negatives of each sentence and kind: (n, kinds, 3)."""
    table = np.zeros((len(sentences), len(KINDS), 3), np.int64)
    for row, (sentence, spans) in enumerate(zip(sentences, found, strict=True)):
        for column, kind in enumerate(KINDS):
            own = [[one for one in both if one.kind == kind] for both in (sentence.spans, spans)]
            table[row, column] = matched(*own)
    return table


def ratios(summed: NDArray[np.int64]) -> NDArray[np.float64]:
    """Turn counts (..., 3) into precision, recall and F1 (..., 3).

    Examples
    --------
    >>> ratios(np.array([3, 1, 2])).round(3).tolist()
    [0.75, 0.6, 0.667]
    """
    hits, extra, missed = np.moveaxis(summed.astype(float), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.stack(
            [hits / (hits + extra), hits / (hits + missed), 2 * hits / (2 * hits + extra + missed)]
        )
    return np.moveaxis(found, 0, -1)


def draws(n: int, seed: int = 0) -> NDArray[np.int64]:
    """Draw how often each of n sentences is in each resample: (`SAMPLES`, n). The same for all systems."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=SAMPLES)


def score_table(table: NDArray[np.int64], seed: int = 0) -> dict[str, Scores]:
    """Score the counts of sentences by kind, and over all kinds ("all"); sentences are resampled.

    A sentence with three names is one draw, not three: what one text does to a recogniser is not independent.

    Parameters
    ----------
    table : int array (n, kinds, 3)
        From `counts`.
    """
    whole = np.concatenate([table, table.sum(1, keepdims=True)], axis=1)  # (n, kinds + 1, 3)
    values = ratios(whole.sum(0))
    resampled = ratios(np.einsum("sn,nkc->skc", draws(len(table), seed), whole))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a kind without any span has no figures
        low, high = np.nanquantile(resampled, [0.025, 0.975], axis=0)
    labels = whole[:, :, [0, 2]].sum((0, 2))
    return {
        kind: Scores(
            *((float(values[k, c]), float(low[k, c]), float(high[k, c])) for c in range(3)), int(labels[k])
        )
        for k, kind in enumerate((*KINDS, "all"))
    }


def leaked(sentence: Sentence, found: Sequence[Span]) -> list[str]:
    """Return the labelled strings that are not covered entirely by what was found, of whatever kind.

    For a redaction this is what counts: a name that is masked as a place is gone, and "Maria ****" is not.

    Examples
    --------
    >>> ana = Sentence("Call Ana Reis.", (Span(5, 13, "PERSON"),), "tickets", "dev")
    >>> leaked(ana, [Span(5, 13, "ADDRESS")]), leaked(ana, [Span(5, 8, "PERSON")])
    ([], ['Ana Reis'])
    """
    covered = {place for one in found for place in range(one.start, one.end)}
    shown = []
    for span in sentence.spans:
        text = sentence.text[span.start : span.end]
        if any(
            place not in covered and text[place - span.start].isalnum()
            for place in range(span.start, span.end)
        ):
            shown.append(text)
    return shown
