"""A table of LanceDB behind the contract of all indexes."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

import numpy as np

from embedlab.index import Floats, Index, Ints, State, as_vectors, whole
from embedlab.vector_databases.lance import (
    KINDS,
    METRICS,
    as_table,
    build_lance,
    bytes_on_disk,
    open_table,
    search_lance,
)


class LanceIndex(Index):
    """Vectors in a LanceDB table, behind the contract of all indexes.

    Scores are inner products; with an index, cosines: the same for vectors of length 1. The index is built at
    the first search, from all rows that are there. Later ones are read one by one until `optimize`.

    Parameters
    ----------
    dims : int
    folder : str or Path, optional
        One that holds a table is taken over with its rows. By default a temporary one, which goes with the
        index.
    kind : {"exact", "IVF_HNSW_SQ", "IVF_PQ"}
    partitions, nprobes, ef, refine : int
        As in `build_lance` and `search_lance`; all but ``partitions`` can be changed at any time.

    Examples
    --------
    >>> LanceIndex(384, kind="IVF_FISH")
    Traceback (most recent call last):
    ValueError: kind must be one of exact, IVF_HNSW_SQ, IVF_PQ, but is 'IVF_FISH'
    """

    def __init__(
        self,
        dims: int,
        folder: str | Path | None = None,
        *,
        kind: str = "exact",
        partitions: int = 1,
        nprobes: int = 20,
        ef: int = 100,
        refine: int = 1,
    ):
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, but is {kind!r}")
        self.dims, self.kind, self.partitions = whole("dims", dims), kind, whole("partitions", partitions)
        self.nprobes, self.ef, self.refine = nprobes, ef, refine
        if folder is None:
            folder = tempfile.mkdtemp(prefix="embedlab-lance-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.folder, self.table = Path(folder), open_table(folder, dims)

    def __len__(self) -> int:
        return self.table.count_rows()

    @property
    def bytes_per_vector(self) -> float:
        """What a vector takes on disk, in all files of the folder: also those of older versions."""
        return bytes_on_disk(self.folder) / max(len(self), 1)

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims), all or none: one new version of the table."""
        vectors = as_vectors(vectors, self.dims)
        if len(vectors):
            self.table.add(as_table(vectors, len(self)))

    def search(self, queries: Floats, k: int) -> tuple[Floats, Ints]:
        """Find the k best vectors of each query, as in `Index.search`."""
        queries, k = as_vectors(queries, self.dims), whole("k", k)
        if self.kind != "exact" and len(self) and not self.table.list_indices():
            build_lance(self.table, self.kind, partitions=self.partitions)
        settings = (
            {"nprobes": self.nprobes, "ef": self.ef, "refine": self.refine} if self.kind != "exact" else {}
        )
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), -1, np.int64)
        for row, query in enumerate(queries):
            best, found = search_lance(self.table, query, k, metric=METRICS[self.kind], **settings)
            scores[row, : len(best)], ids[row, : len(best)] = best, found
        return scores, ids

    def optimize(self) -> None:
        """Take rows that came later into the index, and many small files into a few large ones."""
        self.table.optimize()

    def state(self) -> State:
        """Return what `save` writes."""
        rows = self.table.to_arrow().sort_by("id")
        vectors = rows["vector"].combine_chunks().flatten().to_numpy().reshape(-1, self.dims)
        about = {
            name: getattr(self, name) for name in ("dims", "kind", "partitions", "nprobes", "ef", "refine")
        }
        return {"vectors": vectors}, about

    @classmethod
    def from_state(cls, arrays: dict[str, Floats], about: dict) -> LanceIndex:
        """Make the index from its `state`."""
        index = cls(**{key: value for key, value in about.items() if key != "class"})
        index.add(arrays["vectors"])
        return index
