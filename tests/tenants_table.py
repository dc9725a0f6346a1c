"""Fixtures: one PostgreSQL for all tests, and a table of documents of four tenants in it."""

import secrets

import numpy as np
import pytest
from vectors import unit

DIMS = 8
TEXTS = ["the cat sat on the mat", "cats and dogs", "stocks fell on Monday", "how to bake bread"]


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
    """200 rows of 4 tenants; the first ones have texts of their own."""
    from embedlab.vector_databases import documents

    texts = [*TEXTS, *(f"document {i}" for i in range(len(TEXTS), 200))]
    names = [f"{('numpy', 'scipy')[i % 2]}.function{i}" for i in range(200)]
    return documents(names, texts, unit(200, dims=DIMS))


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
