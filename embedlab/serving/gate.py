"""What every request passes, whatever it asks for: its body measured, its time taken, its faults hidden."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from embedlab.serving.contract import error_body
from embedlab.serving.limits import Limits, Refused

if TYPE_CHECKING:
    from embedlab.serving.metrics import Metrics

log = logging.getLogger("embedlab.serving")


async def read_body(receive: Callable, headers: dict[bytes, bytes], limits: Limits) -> bytes:
    """Read a request's body, at most ``limits.body_bytes`` of it.

    The header Content-Length is believed where it says too much. A body in pieces, without one or with a
    false one, is counted as it arrives.

    Raises
    ------
    Refused
        413 for a body that is too large, 408 for one that does not arrive, 499 for a client that left.
    """
    most = limits.body_bytes
    too_large = Refused(413, f"the body has more than {most} bytes", code="request_too_large")
    said = headers.get(b"content-length", b"")
    if said.isdigit() and int(said) > most:
        raise too_large
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(limits.deadline_s):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(499, "the client left", code="client_left")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > most:
                    raise too_large
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {limits.deadline_s:g} s") from None
    return bytes(body)


class Gate:
    """ASGI middleware around an app: reads the body, names, times and counts the request, answers faults.

    A fault of ours is a 500 with the request's id. What went wrong stands in the log under the same id: a
    trace tells a stranger paths, versions and, at times, other people's texts.

    Parameters
    ----------
    app : ASGI app
    limits : Limits
    metrics : Metrics
    answer : callable
        From (status, body, headers) to an ASGI response.
    full : callable
        From the requests that are inside to the `Refused` of one too many.
    """

    def __init__(
        self,
        app: Callable,
        limits: Limits,
        metrics: Metrics,
        answer: Callable[..., Callable],
        full: Callable[[int], Refused],
    ):
        self.app, self.limits, self.metrics, self.answer, self.full = app, limits, metrics, answer, full
        self.posts = 0  # requests with a body that are inside; probes always pass

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name, start, status = uuid.uuid4().hex, time.perf_counter(), 0

        async def named(message: dict) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", name.encode())]
            await send(message)

        posts = scope["method"] == "POST"
        self.posts += posts
        try:
            if posts and self.posts > self.limits.requests:
                raise self.full(self.posts)
            body = await read_body(receive, dict(scope["headers"]), self.limits)
            await self.app(scope, replayed(body, receive), named)
        except Refused as refused:
            self.metrics.refused(str(refused.status))
            await self.answer(refused.status, refused.body, refused.headers)(scope, receive, named)
        except Exception:
            log.exception("request %s failed", name)
            if status:
                raise  # the answer has begun: nothing better can be said
            body = error_body(f"the server failed; its log knows request {name}", "server_error")
            await self.answer(500, body, {})(scope, receive, named)
        finally:
            self.posts -= posts
            route = getattr(scope.get("route"), "path", "other")  # a label takes few values: no free text
            self.metrics.answered(route, status or 499, time.perf_counter() - start)


def replayed(body: bytes, receive: Callable) -> Callable[[], Awaitable[dict]]:
    """Return a ``receive`` that gives the body once more, then what comes from the client."""
    given = False

    async def again() -> dict:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def unless_gone(receive: Callable, work: Awaitable) -> object:
    """Await ``work``, and cancel it when the client leaves: nobody would read the answer.

    Parameters
    ----------
    receive : callable
        The request's, after the body was read: what it brings next is the client's leaving.
    work : awaitable

    Raises
    ------
    Refused
        499 (nginx's number), which nobody reads, where the client left.
    """
    doing, leaving = asyncio.ensure_future(work), asyncio.ensure_future(receive())
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise Refused(499, "the client left", code="client_left")
    finally:
        for task in (doing, leaving):
            task.cancel()
