"""A text in units that can be quoted: sentences, items, rows; an example in a docstring with its output."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

from embedlab.chunking import Words, at_sentences, between, headings_of
from embedlab.tokenizer import WordPieceTokenizer

# What stays whole: fenced code, and an example with what it prints, up to a blank line.
WHOLE = re.compile(r"(?ms)^(?P<fence>```|~~~).*?(?:^(?P=fence)[^\n]*|\Z)|^[ \t]*>>>.*?(?=\n[ \t]*\n|\Z)")
ITEM = re.compile(r"[-*+|#>]|\d+[.)] |\.\. ")  # a line that begins like this goes on nothing
PARAMETER = re.compile(r"\*{0,2}\w[\w, .*]* : \S")
Place = tuple[int, int]


def quotable(text: str, tokenizer: WordPieceTokenizer | None = None) -> list[Place]:
    """Cut a text into what can be quoted: (start, end) each, in order, headings left out.

    `embedlab.chunking` cuts sentences line by line, as Markdown has a paragraph on one line. A docstring's
    lines are wrapped: they are joined first. A parameter stays with the first sentence about it.

    Parameters
    ----------
    text : str
    tokenizer : WordPieceTokenizer, optional
        By default that of the packaged model.

    Examples
    --------
    >>> text = "Fill gaps. Done in\\nplace.\\n\\nx : int\\n    A number. Odd.\\n\\n>>> fill(1)\\n1"
    >>> [text[start:end] for start, end in quotable(text)]
    ['Fill gaps.', 'Done in\\nplace.', 'x : int\\n    A number.', 'Odd.', '>>> fill(1)\\n1']
    """
    words = Words(_unwrapped(text), tokenizer or packaged_tokenizer())
    if not len(words):
        return []
    headings = [(start, end) for start, end, *_ in headings_of(text)]
    whole = sorted(headings + [match.span() for match in WHOLE.finditer(text)])
    # The library takes "pandas." in "pandas.DataFrame" for a sentence.
    cuts = {one for one in at_sentences(words) if text[max(words.starts[one] - 1, 0)] != "."}
    cuts = {one for one in cuts if not _holds(whole, words.starts[one])}
    cuts |= {words.at(place) for span in whole for place in span}
    titles = {words.at(start) for start, _ in headings}
    pieces = between((0, len(words)), sorted(cuts))
    found = [words.characters(piece) for piece in pieces if piece[0] not in titles]
    return [one for one in found if any(map(str.isalnum, text[slice(*one)]))]


@cache
def packaged_tokenizer() -> WordPieceTokenizer:
    """Load the packaged model's tokenizer, once: it takes longer than to cut a passage."""
    return WordPieceTokenizer.load()


def _holds(spans: list[Place], place: int) -> bool:
    """Tell whether a place is in one of some ascending spans."""
    before = bisect_right(spans, place, key=lambda span: span[0]) - 1
    return before >= 0 and place < spans[before][1]


def _unwrapped(text: str) -> str:
    """Put a space for each line end within a paragraph: all other characters stay where they are."""
    lines = text.split("\n")
    ends = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        deep, deeper = (len(one) - len(one.lstrip()) for one in (line, after))
        goes_on = len(line.split()) > 1 and bool(after.strip()) and not ITEM.match(after.lstrip())
        alike = deep == deeper and not PARAMETER.match(after.lstrip()) and not re.match(r"#|\|", line)
        named = deeper > deep and PARAMETER.match(line.lstrip())
        ends.append(" " if goes_on and (alike or named) else "\n")
    return "".join(line + end for line, end in zip(lines, ends, strict=True))[: len(text)]
