"""Answers from DocSearch or from one's own texts: where `embedlab.rag` gets its passages and its reader."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from embedlab import chunking
from embedlab.benchmark import docsearch, load_corpus
from embedlab.engine.catalogue import build_engine
from embedlab.engine.cutting import SIZE
from embedlab.engine.models import cross_encoder, embedder
from embedlab.engine.passages import PassageSearch
from embedlab.engine.search import Engine
from embedlab.hybrid import stemmed
from embedlab.rag import Extractive, Passage, Search

# TODO
THRESHOLDS = {"docsearch": 14.0, "corpus": 0.0}


def asker(
    corpus: Path | None = None, engine: str = "hybrid", threshold: float | None = None
) -> tuple[Search, Extractive]:
    """Return what `embedlab.rag.ask` needs: the search, and the reader that quotes.

    Parameters
    ----------
    corpus : Path, optional
        A file or folder, see `embedlab.benchmark.load_corpus`; by default DocSearch.
    engine : str
        One of `ENGINES`.
    threshold : float, optional
        Of the reader, see `Extractive`; by default that of `THRESHOLDS`.

    Raises
    ------
    ValueError
        If there is no such engine, or nothing to search.
    """
    if threshold is None:
        threshold = THRESHOLDS["corpus" if corpus else "docsearch"]
    read = Extractive(cross_encoder(), threshold=threshold)
    if corpus is None:
        benchmark = docsearch()
        return parts_of_docstrings(build_engine(engine, benchmark.documents, benchmark.doc_ids)), read
    ids, texts = load_corpus(corpus)
    return passages_of(PassageSearch(engine, ids, texts, files=corpus.is_dir())), read


def passages_of(found: PassageSearch) -> Search:
    """Search the chunks of texts: several may be of one text.

    Examples
    --------
    >>> search = passages_of(PassageSearch("bm25", ["cat.md", "tax.md"], ["A cat sleeps.", "Tax law."]))
    >>> [(passage.source, passage.text) for passage in search("cats", 5)]
    [('cat.md', 'A cat sleeps.')]
    """

    def search(question: str, k: int) -> list[Passage]:
        return [
            Passage(hit.label, hit.passage, " > ".join([hit.id, *hit.place.headings]), hit.score)
            for hit in found.chunk_hits(question, k)
        ]

    return search


def parts_of_docstrings(engine: Engine) -> Search:
    """Search docstrings: of each that is found, the part that has most of the question's words.

    Their vectors are of whole docstrings; parts of all of them would be an hour's work (chapter 10).
    """

    def search(question: str, k: int) -> list[Passage]:
        hits = engine.search(question, k)
        return [Passage(hit.id, part_for(question, hit.text), hit.id, hit.score) for hit in hits]

    return search


def part_for(question: str, docstring: str) -> str:
    """Return the part of a docstring, of at most `SIZE` tokens, that has most of the words of a question.

    Examples
    --------
    >>> part_for("what is x?", "Add numbers. " * 50 + "\\n\\nParameters\\n----------\\nx : int")
    'Parameters\\n----------\\nx : int'
    """
    asked = set(stemmed(question))
    return max(_parts(docstring), key=lambda part: len(asked & set(stemmed(part))))  # of equals, the first


@lru_cache(maxsize=1024)
def _parts(docstring: str) -> Sequence[str]:
    chunks = chunking.chunk(docstring, "docstrings", size=SIZE, tokenizer=embedder().tokenizer)
    return [docstring[one.start : one.end] for one in chunks] or [docstring]
