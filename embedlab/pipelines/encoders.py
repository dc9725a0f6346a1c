"""Encoders for large runs: a word table that is quick, a hash that needs no model, and the real one."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from embedlab.pooling import l2_normalize

Floats = NDArray[np.float32]
Encode = Callable[[list[str]], Floats]
CRASHES = "[a text that crashes the tokenizer]"  # a poison: the process ends, no exception is raised
RAISES = "[a text that the encoder refuses]"


class WordTable:
    """The mean of the model's input word embeddings: no context, thousands of texts a second.

    It stands for the encoder where a hundred thousand texts have to pass in seconds. What static embeddings
    lose, and how models made for it lose less, is said in chapter 14.

    Examples
    --------
    >>> table = WordTable()
    >>> table(["a cat", "cat a"]).shape, bool(np.allclose(*table(["a cat", "cat a"])))  # no order of words
    ((2, 384), True)
    """

    def __init__(self) -> None:
        from safetensors import safe_open

        from embedlab.encoder import weights_file
        from embedlab.machine import model_folder
        from embedlab.tokenizer import WordPieceTokenizer

        self.tokenizer = WordPieceTokenizer.load()
        file, _ = weights_file(model_folder())
        with safe_open(file, framework="numpy") as tensors:
            names = [name for name in tensors.keys() if name.endswith("word_embeddings.weight")]  # noqa: SIM118
            self.table = tensors.get_tensor(names[0]).astype(np.float32)  # (words, 384)

    def __call__(self, texts: list[str]) -> Floats:
        """Return a vector of length 1 for each text, (n, 384)."""
        sums = np.empty((len(texts), self.table.shape[1]), np.float32)
        for start in range(0, len(texts), 256):  # the vectors of a slice's tokens lie in memory
            ids = [found[1:-1] or found for found in self.tokenizer.encode_batch(texts[start : start + 256])]
            ends = np.cumsum([0, *map(len, ids[:-1])])  # [CLS] and [SEP] are left out
            sums[start : start + 256] = np.add.reduceat(self.table[np.concatenate(ids)], ends, axis=0)
        return l2_normalize(sums)


def hashed(texts: Sequence[str], dims: int = 384) -> Floats:
    """Return a vector of length 1 that depends on every character of the text, and means nothing, (n, dims).

    For tests of the pipeline: it needs no model, and takes microseconds.

    Examples
    --------
    >>> hashed(["a cat", "a dog", "a cat"], 4).round(2)
    array([[-0.55, -0.13,  0.8 ,  0.21],
           [-0.46, -0.28, -0.58,  0.62],
           [-0.55, -0.13,  0.8 ,  0.21]], dtype=float32)
    """
    made = [hashlib.shake_128(text.encode()).digest(2 * dims) for text in texts]
    numbers = np.frombuffer(b"".join(made), "<i2").reshape(len(texts), dims)
    return l2_normalize(numbers.astype(np.float32))


def encoder(name: str) -> Encode:
    """Return an encoder by its name: ``words``, ``hashed`` or ``minilm``.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> encoder("bert")
    Traceback (most recent call last):
    ValueError: there is no encoder 'bert', but words, hashed, minilm
    """
    if name == "words":
        return WordTable()
    if name == "hashed":
        return hashed
    if name == "minilm":
        from embedlab.embedder import Embedder

        model = Embedder.load()
        return lambda texts: model.encode(texts, cache=False)
    raise ValueError(f"there is no encoder {name!r}, but words, hashed, minilm")


def fragile(encode: Encode, *, seconds: float = 0.0) -> Encode:
    """Return an encoder that ends the process on a text with `CRASHES`, and raises on one with `RAISES`.

    Parameters
    ----------
    encode : callable
    seconds : float
        What each text takes in addition, so that something is under way whenever the process is killed.
    """

    def wrapped(texts: list[str]) -> Floats:
        if any(CRASHES in text for text in texts):
            os._exit(139)  # as after a segmentation fault: nothing is cleaned up, nothing is said
        for text in texts:
            if RAISES in text:
                raise ValueError("the encoder refuses this text")
        time.sleep(seconds * len(texts))
        return encode(texts)

    return wrapped
