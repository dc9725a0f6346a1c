"""The commands: search, evaluate, doctor, cache, and those of the other files."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from embedlab.cli import answers, bench, db, design, embed, pipelines, rag, serve, train
from embedlab.cli.printing import AsJson, Commands
from embedlab.study.faces import app as study_app
from embedlab.study.faces import plain_errors

app = typer.Typer(
    cls=Commands,
    help="Build an embedding search engine step by step, and pass the interview about it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(bench.app, name="bench")
app.add_typer(pipelines.app, name="pipelines")
app.add_typer(db.app, name="db")
app.add_typer(rag.app, name="rag")
app.add_typer(train.app, name="train")
app.add_typer(design.app, name="design")
app.command()(answers.ask)
app.command()(embed.embed)
app.command()(serve.serve)
app.add_typer(study_app)  # without a name of its own: embedlab quiz, embedlab daily ...


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
        typer.Option(help="Your own documents: a .jsonl or .txt file, or a folder of texts in UTF-8."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which stage found what, and how long each took.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search the documents of numpy, scipy, scikit-learn and pandas, or your own.

    A score puts one query's results in order. Those of hybrid count standard deviations above the last of a
    list, in meaning and in words, and add them up; those of dense are cosines.

    Your own texts of more than 128 tokens are cut where their sections end. A text stands where its best
    passage does, and the lines of that are named.
    """
    with plain_errors():
        if not query.strip():
            raise ValueError("the query is empty")  # known before anything is embedded
        from embedlab.benchmark import docsearch, load_corpus
        from embedlab.engine import Trace, build_engine

        if corpus is None:
            benchmark = docsearch()
            built = build_engine(engine or "hybrid", benchmark.documents, benchmark.doc_ids)
        else:
            from embedlab.engine import PassageSearch

            ids, texts = load_corpus(corpus)
            if corpus.is_dir():
                say = f"text files read from {corpus}: {len(ids)}; hidden and vendored folders left out"
                typer.echo(say, err=True)
            built = PassageSearch(engine or "hybrid", ids, texts, files=corpus.is_dir())
        if explain:
            built.search(query, k)  # to warm up: what is timed is a search, not the loading
        trace = Trace() if explain else None
        hits = built.search(query, k, trace)
    places = [built.places(hit, trace) if trace else {} for hit in hits]
    if as_json:
        results = [{"id": hit.id, "score": round(hit.score, 4), "text": hit.text} for hit in hits]
        if corpus:
            own = [{"place": asdict(hit.place), "passage": hit.passage} for hit in hits]
            results = [{**result, **more} for result, more in zip(results, own, strict=True)]
        if trace:
            results = [{**result, "places": found} for result, found in zip(results, places, strict=True)]
            stages = [{"stage": step.name, "ms": round(step.ms, 2)} for step in trace.steps]
        answer = {"stages": stages, "hits": results} if trace else results
        typer.echo(json.dumps(answer, indent=2))  # in ASCII: no encoding loses a character
        return
    for rank, (hit, found) in enumerate(zip(hits, places, strict=True), start=1):
        first_line = " ".join(hit.passage.split())[:96]
        typer.echo(f"{rank:3}  {hit.score:.3f}  {hit.label}\n            {first_line}")
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
    poolings), dense-lead (mean pooling of only the first 64 tokens). The same vectors made smaller: flat
    (as they are), matryoshka-64 (cut), funnel (cut, then rescored), int8, binary, binary+rescore, pq,
    rabitq (signs with an error bound); or searched through a few lists: ivf, ivf-pq; or through a graph:
    hnsw, hnsw-int8, vamana, postgres (pgvector's, in a server of its own). Trained on DocSearch, and
    reading the first 64 tokens: adapter-384, adapter-64. Better answers: bm25 (words), rrf and hybrid
    (words and meaning, fused by places and by scores), colbert (token vectors, trained projection), rerank
    (hybrid, then a trained cross-encoder), full (fine-tuned vectors, words and token vectors, then the
    cross-encoder).

    What is trained comes trained, on DocSearch; other benchmarks use it as it is.
    """
    with plain_errors():
        from embedlab.benchmark import as_text, docsearch, load_beir, measure
        from embedlab.engine import ENGINES, build_engine, missing, parts_for

        benchmark = docsearch() if beir is None else load_beir(beir)
        rows, parts = [], parts_for(benchmark.documents, benchmark.doc_ids)
        for name in engine or list(ENGINES):
            if not engine and (package := missing(name)):
                typer.echo(f"{name} is left out: it needs {package}, of the extra production", err=True)
                continue
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
