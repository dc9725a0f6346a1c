"""One graph on vectors and one on codes, which tests only read."""

import pytest
from vectors import filled, unit


@pytest.fixture(scope="session")
def vectors():
    return unit(2000)


@pytest.fixture(scope="session")
def queries():
    return unit(100, 1)


@pytest.fixture(scope="session", params=[None, "int8"])
def index(request, vectors):
    return filled(vectors, codes=request.param)
