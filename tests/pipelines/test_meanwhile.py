"""Between the reading and the writing of a worker: an edit that is taken back, a model that is filled."""

from dataclasses import replace

import pytest

from embedlab.pipelines import (
    Orders,
    Overtaken,
    Write,
    backfill,
    check,
    claim,
    complete,
    connect,
    hashed,
    step,
    worker,
    write,
)
from embedlab.pipelines.counting import NOTED, note_late, note_refused

pytest.importorskip("psycopg")
pytestmark = pytest.mark.slow
ORDERS = Orders("m", "hashed", limit=4, lease=30.0)


def jobs_left(db):
    return db.execute("SELECT count(*) FROM jobs").fetchone()[0]


@pytest.mark.parametrize("lease", [None, 30.0])
def test_an_edit_that_is_taken_back_while_others_work_is_not_lost(url, db, lease, monkeypatch):
    db.execute("INSERT INTO documents (id, text) VALUES (1, 'x')")
    step(db, hashed, ORDERS)
    db.execute("UPDATE documents SET text = 'y'")
    (first,) = claim(db, lease=30.0)
    slow = worker.read(db, [first], "m")
    db.execute("UPDATE documents SET text = 'x'")
    real, met = worker.read, []

    def read(connection, jobs, model):
        """Read, and let the slow worker write what it has read before."""
        found = real(connection, jobs, model)
        if not met:
            met.append(found[0].must_embed)
            with connect(url) as other, other.transaction():
                complete(other, [first], [1])
                write(other, "m", slow, hashed(["y"]))
        return found

    monkeypatch.setattr(worker, "read", read)
    step(db, hashed, replace(ORDERS, lease=lease))
    assert met == [False]  # it believed that nothing had changed
    assert check(db, "m", hashed).right == 1
    assert jobs_left(db) == 0


def test_a_write_that_was_overtaken_says_so(db):
    db.execute("INSERT INTO documents (id, text) VALUES (1, 'x')")
    jobs = claim(db, lease=30.0)
    before = worker.read(db, jobs, "m")
    write(db, "m", before, hashed(["x"]))
    newer = [replace(before[0], version=before[0].version + 1, text="y", known=before[0].hash)]
    believed = [replace(before[0], version=before[0].version + 2, known=before[0].hash)]
    write(db, "m", newer, hashed(["y"]))
    with pytest.raises(Overtaken):
        write(db, "m", believed, hashed([]))


def test_a_change_reaches_each_model_and_a_back_fill_only_its_own(db):
    old, new = ORDERS, replace(ORDERS, model="new", queue="new")
    db.execute("INSERT INTO documents (id, text) VALUES (1, 'a'), (2, 'b')")
    while step(db, hashed, old):
        pass
    db.execute("INSERT INTO queues VALUES ('new')")
    assert sum(backfill(db, "new", queue="new")) == 2
    db.execute("UPDATE documents SET text = 'c' WHERE id = 1")
    db.execute("DELETE FROM documents WHERE id = 2")
    while step(db, hashed, old):
        pass
    assert check(db, "m", hashed).clean
    assert jobs_left(db) == 4  # all of the new model, which nobody has touched
    while step(db, hashed, new):
        pass
    assert check(db, "new", hashed).clean
    assert jobs_left(db) == 0
    assert db.execute("SELECT count(*) FROM vectors WHERE embedding IS NULL").fetchone()[0] == 2  # tombstones


def test_a_queue_that_is_switched_on_under_a_lock_misses_no_change_under_way(url, db):
    db.execute("INSERT INTO documents (id, text) VALUES (1, 'a')")
    with connect(url) as writer, connect(url) as switch:
        writer.execute("BEGIN")
        writer.execute("UPDATE documents SET text = 'b' WHERE id = 1")  # its trigger sees one queue
        switch.execute("SET lock_timeout = '200ms'")
        with pytest.raises(Exception, match="lock timeout"), switch.transaction():
            switch.execute("LOCK TABLE documents IN SHARE ROW EXCLUSIVE MODE")
        writer.execute("COMMIT")
        with switch.transaction():
            switch.execute("LOCK TABLE documents IN SHARE ROW EXCLUSIVE MODE")
            switch.execute("INSERT INTO queues VALUES ('new')")
    backfill(db, "new", queue="new")
    while step(db, hashed, replace(ORDERS, model="new", queue="new")):
        pass
    assert check(db, "new", hashed).right == 1


def test_without_the_fence_a_late_write_is_stored_and_a_deleted_document_is_back(db):
    write(db, "m", [Write(1, 2, "new"), Write(2, 2, None)], hashed(["new"]))
    late = [Write(1, 1, "old"), Write(2, 1, "old")]
    question = "SELECT array_agg(version ORDER BY document), count(embedding) FROM vectors"
    write(db, "m", late, hashed(["old", "old"]))
    assert db.execute(question).fetchone() == ([2, 2], 1)
    write(db, "m", late, hashed(["old", "old"]), fenced=False)
    assert db.execute(question).fetchone() == ([1, 1], 2)


def test_what_is_refused_is_noted(db):
    db.execute(NOTED)
    write(db, "m", [Write(1, 2, "new"), Write(2, 2, "new")], hashed(["new", "new"]))
    note_late(db, "m", [(1, 1), (2, 2)])
    note_refused(db, "lost", [7, 8])
    note_refused(db, "overtaken", [])
    assert db.execute("TABLE noted ORDER BY 1, 2").fetchall() == [("late", 1), ("lost", 7), ("lost", 8)]
    db.execute("DROP TABLE noted")


def test_a_late_tombstone_is_not_counted_as_a_late_text(db, tmp_path):
    db.execute(NOTED)
    db.execute("INSERT INTO documents (id, text) VALUES (1, 'x'), (2, 'y')")
    backfill(db, "m")
    db.execute("DELETE FROM documents WHERE id = 1")  # its back-fill job finds a newer tombstone
    while step(db, hashed, replace(ORDERS, counted=str(tmp_path))):
        pass
    assert check(db, "m", hashed).clean
    assert db.execute("SELECT count(*) FROM noted WHERE way = 'late'").fetchone() == (0,)
    db.execute("DROP TABLE noted")
