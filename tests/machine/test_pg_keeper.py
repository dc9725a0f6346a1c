"""However the program ends, its server ends with it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from waiting import gone, wait_until

from embedlab.machine import pg_keeper

pytest.importorskip("psycopg")

# It says which processes there are and where, then ends in its own way.
PROGRAM = """
import os, sys, time
from embedlab.machine import server

with server() as db:
    print(db.pid, db._keeper.pid, db.folder, flush=True)
    {}
"""
ENDS = {
    "exception": ("raise ZeroDivisionError", None),
    "exit": ("sys.exit(3)", None),
    "at once": ("os._exit(3)", None),
    "Ctrl-C": ("time.sleep(600)", "SIGINT"),
    "terminated": ("time.sleep(600)", "SIGTERM"),
    "killed": ("time.sleep(600)", "SIGKILL"),
    "killed, with a child": ("os.fork() and print('forked', flush=True); time.sleep(600)", "SIGKILL"),
    "killed while starting": ("", "SIGKILL"),
}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals, and fork")
@pytest.mark.parametrize("end", ENDS)
def test_the_server_ends_with_its_program(end):
    code, name = ENDS[end]
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        if end == "killed while starting":
            keeper = wait_until(lambda: keeper_of(program.pid)).pid
            pid = wait_until(lambda: children(keeper))[0].pid
            folder = None
        else:
            pid, keeper, folder = program.stdout.readline().split()
            pid, keeper = int(pid), int(keeper)
            family = [pid, keeper, *(one.pid for one in children(pid))]
            assert len(family) > 4
        if "child" in end:
            assert program.stdout.readline() == "forked\n"
        if name:
            os.kill(program.pid, getattr(signal, name))
        program.wait(60)
        wait_until(lambda: gone(pid) and gone(keeper))
        if folder:
            assert all(gone(one) for one in family)
            assert not os.path.exists(folder)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)  # the forked child
        program.stdout.close()


def children(pid):
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def keeper_of(pid):
    for one in children(pid):
        with contextlib.suppress(psutil.Error):  # initdb's short-lived processes
            if any(part.endswith("pg_keeper.py") for part in one.cmdline()):
                return one
    return None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
@pytest.mark.parametrize(("ignored", "enough"), [([], "INT"), (["INT"], "QUIT"), (["INT", "QUIT"], "KILL")])
def test_asked_first_then_forced(ignored, enough, monkeypatch):
    monkeypatch.setattr(pg_keeper, "PATIENCE", (("INT", 2.0), ("QUIT", 2.0)))
    code = "import signal, time\n" + "".join(
        f"signal.signal(signal.SIG{name}, {'signal.SIG_IGN' if name in ignored else 'signal.SIG_DFL'})\n"
        for name in ("INT", "QUIT")
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}print(flush=True); time.sleep(600)"], stdout=subprocess.PIPE
    )
    with process:
        process.stdout.readline()  # by now it ignores

        def ended(seconds):
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
            return True

        assert pg_keeper.stop("", process.pid, ended) == enough
        assert process.returncode == -getattr(signal, f"SIG{enough}")
    pg_keeper.send("", "INT", process.pid)  # a process that has ended is no error


WHOLE = "123\n/data\n1700000000\n5432\n\n127.0.0.1\n  5432001        7\nready   \n"


@pytest.mark.parametrize("text", [None, "", "123\n", WHOLE.rsplit("\n", 2)[0], WHOLE.replace("123", "a")])
def test_a_pid_file_that_is_not_all_there(tmp_path, text):
    if text is not None:
        (tmp_path / "postmaster.pid").write_text(text)
    assert pg_keeper.pid_file(tmp_path) is None


def test_a_pid_file(tmp_path):
    (tmp_path / "postmaster.pid").write_text(WHOLE)
    assert pg_keeper.pid_file(tmp_path) == pg_keeper.PidFile(123, 1700000000, 5432, 7, "ready")
    (tmp_path / "postmaster.pid").write_text(WHOLE.replace("  5432001        7", ""))  # Windows
    assert pg_keeper.pid_file(tmp_path).shared_memory is None


@pytest.mark.slow
def test_a_killed_servers_pid_file_is_not_taken_for_the_new_ones(tmp_path):
    """The new process may have got the same number, as after a restart of a container."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"])
    old = WHOLE.replace("123", str(process.pid))
    (tmp_path / "postmaster.pid").write_text(old)
    reading, writing = os.pipe()
    saved = os.dup(1)
    try:
        os.dup2(writing, 1)
        thread = threading.Thread(target=pg_keeper.tell, args=(process, tmp_path, time.time()))
        thread.start()
        thread.join()
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(writing)
    with os.fdopen(reading) as told:
        assert told.read() == "ended\n"
