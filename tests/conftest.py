"""Shared by all tests: hypothesis without deadlines (shared machines are slow at times) and repeatable.

No test leaves a process behind: the run fails with their names.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import leftovers
import pytest
from hypothesis import settings

settings.register_profile("embedlab", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("embedlab")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # xdist's workers carry the token of the one that started them
        os.environ[leftovers.VARIABLE] = leftovers.new_token()


@pytest.hookimpl(trylast=True)  # when xdist's workers have ended
def pytest_sessionfinish(session):
    token = os.environ.get(leftovers.VARIABLE)
    if token and not hasattr(session.config, "workerinput") and (lines := leftovers.leftovers(token)):
        leftovers.complain(lines)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def database_folder():
    """Give a folder for PostgreSQL that is kept until the test ends.

    Not below ``tmp_path``: pytest closes that to other users, and PostgreSQL is one where root runs tests.
    """
    folder = Path(tempfile.mkdtemp(prefix="embedlab-test-"))
    folder.chmod(0o755)
    yield folder / "postgres"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def ray():
    """Give the one Ray cluster of a session; `ray_cluster` inside of a test then uses it."""
    pytest.importorskip("ray")
    from embedlab.machine import ray_cluster

    with ray_cluster(cpus=2) as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def _shared_database_ends():
    """Stop the server that the tests of indexes and engines share, before it is looked for what is left."""
    yield
    room = sys.modules.get("embedlab.vector_databases.postgres_index")
    if room:
        room.end_own_server()
