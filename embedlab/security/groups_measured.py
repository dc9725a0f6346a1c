"""What a user's many groups cost a search, and what a change of rights costs, measured; shipped."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from embedlab.benchmark import docsearch, seeded_sample
from embedlab.embedder import Embedder
from embedlab.index import Floats
from embedlab.machine import data_path, machine_name, postgres, shipped_figures, write_figures
from embedlab.security.group_ways import WAYS, exact_visible, fill, searching
from embedlab.security.shared_folders import draw_folders
from embedlab.vector_databases import connect, interleaved

SHARES = (1 / 300, 0.05, 0.3)
MINE = (10, 2000)


def measure_groups(
    url: str,
    vectors: Floats,
    queries: Floats,
    *,
    shares: Sequence[float] = SHARES,
    mine: Sequence[int] = MINE,
    ways: Sequence[str] = WAYS,
) -> list[dict]:
    """Search in all ways, for users of few and many groups that see small and large shares.

    The ways take turns for each query. The share and the number of groups vary one without the other, see
    `draw_folders`.

    Returns
    -------
    list of dict
        ``share``, ``groups``, ``way``, ``ms`` (of each query), ``recall`` (of each query, of the 10 nearest
        that may be seen), ``rows`` (mean number returned).
    """
    found = []
    for share in shares:
        for groups in mine:
            drawn = draw_folders(len(vectors), share, mine=groups)
            with connect(url) as connection:
                fill(connection, vectors, drawn)
            exact = exact_visible(vectors, drawn, queries)
            with searching(url, drawn) as searches:
                searches = {name: searches[name] for name in ways}
                ids, seconds = interleaved(searches, queries)
            for way in ways:
                hits = [len(set(a) & set(b.tolist())) / len(b) for a, b in zip(ids[way], exact, strict=True)]
                assert not any(set(a) - set(np.flatnonzero(drawn.visible).tolist()) for a in ids[way])
                found.append(
                    {
                        "share": round(share, 4),
                        "groups": groups,
                        "way": way,
                        "ms": [round(1000 * one, 3) for one in seconds[way]],
                        "recall": [round(one, 3) for one in hits],
                        "rows": round(float(np.mean([len(one) for one in ids[way]])), 2),
                    }
                )
    return found


def some_vectors(n: int, asked: int = 20) -> tuple[Floats, Floats]:
    """Return the vectors of a seeded sample of DocSearch's documents, and of its dev queries."""
    benchmark, embedder = docsearch(), Embedder.load()
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut")
    texts = seeded_sample(benchmark.split("dev")[1], asked, seed=7)
    chosen = np.random.default_rng(7).permutation(len(documents))[:n]
    return documents[chosen], embedder.encode(texts, cache=True)


def write_groups(n: int = 6_152) -> None:
    """Measure anew, and put the result in the place of the one that comes with the course; minutes."""
    vectors, queries = some_vectors(n)
    with postgres(settings={"shared_buffers": "512MB"}) as url:
        rows = measure_groups(url, vectors, queries)
    about = {
        "machine": machine_name(),
        "date": time.strftime("%Y-%m-%d"),
        "command": "embedlab.security.write_groups()",
        "vectors": n,
        "queries": len(queries),
    }
    write_figures(data_path("security") / "groups.json", {"about": about, "rows": rows})


def shipped_groups() -> Mapping[str, Any]:
    """Return the measurement that comes with the course; see its ``about``."""
    return shipped_figures("security", "groups")
