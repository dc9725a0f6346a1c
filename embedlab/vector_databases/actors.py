"""Shards as actors of Ray: each a process with its part of the index, all asked at once, until a deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from embedlab.index import FlatIndex, Floats, Index, Ints, as_vectors
from embedlab.machine import files
from embedlab.vector_databases.gather import Part, merge


def write_shards(folder: str | Path, vectors: Floats, placed: Ints) -> list[Path]:
    """Write a file for each shard: its vectors, and their ids in the whole collection.

    Parameters
    ----------
    folder : path
    vectors : float32 array (n, d)
    placed : int array (n,)
        The shard of each vector, from 0 on.

    Raises
    ------
    ValueError
        If there is not one shard for each vector.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_shards(folder, np.eye(3, dtype=np.float32), np.array([0, 1, 0]))]
    ['shard-0', 'shard-1']
    """
    if len(vectors) != len(placed):
        raise ValueError(f"{len(vectors)} vectors need as many places, but got {len(placed)}")
    paths = []
    for shard in range(int(np.max(placed, initial=-1)) + 1):
        rows = np.flatnonzero(placed == shard)
        path = Path(folder) / f"shard-{shard}"
        files.save(path, "shard", {"vectors": vectors[rows], "ids": rows}, {"dims": vectors.shape[1]})
        paths.append(path)
    return paths


class Shard:
    """One part of a collection, read from its file; as an actor it lives in a process of its own."""

    def __init__(self, path: str, delay: float = 0.0):
        from threadpoolctl import threadpool_limits

        threadpool_limits(1)  # the shards share the cores: each by itself takes one
        arrays, about = files.load(path, "shard")
        self.index: Index = FlatIndex(about["dims"])
        self.index.add(arrays["vectors"])
        self.ids, self.delay = arrays["ids"], delay

    def search(self, queries: Floats, k: int) -> Part:
        """Find the k best of this shard, by their ids in the whole collection."""
        time.sleep(self.delay)
        scores, rows = self.index.search(queries, min(k, max(len(self.ids), 1)))
        return scores, np.where(rows >= 0, np.append(self.ids, -1)[rows], -1)

    def set_delay(self, seconds: float) -> None:
        """Make this shard slow, or quick again."""
        self.delay = seconds


@dataclass(frozen=True)
class Answer:
    """What was found, and by how many of the shards: a partial result says that it is one."""

    scores: Floats
    ids: Ints
    late: tuple[int, ...] = ()  # shards that had not answered by the deadline
    dead: tuple[int, ...] = ()
    shards: int = 1

    @property
    def answered(self) -> float:
        """The share of the shards that answered. If documents lie at random, it is the expected recall."""
        return 1 - (len(self.late) + len(self.dead)) / self.shards


class ShardedIndex:
    """A collection spread over actors of Ray.

    Parameters
    ----------
    ray : module
        As `embedlab.machine.ray_cluster` gives it.
    paths : sequence of paths
        The files of `write_shards`.
    """

    def __init__(self, ray: ModuleType, paths: list[Path]):
        self.ray, self.paths = ray, [Path(path) for path in paths]
        if not self.paths:
            raise ValueError("need the file of at least one shard")
        self.dims = files.load(self.paths[0], "shard")[1]["dims"]
        # No CPU is booked: more shards than cores are allowed, and take turns.
        self.actor_class = ray.remote(num_cpus=0)(Shard)
        self.actors: list[Any] = [self.actor_class.remote(str(path)) for path in self.paths]
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until every shard has read its file."""
        self.ray.get([actor.search.remote(np.zeros((0, self.dims), np.float32), 1) for actor in self.actors])

    def search(self, queries: Floats, k: int, deadline: float | None = None) -> Answer:
        """Ask all shards at once, and merge what has come by the deadline.

        A shard that is late is not awaited, and one that is dead is not fatal: the answer names both. What a
        late shard was asked it still works off, and the next query waits behind that.

        Parameters
        ----------
        queries : float32 array (q, d)
        k : int
        deadline : float, optional
            Seconds from now on; by default there is none.
        """
        queries = as_vectors(queries, self.dims)
        shared = self.ray.put(queries)  # written once, not once for each shard
        asked = {actor.search.remote(shared, k): i for i, actor in enumerate(self.actors)}
        ready, waiting = self.ray.wait(list(asked), num_returns=len(asked), timeout=deadline)
        parts, dead = [], []
        for call in sorted(ready, key=asked.get):
            try:
                parts.append(self.ray.get(call))
            except self.ray.exceptions.ActorDiedError:
                dead.append(asked[call])
        for call in waiting:
            self.ray.cancel(call)  # leaves the queue of its shard, unless it is being worked on
        nothing = (np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64))
        late = sorted(asked[call] for call in waiting)
        return Answer(*merge(parts or [nothing], k), tuple(late), tuple(dead), len(self.actors))

    def kill(self, shard: int) -> None:
        """End a shard's process at once, as a crash would."""
        self.ray.kill(self.actors[shard])

    def restart(self, shard: int) -> None:
        """Start a shard anew, from its file.

        Raises
        ------
        StoreError
            If the file is missing or damaged.
        """
        files.load(self.paths[shard], "shard")  # fails here, with a name, and not in the actor
        self.actors[shard] = self.actor_class.remote(str(self.paths[shard]))

    def close(self) -> None:
        """End all shards."""
        for actor in self.actors:
            self.ray.kill(actor)
        self.actors = []
