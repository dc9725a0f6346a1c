"""``embedlab db``, run as a person would run it."""

import json
import subprocess
import sys

import pytest

from embedlab.machine import free_port, running

psycopg = pytest.importorskip("psycopg")


def run(*arguments, **options):
    command = [sys.executable, "-c", "from embedlab.cli import app; app()", "db", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, **options)


@pytest.mark.slow
def test_round_trip(database_folder):
    here, port = ("--folder", database_folder), free_port()
    assert run("status", *here).returncode == 1
    try:
        started = run("start", *here, "--port", port)
        url = started.stdout.strip()
        assert (started.returncode, started.stderr) == (0, "")
        assert url.endswith(f"@127.0.0.1:{port}/embedlab")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE t AS SELECT '[1,2]'::vector AS v")
        assert run("start", *here).stdout == started.stdout  # it runs already
        assert run("url", *here).stdout == started.stdout
        about = json.loads(run("status", *here, "--json").stdout)
        assert about == {
            **{"running": True, "folder": str(database_folder)},
            **{"pid": running(database_folder).pid, "port": port},
        }
        other = run("start", *here, "--port", free_port())
        assert (other.returncode, other.stderr) == (
            2,
            f"error: it runs already, on port {port}: embedlab db stop\n",
        )
        asked = run("psql", *here, "--", "--no-psqlrc", "-At", "-c", "SELECT v FROM t")
        assert (asked.stdout, asked.returncode) == ("[1,2]\n", 0)
        piped = run("psql", *here, "--", "-At", input="SELECT 6 * 7;\n")
        assert piped.stdout == "42\n"
        assert run("psql", *here, "--", "-c", "SELECT nonsense").returncode == 1
    finally:
        stopped = run("stop", *here)
    assert stopped.stdout.endswith(f"; the data stay in {database_folder}\n")
    assert running(database_folder) is None
    for command in ("stop", "url", "psql"):
        nothing = run(command, *here)
        assert nothing.returncode == 2
        assert nothing.stderr == f"error: no PostgreSQL is running in {database_folder}: embedlab db start\n"


def test_a_folder_of_something_else_is_refused(database_folder):
    database_folder.mkdir()
    (database_folder / "thesis.tex").touch()
    refused = run("start", "--folder", database_folder)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"error: {database_folder} holds 'thesis.tex'; PostgreSQL needs a folder of its own\n"
    )
