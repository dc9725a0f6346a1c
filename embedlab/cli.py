"""The command line. Each command imports what it needs when it runs, so that ``--help`` is quick."""

import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from embedlab.study.faces import app as study_app
from embedlab.study.faces import plain_errors

app = typer.Typer(
    help="Build an embedding search engine step by step, and pass the interview about it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
bench_app = typer.Typer(help="Compare ours with the libraries that professionals use.", no_args_is_help=True)
app.add_typer(bench_app, name="bench")
train_app = typer.Typer(help="Train models on DocSearch's train half.", no_args_is_help=True)
app.add_typer(train_app, name="train")
app.add_typer(study_app)  # without a name of its own: embedlab quiz, embedlab daily ...

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What you look for, in your own words.")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many results.")] = 10,
    engine: Annotated[
        str | None,
        typer.Option(
            help="See 'embedlab evaluate --help'. By default hybrid: meaning and words, nothing trained."
        ),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(help="Your own documents: a .jsonl or .txt file, or a folder of text files."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which stage found what, and how long each took.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search the documents of numpy, scipy, scikit-learn and pandas, or your own."""
    with plain_errors():
        from embedlab.benchmark import docsearch, load_corpus
        from embedlab.engine import Trace, build_engine

        if corpus is None:
            benchmark = docsearch()
            ids, texts = benchmark.doc_ids, benchmark.documents
        else:
            ids, texts = load_corpus(corpus)
        built = build_engine(engine or "hybrid", texts, ids)
        if explain:
            built.search(query, k)  # to warm up: what is timed is a search, not the loading
        trace = Trace() if explain else None
        hits = built.search(query, k, trace)
    places = [built.places(hit, trace) if trace else {} for hit in hits]
    if as_json:
        results = [{"id": hit.id, "score": round(hit.score, 4), "text": hit.text} for hit in hits]
        if trace:
            results = [{**result, "places": found} for result, found in zip(results, places, strict=True)]
            stages = [{"stage": step.name, "ms": round(step.ms, 2)} for step in trace.steps]
        answer = {"stages": stages, "hits": results} if trace else results
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for rank, (hit, found) in enumerate(zip(hits, places, strict=True), start=1):
        first_line = " ".join(hit.text.split())[:96]
        typer.echo(f"{rank:3}  {hit.score:.3f}  {hit.id}\n            {first_line}")
        if found:
            typer.echo("            " + ", ".join(f"{name}: {place or '-'}" for name, place in found.items()))
    if trace:
        typer.echo("\nms  " + ", ".join(f"{step.name}: {step.ms:.1f}" for step in trace.steps))


@app.command()
def evaluate(
    beir: Annotated[Path | None, typer.Option(help="A folder in BEIR format; without, DocSearch.")] = None,
    engine: Annotated[list[str] | None, typer.Option(help="Once for each engine; without, all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure engines on the test queries of a benchmark.

    Engines: dense (mean pooling, as the model was trained), dense-cls, dense-max, dense-last (other
    poolings), dense-lead (mean pooling of only the first 64 tokens). The same vectors made smaller: flat (as
    they are), matryoshka-64 (cut), funnel (cut, then rescored), int8, binary, binary+rescore, pq; or searched
    through a graph: hnsw, hnsw-int8. Trained on DocSearch, and reading the first 64 tokens: adapter-384,
    adapter-64. Better answers: bm25 (words), rrf and hybrid (words and meaning, fused by places and by
    scores), colbert (token vectors, trained projection), rerank (hybrid, then a trained cross-encoder), full
    (fine-tuned vectors, words and token vectors, then the cross-encoder).

    What is trained is trained once, on DocSearch, which takes some minutes; other benchmarks use it as it is.
    """
    with plain_errors():
        from embedlab.benchmark import as_text, docsearch, load_beir, measure
        from embedlab.engine import ENGINES, build_engine, parts_for

        benchmark = docsearch() if beir is None else load_beir(beir)
        rows, parts = [], parts_for(benchmark.documents, benchmark.doc_ids)
        for name in engine or list(ENGINES):
            built = build_engine(name, parts)
            rows.append(measure(name, built.rank, benchmark, bytes_per_doc=built.bytes_per_doc))
    typer.echo(json.dumps([row.as_json() for row in rows], indent=2) if as_json else as_text(rows))


@app.command()
def doctor() -> None:
    """Check that everything is in place, and say what to do where it is not."""
    from embedlab.course import checks

    failed = 0
    for check in checks():
        failed += check.level == "failed"
        typer.secho(f"{check.level:>7}  {check.name}: {check.found}", fg=check.color)
        if check.advice:
            typer.echo(f"         {check.advice}")
    raise typer.Exit(1 if failed else 0)


@app.command()
def cache(clear: Annotated[bool, typer.Option("--clear", help="Remove everything cached.")] = False) -> None:
    """Show where results are cached and how much that takes; remove them with --clear."""
    from embedlab.machine import cache as store

    with plain_errors():
        where, freed = store.cache_dir(), store.clear() if clear else store.size()
    typer.echo(f"{where}: {'removed' if clear else 'holds'} {freed / 1e6:.1f} MB")


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


@bench_app.command()
def tokenizer(
    documents: Annotated[int, typer.Option(min=1, help="How many documents of DocSearch.")] = 10_000,
    repeats: Annotated[int, typer.Option(min=1)] = 5,
    as_json: AsJson = False,
) -> None:
    """WordPiece against Hugging Face's tokenizers, one thread, interleaved."""

    def run() -> dict:
        from embedlab.benchmark import docsearch
        from embedlab.speed import bench_tokenizer

        return bench_tokenizer(docsearch().documents[:documents], repeats=repeats)

    _bench(run, as_json)


@bench_app.command()
def encoder(
    documents: Annotated[int, typer.Option(min=1, help="How many documents, spread over DocSearch.")] = 512,
    repeats: Annotated[int, typer.Option(min=1)] = 3,
    as_json: AsJson = False,
) -> None:
    """Text to vectors against sentence-transformers, interleaved; takes a few minutes."""

    def run() -> dict:
        from embedlab.benchmark import docsearch
        from embedlab.speed import bench_encoder

        texts = docsearch().documents
        return bench_encoder(texts[:: max(1, len(texts) // documents)][:documents], repeats=repeats)

    _bench(run, as_json)


@bench_app.command()
def ann(
    n: Annotated[int, typer.Option("--n", min=1000, help="How many vectors.")] = 100_000,
    repeats: Annotated[int, typer.Option(min=1)] = 5,
    as_json: AsJson = False,
) -> None:
    """HNSW against faiss, hnswlib and usearch, one thread, interleaved; about ten minutes at 100,000."""
    with plain_errors():
        from embedlab.speed import as_text, bench_ann

        result = bench_ann(n, repeats=repeats)
    typer.echo(json.dumps(result, indent=2) if as_json else as_text(result))


@bench_app.command()
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


def flattened(nested: dict, above: str = "") -> dict:
    """Turn ``{"a": {"b": 1}}`` into ``{"a b": 1}``."""
    flat = {}
    for name, value in nested.items():
        flat |= flattened(value, f"{above}{name} ") if isinstance(value, dict) else {f"{above}{name}": value}
    return flat


@train_app.command()
def reranker() -> None:
    """Train the cross-encoder of the engines rerank and full, and what it starts from; takes some minutes.

    Stop it with Ctrl-C and give the same command again: it goes on from its last checkpoint.
    """
    with plain_errors(), interruptible():
        from embedlab.engine import cross_encoder

        cross_encoder()
    typer.echo("trained; use it:  embedlab search --engine rerank ...")


@contextmanager
def interruptible():
    """Say after Ctrl-C that a training goes on where it was."""
    try:
        yield
    except KeyboardInterrupt as error:
        typer.echo("stopped; the same command goes on from the last checkpoint", err=True)
        raise typer.Exit(130) from error


@train_app.command()
def matryoshka(
    output: Annotated[
        Path | None, typer.Option(help="A folder for the model; by default one in the cache.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1)] = 200,
    batch_size: Annotated[int, typer.Option(min=2)] = 64,
    learning_rate: Annotated[float, typer.Option(min=0)] = 5e-5,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Fine-tune the whole encoder so that its vectors may be cut short; takes a few minutes.

    Stop it with Ctrl-C and give the same command again: it goes on from its last checkpoint.
    """
    with plain_errors():
        from embedlab.benchmark import docsearch, training_pairs
        from embedlab.finetuning import finetune, finetuned, pair_weights

        benchmark = docsearch()
        settings = {"steps": steps, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
        with interruptible():
            if output is None:
                folder = finetuned(benchmark, **settings)
            else:
                pairs = training_pairs(benchmark)
                folder = finetune(pairs, output, weights=pair_weights(benchmark, pairs), **settings)
    typer.echo(f"{folder}\nuse it:  Embedder.load({str(folder)!r}).reading(64)")


if __name__ == "__main__":
    sys.exit(app())
