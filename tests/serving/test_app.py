"""The server as its clients see it: OpenAI's client, plain HTTP, and clients that misbehave."""

import asyncio
import json
import logging
import threading
import time
import urllib.error
import urllib.request

import httpx
import numpy as np
import openai
import pytest

from embedlab.serving import Limits, Settings, make_app, served, status_of

VECTORS = {"a": [1, 0, 0, 0], "b": [0, 3, 4, 0]}


def embed(texts):
    if "boom" in texts:
        raise RuntimeError("secret /home/of/somebody")
    return np.array([VECTORS.get(text, [0, 0, 0, 1]) for text in texts], np.float32)


def decode(ids):
    if max(ids) > 99:
        raise ValueError(f"no token has the id {max(ids)}")
    return "a" if ids == [7] else "?"


@pytest.fixture(scope="module")
def url():
    app = make_app(
        embed,
        search=lambda query, k: [("id", 0.5, query)] * k,
        rerank=lambda query, documents: [float(len(text)) for text in documents],
        settings=Settings("m", Limits(body_bytes=5000, texts=5, characters=100, tokens=20)),
        decode=decode,
    )
    with served(app) as address:
        yield address


@pytest.fixture(scope="module")
def client(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


@pytest.mark.parametrize("form", [{}, {"encoding_format": "float"}, {"encoding_format": "base64"}])
def test_the_real_client(client, form):
    answer = client.embeddings.create(model="m", input=["a", "b"], **form)
    assert answer.usage.prompt_tokens == 6
    if form.get("encoding_format") == "base64":
        assert isinstance(answer.data[0].embedding, str)  # asked for, it is handed on as it is
    else:
        assert [row.embedding for row in answer.data] == [[1, 0, 0, 0], [0, 3, 4, 0]]


def test_the_real_client_asynchronously(url):
    async def ask():
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            return await asyncio.gather(*(client.embeddings.create(model="m", input=t) for t in "ab" * 20))

    answers = asyncio.run(ask())
    assert [answer.data[0].embedding for answer in answers] == [VECTORS["a"], VECTORS["b"]] * 20


def test_dimensions_ids_and_models(client):
    short = client.embeddings.create(model="m", input="b", dimensions=2)
    assert short.data[0].embedding == [0, 1]
    assert client.embeddings.create(model="m", input=[7]).data[0].embedding == VECTORS["a"]
    assert [row.embedding[0] for row in client.embeddings.create(model="m", input=[[7], [8]]).data] == [1, 0]
    assert [model.id for model in client.models.list()] == ["m"]


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"input": ""}, openai.BadRequestError, "nothing empty"),
        ({"input": []}, openai.BadRequestError, "nothing empty"),
        ({"input": ["a"] * 6}, openai.BadRequestError, "6 texts in one request; the limit is 5"),
        ({"input": "x" * 101}, openai.BadRequestError, "101 characters"),
        ({"input": "x" * 90}, openai.BadRequestError, "25 tokens; the model reads 20"),
        ({"input": [100]}, openai.BadRequestError, "no token has the id 100"),
        ({"dimensions": 5}, openai.BadRequestError, "dimensions is 5, but a vector of this model has 4"),
        ({"dimensions": 0}, openai.BadRequestError, "greater than or equal to 1"),
        ({"encoding_format": "hex"}, openai.BadRequestError, "encoding_format"),
        ({"model": "other"}, openai.NotFoundError, "no model 'other', only 'm'"),
        ({"input": "x" * 6000}, openai.APIStatusError, "more than 5000 bytes"),
    ],
)
def test_errors_that_the_client_understands(client, asked, error, words):
    with pytest.raises(error, match=words) as raised:
        client.embeddings.create(**{"model": "m", "input": "a"} | asked)
    assert raised.value.body["type"] == "invalid_request_error"


def post(url, path, body, kind="application/json"):
    request = urllib.request.Request(url + path, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.load(response), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def test_search_and_rerank(url):
    status, body, _ = post(url, "/search", b'{"query": "q", "k": 2}')
    assert (status, body) == (200, {"results": [{"id": "id", "score": 0.5, "text": "q"}] * 2})
    asked = {"query": "q", "documents": ["a", "ccc", "bb"], "top_n": 2}
    _, body, _ = post(url, "/rerank", json.dumps(asked).encode())
    assert body["results"] == [{"index": 1, "relevance_score": 3}, {"index": 2, "relevance_score": 2}]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/search", b'{"query"', 400),
        ("/search", b"[" * 4000, 400),
        ("/search", b'{"query": "\\ud800"}', 400),
        ("/search", b'{"query": " "}', 400),
        ("/search", b'{"query": "q", "k": 1e9}', 400),
        ("/search", b'{"query": "q", "kk": 1}', 400),
        ("/search", b"", 400),
        ("/search", b"\xff\xfe", 400),
        ("/rerank", b'{"query": "q", "documents": []}', 400),
        ("/rerank", b'{"query": "q", "documents": [1]}', 400),
        ("/v1/embeddings", b'{"input": NaN, "model": "m"}', 400),
        ("/nowhere", b"{}", 404),
        ("/healthz", b"{}", 405),
    ],
)
def test_every_error_has_the_same_form(url, path, body, status):
    got, answer, headers = post(url, path, body)
    assert got == status
    assert set(answer["error"]) == {"message", "type", "param", "code"}
    assert len(headers["X-Request-Id"]) == 32


def test_a_fault_shows_a_number_and_no_trace(url, caplog):
    with caplog.at_level(logging.ERROR, "embedlab.serving"):
        status, body, headers = post(url, "/v1/embeddings", b'{"input": "boom", "model": "m"}')
    assert status == 500
    assert headers["X-Request-Id"] in body["error"]["message"]
    assert "secret" not in json.dumps(body)
    assert headers["X-Request-Id"] in caplog.text
    assert "secret" in caplog.text


def test_health_and_figures(url):
    assert status_of(f"{url}/healthz") == status_of(f"{url}/readyz") == 200
    with urllib.request.urlopen(f"{url}/metrics", timeout=20) as response:
        text = response.read().decode()
    for name in ("request_seconds_bucket", "batch_texts_sum", "tokens_total", "texts_inside 0.0"):
        assert f"embedlab_{name}" in text
    assert "nowhere" not in text  # a path that a stranger made up is no label


def until(condition, seconds=20):
    """Wait for what another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def over_asgi(app, scenario):
    """Run a scenario(client) against an app in this process, its start included."""

    async def run():
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://app", timeout=60) as client:
                return await scenario(client)

    return asyncio.run(run())


def test_a_deadline_and_a_client_that_leaves_free_their_room():
    gate = threading.Event()

    def slow(texts):
        if texts != ["warm up"]:
            gate.wait(20)
        return np.ones((len(texts), 2), np.float32)

    app = make_app(slow, settings=Settings("m", Limits(deadline_s=0.2)))

    async def scenario(client):
        asked = {"input": ["a", "b"], "model": "m"}
        late = await client.post("/v1/embeddings", json=asked)
        assert late.status_code == 504
        assert late.json()["error"]["code"] == "deadline_exceeded"
        leaving = asyncio.create_task(client.post("/v1/embeddings", json=asked))
        while not app.state.batcher.inside:
            await asyncio.sleep(0.002)
        leaving.cancel()
        while app.state.batcher.inside:
            await asyncio.sleep(0.002)
        assert not app.state.batcher.waiting
        gate.set()

    over_asgi(app, scenario)


def test_a_lone_client_that_hangs_up_is_noticed():
    """Over a real connection: the text that waits behind another leaves the queue with its client."""
    gate, calls = threading.Event(), []

    def slow(texts):
        calls.append(texts)
        if texts != ["warm up"]:
            gate.wait(20)
        return np.ones((len(texts), 2), np.float32)

    app = make_app(slow, settings=Settings("m"))
    with served(app) as url:
        first = threading.Thread(target=post, args=(url, "/v1/embeddings", b'{"input": "1", "model": "m"}'))
        first.start()
        until(lambda: len(calls) == 2)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v1/embeddings", json={"input": "gone", "model": "m"}, timeout=0.5)
        until(lambda: app.state.batcher.inside == 1)
        gate.set()
        first.join(20)
        figures = httpx.get(f"{url}/metrics").text
    assert ["gone"] not in calls
    assert 'embedlab_rejected_total{reason="499"} 1.0' in figures
    assert 'route="/v1/embeddings",status="499"' in figures
    assert 'status="4xx"' not in figures
