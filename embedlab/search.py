"""The search engine: embed the documents once, each query as it comes, and find the nearest."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from embedlab import store
from embedlab.benchmark import docsearch
from embedlab.cache import write_atomically
from embedlab.embedder import Embedder
from embedlab.finetune import fit_adapter
from embedlab.flat import FlatIndex, Floats, Index, Ints
from embedlab.funnel import PrefixIndex, RescoredIndex
from embedlab.hnsw_index import HNSWIndex
from embedlab.matryoshka import LinearAdapter
from embedlab.pq import PQIndex
from embedlab.quantization import BinaryIndex, Int8Index


@dataclass(frozen=True)
class Hit:
    """One result: the document's id, its score (larger is better) and its text."""

    id: str
    score: float
    text: str


class SearchEngine:
    """Search over a collection of texts.

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
        self.embedder, self.index, self.ids, self.texts = embedder, index, ids, texts
        self.adapter = adapter

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
        texts = list(texts)
        ids = [str(i) for i in range(len(texts))] if ids is None else list(ids)
        if not texts:
            raise ValueError("there is nothing to search: no texts were given")
        if len(ids) != len(texts):
            raise ValueError(f"{len(texts)} texts, but {len(ids)} ids")
        if len(set(ids)) != len(ids):
            raise ValueError(f"two texts have the id {next(i for i in ids if ids.count(i) > 1)!r}")
        embedder = embedder or Embedder.load()
        reader = embedder.reading(lead) if lead else embedder
        index = FlatIndex(embedder.dims) if index is None else index
        if len(index):
            raise ValueError(f"the index already holds {len(index)} vectors: give an empty one")
        # Long documents are the normal case here, and the part that is read stands for them: no warning.
        vectors = reader.encode(texts, cache=cache, on_long="cut")
        index.add(adapter.transform(vectors, index.dims) if adapter else vectors)
        return cls(embedder, index, ids, texts, adapter)

    def rank(self, queries: Sequence[str], k: int = 100) -> tuple[Floats, Ints]:
        """Find the k best documents of each query: (scores, positions), each (q, k), best first."""
        vectors = self.embedder.encode(queries, show_progress=False)
        return self.index.search(
            self.adapter.transform(vectors, self.index.dims) if self.adapter else vectors, k
        )

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """Find the k best documents for one query, fewer where there are not so many.

        Raises
        ------
        TypeError
            If the query is no string.
        ValueError
            If it is empty.
        """
        if isinstance(query, str) and not query.strip():
            raise ValueError("the query is empty")
        scores, rows = self.rank([query], min(k, len(self.ids)))
        return [
            Hit(self.ids[row], float(score), self.texts[row])
            for score, row in zip(scores[0], rows[0], strict=True)
        ]

    @property
    def bytes_per_doc(self) -> float:
        """Memory that the index takes for one document."""
        return self.index.bytes_per_vector

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
            raise store.StoreError(f"{str(folder)!r} holds no search engine: {error}") from error
        if about["model"] != embedder.identity:
            raise store.StoreError(
                f"{str(folder)!r} was built with {about['model']}, but the embedder is {embedder.identity}: "
                "load that model, or build the index again"
            )
        index = Index.load(folder / "index.safetensors")
        if len(index) != len(ids):
            raise store.StoreError(f"{str(folder)!r} is damaged: {len(index)} vectors for {len(ids)} texts")
        adapter = None
        if about.get("adapter"):
            adapter = LinearAdapter.load(folder / "adapter.safetensors", embedder.identity)
        return cls(embedder, index, ids, texts, adapter)


@cache
def _embedder(pooling: str | None = None) -> Embedder:
    return Embedder.load(pooling=pooling)


def _dense(
    texts: Sequence[str],
    ids: Sequence[str],
    *,
    pooling: str | None = None,
    lead: int | None = None,
    index: Callable[[int], Index] = FlatIndex,
) -> SearchEngine:
    embedder = _embedder(pooling)
    return SearchEngine.build(texts, ids, embedder=embedder, lead=lead, index=index(embedder.dims))


def _adapted(texts: Sequence[str], ids: Sequence[str], *, dims: int, lead: int) -> SearchEngine:
    """Use the adapter trained on DocSearch, also for other texts."""
    embedder = _embedder()
    adapter = fit_adapter(docsearch(), embedder, lead=lead)
    return SearchEngine.build(
        texts, ids, embedder=embedder, lead=lead, index=FlatIndex(dims), adapter=adapter
    )


# The engines that the command line knows, each built by its function from texts and ids.
ENGINES: dict[str, Callable[[Sequence[str], Sequence[str]], SearchEngine]] = {
    "dense": partial(_dense),  # as the model was trained: mean pooling, the first 256 tokens
    "dense-cls": partial(_dense, pooling="cls"),
    "dense-max": partial(_dense, pooling="max"),
    "dense-last": partial(_dense, pooling="lasttoken"),
    "dense-lead": partial(_dense, lead=64),  # reads only how a document begins
    "flat": partial(_dense),  # dense again, under the name that the indexes below are compared with
    "matryoshka-64": partial(_dense, index=lambda dims: PrefixIndex(dims, FlatIndex(64))),
    "funnel": partial(
        _dense, index=lambda dims: RescoredIndex(PrefixIndex(dims, FlatIndex(64)), FlatIndex(dims))
    ),
    "adapter-384": partial(_adapted, dims=384, lead=64),
    "adapter-64": partial(_adapted, dims=64, lead=64),
    "int8": partial(_dense, index=Int8Index),
    "binary": partial(_dense, index=BinaryIndex),
    "binary+rescore": partial(
        _dense, index=lambda dims: RescoredIndex(BinaryIndex(dims), Int8Index(dims), shortlist=100)
    ),
    "pq": partial(_dense, index=lambda dims: PQIndex(dims, m=dims // 8)),
    "hnsw": partial(_dense, index=HNSWIndex),
    "hnsw-int8": partial(_dense, index=lambda dims: HNSWIndex(dims, codes="int8")),
}


def build_engine(name: str, texts: Sequence[str], ids: Sequence[str]) -> SearchEngine:
    """Build one of `ENGINES` over texts.

    Raises
    ------
    ValueError
        If there is no engine of that name; the message lists those there are.
    """
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}; choose from {', '.join(ENGINES)}")
    return ENGINES[name](texts, ids)
