"""Where the numbers of an extrapolation come from: what chapters measured and ship, between their points."""

from __future__ import annotations

from functools import cache

import numpy as np

from embedlab.machine import shipped_figures


@cache
def figures(name: str) -> dict:
    """Read what `tools/measure_design.py` measured: scans, growth, words or distractors."""
    return shipped_figures("design/measured", name)


def graph_seconds(ef: int) -> float:
    """Interpolate chapter 19: seconds of a search in a graph of 100,000 (faiss) at a width of the beam.

    Examples
    --------
    >>> graph_seconds(20) < graph_seconds(100) < graph_seconds(320)
    True
    """
    rows = [
        row for row in shipped_figures("vector_databases", "recall")["rows"] if row["engine"] == "faiss HNSW"
    ]
    return float(np.interp(ef, [row["value"] for row in rows], [row["ms"] for row in rows])) / 1000


def encode_seconds(tokens: float) -> float:
    """Interpolate chapter 17: core seconds that one query of so many tokens takes (ONNX Runtime).

    Beyond the longest that was measured, in proportion. In bulk a short text costs less, a long one does not.

    Examples
    --------
    >>> encode_seconds(8) < encode_seconds(100) < encode_seconds(400) == 2 * encode_seconds(200)
    True
    """
    found = shipped_figures("serving", "speed")
    rows = [row for row in found["rows"] if row["engine"] == "onnxruntime" and row["texts"] == 1]
    longest = rows[-1]["tokens"]
    ms = np.interp(tokens, [row["tokens"] for row in rows], [row["ms"] for row in rows]) * max(
        1, tokens / longest
    )
    return float(ms) / 1000 * found["threads"]


def word_seconds(tokens: float, terms: str = "all") -> float:
    """Interpolate what one more document costs a BM25 query of so many tokens, in core seconds (chapter 22).

    Beyond the longest query that was timed, in proportion.

    Parameters
    ----------
    tokens : float
        Of the query.
    terms : {"all", "rarest"}
        Whether all its terms are matched, or its ten rarest.

    Examples
    --------
    >>> word_seconds(10) < word_seconds(100) < word_seconds(400)
    True
    >>> word_seconds(180, "rarest") < word_seconds(180)
    True
    """
    *rows, rarest = figures("words")["rows"]
    lengths, ns = [row["tokens"] for row in rows], [row["ns a document"] for row in rows]
    whole = float(np.interp(tokens, lengths, ns)) * max(1, tokens / lengths[-1])
    return 1e-9 * (min(whole, rarest["ns a document"]) if terms == "rarest" else whole)


def recall_at_100k(ef: int) -> float:
    """Interpolate chapter 19's recall@10 of a graph of 100,000 (faiss, M 16) at a width of the beam."""
    rows = [
        row for row in shipped_figures("vector_databases", "recall")["rows"] if row["engine"] == "faiss HNSW"
    ]
    return float(np.interp(ef, [row["value"] for row in rows], [row["recall"] for row in rows]))
