"""A hundred thousand short real texts, of what the course brings along."""

import re

import numpy as np

LONGEST = 400  # characters


def windows(text: str, longest: int = LONGEST) -> list[str]:
    """Return runs of one to three consecutive sentences or lines of a text, at most ``longest`` characters.

    Examples
    --------
    >>> windows("One sentence stands here. Another stands there.\\nA line of its own.")[:3]
    ['One sentence stands here.', 'One sentence stands here. Another stands there.',
     'One sentence stands here. Another stands there. A line of its own.']
    """
    parts = [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n+", text)]
    parts = [part for part in parts if len(part) >= 15]
    runs = (" ".join(parts[i : i + n]) for i in range(len(parts)) for n in (1, 2, 3) if i + n <= len(parts))
    return [run for run in runs if len(run) <= longest]


def short_texts(n: int = 100_000, *, seed: int = 0) -> list[str]:
    """Return n different short texts: sentences of DocSearch's docstrings and of Wikipedia articles.

    Parameters
    ----------
    n : int
    seed : int
        Of the sample, and of its order.

    Raises
    ------
    ValueError
        If there are not so many.

    Examples
    --------
    >>> texts = short_texts(5)
    >>> len(set(texts)), max(map(len, texts)) <= LONGEST
    (5, True)
    """
    from embedlab.benchmark import docsearch, wikipedia

    sources = [*docsearch().documents, *(article.text for article in wikipedia())]
    found = list(dict.fromkeys(run for source in sources for run in windows(source)))
    if not 0 <= n <= len(found):
        raise ValueError(f"n is {n}: there are {len(found)} short texts")
    return [found[i] for i in np.random.default_rng(seed).permutation(len(found))[:n]]
