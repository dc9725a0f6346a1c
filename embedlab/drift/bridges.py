"""What a bridge between two models keeps of the gain of embedding all documents again, measured.

A bridge goes one of two ways. "queries back": new queries are mapped into the old space, and the index stays
(Vejendla 2025, "Drift-Adapter", EMNLP). "documents ahead": the old vectors are mapped into the new
space, one product of matrices instead of a model's pass over every text; new queries stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import Benchmark, paired_difference, quality
from embedlab.drift.aligning import gain_kept, low_rank_map
from embedlab.index import top_k
from embedlab.machine import shipped_figures
from embedlab.serving import Space, mapped, procrustes, ridge_map, training_rows

Floats = NDArray[np.float32]
Fit = Callable[[Floats, Floats], Floats]
ANCHORS = (100, 250, 500, 1000, 2500)  # and all there are
RANKS = (8, 16, 32, 64, 128, 256, 384)
STRENGTHS = (0.01, 0.1, 1.0)
KINDS: dict[str, Fit] = {"rotation": procrustes} | {
    f"ridge {strength}": (lambda source, target, s=strength: ridge_map(source, target, s))
    for strength in STRENGTHS
}
WAYS = ("queries back", "documents ahead")


def per_query(benchmark: Benchmark, queries: Floats, documents: Floats, part: str) -> NDArray[np.float64]:
    """Return nDCG@10 of each query of a part, (q,)."""
    return quality(benchmark, top_k(queries @ documents.T, 10), split=part)


def ends(benchmark: Benchmark, old: Space, new: Space, part: str) -> dict[str, NDArray[np.float64]]:
    """Return nDCG@10 of each query for "old" (nothing is done), "new" (all is embedded again), "unmapped".

    "unmapped" are new queries in the old index as they are; None where the dimensions differ.
    """
    queries, fits = new.queries[part], old.documents.shape[1] == new.documents.shape[1]
    return {
        "old": per_query(benchmark, old.queries[part], old.documents, part),
        "new": per_query(benchmark, queries, new.documents, part),
        "unmapped": per_query(benchmark, queries, old.documents, part) if fits else None,
    }


def bridged(
    benchmark: Benchmark, old: Space, new: Space, rows: Sequence[int], way: str, fit: Fit, part: str
) -> NDArray[np.float64]:
    """Return nDCG@10 of each query over a bridge that is learned from some documents (the anchors), (q,).

    Parameters
    ----------
    rows : sequence of int
        The anchors: documents that both models have embedded. None that a query of ``part`` asks for.
    way : str
        "queries back" or "documents ahead".
    fit : callable
        ``fit(source, target) -> matrix``.

    Raises
    ------
    ValueError
        If there is no such way.
    """
    if way not in WAYS:
        raise ValueError(f"there is no way {way!r}, but {', '.join(WAYS)}")
    before, after = old.documents[rows], new.documents[rows]
    if way == "queries back":
        return per_query(benchmark, mapped(new.queries[part], fit(after, before)), old.documents, part)
    return per_query(benchmark, new.queries[part], mapped(old.documents, fit(before, after)), part)


def anchors_curve(benchmark: Benchmark, old: Space, new: Space, way: str, *, draws: int = 3) -> list[dict]:
    """Return a row for each number of anchors: the best kind on dev, and what it keeps, with its interval.

    The values of a query are means over the draws of anchors. As the kind is chosen on the same queries, the
    curve flatters a little; `on_test` says what the choice is worth.
    """
    rows, both, table = training_rows(benchmark), ends(benchmark, old, new, "dev"), []
    for n in (*[n for n in ANCHORS if n < len(rows)], len(rows)):
        some = [np.random.default_rng(d).permutation(rows)[:n] for d in range(draws if n < len(rows) else 1)]
        values = {
            kind: np.mean([bridged(benchmark, old, new, one, way, fit, "dev") for one in some], axis=0)
            for kind, fit in KINDS.items()
        }
        kind = max(values, key=lambda name: values[name].mean())
        kept = gain_kept(both["old"], both["new"], values[kind])
        means = {name: float(value.mean()) for name, value in values.items()}
        table.append({"anchors": n, "kind": kind, "ndcg": means, "kept": asdict(kept)})
    return table


def rank_curve(benchmark: Benchmark, old: Space, new: Space, way: str) -> list[dict]:
    """Return a row for each rank, all anchors: the best strength on dev, nDCG@10, and what is kept."""
    rows, both, table = training_rows(benchmark), ends(benchmark, old, new, "dev"), []
    most = min(old.documents.shape[1], new.documents.shape[1])
    for rank in [r for r in RANKS if r <= most]:
        values = {}
        for strength in STRENGTHS:

            def fit(source: Floats, target: Floats, rank: int = rank, strength: float = strength) -> Floats:
                return np.matmul(*low_rank_map(source, target, rank, strength))

            values[strength] = bridged(benchmark, old, new, rows, way, fit, "dev")
        best = max(values, key=lambda name: values[name].mean())
        kept = asdict(gain_kept(both["old"], both["new"], values[best]))
        table.append({"rank": rank, "strength": best, "ndcg": float(values[best].mean()), "kept": kept})
    return table


def on_test(benchmark: Benchmark, old: Space, new: Space, way: str, kinds: Mapping[int, str]) -> list[dict]:
    """Return, for each number of anchors, what the kind that was chosen on dev finds on test: asked once.

    Parameters
    ----------
    kinds : {anchors: kind}

    Returns
    -------
    list of dict
        ``old``, ``new``, ``bridge``: nDCG@10; ``against_new`` and ``against_old``: paired differences;
        ``kept``: the share of the gain.
    """
    rows, both, table = training_rows(benchmark), ends(benchmark, old, new, "test"), []
    for n, kind in kinds.items():
        some = np.random.default_rng(0).permutation(rows)[:n]
        value = bridged(benchmark, old, new, some, way, KINDS[kind], "test")
        table.append(
            {
                "anchors": n,
                "kind": kind,
                "old": float(both["old"].mean()),
                "new": float(both["new"].mean()),
                "bridge": float(value.mean()),
                "against_new": asdict(paired_difference(value, both["new"])),
                "against_old": asdict(paired_difference(value, both["old"])),
                "kept": asdict(gain_kept(both["old"], both["new"], value)),
            }
        )
    return table


def half_migrated(
    benchmark: Benchmark, old: Space, new: Space, matrix: Floats, shares: Sequence[float], *, seed: int = 0
) -> list[dict]:
    """Return nDCG@10 on dev while a share of the documents is embedded again, new queries all the time.

    Parameters
    ----------
    matrix : float32 array (d, e)
        From the old space to the new one.
    shares : sequence of float
        Of the documents that are embedded again, in a seeded order.

    Returns
    -------
    list of dict
        ``share``; ``raw``: the others lie there as they were; ``mapped``: the others are mapped;
        ``new_in_10``: how many of the first ten, where the others are mapped, are embedded again.
    """
    n, ahead = len(new.documents), mapped(old.documents, matrix)
    order, table = np.random.default_rng(seed).permutation(n), []
    for share in shares:
        done = np.zeros(n, bool)
        done[order[: round(share * n)]] = True
        both = {
            name: np.where(done[:, None], new.documents, rest)
            for name, rest in (("raw", old.documents), ("mapped", ahead))
        }
        values = {name: per_query(benchmark, new.queries["dev"], d, "dev") for name, d in both.items()}
        ten = top_k(new.queries["dev"] @ both["mapped"].T, 10)[1]
        row = {"share": share, "new_in_10": float(done[ten].mean())}
        table.append(row | {name: float(value.mean()) for name, value in values.items()})
    return table


def shipped_bridges() -> dict:
    """Return what ``python tools/measure_bridges.py`` measured, as it comes with the course."""
    return shipped_figures("drift", "bridges")
