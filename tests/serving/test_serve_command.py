"""``embedlab serve`` with the real models, asked by the real client."""

import httpx
import numpy as np
import openai
import pytest

from embedlab.benchmark import docsearch
from embedlab.embedder import Embedder
from embedlab.serving import server_process, status_of

pytestmark = pytest.mark.slow
MODEL = "all-MiniLM-L6-v2"


@pytest.fixture(scope="module")
def url():
    command = ["-c", "from embedlab.cli import app; app()", "serve", "--port=0"]
    with server_process(command, start_s=300) as (address, _):
        yield address


@pytest.fixture(scope="module")
def client(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


def test_vectors_are_those_of_the_embedder(url, client):
    texts = ["sort an array", "the mean of each column, ignoring missing values", "a"]
    answer = client.embeddings.create(model=MODEL, input=texts)
    served = np.array([row.embedding for row in answer.data], np.float32)
    ours = Embedder.load().encode(texts)
    assert ((served * ours).sum(1) > 0.999).all()
    assert answer.usage.prompt_tokens == sum(map(len, Embedder.load().tokenizer.encode_batch(texts)))
    assert status_of(f"{url}/readyz") == 200


def test_token_ids_are_those_of_this_model_and_no_other(client):
    tokenizer, text = Embedder.load().tokenizer, "sort an array of numbers"
    by_text = client.embeddings.create(model=MODEL, input=text).data[0].embedding
    by_ids = client.embeddings.create(model=MODEL, input=tokenizer.encode(text)).data[0].embedding
    assert np.dot(by_text, by_ids) > 0.999
    with pytest.raises(openai.BadRequestError, match="no token has the id 99999"):
        client.embeddings.create(model=MODEL, input=[99_999])


def test_a_long_text_is_refused_and_not_cut(client):
    with pytest.raises(openai.BadRequestError, match="the model reads 256") as refused:
        client.embeddings.create(model=MODEL, input="word " * 300)
    assert refused.value.code == "context_length_exceeded"


def test_search_and_rerank(url):
    hits = httpx.post(f"{url}/search", json={"query": "sort an array", "k": 5}, timeout=60).json()["results"]
    assert len(hits) == 5
    assert {hit["id"] for hit in hits} <= set(docsearch().doc_ids)
    asked = {"query": "sort an array", "documents": ["Return a sorted copy of an array.", "Draw a plot."]}
    order = httpx.post(f"{url}/rerank", json=asked, timeout=60).json()["results"]
    assert [row["index"] for row in order] == [0, 1]
