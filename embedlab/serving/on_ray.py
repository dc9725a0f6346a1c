"""The same embeddings on Ray Serve: replicas that come and go, batches by `serve.batch`, updates in place.

A request goes through Serve's proxy, a process that speaks HTTP, to a replica, a process that has loaded the
model. A third process, the controller, counts the requests that are under way and decides how many replicas
there are; it replaces one that has died.
"""

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import needs, ray_cluster
from embedlab.serving.contract import (
    EmbeddingsRequest,
    EmbeddingsResponse,
    embeddings_response,
    error_body,
    explained,
    texts_of,
)
from embedlab.serving.running import listening

Embed = Callable[[list[str]], NDArray[np.float32]]
Count = Callable[[Sequence[str]], list[int]]
NAME = "embeddings"


@dataclass(frozen=True)
class OnRay:
    """What Ray Serve is told.

    Parameters
    ----------
    model : str
        The name under which vectors are asked for.
    max_texts, wait_s : int, float
        A batch goes with so many texts, or when the first has waited so many seconds.
    least, most : int
        Replicas.
    ongoing : float
        Requests under way in one replica, on average, that are right. The replicas wanted are all requests
        under way divided by this.
    up_s, down_s : float
        Seconds that more or fewer replicas must be wanted before anything is done. By default Serve waits 30
        and 600.
    at_once : int
        Requests that a replica may hold. By default Serve allows 5, and then no batch of single texts is
        larger than 5, whatever ``max_texts`` says.
    cpus : float
        What a replica books.
    """

    model: str = "all-MiniLM-L6-v2"
    max_texts: int = 32
    wait_s: float = 0.005
    least: int = 1
    most: int = 2
    ongoing: float = 8
    up_s: float = 1.0
    down_s: float = 5.0
    at_once: int = 64
    cpus: float = 0.5

    def __post_init__(self):
        if not 1 <= self.least <= self.most:
            raise ValueError(
                f"from {self.least} to {self.most} replicas: neither may be 0, nor the first more"
            )
        if self.max_texts < 1 or self.at_once < 1:
            raise ValueError(
                f"max_texts is {self.max_texts}, at_once {self.at_once}: both must be at least 1"
            )


def wanted(under_way: float, setting: OnRay) -> int:
    """Return how many replicas Serve wants for so many requests under way.

    The rule of Ray's guide to autoscaling, without its delays.

    Examples
    --------
    >>> [wanted(requests, OnRay(ongoing=8, least=1, most=4)) for requests in (0, 8, 9, 100)]
    [1, 1, 2, 4]
    """
    return min(max(-int(-under_way // setting.ongoing), setting.least), setting.most)


def packaged(precision: str = "float32") -> tuple[Embed, Count]:
    """Load what a replica serves by default: the packaged model in ONNX Runtime, on one thread."""
    from embedlab.serving.onnx_encoder import OnnxEncoder

    encoder = OnnxEncoder.load(precision, threads=1)
    return encoder.encode, lambda texts: [len(ids) for ids in encoder.tokenizer.encode_batch(texts)]


def application(make: Callable[[], tuple[Embed, Count]] = packaged, setting: OnRay | None = None) -> Any:
    """Return the application that Serve runs: ``POST /v1/embeddings`` as `make_app` has it.

    Parameters
    ----------
    make : callable
        Called once in each replica; returns the function that embeds and the one that counts tokens.
    setting : OnRay, optional

    References
    ----------
    .. [1] https://docs.ray.io/en/latest/serve/advanced-guides/dyn-req-batch.html
    """
    serve = needs("ray.serve")
    import fastapi
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse

    setting = setting or OnRay()
    api = fastapi.FastAPI(docs_url=None, redoc_url=None)

    def refused(status: int, message: str, param: str | None = None) -> JSONResponse:
        return JSONResponse(error_body(message, "invalid_request_error", param=param), status)

    @api.exception_handler(RequestValidationError)
    async def _(request: fastapi.Request, error: RequestValidationError) -> JSONResponse:
        message, param = explained(error.errors()[0])
        return refused(400, message, param)

    @serve.deployment(
        name=NAME,
        max_ongoing_requests=setting.at_once,
        ray_actor_options={"num_cpus": setting.cpus},
        user_config={"model": setting.model, "max_texts": setting.max_texts, "wait_s": setting.wait_s},
        graceful_shutdown_timeout_s=5,
        health_check_period_s=1,
        autoscaling_config={
            "min_replicas": setting.least,
            "max_replicas": setting.most,
            "target_ongoing_requests": setting.ongoing,
            "upscale_delay_s": setting.up_s,
            "downscale_delay_s": setting.down_s,
            "metrics_interval_s": 0.5,
            "look_back_period_s": 2,
        },
    )
    @serve.ingress(api)
    class Embeddings:
        def __init__(self):
            self.encode, self.count = make()  # once in each replica

        def reconfigure(self, config: dict) -> None:
            """Take the ``user_config``; Serve calls this after the start, and when it changes."""
            self.model = config["model"]
            self.embed.set_max_batch_size(config["max_texts"])
            self.embed.set_batch_wait_timeout_s(config["wait_s"])

        @serve.batch
        async def embed(self, texts: list[str]) -> list[NDArray]:
            # In a thread, so that requests are taken while the model computes.
            return list(await asyncio.to_thread(self.encode, texts))

        @api.post("/v1/embeddings", response_model=EmbeddingsResponse)
        async def embeddings(self, asked: EmbeddingsRequest):
            """Embed the texts of one request; each waits for a batch of its own."""
            if asked.model != self.model:
                return refused(404, f"there is no model {asked.model!r}, only {self.model!r}", "model")
            try:
                texts = texts_of(asked.input)
                vectors = np.stack(await asyncio.gather(*map(self.embed, texts)))
                return embeddings_response(vectors, self.count(texts), asked)
            except ValueError as error:
                return refused(400, str(error))

        @api.get("/pid")
        async def pid(self) -> int:
            """Say which process answers: for experiments that kill it."""
            return os.getpid()

    return Embeddings.bind()


@contextmanager
def served_on_ray(
    make: Callable[[], tuple[Embed, Count]] = packaged,
    setting: OnRay | None = None,
    *,
    port: int = 0,
) -> Iterator[str]:
    """Serve on Ray while the block lasts; a cluster is started where none runs.

    Yields
    ------
    str
        The address, such as "http://127.0.0.1:41234".
    """
    setting = setting or OnRay()
    with ray_cluster(cpus=max(2, math.ceil(setting.most * setting.cpus))):
        serve = needs("ray.serve")
        for name in ("ray.serve", "ray._private"):
            logging.getLogger(name).setLevel(logging.ERROR)
        with listening(port=port) as free:  # Serve wants a number, so the port is given back just before
            port = free.getsockname()[1]
        serve.start(http_options={"host": "127.0.0.1", "port": port}, logging_config={"log_level": "ERROR"})
        try:
            deploy(make, setting)
            yield f"http://127.0.0.1:{port}"
        finally:
            serve.shutdown()


def serve_on_ray(make: Callable[[], tuple[Embed, Count]], setting: OnRay, port: int = 0) -> None:
    """Serve on Ray until Ctrl-C or SIGTERM; print the address as soon as it answers."""
    with suppress(KeyboardInterrupt), served_on_ray(make, setting, port=port) as url:
        print(url, flush=True)
        while True:
            time.sleep(0.5)


def deploy(make: Callable[[], tuple[Embed, Count]] = packaged, setting: OnRay | None = None) -> None:
    """Deploy, or update what is deployed: its replicas are replaced one after the other, so that one answers.

    So for a while the old and the new answer side by side; with two models, vectors of two spaces come back.
    `serve.run` takes all it is given as new. Only what is deployed from a file (``serve deploy``, which needs
    Ray's dashboard) keeps its replicas where nothing but ``user_config`` differs.
    """
    serve = needs("ray.serve")
    serve.run(application(make, setting), name=NAME, route_prefix="/", logging_config={"log_level": "ERROR"})


def replicas() -> int:
    """Return how many replicas are running now."""
    states = needs("ray.serve").status().applications[NAME].deployments[NAME].replica_states
    return sum(n for state, n in states.items() if state == "RUNNING")


def wait_for_replicas(n: int, seconds: float = 60) -> float:
    """Wait until so many replicas run; return the seconds it took, or raise TimeoutError."""
    start = time.perf_counter()
    while (now := replicas()) != n:
        if time.perf_counter() - start > seconds:
            raise TimeoutError(f"{now} replicas run after {seconds:g} s, not {n}")
        time.sleep(0.1)
    return time.perf_counter() - start
