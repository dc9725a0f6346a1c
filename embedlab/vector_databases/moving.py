"""Documents move between shards while queries and writes go on: no result wrong, none lost.

When a node joins, the ring gives it some of the documents of the others. They move by a protocol of five
phases. Each says where a router reads and writes a document that moves. The routers do not change over at the
same moment, and so two neighbouring phases have to fit together (compare Rae et al. 2013, "Online,
Asynchronous Schema Change in F1", VLDB, and the four steps of "Online migrations at scale", Stripe's blog,
2017: write to both, compare what is read, read the new, remove the old).

One thing is simpler here than between machines: a write reaches both nodes in one step, unless it is told to
fail in between. There it may reach one and not the other; so the writer reports success when both have it,
and repeats it until then. Versions make that harmless, for the copies and for a search that reads both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embedlab.vector_databases.gather import Part, merge, without_repeats
from embedlab.vector_databases.ring import Ring, make_ring

PHASES = ("old", "copy", "both", "new", "done")
# Of each phase: who is read, who is written. "both" are the node before and the node after the move.
SAFE = {
    "old": ("old", "old"),
    "copy": ("old", "both"),  # the copy is not whole yet, but every new write is in it
    "both": ("both", "both"),  # it is whole: both are read, and compared before anybody relies on it
    "new": ("new", "both"),  # a router that is still in "both" reads the old: it has to be kept right
    "done": ("new", "new"),  # nobody reads the old any more: what lies there can be deleted
}
WRITES_TO_OLD = SAFE | {"copy": ("old", "old")}  # a mistake: what is written during the copy is lost
SWITCHED_FIRST = SAFE | {"copy": ("new", "both")}  # a mistake: read before it is copied
# Version and vector; a vector of None: deleted, but remembered until the move is over (a tombstone).
Row = tuple[int, NDArray[np.float32] | None]


@dataclass
class Cluster:
    """Shards in this process, routers that lead to them, and at most one move at a time.

    Attributes
    ----------
    ring : Ring
    dims : int
    routers : int
        Each learns of a new phase by itself.
    rules : {phase: (read, write)}
        `SAFE`, or a mistake.
    guarded : bool
        Whether a copied row gives way to a newer one. If not, that is a mistake.
    waits : bool
        Whether a phase begins only when all routers have learnt of the one before. If not: a mistake.
    takes_away : bool
        Whether copying deletes at the source at once: a mistake.
    once : bool
        Whether a document that was read on two nodes counts once. If not: a mistake.
    newest : bool
        Whether of two copies that were read only the newer one counts. If not: a mistake, once a write has
        reached one node and not yet the other.

    Examples
    --------
    >>> cluster = Cluster(make_ring(["a", "b"]), dims=2)
    >>> cluster.write(7, [1, 0])
    >>> cluster.write(8, [0, 1])
    >>> cluster.rebalance(["a", "b", "c"])
    >>> cluster.finish()
    >>> cluster.search([1, 0], k=1)[1].tolist(), sorted(cluster.shards)
    ([[7]], ['a', 'b', 'c'])
    """

    ring: Ring
    dims: int
    routers: int = 2
    rules: dict[str, tuple[str, str]] = field(default_factory=lambda: SAFE)
    guarded: bool = True
    waits: bool = True
    takes_away: bool = False
    once: bool = True
    newest: bool = True

    def __post_init__(self) -> None:
        self.shards: dict[str, dict[int, Row]] = {node: {} for node in self.ring.nodes}
        self.next_ring = self.ring
        self.phase, self.phases = "old", ["old"] * self.routers  # what is so, and what each router knows
        self.to_copy: list[int] | None = None  # None: not looked up yet
        self.taken: dict[int, Row] = {}  # read at the source, not yet written at the target
        self.version = 0

    def places(self, i: int, which: str) -> list[str]:
        """Return on which nodes a document is read or written: "old", "new" or "both"."""
        old, new = self.ring.owner(str(i)), self.next_ring.owner(str(i))
        return {"old": [old], "new": [new], "both": list(dict.fromkeys([old, new]))}[which]

    def write(
        self, i: int, vector: Sequence[float] | None, router: int = 0, *, reached: int | None = None
    ) -> None:
        """Insert or replace a document; a vector of None deletes it.

        ``reached``: the write fails after so many nodes. It is no success yet, and will be repeated.
        """
        self.version += 1  # here a counter; between machines, a hybrid logical clock
        row = None if vector is None else np.asarray(vector, np.float32)
        for node in self.places(i, self.rules[self.phases[router]][1])[:reached]:
            self.shards[node][i] = (self.version, row)

    def search(self, query: Sequence[float], k: int, router: int = 0) -> Part:
        """Ask every shard for its k best of the documents that this router reads there; merge.

        Where two nodes are read, a document counts by its newest version only: an older copy may lie nearer
        to the query, and the newest may be a tombstone.
        """
        reads, parts = self.rules[self.phases[router]][0], []
        for node, rows in self.shards.items():
            own = [i for i in sorted(rows) if rows[i][1] is not None and node in self.places(i, reads)]
            own = [i for i in own if not self.newest or rows[i][0] == self._newest(i, reads)]
            vectors = np.array([rows[i][1] for i in own], np.float32).reshape(-1, self.dims)
            scores = np.asarray(query, np.float32)[None] @ vectors.T
            parts.append(merge([(scores, np.array([own], np.int64))], k))
        found = merge(parts, k * len(parts))
        return merge([without_repeats(found) if self.once else found], k)

    def _newest(self, i: int, reads: str) -> int:
        """Return a document's highest version on the nodes that are read (between machines: a look-up)."""
        return max(self.shards[node][i][0] for node in self.places(i, reads) if i in self.shards[node])

    def rebalance(self, nodes: Sequence[str]) -> None:
        """Nodes join or leave: the move to where the new ring wants the documents begins.

        Raises
        ------
        ValueError
            If another move goes on.
        """
        if self.phase != "old":
            raise ValueError(f"another move goes on: it is in phase {self.phase!r}")
        virtual = len(self.ring.nodes) // len(set(self.ring.nodes))
        self.next_ring = make_ring(nodes, virtual)
        self.shards = {node: {} for node in nodes} | self.shards
        self.phase, self.to_copy = "copy", None

    def learn(self, router: int) -> None:
        """Tell a router which phase it is."""
        self.phases[router] = self.phase

    def _may_go_on(self) -> bool:
        return not self.waits or set(self.phases) == {self.phase}

    def take(self, count: int = 2) -> None:
        """Read the next documents at the source; they travel until `put`."""
        if self.phase != "copy" or not self._may_go_on():
            return
        if self.to_copy is None:  # only now: from here on every router writes to both
            self.to_copy = self._moving()
        for i in self.to_copy[:count]:
            source = self.shards[self.ring.owner(str(i))]
            self.taken[i] = source.pop(i) if self.takes_away else source[i]
        self.to_copy = self.to_copy[count:]

    def put(self) -> None:
        """Write what was taken at the target, unless a newer version has come there meanwhile."""
        for i, row in self.taken.items():
            target = self.shards[self.next_ring.owner(str(i))]
            if not self.guarded or i not in target or target[i][0] < row[0]:
                target[i] = row
        self.taken = {}

    def _moving(self) -> list[int]:
        """Return the documents, deleted ones too, that lie where the next ring does not want them."""
        owned = ((i, node) for node, rows in self.shards.items() for i in rows)
        return sorted(
            i for i, node in owned if node == self.ring.owner(str(i)) != self.next_ring.owner(str(i))
        )

    def disagreements(self) -> list[int]:
        """Return which of the documents that move are not the same on both nodes."""
        pairs = [
            (i, [self.shards[node].get(i, (0,))[0] for node in self.places(i, "both")])
            for i in self._moving()
        ]
        return [i for i, (old, new) in pairs if old != new]

    def advance(self) -> None:
        """Begin the next phase, if this one is through."""
        copied = self.phase != "copy" or (self.to_copy == [] and not self.taken)
        if self.phase == "old" or not self._may_go_on() or not copied:
            return
        if self.phase != "done":
            self.phase = PHASES[PHASES.index(self.phase) + 1]
            return
        self.ring = self.next_ring  # "done" by the one ring is "old" by the next
        self.phase, self.phases = "old", ["old"] * self.routers
        self.shards = {
            node: {
                i: row for i, row in rows.items() if row[1] is not None and self.ring.owner(str(i)) == node
            }
            for node, rows in self.shards.items()
            if node in self.ring.nodes
        }

    def finish(self) -> None:
        """Take all steps that are left, one after the other."""
        while self.phase != "old":
            for router in range(self.routers):
                self.learn(router)
            self.take()
            self.put()
            self.advance()
