"""The exercises of vector_databases: the package, and PostgreSQL itself, do the same."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study.exercises.alternatives import vector_databases as written

import embedlab.vector_databases as package
from embedlab.study.exercises import exercises
from embedlab.study.exercises.vector_databases import quote_name
from embedlab.study.exercises.vector_databases_angle import cosine_from
from embedlab.study.exercises.vector_databases_at_recall import cheapest
from embedlab.study.exercises.vector_databases_bytes import table_bytes
from embedlab.study.exercises.vector_databases_filter import iterative_scan
from embedlab.study.exercises.vector_databases_mvcc import visible
from embedlab.study.exercises.vector_databases_replies import answer_in_time
from embedlab.study.exercises.vector_databases_ring import ring_owners

SMALL = st.integers(1, 12)
EIGHTHS = st.integers(-8, 8).map(lambda n: n / 8)


def test_they_come_in_the_order_of_the_chapter():
    own = [one.name for one in exercises().values() if one.chapter == "19_vector_databases"]
    assert own == [
        "quote_name",
        "cosine_from",
        "cheapest",
        "table_bytes",
        "iterative_scan",
        "visible",
        "recall_lost",
        "answer_in_time",
        "ring_owners",
    ]


@given(st.text(st.sampled_from("ab\"'; \0\té文"), max_size=70))
def test_names_are_quoted_as_by_the_package(name):
    pytest.importorskip("psycopg", reason="the extra production is not installed")
    try:
        expected = package.name_of(name).as_string()
    except ValueError:
        for function in quote_name, written.quote_name:
            with pytest.raises(ValueError, match="name"):
                function(name)
    else:
        assert quote_name(name) == written.quote_name(name) == expected


@pytest.mark.parametrize("target", [0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 1.0])
def test_the_measured_curves_are_read_alike(target):
    """What is read off between two settings is never slower than the setting that reaches the target."""
    rows = package.shipped_recall()["rows"]
    best, between = cheapest(rows, target), package.ms_at(rows, target)
    assert best.keys() == between.keys()
    for name, ms in between.items():
        assert ms is None or ms <= best[name]
        assert (best[name] is None) == all(row["recall"] < target for row in rows if row["engine"] == name)


@given(st.lists(st.tuples(EIGHTHS, EIGHTHS), min_size=1, max_size=6, unique_by=lambda one: one[0]))
def test_at_a_recall_that_was_measured_it_is_the_package_s(pairs):
    """Where more recall takes longer, as the package supposes."""
    recalls, times = sorted(one for one, _ in pairs), sorted(one + 2 for _, one in pairs)
    rows = [{"engine": "a", "recall": x, "ms": y} for x, y in zip(recalls, times, strict=True)]
    for row in rows:
        assert cheapest(rows, row["recall"])["a"] == pytest.approx(
            package.ms_at(rows, row["recall"])["a"], abs=1e-3
        )


def test_the_table_of_the_shipped_measurement():
    """COPY adds up to 64 empty pages at once, which stay."""
    shipped = package.shipped_recall()
    n, dims = shipped["about"]["vectors"], shipped["about"]["dims"]
    surplus = shipped["built"]["pgvector exact"]["bytes"] - table_bytes(n, dims, 4)
    assert 0 <= surplus <= 64 * 8192


@given(st.permutations(range(12)), st.sets(st.integers(0, 11)), SMALL, SMALL, st.integers(0, 14))
def test_a_scan_finds_what_a_filter_of_what_it_scanned_finds(ranked, passing, k, step, most):
    found, scanned = iterative_scan(ranked, passing, k, step, most)
    assert (found, scanned) == written.iterative_scan(ranked, passing, k, step, most)
    assert found == [i for i in ranked[:scanned] if i in passing][:k]
    assert scanned == len(ranked) or len(found) == k or scanned >= most
    assert scanned < max(most, 1) + step


@given(SMALL, st.integers(1, 6), SMALL)
def test_the_loss_of_recall_is_that_of_single_documents(k, shards, depth):
    expected = package.recall_lost(k, shards, depth)
    assert written.recall_lost(k, shards, depth) == pytest.approx(expected, abs=1e-9)


@given(
    st.lists(st.tuples(st.sampled_from([1.0, 4.0, 5.0, 6.0, math.inf]), st.lists(EIGHTHS)), min_size=1),
    st.integers(1, 9),
    st.randoms(use_true_random=False),
)
def test_answers_are_merged_as_by_the_package(drawn, k, random):
    ids = list(range(sum(len(scores) for _, scores in drawn)))
    random.shuffle(ids)
    answers = [
        (seconds, sorted(((x, ids.pop()) for x in scores), key=lambda one: (-one[0], one[1])))
        for seconds, scores in drawn
    ]
    parts = [
        (np.array([[x for x, _ in one]], np.float32), np.array([[i for _, i in one]], np.int64))
        for seconds, one in answers
        if seconds <= 5
    ]
    expected = package.merge(parts, k)[1][0] if parts else np.array([-1])
    _, shares = package.by_deadline(np.array([[seconds for seconds, _ in answers]]), 5.0)
    found, share = answer_in_time(answers, k, 5.0)
    assert (found, share) == (expected[expected >= 0].tolist(), pytest.approx(shares[0]))
    assert written.answer_in_time(answers, k, 5.0) == (found, pytest.approx(share))


@given(st.integers(1, 6), st.integers(1, 5), st.text(max_size=5), st.data())
def test_owners_are_those_of_the_package(nodes, virtual, key, data):
    names = list("abcdef")[:nodes]
    ring = package.make_ring(names, virtual)
    points = {
        name: [place for place, node in zip(ring.points, ring.nodes, strict=True) if node == name]
        for name in data.draw(st.permutations(names))
    }
    copies = data.draw(st.integers(1, nodes))
    where = package.position(key)
    for function in ring_owners, written.ring_owners:
        assert function(points, where, copies) == ring.owners(key, copies)


@pytest.fixture(scope="module")
def url():
    pytest.importorskip("psycopg", reason="the extra production is not installed")
    return package.own_server()


@pytest.mark.slow
def test_the_bytes_are_those_of_postgresql(url):
    sizes = [(57, 384, "vector", 4), (57, 384, "halfvec", 2), (9, 1000, "vector", 4), (9, 1024, "vector", 4)]
    sizes += [(400, 3, "vector", 4), (60, 329, "vector", 4), (60, 498, "vector", 4), (90, 793, "halfvec", 2)]
    with package.connect(url) as connection:
        for n, dims, kind, width in sizes:
            connection.execute("DROP TABLE IF EXISTS pages")
            connection.execute(f"CREATE TEMP TABLE pages (id bigint, embedding {kind}({dims}) STORAGE PLAIN)")
            vector = f"array_fill(0.5::real, ARRAY[{dims}])::{kind}"
            connection.execute(f"INSERT INTO pages SELECT i, {vector} FROM generate_series(1, {n}) AS i")
            [(size,)] = connection.execute("SELECT pg_relation_size('pages')")
            assert size == table_bytes(n, dims, width) == written.table_bytes(n, dims, width), (n, dims, kind)


@pytest.mark.slow
@pytest.mark.parametrize("operator", ["<#>", "<=>", "<->"])
def test_the_distances_are_those_of_pgvector(url, operator):
    drawn = np.random.default_rng(0).normal(size=(20, 2, 5))
    drawn[0, 1], drawn[1, 1] = drawn[0, 0], -drawn[1, 0]
    drawn /= np.linalg.norm(drawn, axis=2, keepdims=True)
    with package.connect(url) as connection:
        statement = f"SELECT %s::vector {operator} %s::vector"
        got = [connection.execute(statement, (a.tolist(), b.tolist())).fetchone()[0] for a, b in drawn]
    cosines = (drawn[:, 0] * drawn[:, 1]).sum(axis=1)
    assert np.allclose(cosine_from(operator, np.array(got)), cosines, atol=1e-5)


@pytest.mark.slow
def test_the_versions_seen_are_those_of_postgresql(url):
    """A history of inserts, updates, deletes, running and rolled back, read by two snapshots."""
    with package.connect(url) as one, package.connect(url) as two, package.connect(url) as reader:
        table = "versions_of_an_exercise"
        one.execute(f"DROP TABLE IF EXISTS {table}")
        one.execute(f"CREATE TABLE {table} (row text)")
        versions, aborted = {}, []

        def begin(connection, isolation="READ COMMITTED"):
            connection.execute(f"BEGIN ISOLATION LEVEL {isolation}")
            [(xid,)] = connection.execute("SELECT pg_current_xact_id()::text::bigint")
            return xid

        def insert(connection, row, xid):
            connection.execute(f"INSERT INTO {table} VALUES (%s)", [row])
            versions[row] = [xid, 0]

        def delete(connection, row, xid):
            assert connection.execute(f"DELETE FROM {table} WHERE row = %s", [row]).rowcount == 1
            versions[row][1] = xid

        def update(connection, row, new, xid):
            assert connection.execute(f"UPDATE {table} SET row = %s WHERE row = %s", [new, row]).rowcount == 1
            versions[row][1], versions[new] = xid, [xid, 0]

        def end(connection, xid, how="COMMIT"):
            connection.execute(how)
            if how == "ROLLBACK":
                aborted.append(xid)

        def agree(own):
            [(text,)] = reader.execute("SELECT pg_current_snapshot()::text")
            _, following, running = text.split(":")
            snapshot = {
                "own": own,
                "next": int(following),
                "running": [int(xid) for xid in running.split(",") if xid],
                "aborted": aborted,
            }
            seen = sorted(row for (row,) in reader.execute(f"SELECT row FROM {table}"))
            history = [(row, *ids) for row, ids in versions.items()]
            for function in visible, written.visible:
                assert sorted(function(history, snapshot)) == seen
            return seen

        for row in ("kept", "replaced", "deleted", "spared", "later"):
            xid = begin(one)
            insert(one, row, xid)
            end(one, xid)
        for step in (lambda xid: insert(one, "never", xid), lambda xid: delete(one, "spared", xid)):
            xid = begin(one)
            step(xid)
            end(one, xid, "ROLLBACK")
        running = begin(two)
        update(two, "replaced", "replacement", running)
        own = begin(reader, "REPEATABLE READ")
        insert(reader, "own", own)
        delete(reader, "deleted", own)
        xid = begin(one)
        delete(one, "later", xid)
        insert(one, "new", xid)
        assert agree(own) == ["kept", "later", "own", "replaced", "spared"]
        end(one, xid)
        end(two, running)
        assert agree(own) == ["kept", "later", "own", "replaced", "spared"], "the snapshot stays"
        end(reader, own)
        assert agree(-1) == ["kept", "new", "own", "replacement", "spared"]
        one.execute(f"DROP TABLE {table}")
