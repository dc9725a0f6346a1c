"""The folder of a PostgreSQL: whole or not there, and refused where it is not its own."""

import os
import shutil
import subprocess
import sys
from functools import partial

import psutil
import pytest
from waiting import wait_until

from embedlab.machine import PostgresError, default_folder, postgres, server
from embedlab.machine.pg_folder import ASIDE

psycopg = pytest.importorskip("psycopg")
root_only = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has to care"
)


def refused(folder, message):
    with pytest.raises(PostgresError, match=message), server(folder):
        pass


def contents(folder):
    return sorted((path.name, path.read_bytes() if path.is_file() else None) for path in folder.rglob("*"))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes.txt": "mine"}, "holds 'notes.txt'; PostgreSQL needs a folder of its own"),
        ({"PG_VERSION": "18"}, "holds 'PG_VERSION'"),
        (
            {"data/base/1": ""},
            r"is no complete data folder of PostgreSQL \(PG_VERSION or global/pg_control is miss",
        ),
        ({"data/PG_VERSION": "18"}, "is no complete data folder of PostgreSQL .* it was left as it is"),
        (
            {"data/PG_VERSION": "17\n", "data/global/pg_control": ""},
            "was made by PostgreSQL 17, this is 18: move",
        ),
        ({"data/PG_VERSION": "18\n", "data/global/pg_control": ""}, "password is missing"),
    ],
)
def test_refused_and_left_as_it_is(database_folder, files, message):
    for name, text in files.items():
        (database_folder / name).parent.mkdir(parents=True, exist_ok=True)
        (database_folder / name).write_text(text)
    before = contents(database_folder)
    refused(database_folder, message)
    assert [one for one in contents(database_folder) if one[0] != "lock"] == before


def test_a_file_in_its_place(tmp_path):
    (tmp_path / "file").touch()
    refused(tmp_path / "file", "is a file; PostgreSQL needs a folder of its own")


@root_only
def test_a_folder_that_nobody_may_enter(database_folder):
    closed = database_folder.parent / "closed"
    closed.mkdir(mode=0o700)
    refused(
        closed / "postgres", f"runs as 'nobody', who may not enter {closed}; choose a folder below /var/lib"
    )


@root_only
def test_data_of_another_user(database_folder):
    (database_folder / "data" / "global").mkdir(parents=True)
    for name, text in {"password": "x", "data/PG_VERSION": "18", "data/global/pg_control": ""}.items():
        (database_folder / name).write_text(text)
    refused(database_folder, "belongs to user 0, but PostgreSQL would run as user")


@root_only
@pytest.mark.slow
def test_only_the_data_belong_to_nobody(database_folder):
    with postgres(database_folder):
        owners = {path.name: path.stat().st_uid for path in database_folder.iterdir()}
        assert {name for name, owner in owners.items() if owner} == {"data"}
        assert (database_folder / "password").stat().st_mode & 0o777 == 0o600
        assert (database_folder / "data").stat().st_mode & 0o777 == 0o700


def _begun(folder, process):
    """Say whether initdb is at work, or all is done."""
    return list(folder.glob(f"{ASIDE}*/data/base/1/*")) or process.poll() == 0


def _idle(folder):
    """Say whether no process works in the folder."""
    lines = (" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"]))
    return not any(str(folder) in line for line in lines)


@pytest.mark.slow
def test_an_interrupted_beginning_leaves_no_half_folder(database_folder):
    code = "import sys; from embedlab.machine import server\nwith server(sys.argv[1]): pass"
    for number in range(10):  # on a busy machine it may be done before we have looked
        folder = database_folder.with_name(f"postgres{number}")
        begun = subprocess.Popen([sys.executable, "-c", code, str(folder)], start_new_session=True)
        wait_until(partial(_begun, folder, begun))
        begun.kill()
        begun.wait()
        if not (folder / "data").exists():
            break
    else:
        pytest.fail("it was done before it could be interrupted, ten times")
    wait_until(
        partial(_idle, folder)
    )  # initdb goes on for a moment; what it leaves, the next start clears away
    with postgres(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not list(folder.glob(f"{ASIDE}*"))


@pytest.mark.slow
def test_a_copy_without_its_password_is_refused(database_folder):
    with postgres(database_folder):
        pass
    (database_folder / "password").unlink()
    refused(database_folder, "password is missing; without it, nobody gets into")
    shutil.rmtree(database_folder / "data")
    with postgres(database_folder):
        pass


def test_where_it_is_by_default(monkeypatch, tmp_path):
    monkeypatch.setenv("EMBEDLAB_DB", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("EMBEDLAB_DB")
    assert default_folder().is_absolute()
    assert "embedlab" in default_folder().parts
