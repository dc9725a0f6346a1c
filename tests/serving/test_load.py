"""The generators against a real server: planned times are kept, and a stall is seen by one of them only."""

import asyncio

import numpy as np
import pytest

from embedlab.serving import (
    Nap,
    RawClient,
    Settings,
    closed_load,
    load_process,
    make_app,
    open_load,
    poisson,
    served,
)


@pytest.fixture
def url():
    with served(make_app(Nap(0.001), settings=Settings("nap"))) as address:
        yield address


def test_an_open_load_keeps_its_plan(url):
    times = poisson(50, 1.0, seed=0)
    run = asyncio.run(open_load(url, times, ["a", "b"], "nap"))
    np.testing.assert_array_equal(run.planned, times)
    assert (run.sent >= run.planned).all()
    assert (run.done > run.sent).all()
    assert set(run.status) == {200}


def test_a_closed_load_has_one_request_for_each_user(url):
    run = asyncio.run(closed_load(url, 3, 0.5, ["a"], "nap"))
    moments = np.linspace(0, 0.5, 200)
    inside = [((run.sent <= t) & (run.done > t)).sum() for t in moments]
    assert max(inside) <= 3
    assert set(run.status) == {200}


def test_a_server_that_is_not_there_is_a_status_of_zero():
    run = asyncio.run(open_load("http://127.0.0.1:9", [0.0, 0.01], ["a"], "nap", timeout=2))
    assert set(run.status) == {0}
    assert np.isnan(run.summary()["p50"])


@pytest.mark.slow
def test_from_a_process_of_its_own(url):
    run = load_process(url, {"times": [0.0, 0.1, 0.2], "texts": ["a"]}, "nap")
    assert list(run.status) == [200, 200, 200]
    run = load_process(url, {"users": 2, "seconds": 0.3, "texts": ["a"]}, "nap")
    assert set(run.status) == {200}
    with pytest.raises(RuntimeError, match="load generator failed"):
        load_process(url, {"users": 2, "seconds": 0.3}, "nap")


@pytest.mark.slow
def test_one_stall_one_slow_request_or_many():
    def slow_answers(load):
        with served(make_app(Nap(0.002, stall_after=50, stall_s=1.5), settings=Settings("nap"))) as address:
            run = asyncio.run(load(address))
        return int((run.latency > 0.75).sum())

    times = poisson(60, 3.0, seed=1)
    assert slow_answers(lambda url: closed_load(url, 1, 3.0, ["a"], "nap")) == 1
    assert slow_answers(lambda url: open_load(url, times, ["a"], "nap")) > 20


def test_the_raw_client_keeps_its_connections_and_reads_the_status(url):
    """Two requests one after the other share a connection; a wrong model is a 404, and no fault."""

    async def asks():
        async with RawClient(url, 5.0) as client:
            body = b'{"model": "nap", "input": "a"}'
            good = [await client.post("/v1/embeddings", body) for _ in range(2)]
            kept = len(client._idle)
            bad = await client.post("/v1/embeddings", body.replace(b"nap", b"ada"))
            return good, kept, bad

    assert asyncio.run(asks()) == ([200, 200], 1, 404)
    run = asyncio.run(open_load(url, [0.0, 0.1], ["a"], "nap"))
    assert run.cpu > 0
