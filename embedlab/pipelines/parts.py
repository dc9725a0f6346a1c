"""Vectors of a corpus in Parquet files: what is there is not embedded again, and a part is whole or absent.

A part is named by what is in it. Two workers that embed the same part write the same file, so that doing it
twice does no harm: a worker may be killed and its part given to another.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import PACKAGED_SHA256, StoreError, content_key, needs, write_atomically

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float32]
Key = tuple[str, str]  # the id of a document and the hash of its text
ABOUT = "about.json"


@dataclass(frozen=True)
class Part:
    """Documents that are embedded together, and whose vectors lie in one file."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def hashes(self) -> list[str]:
        """The hash of each text."""
        return [content_key(text) for text in self.texts]

    @property
    def file(self) -> str:
        """Name of the file: a hash of the ids and the texts."""
        return f"{content_key(*self.ids, *self.hashes)}.parquet"


def cut(ids: Sequence[str], texts: Sequence[str], done: set[Key], rows: int = 256) -> list[Part]:
    """Leave out what is done, and cut the rest into parts of at most ``rows`` documents.

    Parameters
    ----------
    ids, texts : sequences of n str
    done : set of (id, hash of the text)
        As `done_in` returns it. An edited text has another hash, so that it is embedded again.
    rows : int

    Raises
    ------
    ValueError
        If ``rows`` is less than 1, or there are not as many ids as texts.

    Examples
    --------
    >>> done = {("a", content_key("one"))}
    >>> [part.ids for part in cut(["a", "b", "c", "d"], ["one", "two", "three", "four"], done, rows=2)]
    [('b', 'c'), ('d',)]
    >>> [part.ids for part in cut(["a"], ["one, edited"], done)]
    [('a',)]
    """
    if rows < 1:
        raise ValueError(f"a part of {rows} documents: it must hold at least 1")
    pairs = zip(ids, texts, strict=True)
    left = [(i, text) for i, text in pairs if (i, content_key(text)) not in done]
    return [Part(*zip(*left[start : start + rows], strict=True)) for start in range(0, len(left), rows)]


def write_part(out: Path, part: Part, vectors: Floats) -> None:
    """Write one part, all or nothing: ids, hashes of the texts, and vectors of float32.

    Raises
    ------
    ValueError
        If there is not one vector for each document, or a number in them is not finite.
    """
    import pyarrow as pa
    from pyarrow import parquet

    vectors = np.ascontiguousarray(vectors, np.float32)
    if vectors.ndim != 2 or len(vectors) != len(part.ids):
        raise ValueError(f"vectors of shape {vectors.shape} for {len(part.ids)} documents")
    if not np.isfinite(vectors).all():
        raise ValueError(f"a vector of document {part.ids[0]!r} or one after it is not finite")
    rows = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    table = pa.table({"id": list(part.ids), "hash": part.hashes, "vector": rows})
    # Random numbers do not compress: 384 float32 stay 1,536 bytes.
    write_atomically(out / part.file, lambda path: parquet.write_table(table, path, compression="none"))


def open_out(out: str | Path, name: str) -> set[Key]:
    """Make the folder, or check that its vectors come from the same encoder; return what is done.

    Raises
    ------
    StoreError
        If another encoder has written there, the folder holds something else, or a file in it is damaged.
    """
    needs("pyarrow.parquet")
    out = Path(out)
    about = {"encoder": name, "weights": None if name == "hashed" else PACKAGED_SHA256}
    if (out / ABOUT).exists():
        found = json.loads((out / ABOUT).read_text())
        if found != about:
            raise StoreError(f"{out} holds vectors of {found}, not of {about}: choose another folder")
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"{out} is not empty, and holds no {ABOUT}: nothing is written there")
    else:
        write_atomically(out / ABOUT, lambda path: path.write_text(json.dumps(about)))
    return done_in(out)


def done_in(out: Path) -> set[Key]:
    """Return (id, hash of the text) of every document whose vector is in the folder."""
    tables = [_read(file, ["id", "hash"]) for file in sorted(out.glob("*.parquet"))]
    return {key for table in tables for key in zip(*table.to_pydict().values(), strict=True)}


def vectors_in(out: str | Path, ids: Sequence[str], texts: Sequence[str]) -> Floats:
    """Return the vectors of these documents, in this order, (n, d).

    Vectors of texts that have been edited since are in the folder still, and are not looked at.

    Raises
    ------
    KeyError
        If a document has no vector; the first one is named.
    """
    found: dict[Key, Floats] = {}
    for file in sorted(Path(out).glob("*.parquet")):
        table = _read(file).combine_chunks()
        column = table["vector"].chunk(0)
        rows = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
        keys = zip(table["id"].to_pylist(), table["hash"].to_pylist(), strict=True)
        found |= dict(zip(keys, rows, strict=True))
    wanted = [(i, content_key(text)) for i, text in zip(ids, texts, strict=True)]
    missing = [key[0] for key in wanted if key not in found]
    if missing:
        raise KeyError(f"{len(missing)} documents have no vector in {out}, the first is {missing[0]!r}")
    return np.stack([found[key] for key in wanted])


def embed_parts(
    parts: Iterable[Part],
    encode: Callable[[list[str]], Floats],
    out: Path,
    progress: Callable[[int], object] = lambda rows: None,
) -> None:
    """Embed part after part in this process: the plain loop, beside which Ray is measured.

    Parameters
    ----------
    parts : iterable of Part
    encode : callable
        ``encode(texts) -> float32 array (n, d)``.
    out : Path
    progress : callable
        Told the documents of each part, as soon as they are on disk.
    """
    for part in parts:
        write_part(out, part, encode(list(part.texts)))
        progress(len(part.ids))


def _read(file: Path, columns: list[str] | None = None) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.read_table(file, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{file} is damaged ({error}); remove it, and its documents are embedded again"
        ) from error
