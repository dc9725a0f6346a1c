"""What each engine finds for all queries, kept: chapters take curves, ablations and intervals from it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab import colbert, embedder, finetuning, hnsw, hybrid, matryoshka, quantization, reranking, scale
from embedlab.benchmark import Benchmark, Difference, docsearch, paired_difference, quality
from embedlab.engine.catalogue import ENGINES, OF_SCALE, Parts, build_engine, parts_for
from embedlab.hybrid import Ranking
from embedlab.machine import cached, code_of, content_key, data_path, file_sha256, files

DEPTH = 100  # results kept of each query
ROOMS = (colbert, embedder, finetuning, hnsw, hybrid, matryoshka, quantization, reranking)


class Runs:
    """The rankings of the engines over all queries of a split, each computed once and kept by content.

    Parameters
    ----------
    benchmark : Benchmark, optional
        By default DocSearch.

    Examples
    --------
    >>> runs = Runs()
    >>> scores, rows = runs.ranking("bm25", "dev")
    >>> scores.shape == rows.shape == (300, 100)
    True
    >>> runs.difference("hybrid", "bm25", "dev").low > 0
    True
    """

    def __init__(self, benchmark: Benchmark | None = None):
        self.benchmark = benchmark or docsearch()

    @cached_property
    def parts(self) -> Parts:
        """The stages; built only where a ranking is not known yet."""
        return parts_for(self.benchmark.documents, self.benchmark.doc_ids)

    def ranking(self, engine: str, split: str = "test") -> Ranking:
        """Return (scores, rows), each (q, 100), best first: what `build_engine` would find.

        Raises
        ------
        ValueError
            If there is no engine of that name.
        BenchmarkError
            If there is no such split.
        """
        texts = self.benchmark.split(split)[1]

        def build() -> Ranking:
            scores, rows = build_engine(engine, self.parts).rank(texts, DEPTH)
            return scores.astype(np.float32), rows.astype(np.int32)

        if engine not in ENGINES:
            build()  # says which there are
        large = [code_of(scale)] if engine in OF_SCALE else []  # the others need not wait for its changes
        key = content_key(engine, split, self.benchmark.fingerprint, self._made_with, *large)
        return cached("runs", key, build, _write, _read)

    def quality(self, engine: str, split: str = "test", k: int = 10) -> NDArray[np.float64]:
        """Return nDCG@k of each query of a split: (q,)."""
        return quality(self.benchmark, self.ranking(engine, split), split=split, k=k)

    def difference(self, better: str, worse: str, split: str = "test") -> Difference:
        """Compare two engines query by query, by nDCG@10."""
        return paired_difference(self.quality(better, split), self.quality(worse, split))

    @cached_property
    def _made_with(self) -> str:
        """Hash the code and the weights that rankings depend on."""
        weights = [file_sha256(file) for file in sorted(data_path("trained").glob("*.safetensors"))]
        stages = [Path(__file__).with_name(f"{name}.py").read_bytes() for name in ("stages", "catalogue")]
        return content_key(code_of(*ROOMS), *stages, *weights)


def _write(path: Path, ranking: Ranking) -> None:
    files.save(path, "Ranking", dict(zip(("scores", "rows"), ranking, strict=True)))


def _read(path: Path) -> Ranking:
    arrays, _ = files.load(path, "Ranking")
    return arrays["scores"], arrays["rows"]
