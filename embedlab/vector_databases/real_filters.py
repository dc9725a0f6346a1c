"""Conditions that follow the geometry: a package's documents lie together, and so do its questions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embedlab.index import Floats, Ints
from embedlab.vector_databases.experiments import K, Rows, ask, best_of, filled_table, kept
from embedlab.vector_databases.filtering import CUSTOM, WAYS
from embedlab.vector_databases.indexing import configure, create_hnsw, nearest
from embedlab.vector_databases.recall import share_found


@kept
def package_filters(
    url: str, vectors: Floats, queries: Floats, owners: Ints, asked_of: Ints, *, ef: int = 40
) -> Rows:
    """Search within each owner's rows: for its own questions, for the others', and with owners dealt anew.

    Parameters
    ----------
    url : str
    vectors, queries : float32 arrays (n, dims) and (q, dims)
    owners : int array (n,)
        Whose row each is.
    asked_of : int array (q,)
        Whose rows hold what each query looks for.

    Returns
    -------
    list of dict
        ``condition`` (the query's own owner, another owner, at random), ``way`` (after the index, strict or
        relaxed order); ``queries`` (asked), ``rows`` (of 10, mean), ``short`` (share of the queries with
        fewer), ``recall`` and ``ms`` (means over the owners, weighted by their queries).
    """
    found = []
    shuffled = np.random.default_rng(0).permutation(owners)
    everyone = np.ones(len(queries), bool)
    for condition, owner in {"own": owners, "another": owners, "at random": shuffled}.items():
        with filled_table(url, vectors, [str(one) for one in owner]) as (connection, table):
            dims = vectors.shape[1]
            connection.execute(create_hnsw(table, dims=dims))
            settings = {"hnsw.ef_search": ef, "enable_seqscan": "off", "plan_cache_mode": CUSTOM}
            configure(connection, settings)
            statement = nearest(table, dims=dims, where="tenant = %(tenant)s")
            for way, scan in WAYS.items():
                configure(connection, {"hnsw.iterative_scan": scan})
                ids: list[Sequence[int]] = []
                exact, seconds = [], 0.0
                for one in np.unique(owners):
                    who = {"own": asked_of == one, "another": asked_of != one}.get(condition, everyone)
                    answers, ms = ask(connection, statement, queries[who], tenant=str(one))
                    ids += answers
                    exact.append(best_of(vectors, queries[who], owner == one))
                    seconds += ms * who.sum()
                rows = np.array([len(row) for row in ids])
                about = {"condition": condition, "way": way, "queries": len(ids)}
                about |= {"rows": round(float(rows.mean()), 2), "short": round(float((rows < K).mean()), 3)}
                about |= {"recall": share_found(ids, np.concatenate(exact))}
                found.append(about | {"ms": round(float(seconds) / len(ids), 2)})
    return found
