"""The server: an app made of the functions that it offers. OpenAI's embeddings, a search, a reranking."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from embedlab.machine import needs
from embedlab.serving.batcher import Batcher
from embedlab.serving.batching import Batching
from embedlab.serving.contract import (
    EmbeddingsRequest,
    RerankRequest,
    RerankResponse,
    RerankResult,
    SearchHit,
    SearchRequest,
    SearchResponse,
    embeddings_response,
    error_body,
    explained,
    texts_of,
)
from embedlab.serving.gate import Gate, unless_gone
from embedlab.serving.limits import Limits, Refused, check_texts, check_tokens
from embedlab.serving.metrics import SLO_S, Metrics

if TYPE_CHECKING:
    from fastapi import FastAPI


@dataclass(frozen=True)
class Settings:
    """What a server is told: the name of its model, its limits, its batching, its promise.

    Parameters
    ----------
    model : str
    limits : Limits
    batching : Batching
    slo_s : float
        Seconds; a bound of the latency histogram.
    """

    model: str = "all-MiniLM-L6-v2"
    limits: Limits = field(default_factory=Limits)
    batching: Batching = field(default_factory=Batching)
    slo_s: float = SLO_S


def four_characters(texts: Sequence[str]) -> list[int]:
    """Guess the tokens of texts, where there is no tokenizer: one for four characters, and two markers.

    Examples
    --------
    >>> four_characters(["embedding", ""])
    [5, 2]
    """
    return [2 + -(-len(text) // 4) for text in texts]


def make_app(
    embed: Callable[[list[str]], np.ndarray],
    search: Callable[[str, int], list[tuple[str, float, str]]] | None = None,
    rerank: Callable[[str, list[str]], Sequence[float]] | None = None,
    settings: Settings | None = None,
    *,
    count: Callable[[list[str]], list[int]] = four_characters,
    decode: Callable[[list[int]], str] | None = None,
) -> "FastAPI":
    """Make the server's app.

    Parameters
    ----------
    embed : callable
        From n texts to a float32 array (n, d). Called in ``settings.batching.workers`` threads.
    search : callable, optional
        From a query and k to (id, score, text) of the k best, best first. Without it there is no ``/search``.
    rerank : callable, optional
        From a query and n documents to n scores. Without it there is no ``/rerank``.
    settings : Settings, optional
    count : callable
        From n texts to the tokens of each, markers included.
    decode : callable, optional
        From token ids to a text; without it, token ids are refused.

    Returns
    -------
    FastAPI
        Its ``state.batcher`` is the queue, ``state.draining`` tells it that the end is near.

    Raises
    ------
    ImportError
        Where FastAPI is not installed.
    """
    fastapi = needs("fastapi")
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse, Response
    from starlette.exceptions import HTTPException

    settings = settings or Settings()
    limits = settings.limits
    batcher: Batcher | None = None
    metrics = Metrics(lambda: batcher.inside if batcher else 0, settings.slo_s)

    @contextlib.asynccontextmanager
    async def lifespan(app: fastapi.FastAPI) -> AsyncIterator[None]:
        nonlocal batcher
        told = metrics.batch, metrics.stage
        app.state.batcher = batcher = Batcher(embed, settings.batching, limits.inside, *told)
        app.state.running = running = asyncio.create_task(batcher.run())
        await batcher.call(embed, ["warm up"])  # the model is loaded before the first client asks
        app.state.ready = True
        yield
        app.state.ready = False
        running.cancel()
        batcher.close()

    app = fastapi.FastAPI(title="embedlab", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.ready = app.state.draining = False

    def answer(status: int, body: dict, headers: dict | None = None) -> JSONResponse:
        return JSONResponse(body, status, headers)

    def full(held: int) -> Refused:
        """Refuse a request unread: it counts as many texts as the others have on average, one at least."""
        return batcher.full(f"the server is full ({limits.requests} requests)", max(1, batcher.inside / held))

    app.add_middleware(Gate, limits=limits, metrics=metrics, answer=answer, full=full)

    @app.exception_handler(Refused)
    async def _(request: fastapi.Request, refused: Refused) -> JSONResponse:
        metrics.refused(str(refused.status))
        return answer(refused.status, refused.body, refused.headers)

    @app.exception_handler(RequestValidationError)
    async def _(request: fastapi.Request, error: RequestValidationError) -> JSONResponse:
        metrics.refused("400")
        message, param = explained(error.errors()[0])
        return answer(400, error_body(message, "invalid_request_error", param=param))

    @app.exception_handler(HTTPException)
    async def _(request: fastapi.Request, error: HTTPException) -> JSONResponse:
        body = error_body(str(error.detail), "invalid_request_error")
        return answer(error.status_code, body, error.headers)

    async def admitted(request: fastapi.Request, texts: int, work: Callable) -> object:
        """Do ``work`` for a request of so many texts: if there is room, in time, and while it is wanted."""
        batcher.admit(texts)
        try:
            async with asyncio.timeout(limits.deadline_s):
                return await unless_gone(request.receive, work())
        except TimeoutError:
            message = f"not answered within {limits.deadline_s:g} s"
            raise Refused(504, message, "server_error", code="deadline_exceeded") from None
        finally:
            batcher.leave(texts)

    async def counts(texts: list[str], param: str) -> list[int]:
        check_texts(texts, limits, param)
        with metrics.stages.labels("count").time():
            lengths = await asyncio.to_thread(count, texts)
        return check_tokens(lengths, limits, param)

    @app.post("/v1/embeddings")
    async def embeddings(asked: EmbeddingsRequest, request: fastapi.Request) -> Response:
        if asked.model != settings.model:
            message = f"there is no model {asked.model!r}, only {settings.model!r}"
            raise Refused(404, message, param="model", code="model_not_found")
        try:
            texts = texts_of(asked.input, decode)
        except ValueError as error:
            raise Refused(400, str(error), param="input") from None
        check_texts(texts, limits, "input")

        async def work() -> Response:
            lengths = await counts(texts, "input")
            vectors = await batcher.embedded(texts, lengths)
            try:
                response = embeddings_response(vectors, lengths, asked)
            except ValueError as error:
                raise Refused(400, str(error), param="dimensions") from None
            return Response(response.model_dump_json(), media_type="application/json")

        return await admitted(request, len(texts), work)

    if search is not None:

        @app.post("/search")
        async def find(asked: SearchRequest, request: fastapi.Request) -> SearchResponse:
            check_texts([asked.query], limits, "query")
            if not asked.query.strip():
                raise Refused(400, "the query is empty", param="query")
            found = await admitted(request, 1, lambda: batcher.call(search, asked.query, asked.k))
            return SearchResponse(results=[SearchHit(id=i, score=s, text=t) for i, s, t in found])

    if rerank is not None:

        @app.post("/rerank")
        async def order(asked: RerankRequest, request: fastapi.Request) -> RerankResponse:
            check_texts([asked.query], limits, "query")
            check_texts(texts := asked.documents, limits, "documents")
            scores = await admitted(request, len(texts), lambda: batcher.call(rerank, asked.query, texts))
            best = np.argsort(-np.asarray(scores), kind="stable")[: asked.top_n]
            results = [RerankResult(index=int(i), relevance_score=float(scores[i])) for i in best]
            return RerankResponse(results=results)

    @app.get("/v1/models")
    async def models() -> dict:
        one = {"id": settings.model, "object": "model", "created": 0, "owned_by": "embedlab"}
        return {"object": "list", "data": [one]}

    @app.get("/healthz")
    async def alive() -> dict:
        return {"status": "alive"}

    @app.get("/readyz")
    async def ready() -> JSONResponse:
        broken = app.state.ready and app.state.running.done()  # it never ends by itself
        state = readiness(app.state.ready, app.state.draining, broken)
        return answer(200 if state == "ready" else 503, {"status": state})

    @app.get("/metrics")
    async def figures() -> Response:
        text, kind = metrics.text()
        return Response(text, media_type=kind)

    return app


def readiness(loaded: bool, draining: bool, broken: bool = False) -> str:
    """Say whether a load balancer should send requests here. A server that is not ready may well be alive.

    A full queue is no reason: it is over before a probe has seen it, and if every replica dropped out when
    full, nobody would be left. Who is full refuses with 429.

    Examples
    --------
    >>> readiness(True, False), readiness(False, False), readiness(True, True), readiness(True, False, True)
    ('ready', 'loading', 'draining', 'broken')
    """
    if not loaded:
        return "loading"
    if draining:
        return "draining"
    return "broken" if broken else "ready"
