"""Pieces of a text that say something of a person: where they stand, of which kind, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

KINDS = (
    "PERSON",
    "EMAIL",
    "PHONE",
    "ADDRESS",
    "BIRTH_DATE",
    "NATIONAL_ID",
    "IBAN",
    "CARD",
    "IP",
    "SECRET",
)


@dataclass(frozen=True, order=True)
class Span:
    """The characters from ``start`` up to, not including, ``end``.

    Attributes
    ----------
    start, end : int
        Characters of the text, not bytes.
    kind : str
        One of `KINDS`.
    score : float
        From 0 to 1: how sure the recogniser is.

    Raises
    ------
    ValueError
        If it is empty or of no such kind.
    """

    start: int
    end: int
    kind: str
    score: float = 1.0

    def __post_init__(self):
        if not 0 <= self.start < self.end:
            raise ValueError(f"a span needs at least one character, but goes from {self.start} to {self.end}")
        if self.kind not in KINDS:
            raise ValueError(f"there is no kind {self.kind!r}; choose from {', '.join(KINDS)}")


def overlap(a: Span, b: Span) -> float:
    """Return the intersection over the union of two spans, in characters: 1 if they are the same.

    Examples
    --------
    >>> overlap(Span(0, 4, "PERSON"), Span(2, 6, "EMAIL"))  # 2 of 6 characters
    0.3333333333333333
    """
    shared = max(0, min(a.end, b.end) - max(a.start, b.start))
    return shared / (a.end - a.start + b.end - b.start - shared)


def resolved(spans: Iterable[Span]) -> list[Span]:
    """Choose spans that do not overlap: the surest first, of equals the longest, then the first.

    A replacement needs this: two spans over the same characters would be replaced twice. What a span that
    loses has beyond the winner is dropped, unless it is joined first, see `joined`.

    Examples
    --------
    >>> found = [Span(0, 5, "PHONE", 0.4), Span(3, 9, "CARD", 1.0), Span(12, 14, "IP")]
    >>> [(one.kind, one.start) for one in resolved(found)]
    [('CARD', 3), ('IP', 12)]
    """
    chosen: list[Span] = []
    for span in sorted(spans, key=lambda one: (-one.score, one.start - one.end, one)):
        if all(span.end <= other.start or other.end <= span.start for other in chosen):
            chosen.append(span)
    return sorted(chosen)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap into one each, of the longest one's kind: whatever was found is covered.

    To redact, this is the safe rule. To count finds by kind, use neither: see `presidio.above`.

    Examples
    --------
    >>> [(one.kind, one.start, one.end) for one in joined([Span(0, 5, "PHONE", 0.4), Span(3, 9, "CARD")])]
    [('CARD', 0, 9)]
    """
    groups: list[list[Span]] = []
    for span in sorted(spans):
        if groups and span.start < max(one.end for one in groups[-1]):
            groups[-1].append(span)
        else:
            groups.append([span])
    best = [max(group, key=lambda one: (one.end - one.start, one.score)) for group in groups]
    return [
        Span(group[0].start, max(one.end for one in group), one.kind, one.score)
        for group, one in zip(groups, best, strict=True)
    ]
