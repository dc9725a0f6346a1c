"""The engines that the command line knows, by name: what the chapters build, put together.

What was trained is trained on DocSearch, whatever the documents: for others it must do without retraining.
"""

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from inspect import getsource
from pathlib import Path

from embedlab.benchmark import docsearch, training_pairs
from embedlab.colbert import ColBERT, ResidualIndex, fit_projection
from embedlab.embedder import Embedder
from embedlab.engine.search import Engine, SearchEngine, documents_with_ids
from embedlab.engine.stages import BM25Stage, ColBERTStage, DenseStage, FusionStage, RerankStage, Stage
from embedlab.finetuning import finetuned, fit_adapter, pair_weights
from embedlab.hnsw import HNSWIndex
from embedlab.hybrid import BM25Index
from embedlab.index import FlatIndex, Index
from embedlab.machine import cached, content_key
from embedlab.matryoshka import PrefixIndex, RescoredIndex
from embedlab.quantization import BinaryIndex, Int8Index, PQIndex
from embedlab.reranking import CrossEncoder, trained_reranker

LEAD = 64  # tokens: docstrings begin with what matters, see chapter 01
COLBERT_LEAD = 128  # token vectors are not averaged, so more of them do no harm
COLBERT_DIMS = 128
DEPTH = 20  # results that the cross-encoder reads again


@cache
def embedder(pooling: str | None = None) -> Embedder:
    """Load the default model, once."""
    return Embedder.load(pooling=pooling)


@cache
def finetuned_embedder() -> Embedder:
    """Load the encoder that is fine-tuned on DocSearch, once; the first time ever, it is trained."""
    return Embedder.load(finetuned(docsearch()))


@cache
def trained_colbert(dims: int = COLBERT_DIMS) -> ColBERT:
    """Return the default model with a projection trained on DocSearch's train half; kept in the cache."""
    benchmark, model = docsearch(), ColBERT(embedder(), lead=COLBERT_LEAD)

    def build() -> ColBERT:
        pairs = training_pairs(benchmark)
        return fit_projection(model, pairs, dims=dims, weights=pair_weights(benchmark, pairs))

    key = content_key(benchmark.fingerprint, str(model.identity), str(dims), getsource(fit_projection))
    return cached("colbert", key, build, _save, lambda path: ColBERT.load(path, embedder()))


@cache
def cross_encoder() -> CrossEncoder:
    """Load the cross-encoder trained on DocSearch's train half, once; the first time ever, it is trained."""
    benchmark = docsearch()
    first = Parts(benchmark.documents, benchmark.doc_ids, lead=LEAD).hybrid
    return CrossEncoder.load(trained_reranker(benchmark, first.rank, finetuned(benchmark)))


class Parts:
    """The stages over one collection, each built when it is first asked for, and shared by the engines.

    Parameters
    ----------
    texts, ids : sequence of n str
    lead : int, optional
        How many tokens of each document the engines built for short leads read; by default all that the model
        takes.

    Examples
    --------
    >>> parts = Parts(["the cat sat on the mat", "stocks fell on Monday"], ["cat", "stocks"])
    >>> parts.bm25.rank(["cats on mats"], k=1)[1]
    array([[0]])
    """

    def __init__(self, texts: Sequence[str], ids: Sequence[str] | None = None, *, lead: int | None = None):
        self.texts, self.ids = documents_with_ids(texts, ids)
        self.lead = lead

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
        options = {"embedder": model, "lead": lead, "index": index(model.dims)}
        stage = SearchEngine.build(self.texts, self.ids, **options).stage
        stage.name = name
        return stage

    def adapted(self, dims: int) -> DenseStage:
        """Use vectors turned by the adapter that is trained on DocSearch."""
        adapter = fit_adapter(docsearch(), embedder(), lead=LEAD)
        options = {"embedder": embedder(), "lead": self.lead, "index": FlatIndex(dims), "adapter": adapter}
        return SearchEngine.build(self.texts, self.ids, **options).stage

    @cached_property
    def plain(self) -> DenseStage:
        """The default model's vectors."""
        return self.dense(lead=self.lead)

    @cached_property
    def finetuned(self) -> DenseStage:
        """The fine-tuned model's vectors."""
        return self.dense(model=finetuned_embedder(), lead=self.lead, name="fine-tuned")

    @cached_property
    def bm25(self) -> BM25Stage:
        """Words; kept in the cache."""

        def build() -> BM25Index:
            index = BM25Index()
            index.add(self.texts)
            return index

        return BM25Stage(cached("bm25", content_key("v1", *self.texts), build, _save, BM25Index.load))

    @cached_property
    def colbert(self) -> ColBERTStage:
        """Compressed token vectors; kept in the cache."""
        model = trained_colbert()
        if self.lead is None:  # documents that do not begin with what matters
            model = ColBERT(embedder(), model.projection, lead=embedder().max_length)

        def build() -> ResidualIndex:
            index = ResidualIndex(model.dims)
            index.add(model.encode_documents(self.texts))
            return index

        key = content_key("v1", str(model.identity), str(model.embedder.encoder.dtype), *self.texts)
        return ColBERTStage(model, cached("tokens", key, build, _save, ResidualIndex.load))

    @cached_property
    def hybrid(self) -> FusionStage:
        """Meaning and words, nothing trained."""
        return FusionStage([self.plain, self.bm25])

    @cached_property
    def full(self) -> RerankStage:
        """All that the course builds: three first stages, then the cross-encoder."""
        first = FusionStage([self.finetuned, self.bm25, self.colbert])
        return RerankStage(first, cross_encoder(), self.texts, depth=DEPTH)


def _save(path: Path, made: BM25Index | ColBERT | ResidualIndex) -> None:
    made.save(path)


def funnel(dims: int) -> RescoredIndex:
    """Make the index of chapter 04: 64 dims for a shortlist, all of them to rescore it."""
    return RescoredIndex(PrefixIndex(dims, FlatIndex(64)), FlatIndex(dims))


# Each engine is made from the parts of a collection.
ENGINES: dict[str, Callable[[Parts], Stage]] = {
    "dense": lambda parts: parts.dense(),  # as the model was trained: mean pooling, the first 256 tokens
    "dense-cls": lambda parts: parts.dense(model=embedder("cls")),
    "dense-max": lambda parts: parts.dense(model=embedder("max")),
    "dense-last": lambda parts: parts.dense(model=embedder("lasttoken")),
    "dense-lead": lambda parts: parts.dense(lead=LEAD),  # reads only how a document begins
    "flat": lambda parts: parts.dense(),  # dense again, under the name that indexes are compared with
    "matryoshka-64": lambda parts: parts.dense(lambda dims: PrefixIndex(dims, FlatIndex(64))),
    "funnel": lambda parts: parts.dense(funnel),
    "adapter-384": lambda parts: parts.adapted(384),
    "adapter-64": lambda parts: parts.adapted(64),
    "int8": lambda parts: parts.dense(Int8Index),
    "binary": lambda parts: parts.dense(BinaryIndex),
    "binary+rescore": lambda parts: parts.dense(
        lambda dims: RescoredIndex(BinaryIndex(dims), Int8Index(dims), shortlist=100)
    ),
    "pq": lambda parts: parts.dense(lambda dims: PQIndex(dims, m=dims // 8)),
    "hnsw": lambda parts: parts.dense(HNSWIndex),
    "hnsw-int8": lambda parts: parts.dense(lambda dims: HNSWIndex(dims, codes="int8")),
    "colbert": lambda parts: parts.colbert,
    "bm25": lambda parts: parts.bm25,
    "rrf": lambda parts: FusionStage([parts.plain, parts.bm25], method="rrf"),
    "hybrid": lambda parts: parts.hybrid,
    "rerank": lambda parts: RerankStage(parts.hybrid, cross_encoder(), parts.texts, depth=DEPTH),
    "full": lambda parts: parts.full,
}


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
    """
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}; choose from {', '.join(ENGINES)}")
    parts = texts if isinstance(texts, Parts) else parts_for(texts, ids)
    return Engine(ENGINES[name](parts), parts.ids, parts.texts)


def parts_for(texts: Sequence[str], ids: Sequence[str] | None = None) -> Parts:
    """Return the parts of a collection; of DocSearch's documents, the first `LEAD` tokens are read."""
    benchmark = docsearch()
    return Parts(texts, ids, lead=LEAD if list(texts) == benchmark.documents else None)
