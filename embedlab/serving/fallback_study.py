"""What a fallback model's query vectors find in an index of another model, and what three ways out find.

The remote model is the fine-tuned encoder in coordinates of its own: a random rotation, which changes no
cosine within it, stands for a training of its own. A model that was trained from other beginnings differs by
more than a rotation; LSA, which is no transformer, is the example here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import Benchmark, held_out_documents, holm, paired_difference, quality
from embedlab.hybrid import BM25Index
from embedlab.index import top_k
from embedlab.machine import data_path
from embedlab.pooling import l2_normalize
from embedlab.serving.spaces import mapped, procrustes, ridge_map

Floats = NDArray[np.float32]
PAIRS = (30, 100, 300, 1000, 3000)  # and all there are
STRENGTHS = (0.01, 0.1, 1.0)
MAPS: dict[str, Callable[[Floats, Floats], Floats]] = {"rotation": procrustes} | {
    f"ridge {strength}": (lambda source, target, s=strength: ridge_map(source, target, s))
    for strength in STRENGTHS
}


@dataclass(frozen=True)
class Space:
    """A model's vectors, of length 1: the documents (n, d), and the queries of each part (q, d)."""

    documents: Floats
    queries: Mapping[str, Floats]

    def rotated(self, seed: int = 0) -> Space:
        """Return the same space in other coordinates: every cosine within it stays.

        Examples
        --------
        >>> space = Space(np.eye(3, dtype=np.float32), {"dev": np.eye(3, dtype=np.float32)})
        >>> turned = space.rotated()
        >>> bool(np.allclose(turned.documents @ turned.queries["dev"].T, np.eye(3), atol=1e-6))
        True
        """
        dims = self.documents.shape[1]
        matrix = np.linalg.qr(np.random.default_rng(seed).normal(size=(dims, dims)))[0].astype(np.float32)
        return Space(
            self.documents @ matrix, {part: vectors @ matrix for part, vectors in self.queries.items()}
        )


def lsa_space(benchmark: Benchmark, dims: int = 384, parts: Sequence[str] = ("dev", "test")) -> Space:
    """Embed by latent semantic analysis (Deerwester et al. 1990): which words share documents."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    svd = TruncatedSVD(dims, random_state=0)
    documents = svd.fit_transform(words.fit_transform(benchmark.documents))

    def embedded(part: str) -> Floats:
        return l2_normalize(svd.transform(words.transform(benchmark.split(part)[1])).astype(np.float32))

    return Space(l2_normalize(documents.astype(np.float32)), {part: embedded(part) for part in parts})


def found(benchmark: Benchmark, queries: Floats, documents: Floats, part: str) -> NDArray[np.float64]:
    """Return nDCG@10 of each query of a part."""
    return quality(benchmark, top_k(queries @ documents.T, 10), split=part)


def crossed_quality(
    benchmark: Benchmark, spaces: Mapping[str, Space], part: str = "dev"
) -> dict[str, dict[str, float]]:
    """Return nDCG@10 of every model's queries in every model's index: ``{index: {queries: nDCG}}``."""
    return {
        index: {
            name: float(found(benchmark, other.queries[part], space.documents, part).mean())
            for name, other in spaces.items()
        }
        for index, space in spaces.items()
    }


def training_rows(benchmark: Benchmark) -> NDArray[np.int64]:
    """Return the documents that no dev or test query asks for: a map may be learned from them."""
    held = held_out_documents(benchmark)
    return np.array([row for row, name in enumerate(benchmark.doc_ids) if name not in held])


def learned(local: Space, remote: Space, rows: NDArray[np.int64], kind: str) -> Floats:
    """Learn a map from the local space to the remote one from some documents."""
    return MAPS[kind](local.documents[rows], remote.documents[rows])


def map_curve(
    benchmark: Benchmark, local: Space, remote: Space, *, draws: int = 3
) -> dict[int, dict[str, list[float]]]:
    """Return nDCG@10 on dev by the number of pairs and the kind of map, of several draws of pairs."""
    rows = training_rows(benchmark)
    table: dict[int, dict[str, list[float]]] = {}
    for n in (*[n for n in PAIRS if n < len(rows)], len(rows)):
        for draw in range(draws if n < len(rows) else 1):
            some = np.random.default_rng(draw).permutation(rows)[:n]
            for kind in MAPS:
                queries = mapped(local.queries["dev"], learned(local, remote, some, kind))
                value = float(found(benchmark, queries, remote.documents, "dev").mean())
                table.setdefault(n, {}).setdefault(kind, []).append(value)
    return table


def ways_out(
    benchmark: Benchmark, remote: Space, locals_: Mapping[str, Space], curves: Mapping[str, dict]
) -> dict[str, dict]:
    """Compare the ways out on test with what the remote model finds in its own index.

    The kind of map is chosen on dev, for each number of pairs. p values are corrected for the whole table.
    """
    rows = training_rows(benchmark)
    bm25 = BM25Index()
    bm25.add(benchmark.documents)
    texts = benchmark.split("test")[1]
    values = {"bm25": quality(benchmark, bm25.search(texts, 10), split="test")}
    kinds = {}
    for name, local in locals_.items():
        own = local.queries["test"]
        values[f"{name}: as it is"] = found(benchmark, own, remote.documents, "test")
        values[f"{name}: second index"] = found(benchmark, own, local.documents, "test")
        for n, by_kind in curves[name].items():
            kind = max(by_kind, key=lambda one: np.mean(by_kind[one]))
            some = np.random.default_rng(0).permutation(rows)[:n]
            queries = mapped(own, learned(local, remote, some, kind))
            values[f"{name}: map of {n}"] = found(benchmark, queries, remote.documents, "test")
            kinds[f"{name}: map of {n}"] = kind
    own = found(benchmark, remote.queries["test"], remote.documents, "test")
    differences = holm({way: paired_difference(value, own) for way, value in values.items()})
    table = {"remote": {"ndcg": float(own.mean())}}
    for way, difference in differences.items():
        table[way] = {"ndcg": float(values[way].mean()), "difference": asdict(difference)}
        if way in kinds:
            table[way]["kind"] = kinds[way]
    return table


def bytes_of(space: Space) -> int:
    """Return the bytes of a second index, float32."""
    return space.documents.size * 4


def fallback_figures() -> dict:
    """Return what ``python tools/measure_reliability.py fallback`` measured, as it comes with the course.

    Examples
    --------
    >>> found = fallback_figures()
    >>> found["ways out, on test"]["remote"], found["second index bytes"]
    ({'ndcg': 0.7106}, 9449472)
    """
    return json.loads((data_path("serving") / "fallback.json").read_text(encoding="utf-8"))
