"""The engine behind a port: ``embedlab serve``."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from embedlab.study.faces import plain_errors

if TYPE_CHECKING:
    from fastapi import FastAPI

NO_ENGINE = "none"


def serve(
    engine: Annotated[
        str, typer.Option(help="What /search asks, see 'embedlab evaluate --help'; none: embeddings only.")
    ] = "hybrid",
    host: Annotated[str, typer.Option(help="Anything else than this computer needs a proxy with TLS.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that the system chooses.")] = 8000,
    model_precision: Annotated[
        str, typer.Option(help="float32 or int8, in ONNX Runtime; torch: our packed encoder.")
    ] = "float32",
    policy: Annotated[
        Literal["free", "timer"], typer.Option(help="When a batch goes: a worker is free, or time is up.")
    ] = "free",
    max_texts: Annotated[int, typer.Option(min=1, help="Texts of a batch.")] = 32,
    wait_ms: Annotated[float, typer.Option(min=0, help="What the timer gives the first of a batch.")] = 5.0,
    workers: Annotated[int, typer.Option(min=1, help="Batches at one time.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="Of a batch; 0: one for each core.")] = 0,
    spin: Annotated[
        bool, typer.Option("--spin", help="Threads without work wait busily: for cores of their own.")
    ] = False,
    inside: Annotated[int, typer.Option(min=1, help="Texts in the server at one time; then 429.")] = 1024,
    cut: Annotated[bool, typer.Option("--cut", help="Cut texts that are too long; else 400.")] = False,
    grace_s: Annotated[
        float, typer.Option(min=0, help="After SIGTERM, answer for so long while /readyz says 503.")
    ] = 0.0,
    ray: Annotated[bool, typer.Option("--ray", help="On Ray Serve, /v1/embeddings only.")] = False,
    replicas: Annotated[int, typer.Option(min=1, help="With --ray: at most so many.")] = 2,
) -> None:
    """Serve embeddings (OpenAI's API), search and reranking over HTTP.

    Routes: /v1/embeddings, /v1/models, /search, /rerank, /healthz, /readyz, /metrics. The address is printed
    when it is ready. SIGTERM or Ctrl-C: what is asked is answered, then it ends.

    With --ray the embeddings alone, from as many processes as the load asks for: more of them come when more
    than 8 requests are under way in each. Of the options, port, model-precision, max-texts and wait-ms hold.
    """
    with plain_errors():
        from embedlab.serving import Batching, Limits, Settings, listening, serve

        if ray:
            serve_replicas(host, port, model_precision, max_texts, wait_ms / 1000, replicas)
            return
        where = listening(host, port)  # a port that is taken is known before anything is loaded
        limits = Limits(inside=inside, texts=min(256, inside), cut=cut)
        rule = Batching(policy, max_texts=max_texts, wait_s=wait_ms / 1000, workers=workers)
        app = served_app(
            engine,
            model_precision,
            Settings(limits=limits, batching=rule),
            threads=threads or None,
            spins=spin,
        )
        serve(app, where, grace_s=grace_s)


def serve_replicas(host: str, port: int, precision: str, max_texts: int, wait_s: float, most: int) -> None:
    """Serve embeddings on Ray; raises ValueError for what Ray does not do here."""
    from functools import partial

    from embedlab.serving import OnRay, packaged, serve_on_ray

    if host != "127.0.0.1":
        raise ValueError(f"with --ray the server listens on 127.0.0.1 only, not on {host}")
    if precision == "torch":
        raise ValueError("with --ray the model runs in ONNX Runtime: --model-precision float32 or int8")
    serve_on_ray(partial(packaged, precision), OnRay(max_texts=max_texts, wait_s=wait_s, most=most), port)


def served_app(engine: str, precision: str, settings: object, **threading: object) -> "FastAPI":
    """Make the app of an engine of the catalogue, with DocSearch; all models loaded and used once.

    ``threading`` is ``threads`` and ``spins`` of `OnnxEncoder.load`.
    """
    from embedlab.serving import make_app
    from embedlab.tokenizer import WordPieceTokenizer

    tokenizer = WordPieceTokenizer.load(split_special_tokens=True)

    def count(texts: list[str]) -> list[int]:
        return [len(ids) for ids in tokenizer.encode_batch(texts)]

    def decode(ids: list[int]) -> str:
        markers = tokenizer.cls, tokenizer.sep
        return tokenizer.decode([i for i in ids if i not in markers])

    search = rerank = None
    if engine != NO_ENGINE:
        search, rerank = searcher(engine), reranker()
        search("warm up", 1)
        rerank("warm up", ["warm up"])
    return make_app(encoder(precision, **threading), search, rerank, settings, count=count, decode=decode)


def encoder(precision: str, **threading: object) -> Callable:
    """Return what turns texts into vectors: "torch", or a precision of the ONNX file."""
    if precision == "torch":
        from functools import partial

        from embedlab.embedder import Embedder

        return partial(Embedder.load().encode, show_progress=False, on_long="cut")
    from embedlab.serving import OnnxEncoder

    return OnnxEncoder.load(precision, **threading).encode


def searcher(engine: str) -> Callable[[str, int], list[tuple[str, float, str]]]:
    """Return the search of an engine of the catalogue over DocSearch."""
    from embedlab.benchmark import docsearch
    from embedlab.engine import build_engine

    benchmark = docsearch()
    built = build_engine(engine, benchmark.documents, benchmark.doc_ids)
    return lambda query, k: [(hit.id, hit.score, hit.text) for hit in built.search(query, k)]


def reranker() -> Callable:
    """Return the trained cross-encoder's scores of documents for a query."""
    from embedlab.engine import cross_encoder

    return cross_encoder().score
