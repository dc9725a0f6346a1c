"""A full disk: an error that says so, nothing lost, and on it goes when there is room again."""

import os
import subprocess
import sys

import pytest

from embedlab.machine import server

psycopg = pytest.importorskip("psycopg")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not sys.platform.startswith("linux") or os.geteuid() != 0,
        reason="only Linux' root mounts a small disk",
    ),
]


@pytest.fixture
def small_disk(database_folder):
    database_folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs", database_folder],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield database_folder
    subprocess.run(["umount", database_folder], check=True)


def fill(disk, leave):
    """Write a file that leaves so many bytes free."""
    free = os.statvfs(disk)
    size = free.f_bavail * free.f_frsize - leave
    with open(disk / "ballast", "wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, size)
    return disk / "ballast"


def test_nothing_is_lost(small_disk):
    with server(small_disk / "postgres") as db, psycopg.connect(db.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (x text)")
        connection.execute("INSERT INTO t SELECT repeat('a', 1000) FROM generate_series(1, 1000)")
        connection.execute("SELECT pg_switch_wal()")
        connection.execute("INSERT INTO t VALUES ('the log has a new file, with room for what follows')")
        ballast = fill(small_disk, leave=1_000_000)
        with pytest.raises(psycopg.errors.DiskFull, match="No space left on device"):
            connection.execute("INSERT INTO t SELECT repeat('b', 1000) FROM generate_series(1, 8000)")
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1001,)  # the same connection
        ballast.unlink()
        connection.execute("INSERT INTO t SELECT repeat('b', 1000) FROM generate_series(1, 8000)")
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (9001,)


def test_a_log_without_room_ends_the_server_and_it_recovers(small_disk):
    """The write-ahead log cannot wait for room: PostgreSQL crashes, and what was committed is there after."""
    with server(small_disk / "postgres") as db:
        with psycopg.connect(db.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t (x int)")
            ballast = fill(small_disk, leave=200_000)
            committed = insert_until_it_breaks(connection)
        assert committed > 0
        assert "PANIC" in db.log
        ballast.unlink()
        db.stop()
        db.start()
        with psycopg.connect(db.url) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (committed,)


def insert_until_it_breaks(connection):
    """Commit rows with 100 kB each in the log; return how many were acknowledged."""
    for i in range(5000):
        try:
            connection.execute(
                "INSERT INTO t SELECT 1 FROM pg_logical_emit_message(true, '', repeat('x', 100000))"
            )
        except psycopg.OperationalError:
            return i
    raise AssertionError("the disk did not fill")
