"""The vital signs of a pipeline, and the bands in which they lie in health; no threshold is typed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import seeded_sample
from embedlab.pooling import l2_normalize
from embedlab.rag.pipeline import Pipeline

Values = Mapping[str, NDArray[np.float64]]  # of each metric, a figure for each document, chunk or question
CHUNKS, QUESTIONS = 128, 240  # drawn for an examination
SHORT = 0.1  # of the chunks: the shortest are looked at by themselves
FALSE_ALARMS = 0.05  # of healthy pipelines, the share in which any check is outside, at most
DRAWS = 10_000
NEAR = 5  # a chunk finds itself if it is among so many: of those cut short, a few are not the first
RECALL = "recall"


@dataclass(frozen=True)
class Check:
    """One metric of a sample, and the band in which it lies in health.

    Attributes
    ----------
    name, group : str
        Several checks may be of one group: recall, for each tenant.
    value : float
        The mean of n figures.
    low, high : float
    n : int
    """

    name: str
    group: str
    value: float
    low: float
    high: float
    n: int

    @property
    def verdict(self) -> str:
        """Where the value lies: "inside", "below" or "above"."""
        return "below" if self.value < self.low else "above" if self.value > self.high else "inside"


def measures(
    pipeline: Pipeline, *, chunks: int | None = None, questions: int | None = None, seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Measure a pipeline: of each metric, a figure for each document, chunk or question.

    Chunks are embedded again by what the card declares, as the job that made the vectors would only repeat
    its mistake. What embeds the questions gets the same texts, and the two are compared with each other, not
    with what is stored: so each check is about one stage.

    Parameters
    ----------
    pipeline : Pipeline
    chunks, questions : int, optional
        How many are drawn; by default all. Half of the chunks come from the shortest tenth. What costs no
        embedding is measured of all documents and vectors.
    seed : int

    Raises
    ------
    ValueError
        If fewer than 2 chunks or 1 question are to be drawn.
    """
    if chunks is not None and chunks < 2:
        raise ValueError(
            f"at least 2 chunks have to be drawn, a short and a long one, but chunks is {chunks}"
        )
    short, long = (
        seeded_sample(these, (chunks or 2 * len(these)) // 2, seed) for these in _by_length(pipeline)
    )
    drawn = np.array([*short, *long])
    texts = [pipeline.rows[i].text for i in drawn]
    unit = l2_normalize(pipeline.vectors[drawn])
    declared = pipeline.declared(texts)
    again = np.einsum("nd,nd->n", declared, unit)  # cosines
    asked = np.einsum("nd,nd->n", declared, pipeline.asked(texts))
    owners = [pipeline.documents[pipeline.rows[i].document].tenant for i in drawn]
    hits = pipeline.ranked(texts, owners, NEAR)[1]  # (n, NEAR)
    itself = [
        any(i >= 0 and pipeline.rows[i].text == text for i in own)
        for own, text in zip(hits, texts, strict=True)
    ]
    indexed = {row.source for row in pipeline.rows}
    found = {
        "documents indexed": [document.hash in indexed for document in pipeline.documents],
        "vector length": np.linalg.norm(pipeline.vectors, axis=1),  # of all: it costs no embedding
        "short chunks": again[: len(short)],
        "long chunks": again[len(short) :],
        "question side": asked,
        "finds itself": itself,
    }
    found |= _answers(pipeline, questions, seed)
    # Float32 computes a cosine of 1 to seven decimals, in another order of summing to other ones.
    return {name: np.round(np.asarray(values, float), 4) for name, values in found.items() if len(values)}


def _by_length(pipeline: Pipeline) -> tuple[list[int], list[int]]:
    """Return the shortest tenth of the rows, and the others."""
    order = np.argsort([row.chunk.tokens for row in pipeline.rows], kind="stable")
    count = max(round(SHORT * len(order)), 1)
    return np.sort(order[:count]).tolist(), np.sort(order[count:]).tolist()


def _answers(pipeline: Pipeline, questions: int | None, seed: int) -> dict[str, NDArray]:
    """Ask questions: cosine of the top hit, and span recall by tenant and by age of the document."""
    asked = seeded_sample(
        pipeline.questions, len(pipeline.questions) if questions is None else questions, seed
    )
    tenants = np.array([one.tenant for one in asked])
    changed = np.array([one.changed for one in asked])
    scores, rows = pipeline.ranked([one.text for one in asked], tenants.tolist())
    recall = pipeline.recall(asked, rows)
    found = {f"{RECALL}, {one}": recall[tenants == one] for one in np.unique(tenants)}
    found |= {f"{RECALL}, changed documents": recall[changed], f"{RECALL}, other documents": recall[~changed]}
    return {f"{RECALL}, cosine of the top hit": np.where(rows[:, 0] >= 0, scores[:, 0], 0), **found}


def band(values: NDArray, n: int, share: float = FALSE_ALARMS, seed: int = 0) -> tuple[float, float]:
    """Return in what band the mean of n figures lies, had others of their kind been drawn.

    Parameters
    ----------
    values : array (m,)
        Figures in health; n of them are drawn, with replacement, 10,000 times.
    n : int
    share : float
        Of the means, the share outside, half on each side.
    seed : int

    Examples
    --------
    >>> band(np.array([1.0, 1.0, 1.0]), 8)
    (1.0, 1.0)
    >>> low, high = band(np.array([0.0, 1.0]), 100)
    >>> round(low, 1), round(high, 1)
    (0.4, 0.6)
    """
    if np.ptp(values) == 0:
        return (round(float(values[0]), 4),) * 2
    means = np.random.default_rng(seed).choice(values, (DRAWS, n)).mean(axis=1)
    low, high = np.quantile(means, [share / 2, 1 - share / 2])
    return round(float(low), 4), round(float(high), 4)


def checks(
    pipeline: Pipeline,
    healthy: Values,
    *,
    chunks: int = CHUNKS,
    questions: int = QUESTIONS,
    seed: int = 0,
) -> list[Check]:
    """Draw a sample of a pipeline, and hold each metric against its band.

    Parameters
    ----------
    pipeline : Pipeline
    healthy : mapping of str to array
        The `measures` of the pipeline when all was well.
    chunks, questions : int
        How many are drawn.
    seed : int
        Of the sample.

    Raises
    ------
    ValueError
        If a metric was not measured in health.
    """
    found = measures(pipeline, chunks=chunks, questions=questions, seed=seed)
    if missing := sorted(set(found) - set(healthy)):
        raise ValueError(f"not measured in health: {', '.join(missing)}")
    share = FALSE_ALARMS / len(found)  # Bonferroni: one of twenty checks is outside one of twenty by chance
    return [
        Check(
            name,
            name.partition(",")[0],
            round(float(values.mean()), 4),
            *band(healthy[name], len(values), share),
            len(values),
        )
        for name, values in found.items()
    ]
