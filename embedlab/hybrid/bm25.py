"""BM25: count the words that query and document share, and weigh them (Robertson & Zaragoza 2009).

A term counts more the rarer it is; each further time in the same document it adds less; and in a long
document it counts less than in a short one. None of this depends on the query, so it is computed once, for
each pair of a term and a document that holds it (Lù 2024, BM25S).
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.hybrid.analyzers import ANALYZERS
from embedlab.index import Floats, Ints, top_k, whole
from embedlab.machine import StoreError, files

ALL_ARE_FOUND = np.finfo(np.float32).tiny  # the least that a shared term adds, though its idf be 0
ARRAYS = ("terms", "documents", "counts", "lengths")
WORDS_VERSION = 2  # of the analyzers; version 1 cut words other than ASCII at some letters and marks
MANY = 64  # queries that an index was asked: from so many on, compiled code is worth its import


def idf(documents_with_term: int, documents: int, kind: str = "lucene") -> float:
    """Weigh a term by its rarity.

    With n documents, f of which hold the term: "robertson" takes ``log((n - f + 0.5) / (f + 0.5))``, but at
    least 0, as it is negative for a term in more than half of them; "lucene" adds 1 within, and is always
    positive.

    Examples
    --------
    >>> round(idf(1, 100), 2), round(idf(99, 100), 3), idf(99, 100, "robertson")
    (4.21, 0.015, 0.0)
    """
    odds = (documents - documents_with_term + 0.5) / (documents_with_term + 0.5)
    return math.log1p(odds) if kind == "lucene" else max(0.0, math.log(odds))


def add_up(terms: Ints, starts: Ints, documents: NDArray[np.int32], weights: Floats, n: int) -> Floats:
    """Add the weight of each posting of each term to the score of its document: scores (n,)."""
    found = np.zeros(n, np.float32)
    for t in terms:
        postings = slice(starts[t], starts[t + 1])
        found[documents[postings]] += weights[postings]  # a term names a document once
    return found


def find_best(
    terms: Ints,
    starts: Ints,
    documents: NDArray[np.int32],
    weights: Floats,
    n: int,
    scores: Floats,
    ids: Ints,
) -> None:
    """Score all n documents, and write the best that share a term to ``scores`` and ``ids``, both (k,)."""
    best, which = top_k(add_up(terms, starts, documents, weights, n)[None], len(ids))
    shared = int((best > 0).sum())
    scores[:shared], ids[:shared] = best[0, :shared], which[0, :shared]


def _compiled() -> tuple[Callable, AbstractContextManager]:
    from embedlab.hybrid.compiled import find_best  # importing numba takes longer than a few queries
    from embedlab.machine import compiling_is_announced

    return find_best, compiling_is_announced()


class BM25Index:
    """An inverted index: for each term, the documents that hold it and what it adds to their scores.

    Parameters
    ----------
    k1 : float
        How soon more of the same term stops to count; 0 counts it once.
    b : float, 0 to 1
        How much the length of a document counts.
    idf_kind : {"lucene", "robertson"}
    analyzer : {"words", "code", "stemmed"}

    Examples
    --------
    >>> index = BM25Index(analyzer="words")
    >>> index.add(["the cat sat on the mat", "the dog ate the bone", "cats and dogs"])
    >>> scores, ids = index.search(["cat on mat"], k=2)
    >>> ids
    array([[ 0, -1]])
    """

    def __init__(
        self, *, k1: float = 1.2, b: float = 0.75, idf_kind: str = "lucene", analyzer: str = "stemmed"
    ):
        if k1 < 0 or not 0 <= b <= 1:
            raise ValueError(f"k1 must be at least 0 and b between 0 and 1, but they are {k1} and {b}")
        if idf_kind not in ("lucene", "robertson"):
            raise ValueError(f"idf_kind must be 'lucene' or 'robertson', but is {idf_kind!r}")
        if analyzer not in ANALYZERS:
            raise ValueError(f"there is no analyzer {analyzer!r}; choose from {', '.join(ANALYZERS)}")
        self.k1, self.b, self.idf_kind, self.analyzer = k1, b, idf_kind, analyzer
        self.vocabulary: dict[str, int] = {}
        # A posting says that a term stands in a document, and how often. They are sorted by term.
        self.terms, self.documents, self.counts = np.zeros((3, 0), np.int32)
        self.lengths = np.zeros(0, np.int32)  # of documents, in terms
        self._asked = 0
        self._weigh()

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def bytes_per_doc(self) -> float:
        """Memory that a search reads for one document: its number and a weight for each different term."""
        return 8 * len(self.terms) / max(len(self), 1)

    def add(self, texts: Sequence[str]) -> None:
        """Append documents; they get the next ids. The weights of all change, since rarity does.

        Raises
        ------
        TypeError
            If ``texts`` is one string, or holds something that is none.
        """
        analyze, vocabulary = ANALYZERS[self.analyzer], self.vocabulary
        found, lengths = [], []
        for text in _checked(texts):
            terms = analyze(text)
            found += [vocabulary.setdefault(term, len(vocabulary)) for term in terms]
            lengths.append(len(terms))
        holders = np.repeat(np.arange(len(self), len(self) + len(lengths)), np.array(lengths, np.int64))
        # One integer for each word, its term above its document, so that equal ones are counted together.
        pairs, counts = np.unique(np.array(found, np.int64) << 32 | holders, return_counts=True)
        new = np.array([pairs >> 32, pairs & 0xFFFFFFFF, counts], np.int32)
        everything = np.concatenate([[self.terms, self.documents, self.counts], new], axis=1)
        order = np.argsort(everything[0], kind="stable")
        self.terms, self.documents, self.counts = everything.take(order, axis=1)  # each contiguous
        self.lengths = np.concatenate([self.lengths, np.array(lengths, np.int32)])
        self._weigh()

    def _weigh(self) -> None:
        """Compute what each posting adds to the score of its document."""
        n = len(self)
        held_by = np.bincount(self.terms, minlength=len(self.vocabulary))  # documents with each term
        self.starts = np.concatenate([[0], np.cumsum(held_by)])  # term t: postings starts[t] to starts[t + 1]
        held, which = np.unique(held_by, return_inverse=True)  # many terms are held by equally many
        rarity = np.array([idf(int(f), n, self.idf_kind) for f in held])[which]
        relative = self.lengths / max(self.lengths.mean(), 1e-9) if n else self.lengths
        saturated = self.counts / (self.counts + self.k1 * (1 - self.b + self.b * relative[self.documents]))
        self.weights = np.maximum(rarity[self.terms] * saturated, ALL_ARE_FOUND).astype(np.float32)

    def scores(self, query: str) -> Floats:
        """Score all documents for one query, (n,); one that shares no term with it has 0."""
        return add_up(*self._postings(query))

    def _postings(self, query: str) -> tuple:
        known = [self.vocabulary[t] for t in ANALYZERS[self.analyzer](query) if t in self.vocabulary]
        return np.array(known, np.int64), self.starts, self.documents, self.weights, len(self)

    def search(self, queries: Sequence[str], k: int) -> tuple[Floats, Ints]:
        """Find the k best documents of each query: (scores, ids), each (q, k), best first.

        A document that shares no term with the query is none of them: the rest has score -inf and id -1.
        Once the index was asked ``MANY`` queries, in one call or several, compiled code does it.

        Raises
        ------
        TypeError
            If ``queries`` is one string, or holds something that is none.
        ValueError
            If k is less than 1.
        """
        queries, shape = _checked(queries), (len(queries), whole("k", k))
        self._asked += len(queries)
        find, announced = _compiled() if self._asked >= MANY else (find_best, nullcontext())
        scores, ids = np.full(shape, -np.inf, np.float32), np.full(shape, -1)
        with announced:
            for i, query in enumerate(queries):
                find(*self._postings(query), scores[i], ids[i])
        return scores, ids

    def save(self, path: str | Path) -> None:
        """Write the index to a file."""
        arrays = {name: getattr(self, name) for name in ARRAYS}
        about = {name: getattr(self, name) for name in ("k1", "b", "idf_kind", "analyzer")}
        vocabulary = np.frombuffer(json.dumps(list(self.vocabulary)).encode(), np.uint8)
        files.save(path, "BM25Index", {**arrays, "vocabulary": vocabulary}, about | {"words": WORDS_VERSION})

    @classmethod
    def load(cls, path: str | Path) -> "BM25Index":
        """Read an index back.

        Raises
        ------
        StoreError
            If the file is missing, damaged or something else, or was written when words were cut otherwise.
        """
        arrays, about = files.load(path, "BM25Index")
        try:
            version = about.pop("words", 1)
            index = cls(**about)
            vocabulary = json.loads(arrays["vocabulary"].tobytes())
            index.vocabulary = {term: t for t, term in enumerate(vocabulary)}
            if len(index.vocabulary) != len(vocabulary):
                raise ValueError("a word stands in the vocabulary twice")
            if any(arrays[name].dtype != np.int32 or arrays[name].ndim != 1 for name in ARRAYS):
                raise ValueError("postings and lengths must be rows of int32")
            if len({len(arrays[name]) for name in ARRAYS[:3]}) > 1:
                raise ValueError("there are not as many terms as documents and counts")
            for name in ARRAYS:
                setattr(index, name, arrays[name])
            if index.documents.min(initial=0) < 0:  # `_weigh` finds one that is too large
                raise ValueError("a document's number is less than 0")
            index._weigh()
        except (LookupError, TypeError, ValueError) as error:
            raise StoreError(f"{str(path)!r} holds no whole BM25 index: {error!r}") from error
        if version != WORDS_VERSION and not all(map(str.isascii, vocabulary)):
            raise StoreError(
                f"{str(path)!r} holds words that embedlab now cuts otherwise (version {version} of its "
                f"analyzers, now {WORDS_VERSION}): build the index again"
            )
        return index


def _checked(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise TypeError(f"expected a list of strings, but got one string: pass [{texts[:40]!r}]")
    texts = list(texts)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"text {i} must be a string, but is {type(text).__name__}")
    return texts
