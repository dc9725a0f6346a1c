"""Benchmarks: documents, queries, and which document answers which query.

`docsearch` is the one that the course measures everything on. Folders in BEIR's format and plain collections
of texts can be loaded as well, and two lists of word pairs with human ratings.
"""

import csv
import inspect
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from embedlab.machine import cached, content_key

Qrels = dict[str, dict[str, int]]
TEXT_FILES = {".txt", ".md", ".rst", ".py", ".html", ".csv", ".json", ".tex"}


class BenchmarkError(ValueError):
    """Data that cannot be used as it is; the message names the file and the line."""


@dataclass(frozen=True)
class Benchmark:
    """A collection of documents with labelled queries."""

    name: str
    doc_ids: list[str]
    documents: list[str]
    queries: dict[str, str]  # query id -> text
    qrels: Qrels  # query id -> {document id: gain}, larger is better
    splits: dict[str, list[str]]  # "train" and "test" -> query ids

    def split(self, name: str = "test") -> tuple[list[str], list[str], Qrels]:
        """Return one side of the queries: their ids, their texts, and what is relevant to them.

        Raises
        ------
        BenchmarkError
            If there is no such split.
        """
        if name not in self.splits:
            raise BenchmarkError(f"{self.name} has no split {name!r}, only {', '.join(self.splits)}")
        ids = self.splits[name]
        return ids, [self.queries[i] for i in ids], {i: self.qrels[i] for i in ids}

    @property
    def fingerprint(self) -> str:
        """A hash of everything in it: figures can be compared where this is the same."""
        return content_key(json.dumps(asdict(self), sort_keys=True))


def docsearch(*, seed: int = 0, cache: bool = True) -> Benchmark:
    """Build DocSearch from the installed numpy, scipy, scikit-learn and pandas; see `embedlab.docsearch`.

    Parameters
    ----------
    seed : int
        Of the split into train and test.
    cache : bool
        Keep the result on disk; it is built anew when a version changes.

    Raises
    ------
    BenchmarkError
        If one of the four packages is missing.

    Examples
    --------
    >>> benchmark = docsearch()
    >>> "pandas.Series.fillna" in benchmark.doc_ids
    True
    """
    try:
        versions = [f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-learn", "pandas")]
    except PackageNotFoundError as error:
        raise BenchmarkError(f"DocSearch needs {error.name}: pip install -c constraints.txt -e .") from error

    def build() -> Benchmark:
        from embedlab.benchmark.docstrings import build, split

        doc_ids, documents, found = build()
        query_ids = [f"q{i:04}" for i in range(len(found))]
        queries = {i: text for i, (text, _) in zip(query_ids, found, strict=True)}
        qrels = {i: {doc_ids[j]: 1 for j in rows} for i, (_, rows) in zip(query_ids, found, strict=True)}
        sides = zip(("train", "test"), split(doc_ids, found, seed), strict=True)
        splits = {name: [query_ids[i] for i in side] for name, side in sides}
        return Benchmark("DocSearch", doc_ids, documents, queries, qrels, splits)

    if not cache:
        return build()
    builder = Path(find_spec("embedlab.benchmark.docstrings").origin).read_text(encoding="utf-8")
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    key = content_key(*versions, python, builder, inspect.getsource(docsearch), str(seed))
    return cached("docsearch", key, build, _write, _read, suffix=".json")


def _write(path: Path, benchmark: Benchmark) -> None:
    path.write_text(json.dumps(asdict(benchmark)), encoding="utf-8")


def _read(path: Path) -> Benchmark:
    return Benchmark(**json.loads(path.read_text(encoding="utf-8")))


def training_pairs(benchmark: Benchmark) -> list[tuple[str, str]]:
    """Return (query, relevant text) pairs to train with, without anything that the test queries ask for.

    They are the train queries with their documents and, for every document that is no target of a test query,
    its summary line with the rest of its text. Pairs with the summary line of such a target are left out.

    Examples
    --------
    >>> pairs = training_pairs(docsearch())
    >>> len(pairs) > 4000
    True
    """
    text_of = dict(zip(benchmark.doc_ids, benchmark.documents, strict=True))
    query_ids, _, qrels = benchmark.split("train")
    pairs = [(benchmark.queries[i], text_of[target]) for i in query_ids for target in qrels[i]]
    tested = {target for targets in benchmark.split("test")[2].values() for target in targets}
    for doc_id, document in text_of.items():
        _, line, rest = parts_of(document)
        if doc_id not in tested and line and rest:
            pairs.append((line, rest))
    forbidden = lines_under_test(benchmark)  # numpy and scipy share some
    return [(query, text) for query, text in pairs if query not in forbidden]


def parts_of(document: str) -> tuple[str, str, str]:
    """Cut a document of DocSearch into its name, its summary line, and the rest.

    Examples
    --------
    >>> parts_of("numpy.add\\nAdd two\\nnumbers.\\n\\nMore.")
    ('numpy.add', 'Add two numbers.', 'More.')
    """
    from embedlab.benchmark.docstrings import summary

    name, _, text = document.partition("\n")
    line = summary(text) if text else ""
    rest = [part for part in text.split("\n\n") if " ".join(part.split()) != line]
    return name, line, "\n\n".join(rest).strip()


def lines_under_test(benchmark: Benchmark) -> set[str]:
    """Return the summary lines of all documents that a test query asks for."""
    tested = {target for targets in benchmark.split("test")[2].values() for target in targets}
    documents = zip(benchmark.doc_ids, benchmark.documents, strict=True)
    return {parts_of(document)[1] for doc_id, document in documents if doc_id in tested}


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
    rows = csv.reader(_lines(file), delimiter="\t", quoting=csv.QUOTE_NONE)
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
        texts = {f"line {n}": line for n, line in enumerate(_lines(path), start=1)}
    elif not path.exists():
        raise BenchmarkError(f"{path} does not exist: expected a folder, a .jsonl or a .txt file")
    else:
        raise BenchmarkError(f"{path}: expected a folder, a .jsonl or a .txt file")
    texts = {i: text for i, text in texts.items() if text.strip()}
    if not texts:
        raise BenchmarkError(f"{path}: there are no documents in it")
    return list(texts), list(texts.values())


def simlex999() -> list[tuple[str, str, float]]:
    """Load SimLex-999 (Hill et al. 2015): word pairs rated for similarity, 0 to 10.

    Examples
    --------
    >>> simlex999()[0]
    ('old', 'new', 1.58)
    """
    return _word_pairs("simlex999.txt")


def wordsim353() -> list[tuple[str, str, float]]:
    """Load WordSim-353 (Finkelstein et al. 2002): word pairs rated for relatedness, 0 to 10.

    Examples
    --------
    >>> wordsim353()[0]
    ('love', 'sex', 6.77)
    """
    return _word_pairs("wordsim353.tsv")


def _word_pairs(name: str) -> list[tuple[str, str, float]]:
    found = find_spec("gensim")  # found, not imported: only its data is needed
    if found is None:
        raise BenchmarkError("the word pairs come with gensim: pip install -c constraints.txt gensim")
    file = Path(found.origin).parent / "test" / "test_data" / name
    rows = [line.split("\t") for line in _lines(file) if line.strip() and not line.startswith("#")]
    return [(first.lower(), second.lower(), float(score)) for first, second, score in rows]


def _texts_by_id(file: Path, *, id_needed: bool = False) -> dict[str, str]:
    texts: dict[str, str] = {}
    for number, line in enumerate(_lines(file), start=1):
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


def _lines(file: Path) -> list[str]:
    return _read_text(file).split("\n")  # not splitlines(): that cuts at characters that JSON allows


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BenchmarkError(f"{file} is no text in UTF-8, line {line}: {error}") from error
