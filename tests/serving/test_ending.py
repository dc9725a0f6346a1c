"""Real processes: what SIGTERM does to requests on their way, ten thousand of them at once, a taken port."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from embedlab.serving import Limits, Nap, Settings, listening, make_app, server_process, status_of

pytestmark = pytest.mark.slow
ASKED = {"input": "a", "model": "nap"}
STANDIN = ["-m", "embedlab.serving.standin"]


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can handle")
def test_sigterm_answers_what_is_on_its_way_and_ends():
    with server_process([*STANDIN, "--call-ms=1500", "--grace-s=1"]) as (url, process):
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{url}/v1/embeddings", json=ASKED, timeout=30))
        )
        assert status_of(f"{url}/readyz") == 200
        asking.start()
        metrics = f"{url}/metrics"
        until(lambda: "embedlab_texts_inside 1.0" in httpx.get(metrics, timeout=20).text)
        process.send_signal(signal.SIGTERM)
        until(lambda: status_of(f"{url}/readyz") != 200)
        assert status_of(f"{url}/readyz") in (503, 0)  # 0: on a slow machine the grace may be over
        asking.join(30)
        assert [answer.status_code for answer in answers] == [200]
        process.wait(30)
        assert status_of(f"{url}/healthz") == 0


def test_a_server_ends_with_its_block():
    with server_process(STANDIN) as (url, process):
        assert status_of(f"{url}/healthz") == 200
    assert process.poll() is not None
    assert status_of(f"{url}/healthz") == 0


def test_a_server_ends_with_a_parent_that_was_killed():
    parent = (
        "import sys, time\n"
        "from embedlab.serving import server_process\n"
        "with server_process(['-m', 'embedlab.serving.standin']) as (url, process):\n"
        "    print(url, flush=True)\n"
        "    time.sleep(100)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert status_of(f"{url}/healthz") == 200
        process.kill()
    until(lambda: status_of(f"{url}/healthz") == 0)


def test_a_command_that_starts_no_server():
    with pytest.raises(RuntimeError, match="no address"), server_process(["-c", "print('hello')"]):
        pass


def test_a_port_that_is_taken_is_named():
    where = listening()
    where.listen()
    port = where.getsockname()[1]
    command = [sys.executable, "-c", "from embedlab.cli import app; app()", "serve", f"--port={port}"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    where.close()
    assert ran.returncode == 2
    assert f"port {port} of 127.0.0.1" in ran.stderr
    assert "Traceback" not in ran.stderr


async def posted(app, body):
    """Post a body to an app without a connection; return the status and the headers of its answer."""
    told, never = [{"type": "http.request", "body": body, "more_body": False}], asyncio.Event()
    heard = {}

    async def receive():
        if not told:
            await never.wait()
        return told.pop()

    async def send(message):
        heard.update(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/embeddings", "query_string": b""}
    headers = [(b"content-type", b"application/json")]
    await app(scope | {"headers": headers, "client": ("127.0.0.1", 1)}, receive, send)
    return heard["status"], dict(heard["headers"])


@pytest.mark.parametrize("limits", [{"inside": 500}, {"inside": 5000, "requests": 400}])
def test_ten_thousand_requests_at_once(limits):
    """Each is answered: with 200, or with 429 and a time to come back. What is inside is bounded."""
    most = min(limits.values())
    app = make_app(Nap(0.002), settings=Settings("nap", Limits(deadline_s=500, **limits)))
    inside = []

    async def flood():
        async with app.router.lifespan_context(app):
            batcher = app.state.batcher
            watch = batcher.watch
            batcher.watch = lambda groups: (inside.append(batcher.inside), watch(groups))
            return await asyncio.gather(*(posted(app, json.dumps(ASKED).encode()) for _ in range(10_000)))

    answers = asyncio.run(asyncio.wait_for(flood(), 200))
    statuses = [status for status, _ in answers]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= most
    assert 0 < max(inside) <= most
    assert all(int(headers[b"retry-after"]) >= 1 for status, headers in answers if status == 429)
    assert app.state.batcher.inside == 0
    assert not app.state.batcher.waiting
