"""Ray Serve: the contract of the plain server, batches, replicas that follow the load, a killed one."""

import os
import sys
import threading

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("ray", reason="the extra production is not installed")
httpx = pytest.importorskip("httpx")
psutil = pytest.importorskip("psutil")

from embedlab.cli import app  # noqa: E402
from embedlab.serving import OnRay, deploy, replicas, served_on_ray, server_process, wait_for_replicas, wanted  # noqa: E402

slow = pytest.mark.slow


def made():
    """Make a model whose vectors say how large the batch was; it naps 50 ms a call."""
    import time

    def embed(texts):
        time.sleep(0.05)
        return np.tile(np.float32([len(texts), 0]), (len(texts), 1))

    return embed, lambda texts: [len(text) for text in texts]


def body(text="hello", model="sizes", **more):
    return {"input": text, "model": model} | more


@pytest.mark.parametrize("wrong", [{"least": 0}, {"least": 3, "most": 2}, {"max_texts": 0}, {"at_once": 0}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"replicas|at least 1"):
        OnRay(**wrong)


def test_the_rule_of_replicas_keeps_its_bounds():
    setting = OnRay(ongoing=4, least=2, most=5)
    numbers = [wanted(requests, setting) for requests in range(60)]
    assert (min(numbers), max(numbers)) == (2, 5)
    assert numbers == sorted(numbers)
    assert wanted(12, setting) == 3
    assert wanted(12.1, setting) == 4


@pytest.fixture(scope="module")
def url(ray):
    setting = OnRay("sizes", max_texts=8, wait_s=0.02, ongoing=4, up_s=0.5, down_s=2)
    with served_on_ray(made, setting) as address:
        yield address


@slow
def test_it_answers_the_openai_client(url):
    openai = pytest.importorskip("openai")
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        answer = client.embeddings.create(model="sizes", input=["one", "three"])  # in base64
        assert [len(one.embedding) for one in answer.data] == [2, 2]
        assert answer.usage.prompt_tokens == 8
        with pytest.raises(openai.NotFoundError, match="no model 'other'"):
            client.embeddings.create(model="other", input="x")
        with pytest.raises(openai.BadRequestError, match="dimensions"):
            client.embeddings.create(model="sizes", input="x", dimensions=3)


@slow
def test_texts_of_one_request_and_of_many_share_batches(url):
    answer = httpx.post(f"{url}/v1/embeddings", json=body(["x"] * 20), timeout=60).json()
    assert [one["index"] for one in answer["data"]] == list(range(20))
    sizes = [one["embedding"][0] for one in answer["data"]]
    assert max(sizes) == 8  # never more than max_texts
    assert min(sizes) > 1


@slow
def test_what_is_wrong_comes_in_openais_form(url):
    for wrong in ({"model": "sizes"}, body(text=[])):
        answer = httpx.post(f"{url}/v1/embeddings", json=wrong, timeout=60)
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_request_error"


class Load:
    """Users who ask again as soon as they are answered."""

    def __init__(self, url, users=24):
        self.url, self.statuses, self.going = url, [], True
        self.threads = [threading.Thread(target=self.user, daemon=True) for _ in range(users)]

    def user(self):
        with httpx.Client(timeout=60) as client:
            while self.going:
                self.statuses.append(client.post(f"{self.url}/v1/embeddings", json=body()).status_code)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.going = False
        for thread in self.threads:
            thread.join(timeout=90)


@slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_replicas_follow_the_load_and_a_killed_one_is_replaced(url):
    wait_for_replicas(1, 120)
    with Load(url) as load:
        wait_for_replicas(2, 120)
        killed = httpx.get(f"{url}/pid", timeout=60).json()
        before = len(load.statuses)
        os.kill(killed, 9)
        while len(load.statuses) < before + 100:
            assert replicas() <= 2
        wait_for_replicas(2, 120)
        pids = {httpx.get(f"{url}/pid", timeout=60).json() for _ in range(30)}
    assert killed not in pids
    after = load.statuses[before:]
    assert set(after) <= {200, 500, 503}
    # What the dead one held is lost, at most what 24 users can have under way; the rest goes on.
    assert sum(status != 200 for status in after) <= 24 + 24
    wait_for_replicas(1, 120)


@slow
def test_an_update_leaves_no_request_without_an_answer(url):
    with Load(url, users=4) as load:
        deploy(made, OnRay("sizes", max_texts=2, wait_s=0.02, most=1))
        while len(load.statuses) < 20:
            pass
    assert set(load.statuses) == {200}
    answer = httpx.post(f"{url}/v1/embeddings", json=body(["x"] * 6), timeout=60).json()
    assert max(one["embedding"][0] for one in answer["data"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "127.0.0.1 only, not on 0.0.0.0"),
        (["--model-precision", "torch"], "float32 or int8"),
    ],
)
def test_the_command_says_what_ray_does_not_do(arguments, message):
    told = CliRunner().invoke(app, ["serve", "--ray", *arguments])
    assert told.exit_code == 2
    assert message in told.output


@slow
def test_the_command_serves_the_packaged_model_and_ends_when_told():
    pytest.importorskip("onnxruntime")
    command = ("-c", "from embedlab.cli import app; app()", "serve", "--ray", "--port", "0")
    with server_process(command) as (url, process):
        asked = body("a cat", "all-MiniLM-L6-v2")
        answer = httpx.post(f"{url}/v1/embeddings", json=asked, timeout=60).json()
        assert len(answer["data"][0]["embedding"]) == 384
        assert answer["usage"]["prompt_tokens"] == 4
        below = psutil.Process(process.pid).children(recursive=True)
    assert process.returncode is not None
    assert not psutil.wait_procs(below, timeout=120)[1]
