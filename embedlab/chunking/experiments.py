"""What chapter 10 measures: many ways to cut the articles, and what every query finds in each.

Embedding all articles in one way takes minutes on a CPU, in fifty ways hours. So what is found is shipped
(``data/chunking``), by a hash of the chunks and the queries; what does not fit is computed. It was computed
on a GPU, in float32 and with the same weights; tests compare samples of it with the encoder of the course.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.chunking import cuts, late, splitters, words
from embedlab.chunking.passages import Passages, Query, passages
from embedlab.chunking.reading import found, lifted, read, span_ndcg
from embedlab.chunking.setups import SETUPS, Setup
from embedlab.embedder import Embedder
from embedlab.hybrid import BM25Index
from embedlab.index import FlatIndex
from embedlab.machine import cached, content_key, data_path, files
from embedlab.quantization import BinaryIndex, Int8Index

# Read with the code: a file that is edited while a process runs must not name what the old code cut.
CODE = [Path(module.__file__).read_bytes() for module in (cuts, splitters, words)]


class Study:
    """The articles cut in many ways, and what each query finds.

    Examples
    --------
    >>> study = Study()
    >>> query = study.passages.of("dev", "written")[0]
    >>> len(study.ranked("sections-128", query))
    32
    """

    def __init__(self, embedder: Embedder | None = None):
        self._embedder = embedder
        self.passages: Passages = passages()
        self._row = {query.name: row for row, query in enumerate(self.passages.queries)}

    @cached_property
    def embedder(self) -> Embedder:
        """The model; loaded only where something has to be computed."""
        return self._embedder or Embedder.load()

    @cached_property
    def _words(self) -> list[words.Words]:
        tokenizer = self.embedder.tokenizer
        return [words.Words(article.text, tokenizer) for article in self.passages.articles]

    def chunks(self, name: str) -> list[tuple[int, words.Chunk]]:
        """Return all chunks of a setup: (article, Chunk) each, in order."""
        setup = SETUPS[name]
        return self._chunks(setup.how, setup.size, setup.overlap)

    @cache  # noqa: B019 - a study lives as long as its notebook
    def _chunks(self, how: str, size: int, overlap: int) -> list[tuple[int, words.Chunk]]:
        places = self.places(how, size, overlap)
        found = []
        for number, article in enumerate(self.passages.articles):
            own = places[places[:, 0] == number, 1:].tolist()
            above = cuts.paths(article.text, cuts.content(article.text, [start for start, *_ in own]))
            found += [(number, words.Chunk(*one, over)) for one, over in zip(own, above, strict=True)]
        return found

    def places(self, how: str, size: int, overlap: int) -> NDArray[np.int32]:
        """Return article, start, end, first and last of each chunk: (n, 5)."""
        name = f"{how}-{size}/{overlap} {self.passages.fingerprint[:16]}"
        return known(name, lambda: self._cut(how, size, overlap), *CODE)

    def _cut(self, how: str, size: int, overlap: int) -> NDArray[np.int32]:
        def embed(texts):
            return self.embedder.encode(texts, cache=True)

        ways = {"first": splitters.fixed, "langchain": langchain}
        ways["semantic"] = lambda text, size: splitters.semantic(text, size, embed)
        way = ways.get(how, how)
        rows = []
        for number, text in enumerate(self._words):
            found = splitters.chunk(text, way, size=size, overlap=overlap)[: 1 if how == "first" else None]
            rows += [(number, one.start, one.end, one.first, one.last) for one in found]
        return np.array(rows, np.int32)

    @cache  # noqa: B019 - see above
    def ranking(self, name: str) -> NDArray[np.integer]:
        """Return which chunks each query finds, (q, depth), best first.

        Raises
        ------
        ValueError
            If there is no setup of that name.
        """
        if name not in SETUPS:
            raise ValueError(f"there is no setup {name!r}; choose from {', '.join(SETUPS)}")
        return known(self.key(name), lambda: self.computed(SETUPS[name]))

    def key(self, name: str) -> str:
        """Name a setup with a hash of its chunks and of the queries."""
        setup = SETUPS[name]
        places = self.places(setup.how, setup.size, setup.overlap)
        return f"{name} {content_key(self.passages.fingerprint, places.tobytes())[:16]}"

    def computed(self, setup: Setup) -> NDArray[np.int16]:
        """Embed the chunks, and search all queries; -1 is none."""
        asked, texts, depth = [one.text for one in self.passages.queries], self.texts(setup), setup.depth
        if setup.index == "bm25":
            bm25 = BM25Index()
            bm25.add(texts)
            return bm25.search(asked, depth)[1].astype(np.int16)
        index = INDEXES[setup.index](self.embedder.dims)
        index.add(self.vectors(setup))
        return index.search(self.embedder.encode(asked), depth)[1].astype(np.int16)  # some 26,000 chunks

    def vectors(self, setup: Setup) -> NDArray[np.float32]:
        """Embed the chunks of a setup: (n, d)."""
        if not setup.window:
            return self.embedder.reading(512).encode(self.texts(setup), cache=True)
        reader, chunks = self.embedder.reading(setup.window), self.chunks(setup.name)
        own = [[one for where, one in chunks if where == n] for n in range(len(self.passages.articles))]
        texts = [article.text for article in self.passages.articles]
        return np.concatenate([late.late_vectors(*both, reader) for both in zip(texts, own, strict=True)])

    def texts(self, setup: Setup) -> list[str]:
        """Return what of each chunk is embedded."""
        chunks, articles = self._chunks(setup.how, setup.size, setup.overlap), self.passages.articles
        above = [late.headings_line(one, articles[n].title) for n, one in chunks]
        if setup.above == "other":
            above = above[len(above) // 2 :] + above[: len(above) // 2]
        elif setup.above != "headings":
            above = [articles[n].title if setup.above else "" for n, _ in chunks]
        bare = [articles[n].text[one.start : one.end] for n, one in chunks]
        return [f"{over}\n{text}" if over else text for over, text in zip(above, bare, strict=True)]

    def ranked(self, name: str, query: Query) -> list[tuple[int, words.Chunk]]:
        """Return what a query finds, best first: (article, Chunk) each."""
        chunks = self.chunks(name)
        return [chunks[i] for i in self.ranking(name)[self._row[query.name]] if i >= 0]

    @cache  # noqa: B019 - see above
    def recall(
        self,
        name: str,
        split: str,
        kind: str,
        *,
        budget: int = 512,
        lift: str | None = None,
        overhead: int = 0,
    ) -> NDArray[np.float64]:
        """Return which part of each query's answer is read within a budget of tokens: (q,).

        lift: a setup whose larger chunks are read in the place of those that were found.
        overhead: tokens that each chunk costs beside its text.
        """
        values = []
        for query in self.passages.of(split, kind):
            ranked = self.ranked(name, query)
            ranked = lifted(ranked, self.chunks(lift)) if lift else ranked
            values.append(found(read(ranked, budget, overhead=overhead), query.place))
        return np.array(values)

    def ndcg(self, name: str, split: str, kind: str, k: int = 10) -> NDArray[np.float64]:
        """Return the span nDCG@k of each query: (q,). It compares rankings of the same chunks only."""
        return np.array([span_ndcg(self.ranked(name, q), q.place, k) for q in self.passages.of(split, kind)])

    def article_place(self, name: str, split: str, kind: str) -> NDArray[np.float64]:
        """Return at which place each query finds the right article, by its best chunk; else inf."""
        values = []
        for query in self.passages.of(split, kind):
            articles = list(dict.fromkeys(number for number, _ in self.ranked(name, query)))
            place = articles.index(query.article) + 1 if query.article in articles else np.inf
            values.append(place)
        return np.array(values)


@lru_cache(maxsize=1)
def shipped() -> dict[str, NDArray]:
    """Return what comes with the course: places of semantic chunks, and rankings, by their keys."""
    path = data_path("chunking") / "rankings.safetensors"
    return files.load(path, "Chunking")[0] if path.exists() else {}


def langchain(text: words.Words, size: int) -> list[words.Span]:
    """Cut with the splitter that most tutorials use, measured in our tokens."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=size,
        chunk_overlap=0,
        length_function=lambda part: len(text.tokenizer.encode(part)) - 2,
        add_start_index=True,
    )
    found = splitter.create_documents([text.text])
    starts = [one.metadata["start_index"] for one in found]
    return [(text.at(a), text.at(a + len(one.page_content))) for a, one in zip(starts, found, strict=True)]


def known(name: str, compute: Callable[[], NDArray], *code: bytes) -> NDArray:
    """Return the array that is shipped under a name; else compute it once, and keep it by name and code."""
    if name in shipped():
        return shipped()[name]

    def write(path: Path, array: NDArray) -> None:
        files.save(path, "Chunking", {"array": array})

    def read(path: Path) -> NDArray:
        return files.load(path, "Chunking")[0]["array"]

    return cached("chunking", content_key(name, *code), compute, write, read)


INDEXES = {"float32": FlatIndex, "int8": Int8Index, "bits": BinaryIndex}
