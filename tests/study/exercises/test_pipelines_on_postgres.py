"""The exercises of pipelines against the package's statements, on a real PostgreSQL."""

import itertools
import json
import random
from types import SimpleNamespace

import numpy as np
import pytest

import embedlab.pipelines as package
from embedlab.machine import postgres
from embedlab.study.exercises import exercises
from embedlab.study.exercises.pipelines import claim_jobs
from embedlab.study.exercises.pipelines_beats import lease_step
from embedlab.study.exercises.pipelines_late import apply_write
from embedlab.study.exercises.pipelines_pages import page_after
from embedlab.study.exercises.pipelines_poison import fate

pytest.importorskip("psycopg")
pytestmark = pytest.mark.slow
PUT_JOB = """
INSERT INTO jobs (id, document, version, priority, attempts, due) OVERRIDING SYSTEM VALUE
VALUES (%(id)s, 1, 1, %(priority)s, %(attempts)s, now() + (%(due)s - %(now)s) * interval '1 hour')
"""
PUT_LEASE = """
INSERT INTO jobs (document, version, attempts, token, due)
VALUES (1, 1, %(tries)s, %(token)s, now() + (%(due)s - %(now)s) * interval '1 hour')
"""
LEASE = "SELECT token, extract(epoch FROM due - clock_timestamp())::float8 / 3600 FROM jobs"


def cases(name):
    return exercises()[name].cases(np.random.default_rng(0))


@pytest.fixture(scope="module")
def url():
    with postgres(settings={"fsync": "off"}) as url:
        with package.connect(url) as connection:
            package.create(connection, dims=1)
        yield url


@pytest.fixture
def db(url):
    with package.connect(url) as connection:
        connection.execute("TRUNCATE documents, vectors, jobs, dead, effects, bookmarks")
        yield connection


@pytest.mark.parametrize("lease", [None, 30.0])
def test_jobs_are_those_that_the_package_claims(url, db, lease):
    for jobs, locked, now, limit in cases("claim_jobs"):
        db.execute("TRUNCATE jobs")
        with db.transaction():  # one transaction, one now(): equal times stay equal
            db.cursor().executemany(PUT_JOB, [{**job, "now": now} for job in jobs])
        with package.connect(url) as other, other.transaction():
            other.execute("SELECT FROM jobs WHERE id = ANY(%s) FOR UPDATE", (locked,))
            with db.transaction():
                claimed = [job.id for job in package.claim(db, limit, lease=lease, most=9)]
        assert sorted(claimed) == sorted(claim_jobs(jobs, locked, now, limit))


def test_a_lease_is_that_of_the_package(db):
    for job, event, token, now, lease in cases("lease_step"):
        db.execute("TRUNCATE jobs RESTART IDENTITY")
        if job:
            tries = int(job["token"] is not None)
            # A lease that ends now is claimed: by its clock, which is a moment later.
            db.execute(PUT_LEASE, {**job, "now": now, "tries": tries})
        mine = [SimpleNamespace(id=1, document=1, token=token)]
        if event == "claim":
            claimed = package.claim(db, 1, lease=lease * 3600)
            accepted = bool(claimed)
            token = claimed[0].token if claimed else token
        elif event == "beat":
            accepted = package.beat(db, mine, lease * 3600) == 1
        else:
            accepted = package.complete(db, mine) == [1]
        row = db.execute(LEASE).fetchone()
        after, expected = lease_step(job, event, token, now, lease)
        assert accepted == expected
        assert (row is None) == (after is None)
        if row:
            assert row == (after["token"], pytest.approx(after["due"] - now, abs=0.05))


def test_the_package_s_statement_does_the_same(db):
    dice = random.Random(0)
    for _ in range(20):
        db.execute("TRUNCATE vectors")
        rows = {}
        for _ in range(8):
            document, version = dice.randint(1, 2), dice.randint(1, 4)
            text = dice.choice([None, f"version {version}"])
            vector = None if text is None else [float(version)]
            package.write(
                db,
                "m",
                [package.Write(document, version, text)],
                np.array([vector] if vector else [], np.float32).reshape(-1, 1),
            )
            rows = apply_write(rows, document, version, vector)
        found = db.execute("SELECT document, version, embedding::text FROM vectors")
        assert {d: (v, e and json.loads(e)) for d, v, e in found} == rows


def test_pages_are_those_of_the_package(db):
    for ids, after, size in cases("page_after"):
        db.execute("TRUNCATE documents, jobs, bookmarks")
        db.execute("INSERT INTO documents (id, text) SELECT unnest(%s::bigint[]), ''", (ids,))
        db.execute("INSERT INTO bookmarks (name, after) VALUES ('m', %s)", (after,))
        page, bookmark, finished = page_after(ids, after, size)
        assert package.put_page(db, "m", size) == (len(page), finished)
        put = [row[0] for row in db.execute("SELECT document FROM jobs ORDER BY document")]
        assert put == page
        assert db.execute("SELECT after FROM bookmarks").fetchone() == (bookmark,)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_jobs_die_where_the_package_buries_them(db, most):
    for event, attempts in itertools.product(["claimed", "raised"], range(1, most + 2)):
        db.execute("TRUNCATE jobs, dead")
        db.execute("INSERT INTO jobs (document, version, attempts) VALUES (1, 1, %s)", (attempts - 1,))
        jobs = package.claim(db, lease=30.0, most=most if event == "claimed" else 99)
        expected = fate(event, attempts, most)
        if event == "claimed":
            assert ("work" if jobs else "dead") == expected
        else:
            assert jobs[0].attempts == attempts
            assert package.fail(db, jobs[0], "no", most=most) == (expected == "dead")
        assert db.execute("SELECT count(*) FROM dead").fetchone()[0] == (expected == "dead")
