"""BM25: count the words that query and document share, and weigh them (Robertson & Zaragoza 2009).

A term counts more the rarer it is; each further time in the same document it adds less; and in a long
document it counts less than in a short one. None of this depends on the query, so it is computed once, for
each pair of a term and a document that holds it (Lù 2024, BM25S).
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from embedlab.index import Floats, Ints, top_k
from embedlab.machine import compiled, compiling_is_announced, files

WORD = re.compile(r"\w+")
# The parts of an identifier: "readCSVFile2" -> read, CSV, File, 2.
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")
Analyzer = Callable[[str], list[str]]


def words(text: str) -> list[str]:
    """Cut a text into words, in small letters.

    Examples
    --------
    >>> words("Read a CSV with pandas.read_csv!")
    ['read', 'a', 'csv', 'with', 'pandas', 'read_csv']
    """
    return WORD.findall(text.lower())


def code_words(text: str) -> list[str]:
    """Cut a text into words, and identifiers also into their parts.

    Examples
    --------
    >>> code_words("use read_csv or KMeans")
    ['use', 'read_csv', 'read', 'csv', 'or', 'kmeans', 'k', 'means']
    """
    found = []
    for word in WORD.findall(text):
        found.append(word.lower())
        parts = PART.findall(word)
        if len(parts) > 1:
            found += [part.lower() for part in parts]
    return found


def stemmed(text: str) -> list[str]:
    """`code_words`, each cut down to its stem by the Snowball stemmer for English (Porter 1980).

    Examples
    --------
    >>> stemmed("Replacing missing values")
    ['replac', 'miss', 'valu']
    """
    return _stemmer().stemWords(code_words(text))


@cache
def _stemmer():
    import Stemmer

    return Stemmer.Stemmer("english")


ANALYZERS: dict[str, Analyzer] = {"words": words, "code": code_words, "stemmed": stemmed}


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


@compiled()
def add_up(terms, starts, documents, weights, found):
    """Add the weight of each posting of each term to the score of its document."""
    for t in terms:
        for p in range(starts[t], starts[t + 1]):
            found[documents[p]] += weights[p]


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
        postings, lengths = [], []
        for i, text in enumerate(_checked(texts), start=len(self)):
            found = analyze(text)
            lengths.append(len(found))
            for term, count in Counter(found).items():
                postings.append((vocabulary.setdefault(term, len(vocabulary)), i, count))
        new = np.array(postings, np.int32).reshape(-1, 3).T
        everything = np.concatenate([[self.terms, self.documents, self.counts], new], axis=1)
        self.terms, self.documents, self.counts = everything[:, np.argsort(everything[0], kind="stable")]
        self.lengths = np.concatenate([self.lengths, np.array(lengths, np.int32)])
        self._weigh()

    def _weigh(self) -> None:
        """Compute what each posting adds to the score of its document."""
        n = len(self)
        held_by = np.bincount(self.terms, minlength=len(self.vocabulary))  # documents with each term
        self.starts = np.concatenate([[0], np.cumsum(held_by)])  # term t: postings starts[t] to starts[t + 1]
        rarity = np.array([idf(f, n, self.idf_kind) for f in held_by], np.float64)
        relative = self.lengths / max(self.lengths.mean(), 1e-9) if n else self.lengths
        saturated = self.counts / (self.counts + self.k1 * (1 - self.b + self.b * relative[self.documents]))
        self.weights = (rarity[self.terms] * saturated).astype(np.float32)

    def scores(self, query: str) -> Floats:
        """Score all documents for one query, (n,); one that shares no term with it has 0."""
        found = np.zeros(len(self), np.float32)
        known = [self.vocabulary[t] for t in ANALYZERS[self.analyzer](query) if t in self.vocabulary]
        with compiling_is_announced():
            add_up(np.array(known, np.int64), self.starts, self.documents, self.weights, found)
        return found

    def search(self, queries: Sequence[str], k: int) -> tuple[Floats, Ints]:
        """Find the k best documents of each query: (scores, ids), each (q, k), best first.

        A document that shares no term with the query is none of them: the rest has score -inf and id -1.

        Raises
        ------
        TypeError
            If ``queries`` is one string, or holds something that is none.
        ValueError
            If k is less than 1.
        """
        queries = _checked(queries)
        parts = [top_k(self.scores(query)[None], k) for query in queries] or [top_k(np.zeros((0, 1)), k)]
        scores, ids = (np.concatenate(column) for column in zip(*parts, strict=True))
        return np.where(scores > 0, scores, -np.inf).astype(np.float32), np.where(scores > 0, ids, -1)

    def save(self, path: str | Path) -> None:
        """Write the index to a file."""
        arrays = {name: getattr(self, name) for name in ("terms", "documents", "counts", "lengths")}
        about = {name: getattr(self, name) for name in ("k1", "b", "idf_kind", "analyzer")}
        vocabulary = np.frombuffer(json.dumps(list(self.vocabulary)).encode(), np.uint8)
        files.save(path, "BM25Index", {**arrays, "vocabulary": vocabulary}, about)

    @classmethod
    def load(cls, path: str | Path) -> "BM25Index":
        """Read an index back; `StoreError` if the file is damaged or something else."""
        arrays, about = files.load(path, "BM25Index")
        index = cls(**about)
        vocabulary = json.loads(arrays.pop("vocabulary").tobytes())
        index.vocabulary = {term: t for t, term in enumerate(vocabulary)}
        for name, array in arrays.items():
            setattr(index, name, array)
        index._weigh()
        return index


def _checked(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise TypeError(f"expected a list of strings, but got one string: pass [{texts[:40]!r}]")
    texts = list(texts)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"text {i} must be a string, but is {type(text).__name__}")
    return texts
