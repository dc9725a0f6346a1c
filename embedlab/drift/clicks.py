"""Clicks on a ranking: what is examined, and what is clicked once it is examined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import Benchmark
from embedlab.index import Ints

Bools, Reals = NDArray[np.bool_], NDArray[np.float64]


def examination(k: int = 10, severity: float = 1.0) -> Reals:
    """Return how likely each of the first k ranks is examined: (1 / rank) ** severity, float64 (k,).

    With a severity of 1 as in the simulations of Joachims, Swaminathan and Schnabel 2017 (WSDM). 0: no bias.

    Raises
    ------
    ValueError
        If k is below 1, or the severity is negative.

    Examples
    --------
    >>> examination(4)
    array([1.        , 0.5       , 0.33333333, 0.25      ])
    """
    if k < 1 or severity < 0:
        raise ValueError(f"need k of 1 or more and severity of 0 or more, but got {k} and {severity}")
    return (1.0 / np.arange(1, k + 1)) ** severity


@dataclass(frozen=True)
class PositionModel:
    """The position-based model: a click is an examination (by the rank) and an attraction (by the document).

    Craswell et al. 2008 (WSDM), "An experimental comparison of click position-bias models".

    Parameters
    ----------
    examined : float64 array (k,)
        How likely each rank is examined, whatever stands there.
    attraction : (float, float)
        How likely an examined document is clicked: one that is not relevant, and one that is.
    """

    examined: Reals = field(default_factory=examination)
    attraction: tuple[float, float] = (0.1, 1.0)

    def chance(self, relevant: Bools) -> Reals:
        """Return how likely each result is clicked, (n, k), given which are relevant, bool (n, k)."""
        return self.examined * np.where(relevant, self.attraction[1], self.attraction[0])

    def clicks(self, relevant: Bools, rng: np.random.Generator) -> Bools:
        """Draw clicks on n result pages: bool (n, k), given which results are relevant, bool (n, k).

        Examples
        --------
        >>> model = PositionModel(examination(2), attraction=(0.0, 1.0))
        >>> model.clicks(np.array([[True, False]]), np.random.default_rng(0))
        array([[ True, False]])
        """
        return rng.random(relevant.shape) < self.chance(relevant)


@dataclass(frozen=True)
class CascadeModel:
    """The cascade: read from the top, click or not, and after a click stop or go on (Guo et al. 2009).

    The defaults are the "informational" user in the simulations of Hofmann, Schuth, Whiteson and de Rijke
    2013 (WSDM), with binary labels.

    Parameters
    ----------
    click : (float, float)
        How likely a result that is read is clicked: one that is not relevant, and one that is.
    stop : (float, float)
        How likely the user stops after that click.
    """

    click: tuple[float, float] = (0.4, 0.9)
    stop: tuple[float, float] = (0.1, 0.5)

    def clicks(self, relevant: Bools, rng: np.random.Generator) -> Bools:
        """Draw clicks on n result pages: bool (n, k), given which results are relevant, bool (n, k).

        Examples
        --------
        >>> model = CascadeModel(click=(0, 1), stop=(0, 1))
        >>> model.clicks(np.array([[False, True, True]]), np.random.default_rng(0))
        array([[False,  True, False]])
        """
        wants = rng.random(relevant.shape) < np.where(relevant, self.click[1], self.click[0])
        stops = wants & (rng.random(relevant.shape) < np.where(relevant, self.stop[1], self.stop[0]))
        stopped_before = np.cumsum(stops, axis=1) - stops > 0
        return wants & ~stopped_before


def labels(benchmark: Benchmark, split: str = "test") -> Bools:
    """Return which document answers which query: bool (queries of the split, documents).

    Examples
    --------
    >>> toy = Benchmark("toy", ["a", "b"], ["A", "B"], {"q": "?"}, {"q": {"b": 1}}, {"test": ["q"]})
    >>> labels(toy)
    array([[False,  True]])
    """
    ids, _, qrels = benchmark.split(split)
    row = {doc_id: j for j, doc_id in enumerate(benchmark.doc_ids)}
    truth = np.zeros((len(ids), len(row)), bool)
    for i, query_id in enumerate(ids):
        truth[i, [row[doc_id] for doc_id, gain in qrels[query_id].items() if gain > 0]] = True
    return truth


def relevance(truth: Bools, ids: Ints, queries: Ints | Sequence[int] | None = None) -> Bools:
    """Look up which of the shown documents are relevant: bool (n, k); id -1 (nothing shown) is not.

    Parameters
    ----------
    truth : bool array (q, documents)
    ids : int array (n, k)
    queries : int array (n,), optional
        Of which query each row of ``ids`` is; by default row i is of query i.

    Examples
    --------
    >>> relevance(np.array([[False, True, False]]), np.array([[1, 2, -1]]))
    array([[ True, False, False]])
    """
    queries = np.arange(len(ids)) if queries is None else np.asarray(queries)
    return truth[queries[:, None], ids] & (ids >= 0)


def expected_clicks(
    engines: Mapping[str, Ints], truth: Bools, model: PositionModel | None = None
) -> dict[str, Reals]:
    """Return how many clicks a query's page gets on average, by engine: (q,) each. No draws are needed.

    Examples
    --------
    >>> expected_clicks({"a": np.array([[0, 1]])}, np.array([[False, True]]), PositionModel(examination(2)))
    {'a': array([0.6])}
    """
    model = model or PositionModel()
    return {name: model.chance(relevance(truth, ids)).sum(axis=1) for name, ids in engines.items()}
