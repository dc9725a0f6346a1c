"""Chunk vectors that know the text around them: a heading before each chunk, and late chunking.

Late chunking (Günther et al. 2024, section 3): read the long text in one pass, so that every token has seen
what stands around it, and only then pool the tokens of each chunk.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.chunking.words import Chunk, Words
from embedlab.embedder import Embedder
from embedlab.pooling import l2_normalize

Floats = NDArray[np.float32]


def headings_line(chunk: Chunk, title: str = "") -> str:
    """Return title and headings above a chunk as one line.

    Examples
    --------
    >>> headings_line(Chunk(0, 4, 0, 1, ("Use", "Speed")), "Ada")
    'Ada > Use > Speed'
    """
    return " > ".join(filter(None, [title, *chunk.headings]))


def with_headings(chunk: Chunk, text: str, title: str = "") -> str:
    """Return a chunk's text below its title and headings: what "contextual" chunks embed.

    Examples
    --------
    >>> with_headings(Chunk(0, 4, 0, 1, ("Use", "Speed")), "Fast", "Ada")
    'Ada > Use > Speed\\nFast'
    """
    return "\n".join(filter(None, [headings_line(chunk, title), text[chunk.start : chunk.end]]))


def windows(tokens: int, room: int, step: int | None = None) -> list[tuple[int, int]]:
    """Cover so many tokens with windows that the model can read; each begins half a window after the last.

    Examples
    --------
    >>> windows(10, 4)
    [(0, 4), (2, 6), (4, 8), (6, 10)]
    >>> windows(3, 4)
    [(0, 3)]
    """
    step = step or max(room // 2, 1)
    starts = [*range(0, max(tokens - room, 0), step), max(tokens - room, 0)]
    return [(start, min(start + room, tokens)) for start in starts]


def home(chunk: tuple[int, int], among: Sequence[tuple[int, int]]) -> int:
    """Return the window that shows most of a chunk; of several, the one with most text on both sides of it.

    Examples
    --------
    >>> home((4, 6), [(0, 4), (2, 6), (4, 8), (3, 7)])
    3
    """

    def fit(window: tuple[int, int]) -> tuple[int, int]:
        shown = min(chunk[1], window[1]) - max(chunk[0], window[0])
        return shown, min(chunk[0] - window[0], window[1] - chunk[1])

    return max(range(len(among)), key=lambda i: fit(among[i]))


def late_vectors(text: str, chunks: Sequence[Chunk], embedder: Embedder) -> Floats:
    """Embed the chunks of a text late: each the mean of its token vectors in a pass over all around it.

    A text longer than the model reads is read in windows that overlap by half; a chunk's vector comes from
    the window that has most text around it.

    Parameters
    ----------
    text : str
    chunks : sequence of c Chunk
        Of this text.
    embedder : Embedder
        With mean pooling. How much it reads, ``embedder.max_length``, is the length of a window.

    Returns
    -------
    float32 array (c, d), of length 1

    Raises
    ------
    ValueError
        If the embedder pools in another way, or a chunk is longer than a window.
    """
    if embedder.pooling != "mean":
        raise ValueError(f"late chunking pools by the mean; this embedder pools by {embedder.pooling!r}")
    room = embedder.max_length - 2
    longest = max((chunk.tokens for chunk in chunks), default=0)
    if longest > room:
        raise ValueError(f"a chunk has {longest} tokens, but a window holds {room}")
    if not chunks:
        return np.empty((0, embedder.dims), np.float32)
    words, (cls, sep) = Words(text, embedder.tokenizer, longest=room), embedder.tokenizer.encode("")
    read = windows(len(words.ids), room)
    hidden = dict(embedder.encoder.run([[cls, *words.ids[a:b], sep] for a, b in read]))
    pooled = []
    for chunk in chunks:
        first, last = (words.before[words.at(place)] for place in (chunk.start, chunk.end))
        window = home((first, last), read)
        place = first - read[window][0] + 1  # behind [CLS]
        pooled.append(hidden[window][place : place + max(last - first, 1)].mean(axis=0))
    return l2_normalize(np.stack(pooled).astype(np.float32))
