"""The proxy: a planted secret never reaches the API, whatever it is dressed in; and what it cannot see."""

import asyncio
import base64
import codecs
import json
import logging
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from security.dressed import DRESSED, holds

from embedlab.security.proxy import Outgoing, RefusedError, proxy_app
from embedlab.security.recognisers import recognised
from embedlab.security.redaction import Pseudonyms

pytest.importorskip("fastapi")
import httpx

SECRET = "Tr0ub4dor-and-3-horses"
IBAN, CARD = "DE27847005278700129967", "4666176031372159"
KEY = b"a key of sixteen bytes or more"


class Recorder:
    """An embeddings API that keeps every byte it was sent, headers and address included."""

    def __init__(self, app):
        self.app, self.seen = app, b""

    async def __call__(self, scope, receive, send):
        self.seen += repr((scope["path"], scope["query_string"], scope["headers"])).encode()

        async def kept():
            message = await receive()
            self.seen += message.get("body", b"")
            return message

        await self.app(scope, kept, send)


def setting(find=recognised, never=(SECRET,)):
    from embedlab.serving import RemoteAPI, Weather, fake_app

    quick = RemoteAPI(Weather(median=1e-9, sigma=0, stall_share=0))
    recorder = Recorder(fake_app(lambda texts: np.ones((len(texts), 2), np.float32), quick))
    upstream = httpx.AsyncClient(transport=httpx.ASGITransport(recorder), base_url="http://api")
    app = proxy_app(Outgoing(Pseudonyms(KEY, "t"), find, never), upstream, key="key-of-the-api")
    return recorder, app


def ask(app, content, path="/v1/embeddings", **more):
    async def call():
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://proxy")
        return await client.post(path, content=content, **more)

    return asyncio.run(call())


def test_the_checker_of_this_test_sees_what_it_should():
    """Without it, a green test would prove nothing."""
    for dressed in (SECRET, "\u200b".join(SECRET), DRESSED["base64"](SECRET), DRESSED["hexadecimal"](SECRET)):
        assert holds(json.dumps({"input": [f"a {dressed} b"]}).encode(), SECRET), dressed
    assert not holds(b'{"input": ["a harmless text"]}', SECRET)


@pytest.mark.parametrize("dress", DRESSED)
def test_a_value_of_the_list_never_leaves_in_any_of_these_dresses(dress):
    recorder, app = setting()
    answer = ask(app, json.dumps({"input": f"see {DRESSED[dress](SECRET)} here", "model": "m"}))
    assert not holds(recorder.seen, SECRET)
    assert answer.status_code == 422 or b"<SECRET_" in recorder.seen
    assert not holds(answer.content, SECRET)


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(TEXTS, min_size=1, max_size=3),
    st.sampled_from(sorted(DRESSED)),
    st.integers(0, 2),
    st.sampled_from(["input", "user", "metadata", "key", "inside"]),
    st.booleans(),
)
def test_no_place_in_a_body_lets_a_listed_value_out(texts, dress, place, field, escaped):
    """Anywhere in a body, between any texts, in any dress, JSON escapes or not: the API never sees it."""
    planted = DRESSED[dress](SECRET)
    texts = [*texts[:place], f" {planted} ", *texts[place:]]
    body = {"input": [one or "-" for one in texts], "model": "m"}
    if field != "input":
        values = {
            "user": planted,
            "metadata": {"a": [1, planted]},
            "key": {planted: 1},
            "inside": [[planted]],
        }
        body = {"input": ["-"], "model": "m", field: values[field]}
    content = json.dumps(body, ensure_ascii=escaped)
    if escaped:  # every character as \uXXXX
        content = re.sub(r'[A-Za-z0-9](?=[^"]*"[,\]}:])', lambda match: f"\\u{ord(match[0]):04x}", content)
        if "input" not in json.loads(content):
            return
    recorder, app = setting()
    answer = ask(app, content.encode())
    assert not holds(recorder.seen, SECRET)
    assert not holds(answer.content, SECRET)


@settings(max_examples=40, deadline=None)
@given(
    TEXTS,
    TEXTS,
    st.sampled_from([IBAN, CARD]),
    st.sampled_from(["as it is", "zero-width", "full-width", "base64"]),
)
def test_an_iban_or_a_card_never_leaves_between_words(before, after, value, dress):
    """Not on any list: the check digits tell. Between other digits or letters it could not be told."""
    recorder, app = setting(never=())
    ask(app, json.dumps({"input": f"{before} , {DRESSED[dress](value)} , {after}", "model": "m"}))
    assert recorder.seen
    assert not holds(recorder.seen, value)


def test_a_value_cut_into_two_inputs_does_not_leave():
    recorder, app = setting()
    assert ask(app, json.dumps({"input": [SECRET[:9], SECRET[9:]], "model": "m"})).status_code == 422
    assert recorder.seen == b""


@pytest.mark.parametrize("content", [[5, 6, 7], [[5, 6], [7]], ["a", 7]])
def test_token_ids_are_refused(content):
    recorder, app = setting()
    assert ask(app, json.dumps({"input": content, "model": "m"})).status_code == 422
    assert recorder.seen == b""


def test_a_card_as_a_number_is_refused():
    recorder, app = setting()
    assert ask(app, json.dumps({"input": "a", "model": "m", "n": int(CARD)})).status_code == 422
    assert recorder.seen == b""


def test_headers_and_query_string_stay_behind():
    recorder, app = setting()
    headers = {"Authorization": f"Bearer {SECRET}", "X-Note": SECRET, "Cookie": SECRET}
    answer = ask(
        app, json.dumps({"input": "a", "model": "m"}), f"/v1/embeddings?note={SECRET}", headers=headers
    )
    assert answer.status_code == 200
    assert b"key-of-the-api" in recorder.seen
    assert not holds(recorder.seen, SECRET)


def test_other_paths_are_not_passed_on():
    recorder, app = setting()
    assert ask(app, "{}", "/v1/files").status_code == 404
    assert recorder.seen == b""


def test_it_fails_closed_and_says_nothing(caplog):
    def broken(text):
        raise RuntimeError(f"cannot read {text}")

    recorder, app = setting(find=broken)
    with caplog.at_level(logging.DEBUG):
        answer = ask(app, json.dumps({"input": f"{SECRET} {IBAN}", "model": "m"}))
    assert answer.status_code == 503
    assert recorder.seen == b""
    for text in (answer.text, caplog.text):
        assert not holds(text.encode(), SECRET)
        assert IBAN not in text


@pytest.mark.parametrize(("content", "status"), [("{", 400), ("[]", 422), ('{"input": 5}', 422)])
def test_what_is_no_request_is_no_crash(content, status):
    _, app = setting()
    assert ask(app, content).status_code == status


def test_the_log_names_kinds_only(caplog):
    _, app = setting()
    with caplog.at_level(logging.DEBUG):
        ask(app, json.dumps({"input": f"{IBAN} ana@example.org", "model": "m"}))
    assert "EMAIL" in caplog.text
    assert IBAN not in caplog.text
    assert "ana@" not in caplog.text


def chatting():
    """Make a proxy before a chat API that repeats what it got: (what it got, the proxy)."""
    from fastapi import FastAPI, Request

    echo, got = FastAPI(), []

    async def chat(request: Request):
        body = await request.json()
        got.append(body["messages"][0]["content"])
        return {"choices": [{"message": {"role": "assistant", "content": f"Dear {got[-1]}!"}}]}

    chat.__annotations__["request"] = Request
    echo.post("/v1/chat/completions")(chat)
    upstream = httpx.AsyncClient(transport=httpx.ASGITransport(echo), base_url="http://api")
    return got, proxy_app(Outgoing(Pseudonyms(KEY, "t")), upstream)


def said(app, text):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})
    return ask(app, body, "/v1/chat/completions").json()["choices"][0]["message"]["content"]


def test_what_comes_back_is_restored_for_the_request_that_hid_it():
    """The client reads its own names; whoever gets hold of a pseudonym does not get the name by asking."""
    got, app = chatting()
    assert said(app, "ana@example.org") == "Dear ana@example.org!"
    assert got[0].startswith("<EMAIL_")
    assert said(app, got[0]) == f"Dear {got[0]}!"


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: text[::-1],
        lambda text: codecs.encode(text, "rot13"),
        lambda text: base64.b85encode(text.encode()).decode(),
        lambda text: (
            base64.b64encode(text.encode()).decode()[:12]
            + "\n"
            + base64.b64encode(text.encode()).decode()[12:]
        ),
    ],
    ids=["backwards", "rot13", "base85", "base64 in lines"],
)
def test_what_it_cannot_see(dress):
    """The limits, held fast: an insider who wants to get a value out gets it out."""
    recorder, app = setting()
    assert ask(app, json.dumps({"input": dress(SECRET), "model": "m"})).status_code == 200
    assert recorder.seen


def test_a_short_value_is_no_list_entry():
    with pytest.raises(ValueError, match="at least 6"):
        Outgoing(Pseudonyms(KEY, "t"), never=["ab-c"])
    with pytest.raises(RefusedError):
        Outgoing(Pseudonyms(KEY, "t"), never=["abc-def"]).body(["ab", "c-DEF"])
