"""The encoder of `bert` in NumPy, for a query or two: `import torch` alone takes longer than a whole search.

One text at a time, so that there is no padding and no mask. For more than a few texts `packed` is faster.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.encoder.weights import BertConfig, read_weights

Floats = NDArray[np.float32]


class LightEncoder:
    """BERT's encoder without torch.

    Parameters
    ----------
    config : BertConfig
    weights : dict of arrays
        By the names that Hugging Face gives them, as `read_weights` returns them.

    Examples
    --------
    >>> from embedlab.machine import model_folder
    >>> light = LightEncoder.load(model_folder())
    >>> light([101, 7592, 102]).shape  # [CLS] hello [SEP]
    (3, 384)
    """

    def __init__(self, config: BertConfig, weights: dict[str, NDArray]):
        self.config, self.weights = config, weights

    @classmethod
    def load(cls, folder: Path) -> "LightEncoder":
        """Read the weights of a folder; raises `ModelError` as `BertEncoder.load` does."""
        config = BertConfig.load(folder)
        return cls(config, read_weights(folder / "model.safetensors", config))

    def __call__(self, ids: Sequence[int], segments: Sequence[int] | None = None) -> Floats:
        """Return the last layer's token vectors of one text, (t, d).

        Raises
        ------
        ValueError
            If there is no token, or there are more than the model has positions.
        """
        limit = self.config.max_position_embeddings
        if not 1 <= len(ids) <= limit:
            raise ValueError(f"a sequence of {len(ids)} tokens: the model takes 1 to {limit}")
        words, positions, kinds = (
            self.weights[f"embeddings.{name}_embeddings.weight"]
            for name in ("word", "position", "token_type")
        )
        segments = np.zeros(len(ids), int) if segments is None else np.asarray(segments)
        x = words[np.asarray(ids)] + positions[: len(ids)] + kinds[segments]  # (t, d)
        x = self._norm(x.astype(np.float32, copy=False), "embeddings.LayerNorm")
        for i in range(self.config.num_hidden_layers):
            x = self._layer(x, f"encoder.layer.{i}")
        return x

    def _layer(self, x: Floats, name: str) -> Floats:
        heads, (t, d) = self.config.num_attention_heads, x.shape
        q, k, v = (
            self._linear(x, f"{name}.attention.self.{part}").reshape(t, heads, d // heads).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )  # (h, t, d/h) each
        scores = q @ k.swapaxes(1, 2) / math.sqrt(d // heads)  # (h, t, t)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        context = (weights @ v).swapaxes(0, 1).reshape(t, d)
        x = self._norm(
            x + self._linear(context, f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm"
        )
        inner = gelu(self._linear(x, f"{name}.intermediate.dense"))  # (t, 4d)
        return self._norm(x + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, x: Floats, name: str) -> Floats:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, x: Floats, name: str) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        normal = centred / np.sqrt(variance + np.float32(self.config.layer_norm_eps))
        return normal * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def gelu(x: Floats) -> Floats:
    """Weigh each number by the chance that a standard normal lies below it (Hendrycks & Gimpel 2016).

    Examples
    --------
    >>> gelu(np.float32([-3, 0, 3])).round(4)
    array([-0.004,  0.   ,  2.996], dtype=float32)
    """
    # NumPy has no error function, and SciPy's takes longer to import than the standard library's to loop.
    erf = np.fromiter(map(math.erf, (x * math.sqrt(0.5)).ravel().tolist()), np.float32, x.size)
    return x * np.float32(0.5) * (1 + erf.reshape(x.shape))
