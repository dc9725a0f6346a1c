"""What chapter 08 measures and draws: second stages over the same candidates, and where they put results."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from embedlab.benchmark import Benchmark, quality
from embedlab.engine import Runs, cross_encoder, score_matrix
from embedlab.hybrid import Ranking
from embedlab.reranking import oracle, rerank

BANDS = ((1, 1), (2, 3), (4, 10), (11, 20), (21, 100))  # places of a result page, and below it
SHADES = ("#08306B", "#2171B5", "#6BAED6", "#C6DBEF", "#E5E5E5", "#FFFFFF")


class Cascade:
    """A first stage's results for all queries of a split, and what a second stage makes of them.

    Parameters
    ----------
    benchmark : Benchmark
    split : str
    first : str
        An engine of the catalogue; its first 100 results are the candidates.

    Attributes
    ----------
    first : (scores, rows), each (q, 100), best first
    right : bool array (q, 100)
        Which of them are relevant.
    base : float64 array (q,)
        nDCG@10 of the first stage alone.
    """

    def __init__(self, benchmark: Benchmark, split: str = "dev", first: str = "hybrid"):
        self.benchmark, self.split = benchmark, split
        self.query_ids, self.texts, self.relevant = benchmark.split(split)
        self.first: Ranking = Runs(benchmark).ranking(first, split)
        self._read: dict[str, NDArray[np.float32]] = {}

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Which candidates are relevant."""
        return np.array(
            [
                [row >= 0 and self.benchmark.doc_ids[row] in self.relevant[query] for row in rows]
                for query, rows in zip(self.query_ids, self.first[1], strict=True)
            ]
        )

    @cached_property
    def base(self) -> NDArray[np.float64]:
        """The first stage's quality, query by query."""
        return self._quality(self.first)

    def read(self, name: str) -> NDArray[np.float32]:
        """Return the scores (q, 100) that a cross-encoder of `engine.cross_encoder` gives the candidates."""
        if name not in self._read:
            model, texts = cross_encoder(name), self.benchmark.documents
            self._read[name] = score_matrix(model, self.texts, texts, self.first[1])
        return self._read[name]

    def quality(self, read: str | NDArray, depth: int = 20, weight: float = 0.5) -> NDArray[np.float64]:
        """Return nDCG@10 of each query, (q,), after reranking by scores (q, 100), or by a model's name."""
        read = self.read(read) if isinstance(read, str) else read
        return self._quality(rerank(self.first, read, depth=depth, weight=weight))

    def bound(self, depth: int) -> NDArray[np.float64]:
        """Return what no reranker of this depth can exceed, (q,)."""
        return self._quality(oracle(self.first, self.right, depth=depth))

    def _quality(self, ranking: Ranking) -> NDArray[np.float64]:
        top = ranking[0][:, :10], ranking[1][:, :10]
        return quality(self.benchmark, top, split=self.split)


def draw_places(places: Mapping[str, NDArray[np.int64]], ax: Axes | None = None) -> Axes:
    """Draw where each stage puts the relevant documents: one bar a stage, in bands of places.

    Parameters
    ----------
    places : {stage: int array (n,)}
        The place of each of n relevant documents, from 1; 0 where it was not found.
    ax : Axes, optional
    """
    ax = ax or plt.subplots(figsize=(7.4, 0.9 + 0.5 * len(places)))[1]
    labels = [f"{low}" if low == high else f"{low} to {high}" for low, high in BANDS]
    for y, found in enumerate(places.values()):
        shares = [np.mean((found >= low) & (found <= high)) for low, high in BANDS]
        left = 0.0
        for i, share in enumerate([*shares, np.mean(found == 0)]):
            ax.barh(y, share, left=left, color=SHADES[i], edgecolor="#888888", lw=0.5)
            if share > 0.035:
                colour = "white" if i < 2 else "#222222"
                ax.text(
                    left + share / 2, y, f"{share:.0%}", ha="center", va="center", color=colour, fontsize=9
                )
            left += share
    ax.set_yticks(range(len(places)), list(places))
    ax.set(ylim=(len(places) - 0.5, -0.5), xlim=(0, 1), xlabel="share of the relevant documents")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.grid(visible=False)
    handles = [plt.Rectangle((0, 0), 1, 1, fc=shade, ec="#888888", lw=0.5) for shade in SHADES]
    title = "at place"
    ax.legend(
        handles, [*labels, "not found"], title=title, ncols=6, loc="lower center", bbox_to_anchor=(0.45, 1.0)
    )
    return ax


def draw_waterfall(steps: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Draw how the milliseconds of one search add up, step after step.

    Parameters
    ----------
    steps : {step: milliseconds}
        In the order in which they run.
    ax : Axes, optional
    """
    ax = ax or plt.subplots(figsize=(7.4, 0.9 + 0.42 * len(steps)))[1]
    total, start = sum(steps.values()), 0.0
    for y, ms in enumerate(steps.values()):
        ax.barh(y, ms, left=start, color="#D55E00" if ms > total / 2 else "#0072B2")
        ax.text(start + ms, y, f"  {ms:.1f} ms, {ms / total:.0%}", va="center", fontsize=9.5)
        start += ms
    ax.set_yticks(range(len(steps)), list(steps))
    ax.set(
        ylim=(len(steps) - 0.4, -0.6), xlim=(0, 1.28 * total), xlabel="milliseconds since the query came in"
    )
    ax.grid(axis="y", visible=False)
    return ax


def places_of(ranking: Ranking, wanted: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Return the place of each wanted document, from 1; 0 where it was not found.

    Parameters
    ----------
    ranking : (scores, rows), each (q, k), best first
    wanted : sequence of q sequences of int
        The rows of each query's relevant documents.

    Examples
    --------
    >>> places_of((None, np.array([[7, 4], [2, 9]])), [[4], [9, 3]])
    array([2, 2, 0])
    """
    found = []
    for rows, targets in zip(ranking[1].tolist(), wanted, strict=True):
        found += [rows.index(target) + 1 if target in rows else 0 for target in targets]
    return np.array(found)
