"""LanceDB, a database of another shape: a library, no server; a table is a folder of files with versions.

A write never changes a file. It adds one, and a manifest that names the files of the new version; so a reader
keeps the version that it opened, old ones can be read, and a deletion is a list of rows to leave out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedlab.index import Floats, Ints
from embedlab.machine import needs

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

KINDS = ("exact", "IVF_HNSW_SQ", "IVF_PQ")
METRICS = {"exact": "dot", "IVF_HNSW_SQ": "cosine", "IVF_PQ": "cosine"}


def as_table(vectors: Floats, first: int = 0) -> pa.Table:
    """Make an Arrow table of ids, from ``first`` on, and vectors.

    The vectors are a FixedSizeList of float32: such a column knows its dimensions, and refuses others.

    Examples
    --------
    >>> as_table(np.float32([[1, 0]])).schema.field("vector").type  # doctest: +ELLIPSIS
    FixedSizeListType(fixed_size_list<item: float>[2])
    """
    pa = needs("pyarrow")
    rows = pa.FixedSizeListArray.from_arrays(pa.array(np.ravel(vectors)), vectors.shape[1])
    return pa.table({"id": pa.array(np.arange(first, first + len(vectors))), "vector": rows})


def open_table(folder: str | Path, dims: int, name: str = "vectors") -> Table:
    """Open the table in a folder, or make an empty one.

    Raises
    ------
    ValueError
        If the table that is there has vectors of other dims.
    """
    # It reads this when it first makes statistics; unset, it warns in the midst of a notebook.
    os.environ.setdefault("LANCE_INCLUDE_VECTOR_CENTROIDS", "false")
    os.environ.setdefault("LANCE_LOG", "error")
    empty = as_table(np.zeros((0, dims), np.float32))
    database = needs("lancedb").connect(str(folder))
    try:
        return database.create_table(name, schema=empty.schema, exist_ok=True)
    except ValueError as error:
        raise ValueError(f"{str(folder)!r} holds a table that is not of {dims} dims: {error}") from None


def build_lance(
    table: Table,
    kind: str,
    *,
    partitions: int = 1,
    m: int = 20,
    ef_construction: int = 300,
    iterations: int = 50,
) -> None:
    """Index the column of vectors for the cosine; replaces the index that there is.

    Parameters
    ----------
    table : Table
    kind : {"IVF_HNSW_SQ", "IVF_PQ"}
        A graph over codes of 8 bits a number, or product quantization of 8 bits for each 8 numbers.
    partitions : int
        k-means cells; a search looks into ``nprobes`` of them. With IVF_HNSW_SQ each has a graph of its own.
    m, ef_construction : int
        Of the graph.
    iterations : int
        Of k-means, for the cells and for the codebooks.
    """
    from lancedb.index import HnswSq, IvfPq

    dims = table.schema.field("vector").type.list_size
    if kind == "IVF_HNSW_SQ":
        config = HnswSq(
            distance_type="cosine", num_partitions=partitions, m=m, ef_construction=ef_construction
        )
    elif kind == "IVF_PQ":
        config = IvfPq(
            distance_type="cosine",
            num_partitions=partitions,
            num_sub_vectors=max(1, dims // 8),
            max_iterations=iterations,
        )
    else:
        raise ValueError(f"kind must be one of {', '.join(KINDS[1:])}, but is {kind!r}")
    table.create_index("vector", config=config)


def search_lance(
    table: Table,
    query: Floats,
    k: int,
    *,
    metric: str = "cosine",
    nprobes: int | None = None,
    ef: int | None = None,
    refine: int | None = 1,
    where: str = "",
    prefilter: bool = True,
) -> tuple[Floats, Ints]:
    """Search for one query (d,): scores and ids, best first, as many as there are.

    Parameters
    ----------
    table : Table
    query : float32 array (d,)
    k : int
    metric : {"cosine", "dot"}
        The score is 1 less the distance: the cosine, or the inner product. (Where a search without an index
        names no metric, Lance takes the squared Euclidean distance.) One that is not the index's own is no
        error: Lance then reads every vector.
    nprobes : int, optional
        How many partitions are looked into.
    ef : int, optional
        The width of the beam in the graph; at least k times ``refine``.
    refine : int, optional
        How many times k candidates are scored again by their whole vectors. None: not at all; then what comes
        back is the distance between codes, and on a cosine index on another scale: the squared Euclidean
        distance of normalised vectors, twice the cosine distance (issue 3530 of lancedb/lancedb).
    where : str
        A condition in SQL.
    prefilter : bool
        Whether it is applied before the search. Afterwards, fewer than k may be left.
    """
    asked = table.search(query).distance_type(metric).limit(k).select(["id", "_distance"])
    if nprobes is not None:
        asked = asked.minimum_nprobes(nprobes).maximum_nprobes(nprobes)
    asked = asked if ef is None else asked.ef(max(ef, k * (refine or 1)))  # less is an error of Lance's
    asked = asked if refine is None else asked.refine_factor(refine)
    asked = asked.where(where, prefilter=prefilter) if where else asked
    found = asked.to_arrow()
    return (1 - found["_distance"].to_numpy()).astype(np.float32), found["id"].to_numpy().astype(np.int64)


def bytes_on_disk(folder: str | Path) -> int:
    """Add up the files of a folder, those of old versions too."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def as_of(folder: str | Path, dims: int, version: int) -> Table:
    """Open the table as it was in a version: a table to read, not to write.

    Raises
    ------
    ValueError
        If the version was cleaned up, or has never been.
    """
    table = open_table(folder, dims)
    table.checkout(version)
    return table
