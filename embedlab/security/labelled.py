"""Sentences with labelled personal data, written for the course: what recognisers are measured on."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache

import yaml

from embedlab.machine import data_path
from embedlab.security.spans import KINDS, Span

MARK = re.compile(r"\[\[([^|\[\]]*)\|(.*?)\]\]", re.DOTALL)
GROUPS = ("tickets", "logs", "hr", "legal", "docs", "hard")


@dataclass(frozen=True)
class Sentence:
    """A text, its labelled spans in order, the group it belongs to, and its split: "dev" or "test"."""

    text: str
    spans: tuple[Span, ...]
    group: str
    split: str


def unmarked(marked: str) -> tuple[str, tuple[Span, ...]]:
    """Take the marks out of a sentence: its text and its spans. Marks are ``[[KIND|text]]``.

    So a span always fits its text, which offsets written by hand do not.

    Raises
    ------
    ValueError
        If a mark is empty, of no known kind, not closed, or within another.

    Examples
    --------
    >>> text, spans = unmarked("Call [[PERSON|Ana]] now.")
    >>> text, text[spans[0].start : spans[0].end], spans[0].kind
    ('Call Ana now.', 'Ana', 'PERSON')
    """
    text, spans, read = "", [], 0
    for mark in MARK.finditer(marked):
        text += marked[read : mark.start()]
        kind, inside = mark.groups()
        if not inside or "[[" in inside or kind not in KINDS:
            raise ValueError(f"{mark[0]!r} is no mark: [[KIND|text]] with a KIND of {', '.join(KINDS)}")
        spans.append(Span(len(text), len(text) + len(inside), kind))
        text, read = text + inside, mark.end()
    text += marked[read:]
    if "[[" in text or "]]" in text:
        raise ValueError(f"a mark is not closed, or opened, in {marked!r}")
    return text, tuple(spans)


@cache
def labelled_sentences(split: str | None = None) -> tuple[Sentence, ...]:
    """Return the sentences of ``data/security/pii.yaml``, half of each group dev, half test, by a seed.

    Parameters
    ----------
    split : {None, "dev", "test"}

    Raises
    ------
    ValueError
        If a sentence is not marked correctly, occurs twice, or there is no such split.

    Examples
    --------
    >>> len(labelled_sentences()), {one.split for one in labelled_sentences("dev")}
    (320, {'dev'})
    """
    if split not in (None, "dev", "test"):
        raise ValueError(f"there is no split {split!r}, only dev and test")
    groups = yaml.safe_load((data_path("security") / "pii.yaml").read_text(encoding="utf-8"))
    if tuple(groups) != GROUPS:
        raise ValueError(f"pii.yaml has the groups {', '.join(groups)} instead of {', '.join(GROUPS)}")
    found: list[Sentence] = []
    for group, lines in groups.items():
        dev = set(random.Random(f"{group}, halves").sample(range(len(lines)), (len(lines) + 1) // 2))
        halves = ["dev" if i in dev else "test" for i in range(len(lines))]
        found += [Sentence(*unmarked(line), group, half) for line, half in zip(lines, halves, strict=True)]
    texts = [one.text for one in found]
    twice = {text for text in texts if texts.count(text) > 1}
    if twice:
        raise ValueError(f"labelled twice: {sorted(twice)[0]!r}")
    return tuple(one for one in found if split in (None, one.split))
