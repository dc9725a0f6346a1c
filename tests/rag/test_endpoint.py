"""An endpoint of OpenAI's kind: what is sent, what comes back, and what is said where it fails."""

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rag.llm_server import event, serving, streamed

from embedlab.rag import Endpoint, GeneratorError

KEY = "sk-secret-0123456789"
MESSAGES = [{"role": "user", "content": "Wie weiß ist Schnee? ❄"}]


@pytest.fixture
def server():
    with serving() as one:
        yield one


def said(server, **options):
    options = {"key": KEY, "timeout": 5.0} | options
    return list(Endpoint(server.url, "small", **options).stream(MESSAGES, 7))


def test_pieces_come_as_they_are_sent(server):
    server.lines = streamed("Snow ", "is ❄ white", "", ".")
    assert said(server) == ["Snow ", "is ❄ white", "."]
    path, headers, body = server.asked[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert body == {
        **{"model": "small", "messages": MESSAGES, "max_tokens": 7},
        **{"temperature": 0, "stream": True},
    }


def test_the_first_piece_is_there_before_the_last_is_sent(server):
    server.lines, server.stall = [event("Snow ")], True
    pieces = Endpoint(server.url, "small", timeout=5).stream(MESSAGES)
    assert next(pieces) == "Snow "
    pieces.close()


def test_without_a_key_none_is_sent(server):
    server.lines = streamed("Yes.")
    said(server, key="")
    assert "Authorization" not in server.asked[0][1]


@pytest.mark.parametrize(
    "lines",
    [
        [event("Snow."), event("", "length")],  # no [DONE]
        [event("Snow."), "data: [DONE]\n\n", event("More.")],  # no reason; nothing is read behind the end
        ["event: message\r\nid: 1\r\n", event("Snow.", "stop").replace("data: ", "data:")],
    ],
)
def test_servers_differ_in_how_they_end(server, lines):
    server.lines = lines
    assert said(server) == ["Snow."]


def error_of(server, **options):
    with pytest.raises(GeneratorError) as caught:
        said(server, **options)
    message = str(caught.value)
    assert message.startswith(f"the endpoint {server.url} ")
    assert KEY not in message
    assert "\n" not in message
    return message.removeprefix(f"the endpoint {server.url} ")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, json.dumps({"error": {"message": f"wrong key: {KEY}"}}), "Unauthorized: wrong key: ***"),
        (404, '{"error": "model \'small\' not found"}', "Not Found: model 'small' not found"),
        (404, "<h1>\nNot here\x1b[2J</h1>", "Not Found: <h1> Not here [2J</h1>"),
        (429, '{"detail": "slow down"}', "Too Many Requests: slow down"),
        (500, "", "Internal Server Error: nothing more"),
        (500, "[1]", "Internal Server Error: [1]"),
        (500, "x" * 290 + KEY + "x" * 999, None),
        (307, "", "Temporary Redirect: nothing more"),
    ],
)
def test_a_refusal_says_what_the_server_says(server, status, body, expected):
    server.status, server.kind, server.lines = status, "application/json", [body]
    server.location = "http://127.0.0.1:9/steals"
    message = error_of(server)
    assert message.startswith(f"answered {status} ")
    if expected:
        assert message == f"answered {status} {expected}"
    assert len(message) < 310
    assert "sk-" not in message


@pytest.mark.parametrize(
    ("kind", "lines", "expected"),
    [
        ("text/html", ["<p>Welcome"], "sent text/html and no stream of events: <p>Welcome"),
        (
            "application/json",
            ['{"error": {"message": "busy"}}'],
            "/json and no stream of events: busy",
        ),
        (None, ["data: {oops\n\n"], "sent what is no chat completion: {oops"),
        (None, ["data: [1]\n\n"], "sent what is no chat completion: [1]"),
        (None, ['data: {"choices": 5}\n\n'], "no chat completion"),
        (None, [b"data: \xff\n\n"], "no chat completion"),
        (
            None,
            [event("Snow"), 'data: {"error": {"message": "out of memory"}}\n\n'],
            "error: out of memory",
        ),
        (None, [event("Snow")], "broke off after 4 characters"),
        (None, [], "broke off after 0 characters"),
        (None, [event(None, "length"), "data: [DONE]\n\n"], "said nothing (finish_reason: length)"),
        (None, ["data: [DONE]\n\n"], "said nothing (finish_reason: stop)"),
    ],
)
def test_what_is_no_answer_is_named(server, kind, lines, expected):
    server.kind, server.lines = kind or server.kind, lines
    assert expected in error_of(server)


def test_a_stall_ends_after_the_timeout(server):
    server.lines, server.stall = [event("Snow")], True
    assert error_of(server, timeout=0.2) == "sent nothing for 0.2 seconds"


def test_an_answer_shorter_than_announced_broke_off(server):
    server.lines, server.length = [event("Snow")], 9999
    assert "broke off" in error_of(server)


def test_nobody_there_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening: refused
        port = taken.getsockname()[1]
        with pytest.raises(GeneratorError, match=rf"127.0.0.1:{port} cannot be reached .*refused"):
            list(Endpoint(f"http://127.0.0.1:{port}", "m").stream(MESSAGES))


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.randoms())
def test_any_text_arrives_as_it_was_sent(pieces, random):
    with serving() as server:
        whole = "".join(streamed(*pieces)).encode()
        cuts = sorted(random.randrange(len(whole)) for _ in range(4))
        server.lines = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
        assert said(server) == pieces


def test_the_environment_names_it(monkeypatch):
    for name in ("URL", "MODEL", "KEY"):
        monkeypatch.delenv(f"EMBEDLAB_LLM_{name}", raising=False)
    assert Endpoint.from_environment() is None
    monkeypatch.setenv("EMBEDLAB_LLM_URL", " https://host.example/v1/chat/completions ")
    with pytest.raises(ValueError, match="EMBEDLAB_LLM_MODEL is not"):
        Endpoint.from_environment()
    monkeypatch.setenv("EMBEDLAB_LLM_MODEL", "small")
    monkeypatch.setenv("EMBEDLAB_LLM_KEY", KEY + "\n")
    found = Endpoint.from_environment()
    assert (found.url, found.name, found.key) == ("https://host.example/v1", "small", KEY)
    assert KEY not in repr(found) + str(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "localhost:8000/v1"}, "its scheme is 'localhost'"),
        ({"url": "ftp://host"}, "its scheme is 'ftp'"),
        ({"url": "http:///v1"}, "its host None"),
        ({"url": ""}, "its scheme is ''"),
        ({"url": "http://host:port"}, "its port cannot be read"),
        ({"url": "http://[host"}, "cannot be read"),
        ({"url": f"http://me:{KEY}@host/v1"}, "a key is given apart"),
        ({"url": f"http://host/v1?key={KEY}"}, "a key is given apart"),
        ({"url": "http://host/a b"}, "with nothing else in it"),
        ({"url": KEY}, "its scheme is ''"),
        ({"model": " "}, "needs the name of a model"),
        ({"key": f"{KEY}\nX: y"}, "the endpoint's key has characters"),
        ({"key": f"{KEY}ü"}, "the endpoint's key has characters"),
        ({"timeout": 0}, "timeout is 0"),
    ],
)
def test_what_is_wrong_is_said_without_the_key(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        Endpoint(**({"url": "http://host/v1", "model": "small"} | options))
    assert KEY not in str(caught.value)
