"""A retrieval pipeline whose parts lie open: documents, chunks, vectors, index, filter, passages, answers.

It is what `embedlab.rag.faults` breaks and `embedlab.rag.doctor` examines. Forty Wikipedia articles belong to
eight tenants; who asks sees the documents of their own tenant only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from embedlab.chunking import Chunk, chunk, chunk_id, found, headings_of, passages, read, with_headings
from embedlab.embedder import Embedder
from embedlab.index import FlatIndex, Floats, Ints, top_k
from embedlab.machine import content_key
from embedlab.rag.passages import Passage
from embedlab.rag.sentences import packaged_tokenizer

ARTICLES = 40
QUESTIONS = 8  # an article has at least so many: made by code, written by hand
CHANGED = 10  # articles that got a section since version 1
TENANTS = tuple(f"tenant-{letter}" for letter in "abcdefgh")
BUDGET = 512  # tokens that a reader gets
DEPTH = 32  # chunks that are searched: more than the budget holds
Embed = Callable[[Sequence[str]], Floats]  # n texts -> (n, d), of length 1


@dataclass(frozen=True)
class Document:
    """A document as its source has it: version 2 has what ``text[:old]``, version 1, lacks."""

    id: str
    tenant: str
    text: str
    version: int = 1
    old: int = 0  # characters of version 1; 0: this is version 1

    @property
    def hash(self) -> str:
        """Name what it says."""
        return content_key(self.text)[:16]

    @property
    def before(self) -> Document:
        """The version before; itself where there is none."""
        return Document(self.id, self.tenant, self.text[: self.old]) if self.old else self


@dataclass(frozen=True)
class Question:
    """A question of a tenant, and the place in a document that answers it."""

    text: str
    tenant: str
    document: int
    start: int
    end: int
    changed: bool = False  # whether the document has a version 2

    @property
    def place(self) -> tuple[int, int, int]:
        """Document and characters of the answer."""
        return self.document, self.start, self.end


@dataclass(frozen=True)
class Row:
    """A row of the table of chunks; the vector of the same number belongs to it."""

    id: str
    document: int
    tenant: str
    source: str  # `Document.hash` of the version it was cut from
    chunk: Chunk
    text: str  # what is embedded: title and headings, then the chunk


def own_documents(row: Row, tenant: str) -> bool:
    """Let a tenant see its own documents: the filter as it should be."""
    return row.tenant == tenant


@dataclass(frozen=True, eq=False)
class Pipeline:
    """All parts of a pipeline; what is made of them is computed once.

    Attributes
    ----------
    documents : tuple of Document
        The source, as it is today.
    questions : tuple of Question
        Canaries: questions whose answers are known.
    rows : tuple of n Row
    vectors : float32 array (n, d)
        Read-only.
    declared : callable
        The model that the card of the index names: texts to vectors (n, d).
    asked : callable
        The model that embeds the questions; the same, one hopes.
    visible : callable
        ``visible(row, tenant)``: the filter.

    Raises
    ------
    ValueError
        If there are not as many vectors as rows.

    Examples
    --------
    >>> documents = Document("Snow", "a", "Snow is white."), Document("Rust", "b", "Rust is red.")
    >>> def embed(texts):
    ...     return np.float32([["Snow" in text, "Rust" in text] for text in texts])
    >>> rows = cut(documents)
    >>> small = Pipeline(documents, (), rows, embed([row.text for row in rows]), embed, embed)
    >>> [passage.source for passage in small.search("Is Rust red?", "b")]
    ['Rust']
    """

    documents: tuple[Document, ...]
    questions: tuple[Question, ...]
    rows: tuple[Row, ...]
    vectors: Floats
    declared: Embed
    asked: Embed
    visible: Callable[[Row, str], bool] = own_documents

    def __post_init__(self):
        if len(self.rows) != len(self.vectors):
            raise ValueError(f"{len(self.rows)} rows of chunks, but {len(self.vectors)} vectors")
        self.vectors.setflags(write=False)

    @cached_property
    def index(self) -> FlatIndex:
        """Exact search by dot products."""
        index = FlatIndex(self.vectors.shape[1])
        index.add(self.vectors)
        return index

    @cached_property
    def seen(self) -> dict[str, NDArray[np.bool_]]:
        """Which rows each tenant sees: (n,) each."""
        tenants = {document.tenant for document in self.documents}
        return {one: np.array([self.visible(row, one) for row in self.rows], bool) for one in tenants}

    def ranked(self, texts: Sequence[str], tenants: Sequence[str], k: int = DEPTH) -> tuple[Floats, Ints]:
        """Search texts, each as one tenant: scores and rows, (q, k), best first; none is -inf and -1.

        Raises
        ------
        ValueError
            If there is no such tenant, or not one for each text.
        """
        if len(texts) != len(tenants):
            raise ValueError(f"{len(texts)} texts, but {len(tenants)} tenants that ask them")
        for tenant in set(tenants) - set(self.seen):
            raise ValueError(f"there is no tenant {tenant!r}; choose from {', '.join(sorted(self.seen))}")
        seen = np.array([self.seen[tenant] for tenant in tenants], bool).reshape(len(texts), len(self.rows))
        scores, rows = top_k(np.where(seen, self.index.scores(self.asked(texts)), -np.inf), k)
        return scores, np.where(np.isfinite(scores), rows, -1)

    def search(self, question: str, tenant: str, k: int = 10) -> list[Passage]:
        """Return the passages that a tenant's question finds, best first, as `ask` wants them."""
        scores, rows = self.ranked([question], [tenant], k)
        hits = []
        for score, i in zip(scores[0].tolist(), rows[0].tolist(), strict=True):
            if i >= 0:
                title, _, text = self.rows[i].text.partition("\n")
                hits.append(Passage(self.documents[self.rows[i].document].id, text, title, score))
        return hits

    def recall(self, questions: Sequence[Question], rows: Ints, budget: int = BUDGET) -> NDArray[np.float64]:
        """Return which part of each answer is read within a budget of tokens, of rows (q, k) found: (q,)."""
        ranked = [[(self.rows[i].document, self.rows[i].chunk) for i in own if i >= 0] for own in rows]
        return np.array([found(read(one, budget), q.place) for one, q in zip(ranked, questions, strict=True)])


def cut(documents: Sequence[Document], how: str = "sections", *, first: int = 0) -> tuple[Row, ...]:
    """Cut documents into the rows of a table; an id is made of what the chunk says, so that it is stable.

    Chunks have at most 128 tokens. how: a splitter of `embedlab.chunking`. first: the number of the first
    document.

    Examples
    --------
    >>> rows = cut([Document("Snow", "tenant-a", "# Use\\n\\nSnow is white.")])
    >>> rows[0].id, rows[0].text
    ('f2a9d2c15d2d643d', 'Snow > Use\\n# Use\\n\\nSnow is white.')
    """
    rows = []
    for number, document in enumerate(documents, start=first):
        told: dict[str, int] = {}  # how often a text stood in the document
        for one in chunk(document.text, how, size=128, tokenizer=packaged_tokenizer()):
            text = with_headings(one, document.text, document.id)
            repeat = told[text] = told.get(text, -1) + 1
            name = chunk_id(document.id, text, repeat)
            rows.append(Row(name, number, document.tenant, document.hash, one, text))
    return tuple(rows)


@lru_cache(maxsize=1)
def wikipedia_pipeline() -> Pipeline:
    """Build the pipeline of the course, healthy; vectors are cached, the first time takes most of a minute.

    Of the articles with at least eight questions, the 40 shortest. They are dealt to the tenants by a seeded
    shuffle, and ten of them got their last sections in version 2.
    """
    whole = passages()
    own = [[one for one in whole.queries if one.article == number] for number in range(len(whole.articles))]
    asked = [number for number, found in enumerate(own) if len(found) >= QUESTIONS]
    kept = sorted(sorted(asked, key=lambda number: len(whole.articles[number].text))[:ARTICLES])
    rng = np.random.default_rng(0)
    tenants = rng.permutation(np.resize(TENANTS, ARTICLES)).tolist()
    olds = [_old(whole.articles[number].text, [one.start for one in own[number]]) for number in kept]
    changed = set(rng.permutation([i for i, old in enumerate(olds) if old])[:CHANGED].tolist())
    documents, questions = [], []
    for i, (number, tenant) in enumerate(zip(kept, tenants, strict=True)):
        article, more = whole.articles[number], (2, olds[i]) if i in changed else ()
        documents.append(Document(article.title, tenant, article.text, *more))
        questions += [Question(q.text, tenant, i, q.start, q.end, i in changed) for q in own[number]]
    rows = cut(documents)
    embed = embedding(packaged_embedder())
    vectors = embed([row.text for row in rows])
    return Pipeline(tuple(documents), tuple(questions), rows, vectors, embed, embed)


def embedding(embedder: Embedder) -> Embed:
    """Return the function that embeds with a model, and keeps vectors by text, model and length read."""
    return lambda texts: embedder.encode(texts, cache=True, on_long="cut")


@lru_cache(maxsize=1)
def packaged_embedder() -> Embedder:
    """Load the packaged model, once; it reads as in chapter 11, whose vectors of chunks are shipped."""
    return Embedder.load().reading(512)


def _old(text: str, starts: Sequence[int]) -> int:
    """Return where version 1 ended: before the last heading with two answers behind it; 0: nowhere."""
    for start, _, level, _ in reversed(headings_of(text)):
        if level == 2 and start > len(text) / 2 and sum(one >= start for one in starts) >= 2:
            return start
    return 0
