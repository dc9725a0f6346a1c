"""Results that are slow to make and always come out the same, kept on disk.

Each result is a file named after the hash of what made it, so a stale result cannot be mistaken for a
fresh one: other input, other name. A file is written beside its place and renamed, so a reader sees a whole
file or none; a lock lets the second of two notebooks wait for the first instead of doing the work again.
"""

import hashlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from filelock import FileLock
from platformdirs import user_cache_path

T = TypeVar("T")
TAG = "CACHEDIR.TAG"


def cache_dir() -> Path:
    """Return the folder of cached results: ``$EMBEDLAB_CACHE``, or the user's cache folder.

    Examples
    --------
    >>> os.environ["EMBEDLAB_CACHE"] = "somewhere"
    >>> cache_dir().name
    'somewhere'
    >>> del os.environ["EMBEDLAB_CACHE"]
    """
    return Path(os.environ.get("EMBEDLAB_CACHE") or user_cache_path("embedlab"))


def cache_file(kind: str, name: str) -> Path:
    """Return the place of a file in the cache; make the folders above it.

    A new cache is marked as one (bford.info/cachedir), so that `clear` and programs for backups know it.
    """
    root = cache_dir()
    if not root.exists() or not any(root.iterdir()):
        root.mkdir(parents=True, exist_ok=True)
        (root / TAG).write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    (root / kind).mkdir(exist_ok=True)
    return root / kind / name


def content_key(*parts: str | bytes) -> str:
    """Hash the parts, in order, to 32 hexadecimal digits.

    The length of every part goes in as well: without it ("ab", "c") and ("a", "bc") would collide.

    Examples
    --------
    >>> content_key("ab", "c") == content_key("a", "bc")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:32]


def code_of(*rooms: ModuleType) -> str:
    """Hash the source of whole packages: what they made is made anew when any of their files has changed.

    Examples
    --------
    >>> import json
    >>> len(code_of(json))
    32
    """
    folders = [Path(room.__file__).parent for room in rooms]
    return content_key(*(file.read_bytes() for folder in folders for file in sorted(folder.glob("*.py"))))


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it: all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def cached(
    kind: str,
    key: str,
    build: Callable[[], T],
    write: Callable[[Path, T], None],
    read: Callable[[Path], T],
    suffix: str = "",
) -> T:
    """Read the result ``kind/key`` from the cache; build and store it first where it is missing.

    A file that ``read`` cannot make sense of (a full disk, a power cut) is built anew, with a warning.

    Parameters
    ----------
    kind : str
        A folder within the cache, such as ``"embeddings"``.
    key : str
        Names the result; make it with `content_key` from everything that the result depends on.
    build : callable
        ``build() -> result``, called only where nothing is stored.
    write, read : callable
        ``write(path, result)`` and ``read(path) -> result``.
    suffix : str
        Ending of the file's name, such as ``".npy"``.

    Examples
    --------
    >>> import tempfile
    >>> os.environ["EMBEDLAB_CACHE"] = tempfile.mkdtemp()
    >>> for _ in range(2):
    ...     cached("demo", "x", lambda: print("slow") or "42", Path.write_text, Path.read_text)
    slow
    '42'
    '42'
    >>> del os.environ["EMBEDLAB_CACHE"]
    """
    path = cache_file(kind, f"{key}{suffix}")
    if not os.access(path.parent, os.W_OK):  # filled by somebody else, only to be read: no lock, nothing kept
        return read(path) if path.exists() else build()
    with FileLock(f"{path}.lock"):
        if path.exists():
            try:
                return read(path)
            except Exception as error:
                warnings.warn(f"{path} is damaged ({error}); building it again", stacklevel=2)
        result = build()
        write_atomically(path, lambda temporary: write(temporary, result))
        return result


def size() -> int:
    """Return the bytes that the cache takes on disk."""
    files = (file for file in cache_dir().rglob("*") if file.is_file() and file.name != TAG)
    return sum(file.stat().st_size for file in files)


def clear() -> int:
    """Remove everything cached; return the bytes that this set free.

    Raises
    ------
    ValueError
        If the folder is not one that embedlab made: ``EMBEDLAB_CACHE`` might point anywhere.
    """
    freed, folder = size(), cache_dir()
    if folder.exists() and not (folder / TAG).exists():
        raise ValueError(f"{folder} holds no {TAG}, so it is not a cache of embedlab's; nothing was removed")
    shutil.rmtree(folder, ignore_errors=True)
    return freed
