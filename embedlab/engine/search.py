"""The search engine: documents with ids, and a stage that ranks them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedlab.embedder import Embedder
from embedlab.engine.stages import DenseStage, Stage, Trace
from embedlab.index import FlatIndex, Floats, Index, Ints
from embedlab.machine import files, write_atomically
from embedlab.matryoshka import LinearAdapter
from embedlab.tokenizer import checked_text


@dataclass(frozen=True)
class Hit:
    """One result: the document's id, its score (larger is better) and its text."""

    id: str
    score: float
    text: str


class Engine:
    """Documents, and the stage that ranks them. Of vectors, see `SearchEngine`."""

    def __init__(self, stage: Stage, ids: list[str], texts: list[str]):
        self.stage, self.ids, self.texts = stage, ids, texts

    @property
    def bytes_per_doc(self) -> float:
        """Memory that the search takes for one document."""
        return self.stage.bytes_per_doc

    def rank(self, queries: Sequence[str], k: int = 100) -> tuple[Floats, Ints]:
        """Find the k best documents of each query: (scores, positions), each (q, k), best first."""
        return self.stage.rank(queries, k)

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
        scores, rows = self.stage.rank([checked_text(query, "the query")], min(k, len(self.ids)), trace)
        return [
            Hit(self.ids[row], float(score), self.texts[row])
            for score, row in zip(scores[0], rows[0], strict=True)
            if row >= 0
        ]

    def places(self, hit: Hit, trace: Trace) -> dict[str, int | None]:
        """Say where each stage of a trace put a hit: its place, from 1, or None where it was not found."""
        row = self.ids.index(hit.id)
        return {step.name: step.places.get(row) for step in trace.steps}


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
        ids: list[str],
        texts: list[str],
        adapter: LinearAdapter | None = None,
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
        adapter: LinearAdapter | None = None,
        cache: bool = True,
    ) -> "SearchEngine":
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
            Turns vectors before they are indexed, and cuts them to the dims of the index.
        cache : bool
            Keep the vectors on disk, so that the next build of the same texts is quick.

        Raises
        ------
        ValueError
            If there are no texts, or the ids are not one for each text and all different.
        """
        texts, ids = documents_with_ids(texts, ids)
        embedder = embedder or Embedder.load()
        reader = embedder.reading(lead) if lead else embedder
        index = FlatIndex(embedder.dims) if index is None else index
        if len(index):
            raise ValueError(f"the index already holds {len(index)} vectors: give an empty one")
        # Long documents are the normal case here, and the part that is read stands for them: no warning.
        vectors = reader.encode(texts, cache=cache, on_long="cut")
        index.add(adapter.transform(vectors, index.dims) if adapter else vectors)
        return cls(embedder, index, ids, texts, adapter)

    def save(self, folder: str | Path) -> None:
        """Write the engine to a folder: the index, the texts, and which model made the vectors."""
        folder = Path(folder)
        self.index.save(folder / "index.safetensors")
        if self.adapter:
            self.adapter.save(folder / "adapter.safetensors")
        lines = [json.dumps([i, text]) for i, text in zip(self.ids, self.texts, strict=True)]
        write_atomically(folder / "texts.jsonl", lambda file: file.write_text("\n".join(lines) + "\n"))
        about = {"model": self.embedder.identity, "dims": self.index.dims, "normalized": True}
        about["adapter"] = self.adapter is not None
        write_atomically(folder / "engine.json", lambda file: file.write_text(json.dumps(about)))

    @classmethod
    def load(cls, folder: str | Path, embedder: Embedder | None = None) -> "SearchEngine":
        """Read an engine back.

        Raises
        ------
        StoreError
            If a file is missing or damaged, or the vectors were made by another model than ``embedder``: they
            would live in another space, and the scores would mean nothing, even where the shapes agree.
        """
        folder, embedder = Path(folder), embedder or Embedder.load()
        try:
            about = json.loads((folder / "engine.json").read_text())
            lines = (folder / "texts.jsonl").read_text().splitlines()
            ids, texts = (list(column) for column in zip(*map(json.loads, lines), strict=True))
        except (OSError, ValueError) as error:
            raise files.StoreError(f"{str(folder)!r} holds no search engine: {error}") from error
        if about["model"] != embedder.identity:
            raise files.StoreError(
                f"{str(folder)!r} was built with {about['model']}, but the embedder is {embedder.identity}: "
                "load that model, or build the index again"
            )
        index = Index.load(folder / "index.safetensors")
        if len(index) != len(ids):
            raise files.StoreError(f"{str(folder)!r} is damaged: {len(index)} vectors for {len(ids)} texts")
        adapter = None
        if about.get("adapter"):
            adapter = LinearAdapter.load(folder / "adapter.safetensors", embedder.identity)
        return cls(embedder, index, ids, texts, adapter)


def documents_with_ids(texts: Sequence[str], ids: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Check that there are texts, and one id for each."""
    texts = list(texts)
    ids = [str(i) for i in range(len(texts))] if ids is None else list(ids)
    if not texts:
        raise ValueError("there is nothing to search: no texts were given")
    if len(ids) != len(texts):
        raise ValueError(f"{len(texts)} texts, but {len(ids)} ids")
    if len(set(ids)) != len(ids):
        raise ValueError(f"two texts have the id {next(i for i in ids if ids.count(i) > 1)!r}")
    return texts, ids
