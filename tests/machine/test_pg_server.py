"""A PostgreSQL that is killed, started again, and refused where another runs."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from waiting import gone, wait_until

from embedlab.machine import PostgresError, pg_server, postgres, running, server

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.slow


def count(db):
    with psycopg.connect(db.url) as connection:
        return connection.execute("SELECT count(*) FROM t").fetchone()[0]


def test_killed_and_recovered():
    with server() as db:
        with psycopg.connect(db.url) as connection:
            connection.execute("CREATE TABLE t (x int); INSERT INTO t SELECT generate_series(1, 1000)")
        open_transaction = psycopg.connect(db.url)
        open_transaction.execute("INSERT INTO t SELECT generate_series(1, 1000)")
        for _ in range(3):
            url, family = db.url, [db.process, *db.process.children(recursive=True)]
            db.kill()
            assert db.pid is None
            assert all(gone(process.pid) for process in family)
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(db.url)
            db.start()
            assert db.url == url
            assert "database system was not properly shut down; automatic recovery in progress" in db.log
            assert count(db) == 1000  # what was committed, nothing else
        with pytest.raises(psycopg.OperationalError):
            open_transaction.commit()
        db.kill()
    assert not db.folder.exists()


def test_a_killed_server_leaves_no_shared_memory():
    if not sys.platform.startswith("linux"):
        pytest.skip("counted in Linux' /proc/sysvipc/shm")
    table = Path("/proc/sysvipc/shm")
    with server() as db:
        name = f" {pg_server.pg_keeper.pid_file(db.folder / 'data').shared_memory} "
        assert name in table.read_text()
        db.kill()
        assert name in table.read_text()
    assert name not in table.read_text()


def test_stopped_and_started_again():
    with server() as db:
        with psycopg.connect(db.url) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS x")
        db.stop()
        assert db.pid is None
        with pytest.raises(PostgresError, match=r"no PostgreSQL is running in .*embedlab-postgres-"):
            db.kill()
        db.stop()  # nothing to do
        db.start()
        assert "not properly shut down" not in db.log
        assert count(db) == 1
        with pytest.raises(PostgresError, match=f"already running in {db.folder}, as process {db.pid}"):
            db.start()
        assert count(db) == 1


def test_the_second_of_one_folder_is_refused(database_folder):
    with postgres(database_folder):
        pid = running(database_folder).pid
        with pytest.raises(PostgresError, match=f"as process {pid}"), postgres(database_folder):
            pass
        assert running(database_folder).pid == pid


def test_two_starts_at_once(database_folder):
    database_folder.mkdir()
    results, started, done = [], threading.Barrier(2), threading.Event()

    def start():
        started.wait(60)
        try:
            with postgres(database_folder) as url, psycopg.connect(url) as connection:
                results.append(connection.execute("SELECT 1").fetchone())
                done.wait(60)
        except PostgresError as error:
            results.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(results) == 2)
    done.set()
    for thread in threads:
        thread.join()
    assert (1,) in results
    assert sum("is already running in" in str(result) for result in results) == 1


@pytest.fixture
def taken_port():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_was_asked_for_and_is_taken(taken_port, database_folder):
    taken = pytest.raises(PostgresError, match=rf"port {taken_port} is taken, .*Address already in use")
    with taken, server(database_folder, port=taken_port):
        pass
    with server(database_folder, port=pg_server.free_port()):  # the folder is as good as before
        pass


def test_a_port_that_is_taken_between_choice_and_start(taken_port, monkeypatch):
    free, choices = pg_server.free_port(), []

    def choose():
        choices.append([taken_port, taken_port, free][len(choices)])
        return choices[-1]

    monkeypatch.setattr(pg_server, "free_port", choose)
    with server() as db:
        assert choices == [taken_port, taken_port, free]
        assert db.port == free


def test_too_many_connections():
    with server(settings={"max_connections": 4, "superuser_reserved_connections": 0}) as db:
        held = [psycopg.connect(db.url) for _ in range(4)]
        with pytest.raises(psycopg.OperationalError, match="too many clients already"):
            psycopg.connect(db.url)
        for connection in held:
            connection.close()
        wait_until(lambda: can_connect(db.url))


def can_connect(url):
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_server_whose_keeper_was_killed_is_stopped_all_the_same():
    with server() as db:
        pid = db.pid
        db._keeper.kill()
        db._keeper.wait()
        assert not gone(pid)
    assert gone(pid)
    assert not db.folder.exists()


def test_in_the_background_it_outlives_the_program(database_folder):
    code = (
        "import sys; from embedlab.machine.postgresql import new_server\n"
        "db = new_server(sys.argv[1]); db.start(background=True); print(db.pid)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code, str(database_folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    db = running(database_folder)
    try:
        assert db.pid == int(printed.stdout)
    finally:
        db.stop()
    assert running(database_folder) is None
