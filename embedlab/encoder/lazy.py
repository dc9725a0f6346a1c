"""Which encoder for which work: NumPy's for a query, torch's as soon as there is more to do."""

import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from embedlab.encoder.light import LightEncoder
from embedlab.encoder.weights import BertConfig, weights_file
from embedlab.machine import model_folder

FEW = 64  # tokens: up to here NumPy takes about as long as torch, once torch is there


class LazyEncoder:
    """A model's encoder that loads its weights, and torch, only when there is something to do.

    Parameters
    ----------
    model : None, path or hub id
        See `model_folder`.
    dtype : {"float32", "bfloat16"}, optional
        What torch computes in; by default float32.

    Examples
    --------
    >>> encoder = LazyEncoder()
    >>> [(i, hidden.shape) for i, hidden in encoder.run([[101, 7592, 102], [101, 102]])]
    [(0, (3, 384)), (1, (2, 384))]
    """

    def __init__(self, model: str | Path | None = None, dtype: str | None = None):
        self.model, self.dtype, self.folder = model, dtype, model_folder(model)
        self.precision = f"torch.{dtype}" if dtype else "default"
        self.config = BertConfig.load(self.folder)
        _, self.sha256 = weights_file(self.folder, packaged=model is None)

    @cached_property
    def light(self) -> LightEncoder:
        """The encoder in NumPy."""
        return LightEncoder.load(self.folder)

    @cached_property
    def packed(self):
        """The encoder in torch, a `PackedEncoder`."""
        import torch

        from embedlab.encoder.bert import BertEncoder
        from embedlab.encoder.packed import PackedEncoder

        return PackedEncoder(BertEncoder.load(self.model), getattr(torch, self.dtype) if self.dtype else None)

    def __call__(self, sequences: Sequence[Sequence[int]], segments: Sequence | None = None) -> list:
        """Return the last layer's token vectors as tensors, see `PackedEncoder`."""
        return self.packed(sequences, segments)

    def run(
        self, sequences: Sequence[Sequence[int]], segments: Sequence | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (position, token vectors (t, d) in float32) of any number of sequences."""
        few = sum(map(len, sequences)) <= FEW and self.dtype is None and "torch" not in sys.modules
        if not few:
            yield from self.packed.run(sequences, segments)
            return
        for i, ids in enumerate(sequences):
            yield i, self.light(ids, segments[i] if segments else None)
