"""Sentences without a citation: which they are, and which passage would bear them out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from embedlab.rag.citations import LEAST, MARKS, citations, support
from embedlab.rag.passages import Passage
from embedlab.rag.sentences import quotable


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of an answer are, (start, end) each.

    A word alone, such as the "2." of a list, is none, unless the answer has nothing else.

    Examples
    --------
    >>> text = "1. Snow is white. It melts."
    >>> [text[start:end] for start, end in sentences(text)]
    ['Snow is white.', 'It melts.']
    >>> sentences("Paris.")
    [(0, 6)]
    """
    found = quotable(text)
    return [(start, end) for start, end in found if len(text[start:end].split()) > 1] or found


def attributed(text: str, passages: Sequence[Passage], *, least: float = LEAST) -> str:
    """Cite for a reader that did not: behind each sentence, the passage that supports it most.

    A sentence that no passage supports stays without. So does a text that cites anything: which of its
    sentences need no passage is for its writer to say.

    Parameters
    ----------
    text : str
    passages : sequence of Passage
        Numbered; of equals, the first is cited.
    least : float
        The support from which on a passage is cited, see `support`.

    Examples
    --------
    >>> passages = [Passage("a.md", "Ice floats.", number=1), Passage("b.md", "Snow is white.", number=2)]
    >>> attributed("Fresh snow is white. It is warm.", passages, least=0.6)
    'Fresh snow is white. [2] It is warm.'
    """
    if not passages or MARKS.search(text):
        return text
    pieces, begin = [], 0
    for start, end in sentences(text):
        shares = [support(text[start:end], passage.text) for passage in passages]
        best = max(range(len(passages)), key=shares.__getitem__)
        mark = f" [{passages[best].number}]" if shares[best] >= least else ""
        pieces.append(text[begin:end] + mark)
        begin = end
    return "".join(pieces) + text[begin:]


def uncited(text: str) -> list[str]:
    """Return the sentences of a text that cite nothing.

    Examples
    --------
    >>> uncited("Snow is white. It melts [2]. Ice floats. [1] Rust is red.")
    ['Snow is white.', 'Rust is red.']
    """
    plain = re.sub(rf"\s*(?:{MARKS.pattern})", "", text)
    cited = {one.claim for one in citations(text)}
    return [plain[start:end] for start, end in sentences(plain) if plain[start:end] not in cited]
