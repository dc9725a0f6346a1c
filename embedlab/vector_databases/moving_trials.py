"""Moves under way, writes and searches drawn at random: how many answers are wrong, by protocol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embedlab.vector_databases.moving import SWITCHED_FIRST, WRITES_TO_OLD, Cluster
from embedlab.vector_databases.ring import make_ring

MISTAKES: dict[str, dict] = {
    "none": {},
    "source deleted first": {"takes_away": True},
    "read before it is copied": {"rules": SWITCHED_FIRST},
    "writes to the old only": {"rules": WRITES_TO_OLD},
    "copies without versions": {"guarded": False},
    "routers not waited for": {"waits": False},
    "two copies counted twice": {"once": False},
}


@dataclass(frozen=True)
class Trial:
    """How many of the answers were wrong, and in what way; one can be wrong in two ways."""

    answers: int
    wrong: int
    lost: int  # a document is missing
    ghosts: int  # one that was deleted is found
    stale: int  # one is found by a vector that it had before
    repeated: int  # one is found twice


def trial(*, steps: int = 2000, documents: int = 40, seed: int = 0, **mistake) -> Trial:
    """Let nodes join and leave while two routers write and search, and compare with one dictionary.

    Parameters
    ----------
    steps : int
        Each is a write, a search for everything, a router's learning, or a step of the move; drawn.
    documents : int
        Numbers of documents that are written, again and again.
    mistake
        Of `MISTAKES`: how the `Cluster` is to go wrong.

    Examples
    --------
    >>> trial(steps=300).wrong
    0
    >>> trial(steps=1000, **MISTAKES["two copies counted twice"]).repeated > 0
    True
    """
    draw = np.random.default_rng(seed)
    cluster, truth = Cluster(make_ring(["a", "b"], 16), dims=2, **mistake), {}
    seen = {"wrong": 0, "lost": 0, "ghosts": 0, "stale": 0, "repeated": 0}
    answers = turn = 0
    for _ in range(steps):
        router, kind = int(draw.integers(2)), draw.random()
        if kind < 0.4:
            i = int(draw.integers(documents))
            vector = None if draw.random() < 0.3 else draw.integers(-9, 10, 2).tolist()
            cluster.write(i, vector, router)
            truth = {key: value for key, value in truth.items() if key != i}
            truth |= {} if vector is None else {i: vector}
        elif kind < 0.6:
            answers += 1
            for name in wrongs(cluster, truth, router):
                seen[name] += 1
        elif kind < 0.75:
            cluster.learn(router)
        else:
            turn = next_step(cluster, turn, draw)
    return Trial(answers, **seen)


def next_step(cluster: Cluster, turn: int, draw: np.random.Generator) -> int:
    """Take the next step of a move, mostly in order; begin another where none goes on."""
    if cluster.phase == "old":
        cluster.rebalance([["a", "b"], ["a", "b", "c"], ["b", "c", "d"]][int(draw.integers(3))])
        return 0
    usual = [cluster.take, cluster.put, cluster.advance]
    usual[(turn if draw.random() < 0.8 else int(draw.integers(3))) % 3]()
    return turn + 1


def wrongs(cluster: Cluster, truth: dict[int, list[int]], router: int) -> list[str]:
    """Search for everything, and name what is wrong with the answer; an empty list if nothing is."""
    query = [1.0, 100.0]  # the score tells the vector
    scores, ids = (one[0] for one in cluster.search(query, 4 * len(truth) + 40, router))
    found = list(zip(ids[ids >= 0].tolist(), scores[ids >= 0].tolist(), strict=True))
    names = {i for i, _ in found}
    wrong = {
        "lost": set(truth) - names,
        "ghosts": names - set(truth),
        "stale": {i for i, score in found if i in truth and score != np.dot(query, truth[i])},
        "repeated": len(found) - len(names),
    }
    which = [name for name, there in wrong.items() if there]
    return ["wrong", *which] if which else []
