"""What a tenant learns of another although no row of it is shown: by the number of rows, and by the time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from embedlab.index import Floats
from embedlab.vector_databases import (
    Row,
    acting_as,
    configure,
    copy_rows,
    create_hnsw,
    create_partition,
    create_table,
    nearest,
    tenant_policies,
)

DECOYS = 40  # the default of hnsw.ef_search: as many rows the graph gives before the policy is asked


def guarded_table(connection: Any, rows: Sequence[Row], tenants: Sequence[str] = ()) -> str:
    """Make a table of documents with a graph and the policies of chapter 19, and return its name.

    With ``tenants``, each of them gets a partition, and so a graph of its own.
    """
    table, dims = f"guarded_{secrets.token_hex(4)}", len(rows[0].embedding)
    connection.execute(create_table(table, dims, by_tenant=bool(tenants)))
    for tenant in tenants:
        connection.execute(create_partition(table, tenant))
    copy_rows(connection, table, rows)
    connection.execute(create_hnsw(table, dims=dims))
    for statement in tenant_policies(table):
        connection.execute(statement)
    return table


def decoys(first: int, tenant: str, vector: Floats, *, n: int = DECOYS, noise: float = 0.2, seed: int = 0):
    """Make rows of the attacker's own around a vector: nearer to it than anything, but for the text itself.

    Parameters
    ----------
    first : int
        The first id.
    vector : float32 array (d,), of length 1
        Of the text that the attacker asks about.
    noise : float
        Length of what is added before normalising: the decoys' cosine with it is ``1 / sqrt(1 + noise**2)``.
        An attacker who may only write texts adds a word or two to the text.

    Examples
    --------
    >>> rows = decoys(7, "a", np.float32([1, 0, 0, 0]), n=3)
    >>> [row.id for row in rows], round(float(rows[0].embedding[0]), 2)
    ([7, 8, 9], 0.98)
    """
    added = np.random.default_rng(seed).normal(size=(n, len(vector)))
    added -= np.outer(added @ vector, vector)
    made = vector + noise * added / np.linalg.norm(added, axis=1, keepdims=True)
    made = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    return [Row(first + i, "", "", tenant, one) for i, one in enumerate(made)]


def rows_back(connection: Any, table: str, tenant: str, query: Floats, k: int = DECOYS) -> int:
    """Return how many rows a tenant gets that asks for k, all of them its own."""
    with acting_as(connection, "reader", tenant):
        statement = nearest(table, dims=len(query))
        return len(connection.execute(statement, {"query": query, "k": k}).fetchall())


def rows_tell(
    connection: Any,
    table: str,
    asked: Floats,
    *,
    tenant: str = "attacker",
    k: int = DECOYS,
    others: int = 0,
    settings: Mapping[str, object] | None = None,
) -> list[int]:
    """Return for each vector how many rows come back to a tenant that has decoys around it.

    The index gives its 40 nearest rows, *then* the policy takes away those of others. If somebody has the
    document itself, it takes the place of a decoy, and one row fewer comes back. So would a decoy that was
    deleted after an earlier attack and is still in the graph: VACUUM comes first.

    Parameters
    ----------
    asked : float32 array (n, d)
    others : int
        How many of the 40 decoys, the nearer ones, belong to a second account of the attacker. With
        ``DECOYS - k`` of them, a stored text pushes out one of the k that are asked for.
    settings : mapping, optional
        Of the search, such as ``{"hnsw.iterative_scan": "relaxed_order"}``.
    """
    connection.execute(f'VACUUM (INDEX_CLEANUP ON) "{table}"')
    configure(connection, {"enable_seqscan": "off", "enable_sort": "off", **(settings or {})})
    counts = []
    for number, vector in enumerate(asked):
        first = 10_000_000 + DECOYS * number
        near = decoys(first, f"{tenant}'s second", vector, n=others, noise=0.19, seed=number)
        far = decoys(first + others, tenant, vector, n=DECOYS - others, seed=number + 500)
        copy_rows(connection, table, near + far)
        counts.append(rows_back(connection, table, tenant, vector, k))
        connection.execute(f'DELETE FROM "{table}" WHERE id >= {first}')
    configure(connection, {name: "off" for name in (settings or {}) if name == "hnsw.iterative_scan"})
    return counts


def crowd_tells(
    connection: Any, table: str, spot: Floats, control: Floats, *, n: int = 800, tenant: str, tries: int = 60
) -> dict[str, tuple[list[float], list[float]]]:
    """Time a tenant's searches at two places, before and after another one stores n documents at the first.

    Scans are iterative: they go on through the others' rows until ten of the tenant's own are found.

    Returns
    -------
    dict
        For "spot" and "control", the milliseconds of each search before and after, the places taking turns.
    """
    plans = {"plan_cache_mode": "force_custom_plan"}  # a plan that changes midway would tell by itself
    configure(connection, {"enable_seqscan": "off", "hnsw.iterative_scan": "relaxed_order", **plans})
    took: dict[str, tuple[list[float], list[float]]] = {"spot": ([], []), "control": ([], [])}
    for after in (0, 1):
        if after:
            copy_rows(connection, table, decoys(20_000_000, "victim", spot, n=n, noise=0.7, seed=1))
        for number in range(tries + 3):
            for name, query in (("spot", spot), ("control", control)):
                start = time.perf_counter()
                rows_back(connection, table, tenant, query, k=10)
                if number >= 3:  # the first ones warm up
                    took[name][after].append(1000 * (time.perf_counter() - start))
    connection.execute(f'DELETE FROM "{table}" WHERE tenant = %s', ("victim",))
    configure(connection, {"hnsw.iterative_scan": "off"})
    return took


class VectorCache:
    """Vectors of texts that were embedded before, for all tenants, or for each its own.

    Parameters
    ----------
    embed : callable
        ``embed(text) -> vector``.
    shared : bool

    Examples
    --------
    >>> cache = VectorCache(len, shared=False)
    >>> cache("a", "text"), list(cache.kept)
    (4, [('a', 'text')])
    """

    def __init__(self, embed: Callable[[str], Any], *, shared: bool):
        self.embed, self.shared, self.kept = embed, shared, {}

    def __call__(self, tenant: str, text: str) -> Any:
        """Return the vector of a text."""
        key = ("" if self.shared else tenant, text)
        if key not in self.kept:
            self.kept[key] = self.embed(text)
        return self.kept[key]


def times_tell(cache: VectorCache, asked: Sequence[str], others: Sequence[str]) -> tuple[list, list]:
    """Return the milliseconds of the attacker's requests: for texts that a victim asked, and for others.

    The two kinds take turns, so that a slow moment of the machine meets both.

    Parameters
    ----------
    asked, others : sequences of str
        Of one length; no text in both.
    """
    for text in asked:
        cache("victim", text)
    took: tuple[list, list] = [], []
    for pair in zip(asked, others, strict=True):
        for place, text in enumerate(pair):
            start = time.perf_counter()
            cache("attacker", text)
            took[place].append(1000 * (time.perf_counter() - start))
    return took
