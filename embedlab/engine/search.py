"""The search engine: documents with ids, and a stage that ranks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedlab import matryoshka
from embedlab.embedder import Embedder, checked_texts
from embedlab.engine import saving
from embedlab.engine.first_stages import DenseStage
from embedlab.engine.stages import Stage, Trace
from embedlab.index import FlatIndex, Floats, Index, Ints
from embedlab.tokenizer import checked_text


@dataclass(frozen=True)
class Hit:
    """One result: the document's id, its score (larger is better) and its text."""

    id: str
    score: float
    text: str

    @property
    def label(self) -> str:
        """What to call it."""
        return self.id

    @property
    def passage(self) -> str:
        """What of the text was found: all."""
        return self.text


class Engine:
    """Documents, and the stage that ranks them. Of vectors, see `SearchEngine`."""

    def __init__(self, stage: Stage, ids: Sequence[str], texts: Sequence[str]):
        self.stage, self.ids, self.texts = stage, list(ids), list(texts)

    @property
    def bytes_per_doc(self) -> float:
        """Memory that the search takes for one document."""
        return self.stage.bytes_per_doc

    def rank(self, queries: Sequence[str], k: int = 100, trace: Trace | None = None) -> tuple[Floats, Ints]:
        """Find the k best documents of each query: (scores, positions), each (q, k), best first.

        Raises
        ------
        ValueError
            If the stage holds other documents than the engine: it was added to from elsewhere.
        """
        if len(self.stage) != len(self.ids):
            raise ValueError(
                f"the engine holds {len(self.ids)} documents, but its {self.stage.name} stage "
                f"{len(self.stage)}: add with engine.add, and build engines that share a stage again"
            )
        return self.stage.rank(queries, k, trace)

    def search(self, query: str, k: int = 10, trace: Trace | None = None) -> list[Hit]:
        """Find the k best documents for one query, fewer where there are not so many.

        Parameters
        ----------
        query : str
        k : int
        trace : Trace, optional
            Gets a `Step` of each stage: how long it took, and where it put which document.

        Raises
        ------
        TypeError
            If the query is no string.
        ValueError
            If it is empty.
        """
        if isinstance(query, str) and not query.strip():
            raise ValueError("the query is empty")
        scores, rows = self.rank([checked_text(query, "the query")], min(k, len(self.ids)), trace)
        return [
            Hit(self.ids[row], float(score), self.texts[row])
            for score, row in zip(scores[0], rows[0], strict=True)
            if row >= 0
        ]

    def places(self, hit: Hit, trace: Trace) -> dict[str, int | None]:
        """Say where each stage of a trace put a hit: its place, from 1, or None where it was not found."""
        row = self.ids.index(hit.id)
        return {step.name: step.places.get(row) for step in trace.steps}

    def add(self, texts: Sequence[str], ids: Sequence[str] | None = None) -> None:
        """Add documents, in all stages or, if that is interrupted, in none.

        Parameters
        ----------
        texts : sequence of n str
        ids : sequence of n str, optional
            None of them there already; by default numbers that go on from those there are.

        Examples
        --------
        >>> engine = SearchEngine.build(["the cat sat on the mat"])
        >>> engine.add(["stocks fell on Monday"])
        >>> engine.search("finance", k=1)[0].id
        '1'
        """
        if ids is None:
            ids = [str(i) for i in range(len(self.ids), len(self.ids) + len(texts))]
        texts, ids = documents_with_ids(texts, ids, self.ids)
        self.stage.append(texts, self.stage.encoded(texts))
        self.texts += texts
        self.ids += ids

    def save(self, folder: str | Path) -> None:
        """Write the engine to a folder: its indexes, the texts, and which models made the vectors."""
        saving.save(folder, self.stage, self.ids, self.texts)

    @classmethod
    def load(cls, folder: str | Path, embedder: Embedder | None = None) -> Engine:
        """Read an engine back, whatever its stages; an engine of one vector a document is a `SearchEngine`.

        Parameters
        ----------
        folder : str or Path
        embedder : Embedder, optional
            The model of the vectors, where it is not one that comes with the course.

        Raises
        ------
        StoreError
            If a file is missing or damaged, or the vectors were made by another model: they would live in
            another space, and the scores would mean nothing, even where the shapes agree.
        """
        stage, ids, texts = saving.load(folder, embedder)
        if not isinstance(stage, DenseStage):
            return Engine(stage, ids, texts)
        engine = SearchEngine(stage.embedder, stage.index, ids, texts, stage.adapter)
        engine.stage = stage
        return engine


class SearchEngine(Engine):
    """Search by vectors over a collection of texts.

    Make one with `build` or `load`.

    Examples
    --------
    >>> engine = SearchEngine.build(["the cat sat on the mat", "stocks fell on Monday", "how to bake bread"])
    >>> [hit.text for hit in engine.search("a kitten resting", k=1)]
    ['the cat sat on the mat']
    """

    def __init__(
        self,
        embedder: Embedder,
        index: Index,
        ids: Sequence[str],
        texts: Sequence[str],
        adapter: matryoshka.LinearAdapter | None = None,
    ):
        super().__init__(DenseStage(embedder, index, adapter), ids, texts)
        self.embedder, self.index, self.adapter = embedder, index, adapter

    @classmethod
    def build(
        cls,
        texts: Sequence[str],
        ids: Sequence[str] | None = None,
        *,
        embedder: Embedder | None = None,
        lead: int | None = None,
        index: Index | None = None,
        adapter: matryoshka.LinearAdapter | None = None,
        cache: bool = True,
    ) -> SearchEngine:
        """Embed the texts and index the vectors.

        Parameters
        ----------
        texts : sequence of n str
        ids : sequence of n different str, optional
            By default "0", "1", ...
        embedder : Embedder, optional
        lead : int, optional
            Read only so many tokens of each text; by default as many as the embedder takes.
        index : Index, optional
            An empty index to put the vectors in; by default a `FlatIndex`.
        adapter : LinearAdapter, optional
            Rotates vectors before they are indexed, and cuts them to the dims of the index.
        cache : bool
            Keep the vectors on disk, so that the next build embeds only texts that are new.

        Raises
        ------
        TypeError
            If ``texts`` is one string.
        ValueError
            If there are no texts, or the ids are not one for each text and all different.
        """
        texts, ids = documents_with_ids(texts, ids)
        embedder = embedder or Embedder.load()
        index = FlatIndex(embedder.dims) if index is None else index
        if len(index):
            raise ValueError(f"the index already holds {len(index)} vectors: give an empty one")
        engine = cls(embedder, index, ids, texts, adapter)
        engine.stage.lead = lead
        engine.stage.append(texts, engine.stage.encoded(texts, cache=cache))
        return engine


def documents_with_ids(
    texts: Sequence[str], ids: Sequence[str] | None, taken: Sequence[str] = ()
) -> tuple[list[str], list[str]]:
    """Check that there are texts, and one new id for each."""
    texts = checked_texts(texts)
    ids = [str(i) for i in range(len(texts))] if ids is None else list(ids)
    if not texts:
        raise ValueError("there is nothing to search: no texts were given")
    if len(ids) != len(texts):
        raise ValueError(f"{len(texts)} texts, but {len(ids)} ids")
    seen = set(taken)
    for i in ids:
        if i in seen:
            raise ValueError(f"two texts have the id {i!r}")
        seen.add(i)
    return texts, ids
