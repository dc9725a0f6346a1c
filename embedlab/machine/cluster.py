"""A cluster of Ray on this computer, started when it is asked for and stopped for certain.

Ray is a scheduler for Python: functions (tasks) and objects that keep their state (actors) run in processes
of their own, here or on other computers. Chapters 17 to 19 use it: Serve, Data and plain actors.
"""

import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from embedlab.machine.extras import needs

PREFIX = "elray-"
# Ray reads these when it is imported, and its own processes inherit them.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no telemetry
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # or every worker warns about graphics cards
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # or the C++ core writes its remarks on a notebook's stderr
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # nor, on stdout, that a worker was killed: its caller is told
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",  # after 5 s, the default, a busy machine's proxy is killed
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # or under 'uv run' every worker installs the project anew
}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # listen on 127.0.0.1 only, on Linux as elsewhere


@contextmanager
def ray_cluster(cpus: int = 2, memory_mb: int = 200, address: str | None = None) -> Iterator[ModuleType]:
    """Start Ray on this computer, hand on the module ``ray``, and stop everything at the end.

    Inside another `ray_cluster`, or where this process has called ``ray.init``, the cluster that runs is used
    and left running. Where ``address`` or the variable ``RAY_ADDRESS`` names a cluster, this process joins
    that one, and at the end leaves it. What is started here listens on 127.0.0.1 only, and has no dashboard.

    Parameters
    ----------
    cpus : int
        How many CPUs Ray may count on. It books them and measures nothing: a number above that of the cores
        is allowed, and then they are shared.
    memory_mb : int
        Size of the object store, the shared memory in which results lie, in MiB; Ray wants at least 75. It is
        taken only as it fills.
    address : str, optional
        Of a cluster that runs, such as ``"auto"`` (on this computer) or ``"ray://head:10001"``.

    Yields
    ------
    ray : module

    Raises
    ------
    ValueError
        If there is no CPU, or the object store is smaller than Ray can use.
    ImportError
        If Ray is not installed.

    References
    ----------
    .. [1] Moritz et al., Ray: A Distributed Framework for Emerging AI Applications, OSDI 2018.
    .. [2] https://docs.ray.io/en/latest/ray-core/api/doc/ray.init.html

    Examples
    --------
    >>> with ray_cluster(cpus=0):
    ...     pass
    Traceback (most recent call last):
    ValueError: a cluster of 0 CPUs can run nothing
    """
    if cpus < 1:
        raise ValueError(f"a cluster of {cpus} CPUs can run nothing")
    if memory_mb < 75:
        raise ValueError(f"an object store of {memory_mb} MiB: Ray wants at least 75")
    address = address or os.environ.get("RAY_ADDRESS")
    for name, value in (QUIET if address else QUIET | LOOPBACK).items():
        os.environ.setdefault(name, value)
    ray = needs("ray")
    if ray.is_initialized():
        yield ray
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address:
        ray.init(address=address, **quiet)
        try:
            yield ray
        finally:
            ray.shutdown()  # leaves it: a cluster that was joined goes on
        return
    ray._private.ray_constants.ENABLE_RAY_CLUSTER = False  # `LOOPBACK`, where Ray was imported before
    _remove_left_over()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=_short_folder()))
    options = {"num_cpus": cpus, "object_store_memory": memory_mb * 2**20, "include_dashboard": False}
    try:
        _start(ray, folder, **options, **quiet)
        yield ray
    finally:
        ray.shutdown()
        _end_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _start(ray: ModuleType, folder: Path, attempts: int = 3, **options: object) -> None:
    """Start Ray, again where it gave up: it waits 30 s for its own processes, too short on a busy machine."""
    for left in reversed(range(attempts)):
        try:
            with _silent():
                ray.init(address="local", _temp_dir=str(folder), **options)
            return
        except Exception as error:  # Ray raises nothing more precise
            _end_processes(folder)  # it leaves what it has started
            if not left or "timed out" not in str(error):
                raise


def _end_processes(folder: Path) -> None:
    """End what is left of the processes that work in this folder, and what those have started."""
    psutil = needs("psutil")  # comes with Ray
    found = []
    for process in psutil.Process().children():
        with suppress(psutil.Error):
            if str(folder) in " ".join(process.cmdline()):
                found += [process, *process.children(recursive=True)]
    for process in found:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(found, timeout=10)


@contextmanager
def _silent() -> Iterator[None]:
    """Send file descriptor 2 nowhere: the C++ core says there that it was told to be quiet."""
    sys.stderr.flush()
    # LanceDB warns of forks; Ray's are followed by exec at once, so that nothing of it lives on in the child.
    warnings.filterwarnings("ignore", message="lancedb fork support", category=RuntimeWarning)
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _short_folder() -> str:
    # The path of a Unix socket has at most 107 bytes, 103 on macOS, whose own temporary folder takes half.
    return tempfile.gettempdir() if sys.platform == "win32" else "/tmp"


def _remove_left_over() -> None:
    """Remove folders of processes that ended without a chance to do it."""
    for folder in Path(_short_folder()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not _is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # there, signal 0 would end the process; Windows cleans its folder by itself
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
