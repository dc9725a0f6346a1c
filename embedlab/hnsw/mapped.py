"""An index that is searched where it lies, in its file: neither vectors nor codes are read to open it."""

from functools import partial
from io import UnsupportedOperation
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embedlab.hnsw import graph as hnsw
from embedlab.hnsw.checks import check_links
from embedlab.hnsw.storage import SETTINGS, Storage
from embedlab.index import Floats
from embedlab.machine import StoreError, files

UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class MappedStorage(Storage):
    """What an `HNSWIndex` holds, in memory or, once it has been opened, in its ``file``.

    A walk on codes touches codes and links; of the vectors only those are read that are scored in the end.
    """

    file: Path | None = None

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: its numbers, unless they stay in a file, its codes, its links, its twin."""
        in_file = self.file is not None and self.codes is not None
        return super().bytes_per_vector - in_file * self.dims * self.vectors.itemsize

    def save(self, path: str | Path, *, rows: str = "float32") -> None:
        """Write the index to a file, all or nothing, to be loaded or opened.

        Searches and deletes go on meanwhile; an addition or a repair ends before, or waits.

        Parameters
        ----------
        path : str or Path
        rows : {"float32", "float16"}
            How the vectors are stored. Half the bytes move a score by some 0.00001; the walk is the same, as
            it is on codes, which there must be.
        """
        if rows not in ("float32", "float16") or (rows == "float16" and self.codes is None):
            raise ValueError(f"rows must be 'float32', or 'float16' beside codes, but are {rows!r}")
        rounded = as_float16 if rows == "float16" else partial(np.asarray, dtype=np.float32)
        with self._adding:
            with self._lock.reading():
                arrays, about = self._state()
            arrays["vectors"] = rounded(self.vectors[: len(self)])  # as `aligned` makes them
            files.save_aligned(path, "index", arrays, {"class": type(self).__name__, **about})

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a saved index where it is, to be searched.

        Levels, upper layers and twins are read and checked, a dozen bytes a vector; of vectors, codes and the
        links of layer 0 nothing before a search wants it. The file must stay as it is; to write a new one to
        its place does no harm, but fails on Windows. Copies of the index, and what pickle makes of it, lie in
        memory.

        Raises
        ------
        StoreError
            If the file is missing, damaged, holds something else, or was written by an earlier version. A
            damaged link is found by the search that comes to it.

        Examples
        --------
        >>> import tempfile
        >>> from embedlab.hnsw import HNSWIndex
        >>> index = HNSWIndex(16, codes="int8")
        >>> index.add(np.eye(16))
        >>> index.save(path := Path(tempfile.mkdtemp(), "index"))
        >>> HNSWIndex.open(path).search(np.eye(16)[:3], k=1)[1].ravel()
        array([0, 1, 2])
        """
        arrays, about = files.mapped(path, "index")
        name = about.get("class")
        if name != cls.__name__:
            raise StoreError(f"{str(path)!r} holds a {name}, not a {cls.__name__}")
        try:
            index = cls(**{name: about[name] for name in SETTINGS})
            index._use(arrays, about)
        except UNREADABLE as error:
            reason = f"{type(error).__name__}: {error}"
            raise StoreError(f"{str(path)!r} holds no {name} that can be opened ({reason})") from error
        index.file = Path(path)
        if index.codes:
            files.read_one_by_one(index.vectors)
        return index

    def _use(self, arrays, about) -> None:
        """Take these arrays for one's own, as they are."""
        rows = arrays.get("codes", arrays["vectors"]) if self.codes else arrays["vectors"]
        n, like = len(arrays["vectors"]), self.graph.rows
        if rows.dtype != like.dtype or rows.ctypes.data % 64 or "twins" not in arrays:
            raise ValueError("written by an earlier version: load it, and save it anew")
        shape = n, like.shape[1]
        vectors, kinds = arrays["vectors"], ("float32", "float16")
        if rows.shape != shape or vectors.shape != shape or vectors.dtype not in kinds:
            raise ValueError(f"{about['dims']} dimensions, but vectors {vectors.shape} of {vectors.dtype}")
        check_links(arrays, about, lowest=1)
        self.vectors, self.levels, self.deleted = (arrays[name] for name in ("vectors", "levels", "deleted"))
        self.scale, self.longest = float(about["scale"]), float(about["longest"])
        place = (np.cumsum(self.levels) - self.levels).astype(np.int32)
        links = (arrays[name] for name in ("links", "upper"))
        at = np.array([about["entry"], about["top"], n])
        self.graph = hnsw.Graph(rows, *links, place, arrays["twins"], at)

    def _refuse_in_file(self) -> None:
        if self.file is not None:
            how = f"{type(self).__name__}.load reads it into memory, where it can be changed and saved"
            raise UnsupportedOperation(f"{str(self.file)!r} was opened to be searched only: {how}")

    @property
    def _to_score(self) -> NDArray:
        """The vectors, as compiled code takes them: it knows no float16, but its bits."""
        return self.vectors.view(np.uint16) if self.vectors.dtype == np.float16 else self.vectors


def as_float16(vectors: Floats) -> NDArray[np.float16]:
    """Round to float16; ValueError where that ends in infinity."""
    with np.errstate(over="ignore"):
        halves = vectors.astype(np.float16)
    if not np.isfinite(halves).all():
        raise ValueError("a number is too large for float16, which ends at 65,504")
    return halves
