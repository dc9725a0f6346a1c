"""The tables of the pipeline: documents, their vectors, the queue between them, and what is known of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedlab.machine import needs

if TYPE_CHECKING:
    from psycopg import Connection

TABLES = """
CREATE EXTENSION IF NOT EXISTS vector;

-- The truth. An id that was deleted is never used again: so a tombstone is final.
CREATE TABLE documents (
    id bigint PRIMARY KEY,
    text text NOT NULL,
    version bigint NOT NULL DEFAULT 0
);
CREATE SEQUENCE versions;

-- What was made of it. One row for a document and a model: a new model is filled beside the old one.
CREATE TABLE vectors (
    document bigint NOT NULL,
    model text NOT NULL,
    version bigint NOT NULL,      -- of the document that was read
    content_hash bytea,           -- of the text that was embedded
    embedding vector({dims}),     -- NULL: a tombstone, the document was deleted
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (document, model)
);

-- Each model that is kept current has a queue of its own: a change leaves a job in every one.
CREATE TABLE queues (name text PRIMARY KEY);
INSERT INTO queues VALUES ('default');

-- The queue. A job says which document to look at, not what to write: the worker reads the text.
CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue text NOT NULL DEFAULT 'default',
    document bigint NOT NULL,
    version bigint NOT NULL,
    priority smallint NOT NULL DEFAULT 0,  -- 0: somebody changed the document; 1: back-fill
    attempts int NOT NULL DEFAULT 0,
    due timestamptz NOT NULL DEFAULT clock_timestamp(),  -- not before; of a leased job: when the lease ends
    token bigint,                          -- of the lease
    wanted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    error text
);
CREATE SEQUENCE tokens;
CREATE INDEX jobs_fresh ON jobs (queue, priority, due, id) WHERE attempts = 0;
CREATE INDEX jobs_tried ON jobs (queue, priority, due, id) WHERE attempts > 0;

-- Jobs that failed too often, for a person to look at.
CREATE TABLE dead (
    job bigint PRIMARY KEY,
    queue text NOT NULL,
    document bigint NOT NULL,
    version bigint NOT NULL,
    priority smallint NOT NULL,
    attempts int NOT NULL,
    error text NOT NULL,
    died_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A row for each job that was done: when, and whether it had to embed. (Deleted and noted in one statement:
-- it tells how long things took, and proves nothing. What proves is counted by `note_within`.)
CREATE TABLE effects (
    job bigint NOT NULL,
    document bigint NOT NULL,
    priority smallint NOT NULL,
    attempts int NOT NULL,
    embedded boolean NOT NULL,    -- false: the text had not changed, or was gone
    wanted_at timestamptz NOT NULL,
    done_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far a back-fill has come.
CREATE TABLE bookmarks (
    name text PRIMARY KEY,
    after bigint NOT NULL DEFAULT 0,
    finished boolean NOT NULL DEFAULT false
);
"""


def create(connection: Connection, dims: int = 384) -> None:
    """Make the tables of the pipeline, in one transaction: all of them, or none.

    Parameters
    ----------
    connection : psycopg.Connection
    dims : int
        Numbers in a vector: 1 to 16,000, what pgvector's type `vector` takes.

    Raises
    ------
    ValueError
        If there can be no vector of so many numbers.

    Examples
    --------
    >>> create(None, dims=0)
    Traceback (most recent call last):
    ValueError: dims is 0: a vector of pgvector has 1 to 16000
    """
    if not 1 <= dims <= 16_000:
        raise ValueError(f"dims is {dims}: a vector of pgvector has 1 to 16000")
    with connection.transaction():
        connection.execute(TABLES.format(dims=int(dims)))


def connect(url: str) -> Connection:
    """Open a connection that commits each statement, unless a `transaction()` holds several together.

    Raises
    ------
    ImportError
        If psycopg or pgvector is not installed.
    psycopg.OperationalError
        If nobody answers within five seconds.
    """
    psycopg = needs("psycopg")
    connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
    if connection.execute("SELECT to_regtype('vector')").fetchone()[0] is not None:
        needs("pgvector.psycopg").register_vector(connection)
    return connection
