"""Before the switch: shadow reads say how different the new answers are, the judge if they are better."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import Difference, paired_difference
from embedlab.drift.registry import writing
from embedlab.drift.snapshots import Snapshot, rank
from embedlab.drift.switching import note_verdict

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def overlap_at(old: Ints, new: Ints, k: int = 10) -> NDArray[np.float64]:
    """Return the share of the first k documents that two rankings have in common, (q,).

    Parameters
    ----------
    old, new : int64 arrays (q, at least k)
        Best first; -1 stands for none.

    Examples
    --------
    >>> overlap_at(np.array([[1, 2, 3]]), np.array([[3, 9, 1]]), k=3).round(2)
    array([0.67])
    """
    if len(old) != len(new):
        raise ValueError(f"need the same queries, but got {len(old)} and {len(new)} rankings")
    common = [len((set(a[:k]) & set(b[:k])) - {-1}) for a, b in zip(old.tolist(), new.tolist(), strict=True)]
    return np.array(common, float) / k


def shadow_reads(
    db: sqlite3.Connection,
    live: Snapshot,
    shadow: Snapshot,
    texts: Sequence[str],
    live_queries: Floats,
    shadow_queries: Floats,
) -> NDArray[np.float64]:
    """Ask two indexes the same queries, write the overlap@10 of each down, and return them (q,).

    The user gets what the live index says. The shadow costs a second encoding and a second search: so in
    production it is done after the answer was sent, for a sample of the queries, with a budget of its own.

    Parameters
    ----------
    live_queries, shadow_queries : float32 arrays (q, d), (q, e)
        The texts, each encoded by the index's own model.
    """
    shares = overlap_at(rank(live, live_queries, 10)[1], rank(shadow, shadow_queries, 10)[1])
    rows = [(live.epoch, shadow.index, t, s) for t, s in zip(texts, shares.tolist(), strict=True)]
    with writing(db):
        db.executemany("INSERT INTO shadow_reads VALUES (?, ?, ?, ?)", rows)
    return shares


def judged(low: float, high: float, margin: float) -> str:
    """Say what an interval of the difference, new minus old, allows to say.

    Parameters
    ----------
    low, high : float
        Of the 95 % interval.
    margin : float
        The loss that would be accepted, above 0, fixed before anybody looked.

    Returns
    -------
    str
        "better": above zero. "no worse": above -margin. "worse": below -margin. "undecided": anything
        else; label more queries. (Non-inferiority: Piaggio et al. 2012, "Reporting of noninferiority and
        equivalence randomized trials", JAMA 308.)

    Examples
    --------
    >>> judged(0.01, 0.05, 0.02), judged(-0.01, 0.05, 0.02), judged(-0.03, 0.05, 0.02)
    ('better', 'no worse', 'undecided')
    >>> judged(-0.09, -0.03, 0.02)
    'worse'
    """
    if not (low <= high and margin > 0):
        raise ValueError(f"need low <= high and a margin above 0, but got {low}, {high} and {margin}")
    if low > 0:
        return "better"
    if low > -margin:
        return "no worse"
    return "worse" if high < -margin else "undecided"


@dataclass(frozen=True)
class Verdict:
    """What the judge says of an index."""

    difference: Difference  # of a quality on labelled queries, new minus old
    says: str  # what `judged` makes of it
    canaries: float  # share of the canary queries that find their document
    floor: float

    @property
    def agrees(self) -> bool:
        """Whether the switch may be made."""
        return self.says in ("better", "no worse") and self.canaries >= self.floor

    def __str__(self) -> str:
        return f"{self.difference}: {self.says}; canaries {self.canaries:.0%}, floor {self.floor:.0%}"


def judge(
    old: Sequence[float], new: Sequence[float], canaries: Sequence[bool], *, margin: float, floor: float
) -> Verdict:
    """Compare two indexes on labelled queries, and ask whether the canaries are alive.

    Parameters
    ----------
    old, new : sequences of q float
        nDCG@10, say, of each labelled query of dev. Never test: this is a choice.
    canaries : sequence of bool
        Whether each canary query found its document in the new index. They catch what is broken outright, a
        wrong tokenizer or an empty index, in seconds and without statistics; they compare nothing.
    margin : float
        The loss that would be accepted.
    floor : float
        The share of canaries that has to be found.

    Examples
    --------
    >>> verdict = judge([0.5, 0.6] * 50, [0.6, 0.6] * 50, [True] * 19 + [False], margin=0.01, floor=0.9)
    >>> print(verdict)
    +0.050 [+0.040, +0.060], p < 0.001, 100 queries: better; canaries 95%, floor 90%
    >>> verdict.agrees
    True
    """
    if not len(canaries):
        raise ValueError("there are no canary queries: an index that finds nothing would pass")
    difference = paired_difference(new, old)
    says = judged(difference.low, difference.high, margin)
    return Verdict(difference, says, float(np.mean(canaries)), floor)


def record(db: sqlite3.Connection, index: int, verdict: Verdict) -> int:
    """Write a verdict into the registry, where `switch` looks for it; return its epoch."""
    return note_verdict(db, index, verdict.agrees, str(verdict))
