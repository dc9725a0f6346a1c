"""Shards as processes of Ray: the same answer as one index, a slow one, a dead one, a new one."""

import numpy as np
import pytest
from vectors import exact, unit

pytest.importorskip("ray", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from embedlab.machine import StoreError  # noqa: E402
from embedlab.vector_databases import Shard, ShardedIndex, by_id, write_shards  # noqa: E402

# Whole numbers: the same products, to the last bit, whatever else is multiplied beside them.
VECTORS, QUERIES = np.rint(20 * unit(400)), np.rint(20 * unit(5, 1))
PLACED = by_id([str(i) for i in range(400)], 4)


@pytest.fixture(scope="module")
def shards(ray, tmp_path_factory):
    index = ShardedIndex(ray, write_shards(tmp_path_factory.mktemp("shards"), VECTORS, PLACED))
    yield index
    index.close()


def test_a_shard_answers_with_ids_of_the_whole(tmp_path):
    paths = write_shards(tmp_path, VECTORS, PLACED)
    scores, ids = Shard(str(paths[2])).search(QUERIES, 7)
    rows = np.flatnonzero(PLACED == 2)
    np.testing.assert_array_equal(ids, rows[exact(VECTORS[rows], QUERIES, 7)[1]])
    assert scores.shape == (5, 7)


def test_an_empty_shard_and_bad_places(tmp_path):
    paths = write_shards(tmp_path, VECTORS[:3], np.array([0, 2, 2]))
    assert Shard(str(paths[1])).search(QUERIES, 4)[1].tolist() == [[-1]] * 5
    with pytest.raises(ValueError, match="3 vectors need as many places, but got 2"):
        write_shards(tmp_path, VECTORS[:3], np.array([0, 1]))


@pytest.mark.parametrize("k", [1, 10, 150, 500])
def test_all_shards_find_what_one_index_finds(shards, k):
    answer = shards.search(QUERIES, k)
    assert answer.answered == 1
    scores, ids = exact(VECTORS, QUERIES, k)
    np.testing.assert_array_equal(answer.ids, ids)
    np.testing.assert_array_equal(answer.scores, scores)


def test_a_slow_shard_is_named_and_not_awaited(shards):
    shards.ray.get(shards.actors[1].set_delay.remote(4.0))
    answer = shards.search(QUERIES, 400, deadline=2.0)
    assert answer.late == (1,)
    assert answer.answered == 0.75
    found = set(answer.ids[answer.ids >= 0])
    assert found == set(np.flatnonzero(PLACED != 1))
    shards.ray.get(shards.actors[1].set_delay.remote(0.0))
    assert shards.search(QUERIES, 10).answered == 1


def test_a_dead_shard_is_named_and_starts_anew_from_its_file(shards):
    shards.kill(2)
    answer = shards.search(QUERIES, 400)
    assert (answer.dead, answer.late, answer.answered) == ((2,), (), 0.75)
    shards.restart(2)
    shards.wait_until_ready()
    np.testing.assert_array_equal(shards.search(QUERIES, 10).ids, exact(VECTORS, QUERIES, 10)[1])


def test_all_shards_dead(shards):
    for shard in range(4):
        shards.kill(shard)
    answer = shards.search(QUERIES, 3)
    assert answer.answered == 0
    assert answer.ids.tolist() == [[-1] * 3] * 5
    for shard in range(4):
        shards.restart(shard)
    shards.wait_until_ready()


def test_a_shard_without_its_file(shards, tmp_path):
    kept, shards.paths[0] = shards.paths[0], tmp_path / "nothing"
    with pytest.raises(StoreError, match="there is no file"):
        shards.restart(0)
    shards.paths[0] = kept


def test_no_shards():
    with pytest.raises(ValueError, match="at least one shard"):
        ShardedIndex(None, [])
