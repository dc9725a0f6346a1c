"""PostgreSQL as those use it who only want its URL."""

import threading

import pytest
from waiting import gone

from embedlab.machine import PostgresError, borrowed, postgres, running, server
from embedlab.machine.postgresql import EXTENSIONS, prepare

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url():
    with postgres() as url:
        yield url


def ask(url, query, *parameters):
    with psycopg.connect(url) as connection:
        return connection.execute(query, parameters).fetchall()


def test_vectors_and_trigrams_at_once(url):
    assert ask(url, "SELECT '[1,2]'::vector <-> '[1,4]'") == [(2.0,)]
    assert ask(url, "SELECT similarity('vector', 'vectors') > 0.5") == [(True,)]


def test_utf8_and_the_order_of_bytes(url):
    assert ask(url, "SHOW server_encoding") == [("UTF8",)]
    assert ask(url, "SELECT datcollate FROM pg_database WHERE datname = current_database()") == [("C",)]
    assert ask(url, "SELECT length('naïve ☃'), 'Z' < 'a'") == [(7, True)]


def test_only_with_the_password_and_only_on_loopback(url):
    assert ask(url, "SHOW listen_addresses") == [("127.0.0.1",)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url, password="guessed")


def test_a_temporary_server_leaves_nothing():
    with server(settings={"fsync": "off", "max_connections": 7}) as db:
        assert ask(db.url, "SHOW max_connections") == [("7",)]
        assert db.url not in repr(db)  # the password is in it
        family = [db.process, *db.process.children(recursive=True)]
        assert len(family) > 3
    assert not db.folder.exists()
    assert all(gone(process.pid) for process in family)


def test_a_kept_folder_is_started_again(database_folder):
    with postgres(database_folder) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'é' AS x")
        db = running(database_folder)
        assert (db.url, db.folder, gone(db.pid)) == (url, database_folder, False)
    assert running(database_folder) is None
    with postgres(database_folder) as url:
        assert ask(url, "SELECT x FROM kept") == [("é",)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"port": 0}, "a port is a number from 1 to 65535, not 0"),
        ({"settings": {"port": 1}}, "port is set by embedlab, it cannot be '1'"),
        ({"settings": {"listen_addresses": "*"}}, r"listen_addresses is set by embedlab, it cannot be '\*'"),
        ({"folder": "kept", "settings": {"fsync": False}}, "fsync=off is for a temporary folder only"),
    ],
)
def test_what_cannot_be_asked_for(arguments, message):
    with pytest.raises(ValueError, match=message), server(**arguments):
        pass


def test_a_setting_that_postgresql_does_not_know():
    unknown = pytest.raises(PostgresError, match='unrecognized configuration parameter "wrok_mem"')
    with unknown, server(settings={"wrok_mem": "1MB"}):
        pass


def test_the_locale_of_the_caller_does_not_matter(monkeypatch):
    monkeypatch.setenv("LC_ALL", "xx_XX.no-such-encoding")
    with postgres() as url:
        assert ask(url, "SELECT '☃'") == [("☃",)]


def test_an_exhausted_pool_says_what_to_do(url):
    from psycopg_pool import ConnectionPool

    with ConnectionPool(url, min_size=1, max_size=2, timeout=0.3, open=True) as pool:
        taken, back = threading.Barrier(3), threading.Event()

        def hold():
            with borrowed(pool):
                taken.wait(60)
                back.wait(60)

        holders = [threading.Thread(target=hold) for _ in range(2)]
        for holder in holders:
            holder.start()
        taken.wait(60)
        try:
            message = (
                r"no connection came free within 0.3 s; 2 of the pool's 2 are open: give them back sooner"
            )
            with pytest.raises(PostgresError, match=message), borrowed(pool):
                pass
        finally:
            back.set()
            for holder in holders:
                holder.join()
        with borrowed(pool) as connection:  # it goes on
            connection.execute("CREATE TEMP TABLE gone (x int)")
        with pytest.raises(psycopg.errors.DivisionByZero), borrowed(pool) as connection:
            connection.execute("CREATE TABLE never (x int); SELECT 1 / 0")
        assert ask(url, "SELECT to_regclass('never')") == [(None,)]


def test_an_older_extension_is_updated_and_a_newer_one_refused():
    with server() as db:
        [(ours,)] = ask(db.url, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")

        def pretend(version):
            with psycopg.connect(db.url) as connection:
                connection.execute(
                    "UPDATE pg_extension SET extversion = %s WHERE extname = 'vector'", [version]
                )

        pretend("0.8.5")
        with pytest.warns(UserWarning, match=f"extension vector updated from 0.8.5 to {ours}"):
            prepare(db.url)
        pretend("99.0")
        with pytest.raises(
            PostgresError, match=f"the database has vector 99.0, embedlab's is {ours}: .*no update path"
        ):
            prepare(db.url)
        assert EXTENSIONS == ("vector", "pg_trgm")
