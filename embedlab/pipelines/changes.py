"""Change capture: whoever changes a document leaves a job for it, in the same transaction.

A program that writes the document and then tells the queue can die in between (a dual write): the change is
lost. A trigger writes both or neither. Where the queue is a table of the same database, it is the outbox;
where the queue is elsewhere, `OUTBOX` holds what a relay still has to publish.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from embedlab.pipelines.schema import connect

if TYPE_CHECKING:
    from psycopg import Connection

# An UPDATE holds its row's lock when the trigger runs, so the versions of a document rise in commit order.
CAPTURE = """
CREATE OR REPLACE FUNCTION number_the_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := nextval('versions');
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION leave_a_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed documents := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF TG_OP = 'DELETE' THEN
        changed.version := nextval('versions');
    END IF;
    INSERT INTO jobs (queue, document, version) SELECT name, changed.id, changed.version FROM queues;
    NOTIFY jobs;  -- sent when the transaction commits, once however many rows it changed
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER number_the_version BEFORE INSERT OR UPDATE OF text ON documents
    FOR EACH ROW EXECUTE FUNCTION number_the_version();
CREATE OR REPLACE TRIGGER leave_a_job AFTER INSERT OR UPDATE OF text OR DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION leave_a_job();
"""

OUTBOX = """
CREATE TABLE IF NOT EXISTS outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document bigint NOT NULL,
    version bigint NOT NULL
);
CREATE OR REPLACE FUNCTION leave_a_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO outbox (document, version) VALUES (OLD.id, nextval('versions'));
    ELSE
        INSERT INTO outbox (document, version) VALUES (NEW.id, NEW.version);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER leave_a_message AFTER INSERT OR UPDATE OF text OR DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION leave_a_message();
"""

TAKE = """
DELETE FROM outbox WHERE seq = ANY(ARRAY(
    SELECT seq FROM outbox ORDER BY seq LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING seq, document, version
"""


def capture(connection: Connection) -> None:
    """Install the triggers that number versions, and leave a job in each queue when a text changes."""
    with connection.transaction():
        connection.execute(CAPTURE)


def capture_for_a_broker(connection: Connection) -> None:
    """Install the trigger that leaves a message for every change in the outbox."""
    with connection.transaction():
        connection.execute(OUTBOX)


def relay(
    connection: Connection, publish: Callable[[Sequence[tuple[int, int, int]]], None], limit: int = 256
) -> int:
    """Publish what lies in the outbox, then delete it; return how many messages.

    If we die after publishing and before the commit, they are published again: at least once, never less.

    Parameters
    ----------
    connection : psycopg.Connection
    publish : callable
        Gets (seq, document, version) of each message, in order; returns when the broker has stored them.
    limit : int
        Messages at a time.
    """
    with connection.transaction():
        messages = sorted(connection.execute(TAKE, {"limit": limit}))
        if messages:
            publish(messages)
        return len(messages)


def decoded(url: str, changes: Sequence[str]) -> list[str]:
    """Run statements, and return what PostgreSQL's own log tells of them: logical decoding, no trigger.

    The output plugin is `test_decoding`, which prints lines for people; Debezium and others read this log.
    A slot keeps the log until somebody has read it: one that is forgotten fills the disk.

    Parameters
    ----------
    url : str
        Of a server started with ``wal_level = logical``.
    changes : sequence of str
        SQL statements.

    Raises
    ------
    ValueError
        If the server's log does not hold enough.
    """
    with connect(url) as connection:
        (level,) = connection.execute("SHOW wal_level").fetchone()
        if level != "logical":
            raise ValueError(f"wal_level is {level!r}: start the server with {{'wal_level': 'logical'}}")
        connection.execute("SELECT pg_create_logical_replication_slot('embedlab', 'test_decoding', true)")
        for statement in changes:
            connection.execute(statement)
        rows = connection.execute("SELECT data FROM pg_logical_slot_get_changes('embedlab', NULL, NULL)")
        lines = [line for (line,) in rows]
        connection.execute("SELECT pg_drop_replication_slot('embedlab')")
    return lines
