"""The queue, change capture and the back-fill, on a real PostgreSQL; workers run within the test."""

import time

import numpy as np
import pytest

from embedlab.machine import postgres
from embedlab.pipelines import (
    CRASHES,
    RAISES,
    Limits,
    Orders,
    Write,
    backfill,
    beat,
    bury,
    capture_for_a_broker,
    check,
    claim,
    complete,
    connect,
    decoded,
    fragile,
    hashed,
    load,
    put_page,
    race,
    relay,
    requeue,
    step,
    write,
)

pytest.importorskip("psycopg")
pytestmark = pytest.mark.slow
ORDERS = Orders("m", "hashed", limit=4, lease=30.0)


def put(db, *texts):
    db.cursor().executemany(
        "INSERT INTO documents (id, text) VALUES (%s, %s)", list(enumerate(texts, start=1))
    )


def one(db, question, *values):
    return db.execute(question, values).fetchone()[0]


def drained(db, orders=ORDERS, encode=hashed):
    while one(db, "SELECT count(*) FROM jobs"):
        step(db, encode, orders)
        db.execute("UPDATE jobs SET due = now() WHERE token IS NULL")  # no waiting for the back-off


@pytest.mark.parametrize("lease", [None, 30.0])
def test_two_workers_never_get_the_same_job(url, db, lease):
    put(db, *"abcdef")
    with connect(url) as other, db.transaction(), other.transaction():
        first, second = claim(db, 4, lease=lease), claim(other, 4, lease=lease)
    assert [job.document for job in first] == [1, 2, 3, 4]
    assert [job.document for job in second] == [5, 6]


def test_a_lock_ends_with_its_transaction_and_a_lease_with_its_time(db):
    put(db, "a")
    with db.transaction():
        assert len(claim(db)) == 1
    assert len(claim(db, lease=0.05)) == 1
    assert claim(db, lease=30.0) == []
    time.sleep(0.1)
    assert [job.attempts for job in claim(db, lease=30.0)] == [2]


def test_what_users_change_goes_before_the_back_fill(db):
    put(db, *"abc")
    db.execute("TRUNCATE jobs")
    backfill(db, "m")
    db.execute("UPDATE documents SET text = 'new' WHERE id = 3")
    claims = [[(job.document, job.priority) for job in claim(db, 2, lease=30.0)] for _ in "12"]
    assert claims == [[(3, 0)], [(1, 1), (2, 1)]]


def test_suspects_do_not_delay_edits_and_go_alone_before_the_back_fill(db):
    put(db, *"abcdef")
    db.execute("UPDATE jobs SET attempts = 1")  # an outage has touched them all
    backfill(db, "m")
    db.execute("UPDATE documents SET text = 'new' WHERE id IN (5, 6)")
    claims = [[(job.document, job.priority, job.attempts) for job in claim(db, 4, lease=30.0)] for _ in "123"]
    assert claims == [[(5, 0, 1), (6, 0, 1)], [(1, 0, 2)], [(2, 0, 2)]]
    db.execute("UPDATE jobs SET due = now() + interval '1 hour' WHERE attempts > 0")
    assert [job.priority for job in claim(db, 4, lease=30.0)] == [1, 1, 1, 1]


def test_an_edit_that_waits_for_its_back_off_does_not_stop_the_back_fill(db):
    put(db, "a", RAISES)
    limits = Limits(live_age=0.2)
    work = Orders("m", "hashed", limit=4, lease=30.0, most=50)
    step(db, fragile(hashed), work)
    time.sleep(0.3)
    assert one(db, "SELECT count(*) FROM jobs WHERE priority = 0") == 1
    assert sum(backfill(db, "m", limits=limits)) == 2
    db.execute("TRUNCATE jobs, bookmarks; INSERT INTO jobs (document, version) VALUES (1, 0)")  # waits
    time.sleep(0.3)
    until = time.monotonic() + 0.5
    assert backfill(db, "m", limits=limits, stopped=lambda: time.monotonic() > until) == []


def test_a_lost_lease_completes_nothing_and_writes_nothing(db):
    put(db, "a")
    slow = claim(db, lease=0.05)
    assert beat(db, slow, 0.05) == 1
    time.sleep(0.1)
    quick = claim(db, lease=30.0)
    assert complete(db, slow) == []
    assert beat(db, slow, 30.0) == 0
    assert complete(db, quick, [1]) == [quick[0].id]
    assert one(db, "SELECT count(*) FROM effects") == 1


@pytest.mark.parametrize("lease", [None, 30.0])
def test_a_text_that_raises_costs_only_itself(db, lease):
    put(db, "a", RAISES, "b", "c")
    orders = Orders("m", "hashed", limit=4, lease=lease, most=3)
    drained(db, orders, fragile(hashed))
    assert check(db, "m", hashed).right == 3
    found = db.execute("SELECT document, attempts, error FROM dead").fetchall()
    assert found == [(2, 3, "ValueError: the encoder refuses this text")]
    db.execute("UPDATE documents SET text = 'mended' WHERE id = 2")
    assert requeue(db, 2) == 1
    drained(db, orders)
    assert check(db, "m", hashed).right == 4


def test_a_job_whose_workers_never_come_back_is_buried_and_suspects_are_alone(db):
    put(db, "a", CRASHES, "b")
    assert len(claim(db, 3, lease=30.0, most=2)) == 3
    buried = set()
    for _ in range(9):  # each time, the worker dies
        db.execute("UPDATE jobs SET due = now()")
        jobs = claim(db, 3, lease=30.0, most=2)
        assert len(jobs) <= 1
        buried = {row[0] for row in db.execute("SELECT document FROM dead")}
    assert buried == {1, 2, 3}
    assert "no worker came back from it, 2 times" in one(db, "SELECT error FROM dead LIMIT 1")


def test_under_a_lock_a_crash_undoes_the_count_of_attempts(db):
    put(db, CRASHES)
    for _ in range(3):
        with db.transaction(force_rollback=True):  # what the database does when the worker's connection ends
            (job,) = claim(db)
            db.execute("UPDATE jobs SET attempts = attempts + 1 WHERE id = %s", (job.id,))
    assert one(db, "SELECT attempts FROM jobs") == 0  # it would be tried for ever


def test_late_older_writes_and_late_writes_after_a_delete_are_turned_away(db):
    new, old = hashed(["new"]), hashed(["old"])
    write(db, "m", [Write(1, 7, "new")], new)
    write(db, "m", [Write(1, 6, "old")], old)
    write(db, "m", [Write(1, 7, "new")], new)  # twice does no harm
    assert one(db, "SELECT version FROM vectors") == 7
    write(db, "m", [Write(1, 8, None)], new[:0])
    write(db, "m", [Write(1, 7, "new")], new)
    assert db.execute("SELECT version, embedding FROM vectors").fetchall() == [(8, None)]
    with pytest.raises(ValueError, match="0 vectors for 1 texts"):
        write(db, "m", [Write(1, 9, "newer")], new[:0])


def test_insert_edit_delete_and_what_has_not_changed(db):
    put(db, "a", "b", "c")
    drained(db)
    db.execute("UPDATE documents SET text = 'new' WHERE id = 1")
    db.execute("UPDATE documents SET text = text WHERE id = 2")  # touched, not changed
    db.execute("DELETE FROM documents WHERE id = 3")
    db.execute("TRUNCATE effects")
    drained(db)
    found = check(db, "m", hashed)
    assert (found.documents, found.right, found.clean) == (2, 2, True)
    embedded = db.execute("SELECT document, embedded FROM effects ORDER BY document").fetchall()
    assert embedded == [(1, True), (2, False), (3, False)]


def test_a_change_that_is_rolled_back_leaves_no_job(db):
    with db.transaction(force_rollback=True):
        put(db, "a")
        assert one(db, "SELECT count(*) FROM jobs") == 1
    assert one(db, "SELECT count(*) FROM jobs") == 0


def test_a_back_fill_goes_on_where_it_was_and_meets_every_document_once(db):
    put(db, *map(str, range(25)))
    db.execute("TRUNCATE jobs")
    assert put_page(db, "m", 10) == (10, False)
    with db.transaction(force_rollback=True):  # the process dies within a page
        put_page(db, "m", 10)
    assert sum(backfill(db, "m")) == 15
    assert put_page(db, "m", 10) == (0, True)
    documents = [row[0] for row in db.execute("SELECT document FROM jobs ORDER BY document")]
    assert documents == list(range(1, 26))


def test_the_outbox_is_published_at_least_once(db):
    capture_for_a_broker(db)
    try:
        put(db, "a", "b")
        db.execute("DELETE FROM documents WHERE id = 1")
        sent = []

        def breaks(messages):
            sent.extend(messages)
            raise ConnectionError("we die after publishing")

        with pytest.raises(ConnectionError):
            relay(db, breaks)
        assert relay(db, sent.extend) == 3
        assert relay(db, sent.extend) == 0
        assert [document for _, document, _ in sent] == [1, 2, 1, 1, 2, 1]
    finally:
        db.execute("DROP TRIGGER leave_a_message ON documents; DROP TABLE outbox")


def test_the_log_itself_tells_what_changed(url, db):
    with pytest.raises(ValueError, match="wal_level is 'replica'"):
        decoded(url, [])
    with postgres(settings={"wal_level": "logical", "fsync": "off"}) as other:
        lines = decoded(other, ["CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (7)"])
    assert any(line == "table public.t: INSERT: id[integer]:7" for line in lines)


def test_without_a_lock_tickets_are_done_twice_and_skip_locked_does_not_wait(url):
    none, waits, skips = (
        race(url, way, tickets=30, work=0.01) for way in ("no lock", "FOR UPDATE", "SKIP LOCKED")
    )
    assert none.twice > 0
    assert waits.twice == skips.twice == 0
    assert waits.seconds > 1.3 * skips.seconds


def test_bad_input_is_named(db):
    with pytest.raises(ValueError, match="lease is -1"):
        claim(db, lease=-1)
    with pytest.raises(ValueError, match="NUL"):
        load(db, ["\0"])
    put(db, "a")
    (job,) = claim(db, lease=30.0)
    bury(db, job, "by hand", attempts=1)
    assert one(db, "SELECT error FROM dead") == "by hand"
    assert np.isfinite(hashed(["a"])).all()
