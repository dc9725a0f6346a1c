"""One Ray cluster: used where it runs, silent, on loopback only, and gone whatever ends its process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedlab.machine import ray_cluster
from embedlab.machine.cluster import PREFIX, _end_processes, _remove_left_over, _short_folder, _start

psutil = pytest.importorskip("psutil")
unix = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
DRIVER = """
import signal, sys, time
from embedlab.machine import ray_cluster
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a script starts with & ignores it
with ray_cluster(cpus=1) as ray:
    print("UP", flush=True)
    {then}
"""


def driver(then):
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER.format(then=then)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=sys.platform != "win32",
    )
    assert process.stdout.readline() == "UP\n", process.stderr.read()
    return process, psutil.Process(process.pid).children(recursive=True)


def folders(pid):
    return list(Path(_short_folder()).glob(f"{PREFIX}{pid}-*"))


@pytest.mark.parametrize(("arguments", "names"), [({"cpus": 0}, "0 CPUs"), ({"memory_mb": 10}, "10 MiB")])
def test_what_ray_cannot_use_is_refused(arguments, names):
    with pytest.raises(ValueError, match=names), ray_cluster(**arguments):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cleans its folder by itself")
def test_folders_of_processes_that_are_gone_are_removed():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone, ours = (Path(_short_folder(), f"{PREFIX}{pid}-test") for pid in (ended.pid, os.getpid()))
    for folder in (gone, ours):
        folder.mkdir()
    _remove_left_over()
    assert not gone.exists()
    assert ours.exists()
    ours.rmdir()


class Slow:
    """A Ray that gives up twice."""

    calls = 0

    def init(self, **options):
        self.calls += 1
        if self.calls < 3:
            raise Exception("The current node timed out during startup.")


def test_a_start_that_took_too_long_is_tried_again(tmp_path):
    _start(slow := Slow(), tmp_path)
    assert slow.calls == 3
    with pytest.raises(Exception, match="timed out"):
        _start(slow := Slow(), tmp_path, attempts=2)
    assert slow.calls == 2


@pytest.mark.skipif(sys.platform == "win32", reason="ends a process by its command line")
def test_what_a_failed_start_leaves_is_ended(tmp_path):
    code = "import time; time.sleep(600)"
    ours, other = (subprocess.Popen([sys.executable, "-c", code, str(p)]) for p in (tmp_path, "elsewhere"))
    _end_processes(tmp_path)
    assert ours.poll() is not None
    assert other.poll() is None
    other.kill()
    other.wait()


@pytest.mark.slow
def test_a_cluster_that_runs_is_used_and_left_running(ray):
    with ray_cluster(cpus=7) as inner:
        assert inner.is_initialized()
        assert inner.cluster_resources()["CPU"] == 2
    assert ray.is_initialized()


@pytest.mark.slow
def test_a_cluster_that_is_named_is_joined_and_never_stopped(ray):
    code = """
from embedlab.machine import ray_cluster
with ray_cluster(cpus=9) as ray:
    print(ray.cluster_resources()["CPU"], ray.get(ray.remote(lambda: 6 * 7).remote()))
"""
    named = {"RAY_ADDRESS": ray.get_runtime_context().gcs_address}
    told = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | named, capture_output=True, text=True
    )
    assert told.stdout == "2.0 42\n", told.stderr
    assert ray.get(ray.remote(lambda: 1).remote()) == 1


@pytest.mark.slow
def test_it_listens_on_loopback_only(ray):
    below = psutil.Process().children(recursive=True)
    listens = [c.laddr.ip for p in below for c in p.net_connections() if c.status == "LISTEN"]
    assert listens
    assert {ip.removeprefix("::ffff:") for ip in listens} <= {"127.0.0.1", "::1"}


@pytest.mark.slow
def test_a_task_runs_and_its_error_comes_back(ray):
    @ray.remote
    def divide(a, b):
        return a / b

    assert ray.get(divide.remote(6, 3)) == 2
    with pytest.raises(ZeroDivisionError):
        ray.get(divide.remote(1, 0))


@pytest.mark.slow
@unix
@pytest.mark.parametrize("ending", ["exception", "interrupt", "terminate"])
def test_nothing_is_left_after(ending):
    process, below = driver("raise RuntimeError" if ending == "exception" else "time.sleep(600)")
    if ending == "interrupt":  # what a terminal does: every process of the group gets the signal
        os.killpg(process.pid, signal.SIGINT)
    if ending == "terminate":
        process.terminate()
    assert process.communicate(timeout=120)[0] == ""
    assert not psutil.wait_procs(below, timeout=120)[1]
    assert not folders(process.pid)


@pytest.mark.slow
@unix
def test_after_a_kill_the_cluster_ends_by_itself():
    """Its two agents need about a minute, in which they try to report; then they end, too."""
    process, below = driver("time.sleep(600)")
    process.kill()
    process.communicate()
    agents = [p for p in below if p.is_running() and "Agent" in p.name()]
    others = [p for p in below if p not in agents]
    assert not psutil.wait_procs(others, timeout=60)[1]
    for agent in agents:  # not waited for here
        if agent.is_running():
            agent.kill()
    end = time.monotonic() + 10
    while folders(process.pid) and time.monotonic() < end:
        _remove_left_over()
    assert not folders(process.pid)
