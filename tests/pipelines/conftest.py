"""A database with the pipeline's tables and triggers, empty before each test."""

import pytest

from embedlab.machine import postgres
from embedlab.pipelines import capture, connect, create


@pytest.fixture(scope="module")
def url():
    with postgres(settings={"fsync": "off"}) as url:
        with connect(url) as connection:
            create(connection)
            capture(connection)
        yield url


@pytest.fixture
def db(url):
    with connect(url) as connection:
        connection.execute("TRUNCATE documents, vectors, jobs, dead, effects, bookmarks")
        yield connection
        connection.execute("DELETE FROM queues WHERE name <> 'default'")
