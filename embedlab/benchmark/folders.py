"""Folders and files of one's own: labelled queries in BEIR's format, and plain collections of texts."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

from embedlab.benchmark.collection import Benchmark, BenchmarkError, Qrels

TEXT_FILES = {".txt", ".md", ".rst", ".py", ".html", ".csv", ".json", ".tex"}


def load_beir(folder: str | Path, split: str = "test") -> Benchmark:
    """Load a folder in the format of BEIR (Thakur et al. 2021).

    ``corpus.jsonl`` has lines with ``_id``, ``text`` and perhaps ``title``; ``queries.jsonl`` lines with
    ``_id`` and ``text``; ``qrels/test.tsv`` a heading, then query id, document id, gain, separated by tabs.

    Raises
    ------
    BenchmarkError
        If a file is missing or empty, a line is malformed, or a judgement names an unknown document or query:
        with the file and the line.
    """
    folder = Path(folder)
    corpus = _texts_by_id(folder / "corpus.jsonl", id_needed=True)
    all_queries = _texts_by_id(folder / "queries.jsonl", id_needed=True)
    qrels: Qrels = {}
    for place, fields in _judgements(folder / "qrels" / f"{split}.tsv"):
        query_id, doc_id, gain = fields
        if query_id not in all_queries:
            raise BenchmarkError(f"{place}: there is no query {query_id!r}")
        if doc_id not in corpus:
            raise BenchmarkError(f"{place}: there is no document {doc_id!r}")
        if qrels.setdefault(query_id, {}).setdefault(doc_id, gain) != gain:
            raise BenchmarkError(f"{place}: {query_id!r} and {doc_id!r} were judged otherwise further up")
    if not qrels:
        raise BenchmarkError(f"{folder / 'qrels' / split}.tsv: there are no judgements in it")
    queries = {i: all_queries[i] for i in qrels}
    return Benchmark(folder.name, list(corpus), list(corpus.values()), queries, qrels, {split: list(qrels)})


def _judgements(file: Path) -> Iterator[tuple[str, tuple[str, str, int]]]:
    rows = csv.reader(lines_of(file), delimiter="\t", quoting=csv.QUOTE_NONE)
    for number, row in enumerate(rows, start=1):
        place = f"{file}, line {number}"
        if not row or (number == 1 and not row[-1].lstrip("-").isdigit()):
            continue  # the heading
        if len(row) != 3 or not re.fullmatch(r"\s*-?[0-9]+\s*", row[2]):
            raise BenchmarkError(f"{place}: expected query id, document id and a whole number, but got {row}")
        yield place, (row[0], row[1], int(row[2]))


def load_corpus(path: str | Path) -> tuple[list[str], list[str]]:
    """Load your own documents: (ids, texts).

    Parameters
    ----------
    path : str or Path
        A ``.jsonl`` file (a line each with ``text`` and perhaps ``id`` or ``_id``, and ``title``), a ``.txt``
        file (a document a line), or a folder, of which each text file is a document.

    Raises
    ------
    BenchmarkError
        If there is nothing there, or nothing in it, or it cannot be read: with the file and the line.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if path.is_dir():
        files = sorted(f for f in path.rglob("*") if f.suffix.lower() in TEXT_FILES and f.is_file())
        texts = {f.relative_to(path).as_posix(): _read_text(f) for f in files}
    elif suffix == ".jsonl":
        texts = _texts_by_id(path)
    elif suffix == ".txt":
        texts = {f"line {n}": line for n, line in enumerate(lines_of(path), start=1)}
    elif not path.exists():
        raise BenchmarkError(f"{path} does not exist: expected a folder, a .jsonl or a .txt file")
    else:
        raise BenchmarkError(f"{path}: expected a folder, a .jsonl or a .txt file")
    texts = {i: text for i, text in texts.items() if text.strip()}
    if not texts:
        raise BenchmarkError(f"{path}: there are no documents in it")
    return list(texts), list(texts.values())


def _texts_by_id(file: Path, *, id_needed: bool = False) -> dict[str, str]:
    texts: dict[str, str] = {}
    for number, line in enumerate(lines_of(file), start=1):
        place = f"{file}, line {number}"
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise BenchmarkError(f"{place}: not JSON: {error}") from error
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            raise BenchmarkError(f"{place}: expected an object with a string 'text', but got {line[:80]}")
        if id_needed and record.get("_id") is None:
            raise BenchmarkError(f"{place}: there is no '_id', which judgements need")
        key = str(record.get("_id", record.get("id", number)))
        if key in texts:
            raise BenchmarkError(f"{place}: the id {key!r} is there twice")
        title = record.get("title") or ""
        texts[key] = f"{title}\n{record['text']}" if title else record["text"]
    if not texts:
        raise BenchmarkError(f"{file}: there is nothing in it")
    return texts


def lines_of(file: Path) -> list[str]:
    """Read the lines of a text file; BenchmarkError where it cannot be read."""
    return _read_text(file).split("\n")  # not splitlines(): that cuts at characters that JSON allows


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BenchmarkError(f"{file} is no text in UTF-8, line {line}: {error}") from error
