"""Sizes: what is refused, and with which words."""

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.serving import (
    Limits,
    Nap,
    Refused,
    Settings,
    check_texts,
    check_tokens,
    make_app,
    read_body,
    retry_after,
    served,
)
from embedlab.serving.limits import Away


@pytest.mark.parametrize(("texts", "code"), [(["a"] * 3, None), (["abcdef"], "string_above_max_length")])
def test_texts_too_many_or_too_long(texts, code):
    with pytest.raises(Refused) as refused:
        check_texts(texts, Limits(texts=2, characters=5), "input")
    assert refused.value.status == 400
    assert refused.value.body["error"]["param"] == "input"
    assert refused.value.body["error"]["code"] == code


def test_too_many_tokens_are_refused_or_cut():
    with pytest.raises(Refused, match="text 1 has 11 tokens; the model reads 10"):
        check_tokens([10, 11], Limits(tokens=10), "input")
    assert check_tokens([9, 11], Limits(tokens=10, cut=True), "input") == [9, 10]


@pytest.mark.parametrize("wrong", [{"tokens": 0}, {"deadline_s": 0}, {"texts": 9, "inside": 8}])
def test_limits_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        Limits(**wrong)


@given(st.integers(0, 10**6), st.floats(0, 1e6))
def test_retry_after_is_a_whole_number_of_seconds_in_bounds(ahead, rate):
    seconds = retry_after(ahead, rate)
    assert isinstance(seconds, int)
    assert 1 <= seconds <= 60
    assert rate > 0 or seconds == 5
    assert rate == 0 or seconds == 60 or ahead <= seconds * rate or seconds == 1


def body_of(pieces, headers=None, limits=None):
    """Read a body that comes in pieces; None is a client that leaves."""
    messages = [
        {"type": "http.disconnect"}
        if piece is None
        else {"type": "http.request", "body": piece, "more_body": i < len(pieces) - 1}
        for i, piece in enumerate(pieces)
    ]

    async def receive():
        if not messages:
            await asyncio.sleep(60)
        return messages.pop(0)

    return asyncio.run(read_body(receive, headers or {}, limits or Limits(body_bytes=10)))


def test_a_body_in_pieces():
    assert body_of([b"ab", b"", b"c"]) == b"abc"
    assert body_of([b"0123456789"]) == b"0123456789"


@pytest.mark.parametrize(
    ("pieces", "headers", "status"),
    [
        ([b"01234", b"567890"], {}, 413),
        ([b"01234", b"567890"], {b"content-length": b"3"}, 413),
        ([b""], {b"content-length": b"99"}, 413),
        ([b"ab", None], {}, 499),
    ],
)
def test_bodies_that_are_refused(pieces, headers, status):
    with pytest.raises(Refused) as refused:
        body_of(pieces, headers)
    assert refused.value.status == status


def test_a_body_that_does_not_arrive():
    with pytest.raises(Refused) as refused:
        body_of([], limits=Limits(deadline_s=0.05))
    assert refused.value.status == 408


def test_a_steady_overload_does_not_add_up():
    """100 attempts a second are refused for an hour: the count stays at what 30 seconds bring."""
    away = Away(half_s=20.0)
    counts = [away.add(100, now=float(second)) for second in range(3600)]
    assert counts[-1] == pytest.approx(100 / (1 - 0.5 ** (1 / 20)), rel=1e-6)
    assert max(counts) < 3000
    assert away.add(0, now=3600.0 + 200) < 3


@pytest.mark.parametrize(
    ("room", "reason"),
    [
        ({"inside": 20}, "20 texts"),
        ({"requests": 20}, "20 requests"),
        ({"inside": 20, "requests": 20}, "20 requests"),  # equal, as by default
    ],
)
def test_whichever_limit_refuses_the_waits_are_drawn(room, reason):
    async def crowd(url):
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            asked = {"model": "nap", "input": "x"}
            return await asyncio.gather(*(client.post("/v1/embeddings", json=asked) for _ in range(60)))

    with served(make_app(Nap(0.5), settings=Settings("nap", Limits(texts=20, **room)))) as url:
        refused = [one for one in asyncio.run(crowd(url)) if one.status_code == 429]
    assert len(refused) >= 20
    assert all(f"full ({reason})" in one.json()["error"]["message"] for one in refused)
    told = [int(one.headers["retry-after-ms"]) for one in refused]
    assert len(set(told)) > len(told) / 2
    assert 100 <= min(told) < 1000 < max(told) <= 5000
    assert all(1 <= int(one.headers["Retry-After"]) <= 5 for one in refused)


def test_the_default_limits_are_equal_so_requests_refuse_first():
    assert Limits().requests == Limits().inside
