"""Benchmarks: documents, queries, and which document answers which query.

`docsearch` is the one that the course measures everything on.
"""

import inspect
import json
import random
import sys
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import chain, zip_longest
from pathlib import Path

from embedlab.machine import cached, content_key

Qrels = dict[str, dict[str, int]]


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
    splits: dict[str, list[str]]  # "train" (to fit), "dev" (to choose), "test" (to look at once) -> query ids

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

    def sample(self, n_documents: int, seed: int = 0) -> "Benchmark":
        """Draw a smaller benchmark, the same one for the same seed.

        Up to half of its documents are what some queries ask for, drawn in turn from each split; the others
        are drawn from all that is left. It has the queries whose judged documents are all among those drawn,
        so nothing relevant is missing. Fewer documents are easier to search: figures on a sample are compared
        with each other, never with those on the whole.

        Parameters
        ----------
        n_documents : int
            All documents where there are not so many.
        seed : int

        Raises
        ------
        BenchmarkError
            If ``n_documents`` is below 1.

        Examples
        --------
        >>> small = docsearch().sample(300)
        >>> len(small.documents), len(small.queries) > 100
        (300, True)
        """
        if n_documents < 1:
            raise BenchmarkError(f"a sample needs at least 1 document, but {n_documents} were asked for")
        draw, known = random.Random(seed), set(self.doc_ids)
        judged = {i: known.intersection(gains) for i, gains in self.qrels.items()}
        shuffled = [draw.sample(ids, len(ids)) for ids in self.splits.values()]
        drawn: set[str] = set()
        for query_id in filter(None, chain.from_iterable(zip_longest(*shuffled))):
            if len(drawn | judged[query_id]) <= max(1, n_documents // 2):
                drawn |= judged[query_id]
        rest = [i for i in self.doc_ids if i not in drawn]
        drawn |= set(draw.sample(rest, min(n_documents - len(drawn), len(rest))))
        places = [place for place, i in enumerate(self.doc_ids) if i in drawn]
        queries = {i: text for i, text in self.queries.items() if judged[i] and judged[i] <= drawn}
        return Benchmark(
            f"{self.name}, {len(places)} of {len(self.doc_ids)} documents (seed {seed})",
            [self.doc_ids[place] for place in places],
            [self.documents[place] for place in places],
            queries,
            {i: self.qrels[i] for i in queries},
            {name: [i for i in ids if i in queries] for name, ids in self.splits.items()},
        )

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything in it: figures can be compared where this is the same."""
        return content_key(json.dumps(_content(self), sort_keys=True))


def _content(benchmark: Benchmark) -> dict:
    return {field.name: getattr(benchmark, field.name) for field in fields(benchmark)}


def docsearch(*, seed: int = 0, cache: bool = True) -> Benchmark:
    """Build DocSearch from the installed numpy, scipy, scikit-learn and pandas.

    Parameters
    ----------
    seed : int
        Of the dealing into train, dev and test.
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
        from embedlab.benchmark.docstrings import build
        from embedlab.benchmark.splits import deal

        doc_ids, documents, found = build()
        query_ids = [f"q{i:04}" for i in range(len(found))]
        queries = {i: text for i, (text, _) in zip(query_ids, found, strict=True)}
        qrels = {i: {doc_ids[j]: 1 for j in rows} for i, (_, rows) in zip(query_ids, found, strict=True)}
        sides = deal(doc_ids, found, seed)
        splits = {name: [query_ids[i] for i in side] for name, side in sides.items()}
        return Benchmark("DocSearch", doc_ids, documents, queries, qrels, splits)

    if not cache:
        return build()
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    code = [Path(__file__).with_name(name).read_bytes() for name in ("docstrings.py", "splits.py")]
    code += [inspect.getsource(docsearch), inspect.getsource(_write)]
    key = content_key(*versions, python, *code, str(seed))
    return cached("docsearch", key, build, _write, _read, suffix=".json")


def _write(path: Path, benchmark: Benchmark) -> None:
    stored = {"fingerprint": benchmark.fingerprint, **_content(benchmark)}
    path.write_bytes(json.dumps(stored).encode())


@lru_cache(maxsize=1)  # a command asks for it in two or three places
def _read(path: Path) -> Benchmark:
    stored = json.loads(path.read_bytes())
    fingerprint = stored.pop("fingerprint")
    benchmark = Benchmark(**stored)
    benchmark.__dict__["fingerprint"] = fingerprint  # where cached_property keeps it: not hashed again
    return benchmark


def training_pairs(benchmark: Benchmark) -> list[tuple[str, str]]:
    """Return (query, relevant text) pairs to train with, without anything that dev or test queries ask for.

    They are the train queries with their documents and, for every document that no dev or test query asks
    for, its summary line with the rest of its text. Pairs with a held-out query, or with the summary line of
    a held-out target, are left out.

    Examples
    --------
    >>> pairs = training_pairs(docsearch())
    >>> len(pairs) > 4000
    True
    """
    text_of = dict(zip(benchmark.doc_ids, benchmark.documents, strict=True))
    query_ids, _, qrels = benchmark.split("train")
    pairs = [(benchmark.queries[i], text_of[target]) for i in query_ids for target in qrels[i]]
    held_out = held_out_documents(benchmark)
    for doc_id, document in text_of.items():
        _, line, rest = parts_of(document)
        if doc_id not in held_out and line and rest:
            pairs.append((line, rest))
    forbidden = held_out_lines(benchmark)  # numpy and scipy share some
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


def held_out_documents(benchmark: Benchmark) -> set[str]:
    """Return the ids of all documents that a dev or test query asks for: nothing may be trained on them."""
    sides = [ids for name, ids in benchmark.splits.items() if name != "train"]
    return {target for ids in sides for i in ids for target in benchmark.qrels[i]}


def held_out_lines(benchmark: Benchmark) -> set[str]:
    """Return the dev and test queries, and the summary lines of the held-out documents."""
    held_out = held_out_documents(benchmark)
    asked = {benchmark.queries[i] for name, ids in benchmark.splits.items() if name != "train" for i in ids}
    documents = zip(benchmark.doc_ids, benchmark.documents, strict=True)
    return asked | {parts_of(document)[1] for doc_id, document in documents if doc_id in held_out}
