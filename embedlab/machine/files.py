"""Arrays on disk, together with what made them.

The file is in the safetensors format: a header that says what follows, then the bare numbers, so loading
runs no code (a pickle could) and a truncated file is noticed.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from embedlab.machine.cache import write_atomically


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
    versions = {name: version(name) for name in ("embedlab", "numpy")}
    header = {"kind": kind, "about": json.dumps(about or {}), "versions": json.dumps(versions)}
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_atomically(Path(path), lambda file: save_file(contiguous, file, metadata=header))


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
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except FileNotFoundError as error:
        raise StoreError(f"there is no file {str(path)!r}") from error
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{str(path)!r} is damaged, or no index of embedlab: {error}") from error
    if header.get("kind") != kind:
        raise StoreError(f"{str(path)!r} holds {header.get('kind', 'something unknown')!r}, not {kind!r}")
    try:
        about = json.loads(header["about"])
    except (KeyError, ValueError, RecursionError) as error:
        raise StoreError(f"{str(path)!r} does not say what made it ({error})") from error
    if not isinstance(about, dict):
        raise StoreError(f"{str(path)!r} does not say what made it, but {about!r}")
    return arrays, about
