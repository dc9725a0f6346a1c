"""Answers from DocSearch or from one's own texts: where `embedlab.rag` gets its passages and its reader."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from embedlab import chunking
from embedlab.benchmark import docsearch, load_corpus
from embedlab.engine.catalogue import build_engine
from embedlab.engine.cutting import SIZE
from embedlab.engine.models import cross_encoder, embedder
from embedlab.engine.passages import PassageSearch
from embedlab.engine.search import Engine
from embedlab.hybrid import stemmed
from embedlab.rag import Endpoint, Extractive, GeneratorError, Passage, Search

if TYPE_CHECKING:
    from embedlab.rag import Generator

# The lowest score of the best sentence that is an answer; `asker` says how they were chosen.
THRESHOLDS = {"docsearch": 13.0, "corpus": 10.0}


def asker(
    corpus: Path | None = None, engine: str = "hybrid", threshold: float | None = None
) -> tuple[Search, Extractive]:
    """Return what `embedlab.rag.ask` needs: the search, and the reader that quotes.

    The thresholds are dev's (``tools/choose_thresholds.py``): of those within 0.05 of the largest difference
    between the share that is answered and the share that should not be, but is, the lowest. No one threshold
    serves both collections, as the cross-encoder is trained on DocSearch and scores other texts lower.

    - DocSearch, 60 queries with all documents, and without the package that answers them: at 13.0, 87 % are
      answered, and 30 % where the answer is taken out (some of these have one in another package). The AUC is
      0.88. Of the answers, 69 % quote the docstring that is judged right, in their best sentence.
    - Wikipedia, 49 questions, found by BM25: at 10.0, 84 % are answered. It refuses half of 24 queries of
      another subject (AUC 0.72), and none of 24 questions that no article answers though one is on their
      subject: they score higher than the others (AUC 0.35). They are shorter, 10 words against 13, which may
      be why.
      Such a score says that a passage is on the subject, not that the answer is in it.

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


def generator() -> tuple[Generator, str]:
    """Return what writes answers, the environment's `Endpoint` or the packaged small model, and its style.

    Of 8 dev questions on Wikipedia, read by hand, each with the passage that answers and another, the small
    model named the answer to 3 in the style "plain" and to none in "cite": too few to say more than that.

    Raises
    ------
    ValueError
        If the environment names an endpoint, but not all that it needs.
    GeneratorError
        If there is none and the small model cannot be loaded.
    """
    endpoint = Endpoint.from_environment()
    if endpoint is not None:
        return endpoint, "cite"
    try:
        from embedlab.rag import packaged_generator

        return packaged_generator(), "plain"
    except (ImportError, OSError, ValueError) as error:
        raise GeneratorError(
            f"{error}; or set EMBEDLAB_LLM_URL to an endpoint; without --generate, sentences are quoted"
        ) from error


def passages_of(found: PassageSearch) -> Search:
    """Search the chunks of texts: several may be of one text.

    Examples
    --------
    >>> search = passages_of(PassageSearch("bm25", ["cat.md", "tax.md"], ["A cat sleeps.", "Tax law."]))
    >>> [(passage.source, passage.text) for passage in search("cats", 5)]
    [('cat.md', 'A cat sleeps.')]
    """

    def search(question: str, k: int) -> list[Passage]:
        passages = []
        for hit in found.chunk_hits(question, k):
            name = PurePosixPath(hit.id).stem if found.files else ""
            title = " > ".join(filter(None, [name, *hit.place.headings]))
            passages.append(Passage(hit.label, hit.passage, title, hit.score))
        return passages

    return search


def parts_of_docstrings(engine: Engine) -> Search:
    """Search docstrings; of each that is found, a part is read, see `part_for`.

    Their vectors are of whole docstrings: those of all parts would be an hour's work (chapter 10).
    """

    def search(question: str, k: int) -> list[Passage]:
        hits = engine.search(question, k)
        return [Passage(hit.id, part_for(question, hit.text), hit.id, hit.score) for hit in hits]

    return search


def part_for(question: str, docstring: str) -> str:
    """Return the part of a docstring that has most of the words of a question, below the first paragraph.

    A part has at most `SIZE` tokens; the first paragraph says what it is about.

    Examples
    --------
    >>> docstring = "Add numbers.\\n\\n" + "Adds. " * 90 + "\\n\\nParameters\\n----------\\nx : int"
    >>> part_for("what is x?", docstring)
    'Add numbers.\\n\\nParameters\\n----------\\nx : int'
    """
    first, *others = _parts(docstring)
    asked = set(stemmed(question))
    best = max([first, *others], key=lambda part: len(asked & set(stemmed(part))))  # of equals, the first
    about = docstring.partition("\n\n")[0]
    return best if best == first else f"{about}\n\n{best}"


@lru_cache(maxsize=1024)
def _parts(docstring: str) -> Sequence[str]:
    chunks = chunking.chunk(docstring, "docstrings", size=SIZE, tokenizer=embedder().tokenizer)
    return [docstring[one.start : one.end] for one in chunks] or [docstring]
