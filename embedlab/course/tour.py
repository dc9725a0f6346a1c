"""The tour: one query, followed through every stage of the engine and drawn with the numbers it has."""

import textwrap
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from embedlab.engine import Hit, SearchEngine
from embedlab.pooling import l2_normalize, mean_pool

Floats = NDArray[np.float32]
INK, LINE, LATER = "#222222", "#0072B2", "#767676"

# What later chapters of part I add to the engine: the stage, and what it is for.
ADDED = [
    ("04 Matryoshka", "fewer numbers\nin a vector"),
    ("05 quantization", "fewer bits\nin a number"),
    ("06 HNSW", "compare with few\ndocuments, not all"),
    ("07 ColBERT", "compare token\nwith token"),
    ("08 reranker", "read query and\ndocument together"),
    ("09 hybrid", "words beside\nmeaning"),
]


@dataclass(frozen=True)
class Trace:
    """What every stage made of one query: t tokens, d numbers in a vector."""

    query: str
    ids: list[int]  # t, [CLS] and [SEP] among them
    tokens: list[str]  # t
    hidden: Floats  # (t, d)
    pooled: Floats  # (d,)
    vector: Floats  # (d,), length 1
    hits: list[Hit]  # best first


def trace(engine: SearchEngine, query: str, k: int = 5) -> Trace:
    """Search step by step, and keep what lies between the steps.

    Parameters
    ----------
    engine : SearchEngine
        With mean pooling, which this follows.
    query : str
    k : int
        How many documents to find.

    Raises
    ------
    ValueError
        If the engine's pooling is not the mean, or the query is empty.

    Examples
    --------
    >>> engine = SearchEngine.build(["the cat sat on the mat", "how to bake bread"])
    >>> steps = trace(engine, "a kitten resting", k=1)
    >>> steps.tokens
    ['[CLS]', 'a', 'kitten', 'resting', '[SEP]']
    >>> steps.hidden.shape, steps.vector.shape, steps.hits[0].text
    ((5, 384), (384,), 'the cat sat on the mat')
    """
    embedder = engine.embedder
    if embedder.pooling != "mean":
        raise ValueError(f"the tour follows mean pooling, but this engine's is {embedder.pooling!r}")
    if not query.strip():
        raise ValueError("the query is empty")
    ids = embedder.tokenizer.encode(query, max_length=embedder.max_length)
    tokens = [embedder.tokenizer.tokens[i] for i in ids]
    [hidden] = embedder.encode_tokens([query])
    [pooled] = mean_pool(hidden[None], np.ones((1, len(ids))))  # one text: no padding, the mask is all ones
    vector = l2_normalize(pooled)
    scores, rows = engine.index.search(vector[None], min(k, len(engine.ids)))
    found = zip(scores[0], rows[0], strict=True)
    hits = [Hit(engine.ids[row], float(score), engine.texts[row]) for score, row in found]
    return Trace(query, ids, tokens, hidden, pooled, vector, hits)


def draw(steps: Trace, documents: int) -> Figure:
    """Draw a trace from left to right, and lighter, below, what later chapters add to the engine.

    Parameters
    ----------
    steps : Trace
    documents : int
        How many documents the engine holds.

    Examples
    --------
    >>> hits = [Hit("numpy.mean", 0.7, "Average an array.")]
    >>> x = np.eye(3, 384, dtype=np.float32)
    >>> steps = Trace("mean", [101, 2812, 102], ["[CLS]", "mean", "[SEP]"], x, x[0], x[0], hits)
    >>> figure = draw(steps, documents=1)
    >>> figure.get_size_inches().tolist()
    [10.0, 5.2]
    >>> plt.close(figure)
    """
    figure = plt.figure(figsize=(10, 5.2), layout="none")  # positions are fixed
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 100), ylim=(0, 52))
    axes.axis("off")
    t = len(steps.ids)
    height = min(3.6, 20 / t)
    top = 32 + t * height / 2
    middles = [top - (i + 0.5) * height for i in range(t)]
    colours = {"cmap": "PuOr", "vmin": -1, "vmax": 1, "aspect": "auto", "interpolation": "nearest"}

    _text(axes, 1, 32, textwrap.fill(f"“{steps.query}”", 12), size=11, style="italic")
    for y, token, i in zip(middles, steps.tokens, steps.ids, strict=True):
        _text(axes, 20, y, token, ha="center", box=LINE)
        _text(axes, 30.5, y, str(i), ha="center", family="monospace")
    # Each row is scaled by its own spread, so that its pattern shows. PuOr is brown below zero, violet above.
    axes.imshow(_scaled(steps.hidden), extent=(36.5, 53, top - t * height, top), **colours)
    axes.imshow(_scaled(steps.vector[None]), extent=(57.5, 70, 32 - height / 2, 32 + height / 2), **colours)
    for rank, hit in enumerate(steps.hits):
        y = 32 + (len(steps.hits) / 2 - rank - 0.5) * 4.6
        length = 18 * max(hit.score, 0)
        axes.barh(y - 1.3, length, height=0.8, left=74, color=LINE)
        _text(axes, 74, y + 0.6, _short(hit.id), size=9.5)
        _text(axes, 74.8 + length, y - 1.3, f"{hit.score:.2f}", size=8.5)
    for left, right in [(12, 14.5), (25.5, 27.5), (33.3, 35.8), (53.7, 56.8), (70.5, 73.2)]:
        _arrow(axes, (left, 32), (right, 32), INK)

    d = steps.hidden.shape[1]
    columns = [
        (1, "left", "text", ""),
        (20, "center", "tokens", f"{t}, two are markers"),
        (30.5, "center", "ids", f"({t},)"),
        (44.75, "center", "hidden", f"({t}, {d}): a row a token"),
        (63.75, "center", "pooled", f"({d},), of length 1"),
        (74, "left", f"nearest of {documents:,} documents", "by cosine"),
    ]
    for x, side, title, shape in columns:
        _text(axes, x, 49, title, ha=side, weight="bold", size=11)
        _text(axes, x, 46.2, shape, ha=side, size=9.5)
    chapters = [(25, "01_tokenizer"), (44.75, "02_encoder"), (63.75, "03_pooling")]
    for x, chapter in chapters:
        _text(axes, x, 18, chapter, ha="center", size=9.5, color=LINE)
    _text(axes, 74, 18, "their vectors were made beforehand", size=9.5)

    axes.plot([1, 99.5], [14.6, 14.6], color="#CCCCCC", lw=0.8)
    _text(axes, 1, 12.4, "What later chapters add", size=9, color=LATER, weight="bold")
    for i, (name, purpose) in enumerate(ADDED):
        x = 8.5 + i * 16.6
        _text(axes, x, 8.4, name, ha="center", color=LATER, size=9, box="#BBBBBB")
        _text(axes, x, 3.4, purpose, ha="center", size=8.5, color=LATER)
    _key(axes, colours)
    return figure


def _key(axes: Axes, colours: dict) -> None:
    """Say what the colours of the numbers mean."""
    axes.imshow(np.linspace(-1, 1, 64)[None], extent=(58.5, 69, 25.2, 26), **colours)
    _text(axes, 58.5, 23.6, "below 0", size=8)
    _text(axes, 69, 23.6, "above 0", ha="right", size=8)


def _text(axes: Axes, x: float, y: float, text: str, *, size: float = 10, box: str = "", **style) -> None:
    frame = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": box} if box else None
    style = {"va": "center", "color": INK, **style}
    axes.text(x, y, text, fontsize=size, bbox=frame, **style)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    axes.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.2})


def _scaled(rows: Floats) -> Floats:
    return rows / (2.5 * rows.std(axis=1, keepdims=True) + 1e-9)


def _short(name: str, width: int = 34) -> str:
    return name if len(name) <= width else f"{name[:6]}…{name[7 - width :]}"
