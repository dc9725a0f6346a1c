"""A policy hides rows and not their effect: on how many come back, and on the time."""

import itertools

import numpy as np
import pytest

psycopg = pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from vectors import unit  # noqa: E402

from embedlab.security.side_channels import (  # noqa: E402
    VectorCache,
    decoys,
    guarded_table,
    rows_tell,
    times_tell,
)
from embedlab.vector_databases import Row, name_of  # noqa: E402

DIMS = 64


@pytest.fixture
def hidden(connection):
    """A table with 600 rows of two tenants; returns it, what is stored, and what is not."""
    vectors = unit(620, dims=DIMS, seed=3)
    table = guarded_table(
        connection, [Row(i, "", "", f"tenant{i % 2}", v) for i, v in enumerate(vectors[:600])]
    )
    yield table, vectors[:20], vectors[600:]
    connection.execute(f"DROP TABLE {name_of(table).as_string()}")


def test_the_number_of_rows_tells_what_others_have_stored(connection, hidden):
    table, stored, absent = hidden
    assert rows_tell(connection, table, stored) == [39] * 20
    assert rows_tell(connection, table, absent) == [40] * 20


def test_a_partition_each_hides_the_number(connection):
    vectors = unit(620, dims=DIMS, seed=3)
    rows = [Row(i, "", "", f"tenant{i % 2}", v) for i, v in enumerate(vectors[:600])]
    names = ("tenant0", "tenant1", "attacker", "attacker's second")
    table = guarded_table(connection, rows, names)
    for attack, right in (({}, 40), ({"k": 10, "others": 30}, 10)):
        assert rows_tell(connection, table, vectors[:10], **attack) == [right] * 10
        assert rows_tell(connection, table, vectors[610:], **attack) == [right] * 10
    connection.execute(f"DROP TABLE {name_of(table).as_string()}")


ITERATIVE = {"hnsw.iterative_scan": "relaxed_order"}


def test_a_small_limit_falls_to_a_second_account(connection, hidden):
    table, stored, absent = hidden
    assert rows_tell(connection, table, stored, k=10) == [10] * 20
    assert rows_tell(connection, table, stored, k=10, others=30) == [9] * 20
    assert rows_tell(connection, table, absent, k=10, others=30) == [10] * 20


@pytest.mark.parametrize("attack", [{}, {"k": 10, "others": 30}])
def test_an_iterative_scan_hides_the_number(connection, hidden, attack):
    table, stored, absent = hidden
    counts = [
        rows_tell(connection, table, vectors, settings=ITERATIVE, **attack) for vectors in (stored, absent)
    ]
    assert counts[0] == counts[1]
    assert len(set(counts[0])) == 1


def test_decoys_are_near_and_of_length_one():
    vector = unit(1, dims=DIMS, seed=9)[0]
    rows = decoys(5, "a", vector, noise=0.4)
    made = np.stack([row.embedding for row in rows])
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-6)
    assert np.allclose(made @ vector, 1 / np.sqrt(1.16), atol=1e-6)
    assert len({row.id for row in rows}) == 40


class Clock:
    """Embeds in a second of a clock of its own; a look at it costs nothing."""

    def __init__(self):
        self.now = 0.0

    def embed(self, text):
        self.now += 1.0
        return text


@pytest.mark.parametrize("shared", [True, False])
def test_a_shared_cache_answers_sooner_what_others_asked(monkeypatch, shared):
    clock = Clock()
    monkeypatch.setattr("embedlab.security.side_channels.time.perf_counter", lambda: clock.now)
    asked, others = [[f"{name}{i}" for i in range(5)] for name in "ab"]
    took = times_tell(VectorCache(clock.embed, shared=shared), asked, others)
    assert took == ([0.0] * 5 if shared else [1000.0] * 5, [1000.0] * 5)


def test_a_cache_embeds_once_a_tenant():
    count = itertools.count()
    cache = VectorCache(lambda text: next(count), shared=False)
    assert [cache("a", "t"), cache("a", "t"), cache("b", "t")] == [0, 0, 1]


def test_a_crowd_of_others_makes_a_scan_longer(connection, hidden):
    from embedlab.security.side_channels import crowd_tells

    table, stored, _ = hidden
    read = "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = %s"
    took = crowd_tells(connection, table, stored[0], stored[1], n=300, tenant="tenant0", tries=3)
    assert {name: [len(part) for part in both] for name, both in took.items()} == {
        "spot": [3, 3],
        "control": [3, 3],
    }
    left = f'SELECT count(*) FROM "{table}"'
    assert connection.execute(left).fetchone() == (600,)
    connection.execute("SELECT pg_stat_force_next_flush()")
    assert connection.execute(read, (table,)).fetchone()[0] > 300  # through the others' rows
