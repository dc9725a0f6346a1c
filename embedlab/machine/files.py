"""Arrays on disk, together with what made them.

The file is in the safetensors format: a header that says what follows, then the bare numbers, so loading
runs no code (a pickle could) and a truncated file is noticed.
"""

import json
import mmap
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from embedlab.machine.cache import write_atomically

LINE, PAGE = 64, 4096  # bytes of a cache line, of a page of memory
CODES = {"bool": "BOOL", "uint8": "U8", "float16": "F16", "float32": "F32", "float64": "F64"}
CODES |= {f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)}
CODES |= {f"uint{bits}": f"U{bits}" for bits in (16, 32, 64)}


class StoreError(ValueError):
    """A file that is missing, damaged, or not what was asked for."""


def save(path: str | Path, kind: str, arrays: dict[str, NDArray], about: dict | None = None) -> None:
    """Write arrays and a description of them to one file, all or nothing.

    Parameters
    ----------
    path : str or Path
    kind : str
        What is stored, such as ``"FlatIndex"``; `load` refuses a file of another kind.
    arrays : dict of numpy arrays
    about : dict, optional
        Anything that JSON can hold; the versions of embedlab and numpy are added.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_atomically(Path(path), lambda file: save_file(contiguous, file, metadata=_made_by(kind, about)))


def load(path: str | Path, kind: str) -> tuple[dict[str, NDArray], dict]:
    """Read back what `save` wrote: the arrays and the description.

    Raises
    ------
    StoreError
        If there is no such file, it is damaged, or it holds something else than ``kind``.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "index"
    >>> save(path, "Demo", {"x": np.arange(3)}, {"normalized": True})
    >>> load(path, "Demo")
    ({'x': array([0, 1, 2])}, {'normalized': True})
    """
    return _read(path, kind, lambda file: {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118


def save_aligned(
    path: str | Path, kind: str, arrays: dict[str, NDArray], about: dict | None = None, *, first: str = ""
) -> None:
    """Write as `save` does, and so that the arrays can be used where they lie, see `mapped`.

    Those that fill whole cache lines come first, so that each of them begins on one; the very first, which
    ``first`` may name, begins where a page of memory and a sector of a disk can.
    """

    def place(name: str) -> tuple[bool, bool, int]:
        return name != first, arrays[name].nbytes % LINE > 0, -arrays[name].itemsize

    names = sorted(arrays, key=place)
    header: dict = {"__metadata__": _made_by(kind, about)}
    end = 0
    for name in names:
        start, end = end, end + arrays[name].nbytes
        dtype, shape = CODES[arrays[name].dtype.name], list(arrays[name].shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % PAGE)

    def fill(temporary: Path) -> None:
        with open(temporary, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for name in names:
                file.write(np.ascontiguousarray(arrays[name]).data)
            file.flush()
            os.fsync(file.fileno())
            if hasattr(os, "posix_fadvise"):  # Linux keeps what was written in pieces of 2 MB, and would map
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # one where a row is read

    write_atomically(Path(path), fill)


def mapped(path: str | Path, kind: str) -> tuple[dict[str, NDArray], dict]:
    """Open what `save` or `save_aligned` wrote: as `load`, but nothing is read before it is looked at.

    The arrays are a memory map of the file, for reading only. The file must stay as it is; to write a new one
    to its place does no harm, but fails on Windows.

    Raises
    ------
    StoreError
        As `load`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "index"
    >>> save_aligned(path, "Demo", {"x": np.arange(3), "y": np.zeros((5, 64), np.uint8)})
    >>> mapped(path, "Demo")[0]["x"], mapped(path, "Demo")[0]["y"].ctypes.data % 64
    (array([0, 1, 2]), 0)
    """
    return _read(path, kind, lambda _file: _maps(path))


def _maps(path: str | Path) -> dict[str, NDArray]:
    dtypes = {code: np.dtype(name) for name, code in CODES.items()}
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # ACCESS_COPY asks for as much memory
    header.pop("__metadata__")
    return {
        name: np.ndarray(one["shape"], dtypes[one["dtype"]], memory, 8 + size + one["data_offsets"][0])
        for name, one in header.items()
    }


def read_one_by_one(rows: NDArray) -> None:
    """Tell the system that single rows of a `mapped` array are wanted: it then reads nothing around them."""
    if hasattr(mmap, "MADV_RANDOM") and isinstance(rows.base, mmap.mmap) and rows.nbytes:
        first = rows.ctypes.data - np.frombuffer(rows.base, np.uint8).ctypes.data
        start = first // mmap.PAGESIZE * mmap.PAGESIZE
        rows.base.madvise(mmap.MADV_RANDOM, start, first + rows.nbytes - start)


def _made_by(kind: str, about: dict | None) -> dict[str, str]:
    versions = {name: version(name) for name in ("embedlab", "numpy")}
    return {"kind": kind, "about": json.dumps(about or {}), "versions": json.dumps(versions)}


def _read(path: str | Path, kind: str, arrays_of: Callable) -> tuple[dict[str, NDArray], dict]:
    try:
        with safe_open(path, framework="numpy") as file:  # looks whether the arrays fill the file
            about = _about(path, kind, file.metadata() or {})
            kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
            if unknown := kinds - set(CODES.values()):
                raise StoreError(f"{str(path)!r} holds numbers of type {min(unknown)}, none of embedlab's")
            return arrays_of(file), about
    except FileNotFoundError as error:
        raise StoreError(f"there is no file {str(path)!r}") from error
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{str(path)!r} is damaged, or no index of embedlab: {error}") from error


def _about(path: str | Path, kind: str, header: dict[str, str]) -> dict:
    if header.get("kind") != kind:
        raise StoreError(f"{str(path)!r} holds {header.get('kind', 'something unknown')!r}, not {kind!r}")
    try:
        about = json.loads(header["about"])
    except (KeyError, ValueError, RecursionError) as error:
        raise StoreError(f"{str(path)!r} does not say what made it ({error})") from error
    if not isinstance(about, dict):
        raise StoreError(f"{str(path)!r} does not say what made it, but {about!r}")
    return about
