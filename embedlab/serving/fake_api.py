"""A remote embedding API of our own that misbehaves on order: slow, failing, rate limited, another model.

`RemoteAPI` has no clock of its own: it is told the time, and says how long its answer takes. So hours of
outage are simulated in no time, and the same seed gives the same weather. `fake_app` puts it behind HTTP,
and `served` runs that.
"""

from __future__ import annotations

import asyncio
import math
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import needs
from embedlab.serving.contract import EmbeddingsRequest, embeddings_response, error_body, texts_of

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True)
class Weather:
    """How a remote API behaves; times in seconds, of the caller's clock.

    Attributes
    ----------
    median, sigma : float
        Of the answer time, which is lognormal.
    stall_share, stall : float
        So large a share of the answers takes so much longer: the tail that a lognormal lacks.
    failures : float
        Share of requests that get a 503.
    bursts : tuple of (start, end, failures)
        Times in which another share fails.
    per_second, bucket : float
        The rate limit, and how many requests may come at once.
    silent_change, open_change : float
        From when another model answers: under the old name, or with a name and fingerprint of its own.
    """

    median: float = 0.08
    sigma: float = 0.4
    stall_share: float = 0.01
    stall: float = 1.0
    failures: float = 0.0
    bursts: tuple[tuple[float, float, float], ...] = ()
    per_second: float = math.inf
    bucket: float = 10.0
    silent_change: float = math.inf
    open_change: float = math.inf

    def __post_init__(self):
        for name in ("stall_share", "failures"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, but is {getattr(self, name)}")
        for name in ("median", "per_second"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, but is {getattr(self, name)}")
        if self.bucket < 1:
            raise ValueError(f"a bucket of {self.bucket} never holds a whole request")


@dataclass(frozen=True)
class Reply:
    """What came back: HTTP status, seconds until it came, seconds to wait if rate limited, which model."""

    status: int
    seconds: float
    retry_after: float | None = None
    model: str = ""
    fingerprint: str = ""
    changed: bool = False  # whether another model made the vectors: a client cannot see this


@dataclass(frozen=True)
class Bucket:
    """A token bucket: what is in it, and when that was counted (seconds)."""

    tokens: float
    counted: float = 0.0


def take_token(bucket: Bucket, now: float, per_second: float, size: float) -> tuple[Bucket, float]:
    """Take one token from a bucket, which fills up meanwhile.

    Over a long time so many requests pass as the rate says; after a pause, ``size`` of them at once.

    Returns
    -------
    bucket : Bucket
    wait : float
        0 if there was a token; else the seconds until there will be one, and nothing is taken.

    Examples
    --------
    >>> bucket, wait = take_token(Bucket(1.0), now=0.0, per_second=2, size=10)
    >>> wait
    0.0
    >>> take_token(bucket, now=0.1, per_second=2, size=10)[1]  # 0.2 tokens; the missing 0.8 take 0.4 s
    0.4
    """
    if math.isinf(per_second):
        return Bucket(size, now), 0.0
    tokens = min(size, bucket.tokens + max(0.0, now - bucket.counted) * per_second)
    if tokens >= 1 - 1e-9:  # ten times a tenth is one
        return Bucket(max(0.0, tokens - 1), now), 0.0
    return Bucket(tokens, now), round((1 - tokens) / per_second, 9)


@dataclass
class RemoteAPI:
    """An API under some weather.

    Examples
    --------
    >>> api = RemoteAPI(Weather(bursts=((10, 20, 1.0),), open_change=30))
    >>> [api.call(now).status for now in (5, 15, 25)], api.call(35).model
    ([200, 503, 200], 'embed-2')
    """

    weather: Weather = field(default_factory=Weather)
    seed: int = 0

    def __post_init__(self):
        self._random, self._bucket = random.Random(self.seed), Bucket(self.weather.bucket)

    def call(self, now: float) -> Reply:
        """Answer a request that arrives at a time, in seconds."""
        weather, draw = self.weather, self._random
        self._bucket, wait = take_token(self._bucket, now, weather.per_second, weather.bucket)
        if wait:
            return Reply(429, 0.002, retry_after=wait)
        seconds = weather.median * math.exp(draw.gauss(0.0, weather.sigma))
        seconds += weather.stall * (draw.random() < weather.stall_share)
        in_burst = [share for start, end, share in weather.bursts if start <= now < end]
        if draw.random() < max([weather.failures, *in_burst]):
            return Reply(503, seconds)
        opened = now >= weather.open_change
        name, mark = ("embed-2", "fp_b") if opened else ("embed-1", "fp_a")
        return Reply(200, seconds, None, name, mark, opened or now >= weather.silent_change)


def fake_app(
    embed: Embed, api: RemoteAPI, changed: Embed | None = None, *, clock: Callable[[], float] = time.monotonic
) -> Any:
    """Return a FastAPI app that answers ``POST /v1/embeddings`` in OpenAI's form, under the API's weather.

    Parameters
    ----------
    embed, changed : callable
        ``embed(texts) -> (n, d)``: the model, and the one that takes its place.
    api : RemoteAPI
    clock : callable
        Seconds; the API's times count from the making of the app.
    """
    needs("fastapi")
    from fastapi import FastAPI
    from fastapi.responses import JSONResponse

    app, started, lock = FastAPI(), clock(), threading.Lock()

    @app.post("/v1/embeddings")
    async def embeddings(request: EmbeddingsRequest) -> JSONResponse:
        with lock:
            reply = api.call(clock() - started)
        await asyncio.sleep(reply.seconds)
        if reply.status != 200:
            # Whole seconds, rounded up: the header knows no others (RFC 9110, section 10.2.3).
            headers = {} if reply.retry_after is None else {"Retry-After": str(math.ceil(reply.retry_after))}
            kind = "rate_limit_error" if reply.status == 429 else "server_error"
            return JSONResponse(error_body("try again later", kind), reply.status, headers)
        texts = texts_of(request.input)
        vectors = (changed or embed)(texts) if reply.changed else embed(texts)
        answer = embeddings_response(vectors, [len(text.split()) for text in texts], request).model_dump()
        return JSONResponse(answer | {"model": reply.model, "system_fingerprint": reply.fingerprint})

    return app
