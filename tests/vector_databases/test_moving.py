"""A move of documents while queries run: any order of steps, against one dictionary that holds everything."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from embedlab.index import top_k
from embedlab.vector_databases import MISTAKES, SAFE, Cluster, make_ring, trial

IDS = st.integers(0, 7)
# Whole numbers: their products are exact, so that equal scores are equal however they are computed.
VECTORS = st.lists(st.integers(-3, 3), min_size=2, max_size=2)
ROUTERS = st.integers(0, 1)
NODES = st.sampled_from([["a"], ["b", "c"], ["a", "b", "c", "d"]])


class Moves(RuleBasedStateMachine):
    """Writes, searches, and steps of the move, in any order."""

    def __init__(self):
        super().__init__()
        self.cluster = Cluster(make_ring(["a", "b"], virtual=8), dims=2)
        self.steps = [self.cluster.take, self.cluster.put, self.cluster.advance]
        self.next = 0
        self.truth = {}
        for i in range(6):
            self.write(i, [i, -1], 0)

    @rule(i=IDS, vector=VECTORS, router=ROUTERS)
    def write(self, i, vector, router):
        self.cluster.write(i, vector, router)
        self.truth[i] = vector

    @rule(i=IDS, router=ROUTERS)
    def delete(self, i, router):
        self.cluster.write(i, None, router)
        self.truth.pop(i, None)

    @rule(steps=st.integers(1, 6), nodes=NODES)
    def go_on(self, steps, nodes):
        """Take the next steps of the usual order: a stop is possible between any two."""
        for _ in range(steps):
            if self.cluster.phase == "old":
                self.cluster.rebalance(nodes)
                self.next = 0
            usual = [lambda: self.cluster.learn(0), lambda: self.cluster.learn(1), *self.steps]
            usual[self.next % len(usual)]()
            self.next += 1

    @rule(which=st.integers(0, 2))
    def out_of_order(self, which):
        self.steps[which]()

    @rule(query=VECTORS, k=st.integers(1, 6), router=ROUTERS)
    def search(self, query, k, router):
        ids = np.array([*sorted(self.truth), -1])
        whole = np.float32([self.truth[i] for i in ids[:-1]]).reshape(-1, 2)
        scores, places = top_k(np.float32([query]) @ whole.T, k)
        found = self.cluster.search(query, k, router)
        np.testing.assert_array_equal(found[0], scores)
        np.testing.assert_array_equal(found[1], ids[places])

    @invariant()
    def every_router_sees_all(self):
        for router in (0, 1):
            self.search([1, 2], 12, router)

    @invariant()
    def copies_agree_before_they_are_relied_on(self):
        if self.cluster.phase in ("both", "new"):
            assert self.cluster.disagreements() == []


def run(examples=120):
    stated = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],  # the first fault will do; to make it small takes a minute
    )
    run_state_machine_as_test(Moves, settings=stated)


@pytest.mark.slow
def test_no_result_is_wrong_or_lost_whatever_the_order():
    run()


def filled():
    cluster = Cluster(make_ring(["a", "b"]), dims=2)
    for i in range(40):
        cluster.write(i, [i, 1])
    return cluster


def test_a_move_by_hand():
    cluster = filled()
    cluster.rebalance(["a", "b", "c"])
    moving = [i for i in range(40) if cluster.next_ring.owner(str(i)) == "c"]
    assert 4 <= len(moving) <= 25
    cluster.take()
    assert cluster.to_copy is None, "nothing is copied before all routers write to both"
    cluster.learn(0)
    cluster.learn(1)
    cluster.take(3)
    cluster.write(moving[0], None)  # deleted while it travels
    cluster.put()
    cluster.finish()
    assert sorted(cluster.shards["c"]) == moving[1:]
    assert sum(map(len, cluster.shards.values())) == 39
    assert cluster.search([1, 0], 100)[1][0, :39].tolist() == [i for i in range(39, -1, -1) if i != moving[0]]


def test_a_copy_that_ignores_versions_brings_back_what_was_deleted():
    for guarded, found in ((True, False), (False, True)):
        cluster = filled()
        cluster.guarded = guarded
        cluster.rebalance(["a", "b", "c"])
        cluster.learn(0)
        cluster.learn(1)
        cluster.take(100)
        gone = next(iter(cluster.taken))
        cluster.write(gone, None)
        cluster.put()
        assert (cluster.disagreements() == [gone]) == found
        cluster.finish()
        assert (gone in cluster.search([1, 0], 100)[1]) == found


@pytest.mark.parametrize("vector", [[-9, 1], None])
@pytest.mark.parametrize("newest", [True, False])
def test_of_two_copies_the_newer_counts(newest, vector):
    cluster = filled()
    cluster.newest = newest
    cluster.rebalance(["a", "b", "c"])
    while cluster.phase != "both" or cluster.phases != ["both", "both"]:
        cluster.take(100)
        cluster.put()
        cluster.advance()
        for router in (0, 1):
            cluster.learn(router)
    moved = max(i for i in range(40) if cluster.next_ring.owner(str(i)) == "c")
    cluster.write(moved, vector, reached=1)  # and fails: the other node keeps the older copy
    scores, ids = (one[0].tolist() for one in cluster.search([1, 0], 40))
    assert cluster.disagreements() == [moved]
    found = dict(zip(ids, scores, strict=True)).get(moved)
    assert found == (moved if not newest else vector and vector[0])
    cluster.write(moved, vector)  # repeated
    assert cluster.disagreements() == []


def test_one_move_at_a_time():
    cluster = filled()
    cluster.rebalance(["a"])
    with pytest.raises(ValueError, match="another move goes on: it is in phase 'copy'"):
        cluster.rebalance(["a", "b", "c"])
    cluster.finish()
    assert list(cluster.shards) == ["a"]
    assert len(cluster.shards["a"]) == 40


def test_neighbouring_phases_fit():
    phases = list(SAFE)
    for one, other in pairwise(phases):
        for reads, writes in ((SAFE[one][0], SAFE[other][1]), (SAFE[other][0], SAFE[one][1])):
            if {one, other} != {"old", "copy"}:  # there, copying has not begun
                assert writes in ("both", reads), (one, other)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_trials(mistake):
    found = trial(steps=1500, **MISTAKES[mistake])
    assert found.answers > 200
    assert (found.wrong > 0) == (mistake != "none")
    assert found.wrong >= max(found.lost, found.ghosts, found.stale, found.repeated)
