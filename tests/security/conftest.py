"""One PostgreSQL for all tests of the chapter, and documents of four tenants in it."""

import secrets

import numpy as np
import pytest
from vectors import unit

DIMS = 8


@pytest.fixture(scope="session")
def url():
    pytest.importorskip("psycopg", reason="the extra production is not installed")
    from embedlab.vector_databases import own_server

    return own_server()


@pytest.fixture
def connection(url):
    from embedlab.vector_databases import connect

    with connect(url) as connection:
        yield connection


@pytest.fixture
def rows():
    """200 rows of 4 tenants."""
    from embedlab.vector_databases import documents

    names = [f"{('numpy', 'scipy')[i % 2]}.function{i}" for i in range(200)]
    return documents(names, [f"document {i}" for i in range(200)], unit(200, dims=DIMS))


@pytest.fixture
def table(connection, rows):
    """Make the rows a table, dropped afterwards."""
    from embedlab.vector_databases import copy_rows, create_table, name_of

    name = f"docs_{secrets.token_hex(6)}"
    connection.execute(create_table(name, DIMS))
    assert copy_rows(connection, name, rows) == len(rows)
    yield name
    connection.execute(f"DROP TABLE {name_of(name).as_string()} CASCADE")


@pytest.fixture
def query():
    return np.ascontiguousarray(unit(1, seed=9, dims=DIMS)[0])
