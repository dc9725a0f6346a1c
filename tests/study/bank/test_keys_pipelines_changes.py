"""Keys of the questions on pipelines that are about documents which change meanwhile, measured."""

from contextlib import suppress

import numpy as np
import pytest

from embedlab.machine import postgres
from embedlab.pipelines import connect, share_within


@pytest.fixture(scope="module")
def two_connections():
    pytest.importorskip("psycopg")
    with postgres(settings={"fsync": "off"}) as url, connect(url) as one, connect(url) as other:
        yield one, other


def test_a_shorter_text_leaves_chunks_behind():
    index = {}

    def update(version, chunks, clean):
        if clean and any(stored > version for stored, _ in index.values()):
            return  # a late run of an older version
        index.update({f"page#{i}": (version, chunk) for i, chunk in enumerate(chunks)})
        if clean:
            for name in [name for name, (stored, _) in index.items() if stored < version]:
                del index[name]

    update(1, [f"old {i}" for i in range(9)], clean=False)
    update(2, [f"new {i}" for i in range(4)], clean=False)
    assert sorted(name for name, (_, chunk) in index.items() if "old" in chunk) == [
        f"page#{i}" for i in range(4, 9)
    ]
    update(2, [f"new {i}" for i in range(4)], clean=True)
    assert {chunk for _, chunk in index.values()} == {f"new {i}" for i in range(4)}
    update(1, [f"old {i}" for i in range(9)], clean=True)
    assert {chunk for _, chunk in index.values()} == {f"new {i}" for i in range(4)}


def test_a_hard_delete_comes_back_without_a_tombstone():
    for tombstones in (False, True):
        stored = {"a": (1, "text")}
        read = dict(stored)  # the backfill has read it, then a user deletes it
        stored["a"] = (2, None)
        if not tombstones:
            del stored["a"]
        for name, (version, text) in read.items():
            if name not in stored or stored[name][0] <= version:
                stored[name] = (version, text)
        assert (stored["a"][1] is None) == tombstones


def test_a_write_that_is_only_logged_stays_lost():
    texts, vectors, due, down = {}, {}, [], True

    def store(name, text):
        if down:
            raise ConnectionError
        vectors[name] = text

    texts["a"] = "new"
    due.append("a")  # the outbox, written with the text
    with suppress(ConnectionError):
        store("a", "new")
    down = False
    assert vectors != texts
    while due:
        store(name := due.pop(), texts[name])
    assert vectors == texts


def test_a_page_by_offset_misses_rows_when_others_are_deleted():
    def seen(by_key):
        rows, met, last = list(range(100)), [], -1
        while True:
            page = [row for row in rows if row > last][:10] if by_key else rows[len(met) :][:10]
            if not page:
                return set(met), set(rows)
            met += page
            last = page[-1]
            rows.remove(page[0])  # somebody deletes what was read

    met, left = seen(by_key=False)
    assert left - met
    met, left = seen(by_key=True)
    assert left <= met


def test_capture_that_begins_after_the_back_fill_misses_an_edit():
    for capture_first in (True, False):
        documents, vectors, jobs = {1: "old", 2: "old"}, {}, []
        vectors[1] = documents[1]  # the back-fill has read the first page
        documents[1] = "new"
        if capture_first:
            jobs.append(1)
        vectors[2] = documents[2]
        for job in jobs:
            vectors[job] = documents[job]
        assert (vectors == documents) == capture_first


def test_an_urgent_job_waits_for_the_claim_in_hand():
    def longest(claim, rate=100):
        moments = np.random.default_rng(0).uniform(0, 1000, 5_000)
        ends = np.ceil(moments * rate / claim) * claim / rate  # one worker, claim after claim
        return (ends - moments).max()

    assert longest(2_000) == pytest.approx(20, abs=0.1)
    assert longest(64) < 0.65


def test_a_share_of_finished_jobs_hides_those_that_wait():
    wanted = np.arange(100.0)
    done = np.where(wanted < 90, wanted + 1, 5000.0)  # the last ten are stuck
    finished = done < 100
    assert share_within((done - wanted)[finished], 5.0) == 1
    assert share_within(done - wanted, 5.0) == 0.9


@pytest.mark.slow
def test_a_reader_of_a_sequence_misses_what_commits_late(two_connections):
    late, other = two_connections
    other.execute("CREATE TABLE numbered (seq bigint GENERATED ALWAYS AS IDENTITY, article text)")

    def above(bookmark):
        return other.execute("SELECT seq, article FROM numbered WHERE seq > %s", (bookmark,)).fetchall()

    with late.transaction():
        late.execute("INSERT INTO numbered (article) VALUES ('late')")
        other.execute("INSERT INTO numbered (article) VALUES ('quick')")
        assert above(0) == [(2, "quick")]
    assert above(2) == []
    assert above(0) == [(1, "late"), (2, "quick")]


@pytest.mark.slow
def test_a_notice_before_listening_is_missed(two_connections):
    sender, worker = two_connections
    sender.execute("NOTIFY jobs")
    worker.execute("LISTEN jobs")
    assert list(worker.notifies(timeout=0.3, stop_after=1)) == []
    sender.execute("NOTIFY jobs")
    assert len(list(worker.notifies(timeout=30, stop_after=1))) == 1


@pytest.mark.slow
def test_a_forgotten_slot_keeps_the_log():
    pytest.importorskip("psycopg")
    lag = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) FROM pg_replication_slots"
    with postgres(settings={"wal_level": "logical", "fsync": "off"}) as url, connect(url) as db:
        db.execute("CREATE TABLE filled AS SELECT 0 AS i")
        db.execute("SELECT pg_create_logical_replication_slot('forgotten', 'test_decoding')")
        (before,) = db.execute(lag).fetchone()
        for _ in range(3):
            db.execute("INSERT INTO filled SELECT generate_series(1, 50000)")
            db.execute("DELETE FROM filled")  # the table does not grow, the log does
            db.execute("CHECKPOINT")
        (after,) = db.execute(lag).fetchone()
        assert after - before > 5e6  # bytes that no checkpoint may remove
