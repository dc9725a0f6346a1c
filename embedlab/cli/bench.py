"""Speed, ours against the libraries that professionals use: ``embedlab bench``."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from embedlab.cli.bench_all import everything
from embedlab.cli.bench_databases import clients, deletes, durability, filters
from embedlab.cli.bench_kernels import kernels
from embedlab.cli.bench_rerank import rerank
from embedlab.cli.bench_scale import scale
from embedlab.cli.printing import AsJson, flattened
from embedlab.study.faces import plain_errors

TARGETS = (0.9, 0.95, 0.99)  # recall@10 at which databases are compared
app = typer.Typer(help="Compare ours with the libraries that professionals use.", no_args_is_help=True)
app.command("all")(everything)
app.command()(clients)
app.command()(deletes)
app.command()(durability)
app.command()(filters)
app.command()(kernels)
app.command()(rerank)
app.command()(scale)


def _bench(measure: Callable[[], dict], as_json: bool) -> None:
    with plain_errors():
        result = measure()
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    width = max(map(len, result))
    for name, value in result.items():
        typer.echo(
            f"{name:<{width}}  {value:,.3g}" if isinstance(value, float) else f"{name:<{width}}  {value}"
        )


@app.command()
def tokenizer(
    documents: Annotated[int, typer.Option(min=1, help="How many documents of DocSearch.")] = 10_000,
    repeats: Annotated[int, typer.Option(min=1)] = 5,
    as_json: AsJson = False,
) -> None:
    """WordPiece against Hugging Face's tokenizers, one thread, interleaved."""

    def run() -> dict:
        from embedlab.benchmark import docsearch
        from embedlab.speed import bench_tokenizer

        measured = bench_tokenizer(docsearch().documents[:documents], repeats=repeats)
        return measured if as_json else flattened(measured)

    _bench(run, as_json)


@app.command()
def encoder(
    documents: Annotated[int, typer.Option(min=1, help="How many documents, drawn at random.")] = 512,
    repeats: Annotated[int, typer.Option(min=1)] = 3,
    as_json: AsJson = False,
) -> None:
    """Text to vectors against sentence-transformers, interleaved; takes a few minutes."""

    def run() -> dict:
        from embedlab.benchmark import docsearch, seeded_sample
        from embedlab.speed import bench_encoder

        texts = docsearch().documents
        measured = bench_encoder(seeded_sample(texts, documents, 0), repeats=repeats)
        return measured if as_json else flattened(measured)

    _bench(run, as_json)


@app.command()
def ann(
    n: Annotated[int, typer.Option("--n", min=1000, help="How many vectors.")] = 100_000,
    repeats: Annotated[int, typer.Option(min=1)] = 5,
    as_json: AsJson = False,
) -> None:
    """HNSW against faiss, hnswlib and usearch, one thread, interleaved; ten minutes, at first twenty."""
    with plain_errors():
        from embedlab.speed import as_text, bench_ann

        result = bench_ann(n, repeats=repeats)
    typer.echo(json.dumps(result, indent=2) if as_json else as_text(result))


@app.command()
def rank(
    queries: Annotated[int, typer.Option(min=1, help="How many test queries.")] = 50,
    repeats: Annotated[int, typer.Option(min=1)] = 5,
    as_json: AsJson = False,
) -> None:
    """MaxSim against PyLate, BM25 against bm25s, and the time of each stage; interleaved, a minute."""

    def run() -> dict:
        from embedlab.speed import bench_rank

        nested = bench_rank(queries=queries, repeats=repeats)
        return nested if as_json else flattened(nested)

    _bench(run, as_json)


@app.command()
def engines(
    queries: Annotated[int, typer.Option(min=1, help="How many test queries, drawn at random.")] = 60,
    write: Annotated[bool, typer.Option(help="Show these times on the scoreboard from now on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Time each engine of the scoreboard, all warm in one process, interleaved; a few minutes."""

    def run() -> dict:
        from embedlab.speed import bench_engines, write_latency

        measured = bench_engines(queries=queries)
        if write:
            write_latency(measured)
        return measured if as_json else {"machine": measured["machine"], **measured["ms"]}

    _bench(run, as_json)


@app.command()
def serving(
    rounds: Annotated[int, typer.Option(min=1, help="Short calls are made three times in each.")] = 7,
    engine: Annotated[list[str] | None, typer.Option(help="Once for each engine; without, all.")] = None,
    write: Annotated[bool, typer.Option(help="Draw these times in chapter 17 from now on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Time encoders without and with torch, each in its own process, interleaved; some five minutes."""

    def run() -> dict:
        from embedlab.speed import bench_serving, write_speed

        measured = bench_serving(rounds=rounds, **({"engines": engine} if engine else {}))
        if write:
            write_speed(measured)
        if as_json:
            return measured
        rows = {
            f"{row['texts']} x {row['tokens']} tokens, {row['engine']}": f"{row['ms']:.1f} ms, "
            f"{row['ratio']:.2f} times as fast [{row['low']:.2f}, {row['high']:.2f}]"
            for row in measured["rows"]
        }
        return {"machine": measured["machine"], **rows}

    _bench(run, as_json)


@app.command()
def databases(
    n: Annotated[int, typer.Option("--n", min=1000, help="How many vectors.")] = 100_000,
    queries: Annotated[int, typer.Option(min=8, help="How many test queries, drawn at random.")] = 200,
    folder: Annotated[Path | None, typer.Option(help="Where indexes lie, to go on after a break.")] = None,
    write: Annotated[bool, typer.Option(help="Put this in the place of what the course shows.")] = False,
    as_json: AsJson = False,
) -> None:
    """Recall and time of pgvector's indexes, our HNSW and faiss; about eight minutes at 100,000."""
    with plain_errors():
        from embedlab.benchmark import docsearch, seeded_sample
        from embedlab.embedder import Embedder
        from embedlab.vector_databases import ms_at, recall_latency, write_recall

        benchmark, embedder = docsearch(), Embedder.load()
        documents = embedder.encode(benchmark.documents, cache=True, on_long="cut")
        texts = seeded_sample(benchmark.split("test")[1], queries, 0)
        vectors = embedder.encode(texts, cache=True)
        report = partial(typer.echo, err=True)
        result = recall_latency(documents, vectors, n, folder=folder, report=report)
        if write:
            write_recall(result)
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    typer.echo(f"{'engine':<22}{'build s':>9}{'MB':>7}" + "".join(f"{f'ms at {r}':>12}" for r in TARGETS))
    times = {target: ms_at(result["rows"], target) for target in TARGETS}
    for name, built in result["built"].items():
        cells = "".join(f"{times[r][name]:12.2f}" if times[r][name] else f"{'-':>12}" for r in TARGETS)
        typer.echo(f"{name:<22}{built['build_s']:9.1f}{built['bytes'] / 1e6:7.0f}{cells}")


@app.command()
def lance(
    n: Annotated[int, typer.Option("--n", min=1000, help="How many vectors.")] = 100_000,
    folder: Annotated[Path | None, typer.Option(help="Where tables lie, to go on after a break.")] = None,
    write: Annotated[bool, typer.Option(help="Put this in the place of what the course shows.")] = False,
) -> None:
    """LanceDB on the vectors and queries of `databases`; its filters, its bytes; about four minutes."""
    with plain_errors(), TemporaryDirectory() as temporary:
        from embedlab.vector_databases import docsearch_vectors, lance_recall, write_lance

        _, documents, queries = docsearch_vectors(200)
        result = lance_recall(
            documents, queries, n, folder=folder or temporary, report=partial(typer.echo, err=True)
        )
        if write:
            write_lance(result)
    typer.echo(json.dumps(result, indent=2))


@app.command()
def shards(
    n: Annotated[int, typer.Option("--n", min=1000, help="How many vectors.")] = 100_000,
    write: Annotated[bool, typer.Option(help="Put this in the place of what the course shows.")] = False,
) -> None:
    """Placements and merges of shards, and calls to shards on Ray; about four minutes."""
    with plain_errors(), TemporaryDirectory() as temporary:
        from embedlab.machine import ray_cluster
        from embedlab.vector_databases import docsearch_vectors, measure_shards, write_shards_result

        with ray_cluster() as ray:
            result = measure_shards(ray, temporary, *docsearch_vectors(), n)
        if write:
            write_shards_result(result)
    typer.echo(json.dumps(result, indent=2))


@app.command()
def load(
    seconds: Annotated[float, typer.Option(min=0.5, help="Of arrivals in each run.")] = 20.0,
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each rule at each load.")] = 3,
    precision: Annotated[str, typer.Option(help="float32 or int8.")] = "float32",
    write: Annotated[bool, typer.Option(help="Show these figures in chapter 17 from now on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Latency of the server against load: batches by free worker, by timer, or none; ten minutes."""
    with plain_errors():
        from embedlab.speed import bench_load, write_load

        result = bench_load(seconds=seconds, rounds=rounds, precision=precision)
        if write:
            write_load(result)
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    typer.echo(f"{'rule':<14}{'load':>6}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'simulated p95':>15}")
    for row in result["table"]:
        cells = "".join(f"{row[key]:10.1f}" for key in ("p50", "p95", "p99"))
        typer.echo(f"{row['rule']:<14}{row['load']:6.1f}{cells}{row['simulated p95']:15.1f}")
