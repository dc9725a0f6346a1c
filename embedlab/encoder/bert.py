"""BERT's encoder, written out: token ids in, one vector a token out.

The network of Devlin et al. 2019 (BERT) is the encoder of Vaswani et al. 2017 (Attention Is All You Need)
with layer norm after each addition. Shapes in the comments: n texts, t tokens, d dimensions (384), h heads
(12). `packed` runs the same network fast; this module is the one to read.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from embedlab.encoder.weights import BertConfig, read_weights, weights_file
from embedlab.machine import model_folder


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-12) -> Tensor:
    """Give each vector mean 0 and variance 1, then scale and shift it (Ba et al. 2016, section 3).

    Parameters
    ----------
    x : tensor (..., d)
    weight, bias : tensor (d,)

    Examples
    --------
    >>> layer_norm(torch.tensor([1.0, 3.0]), torch.ones(2), torch.zeros(2))
    tensor([-1.,  1.])
    """
    centred = x - x.mean(-1, keepdim=True)
    variance = centred.square().mean(-1, keepdim=True)  # over d; no Bessel correction
    return centred / torch.sqrt(variance + eps) * weight + bias


def gelu(x: Tensor) -> Tensor:
    """Weigh each number by the chance that a standard normal lies below it (Hendrycks & Gimpel 2016).

    Examples
    --------
    >>> gelu(torch.tensor([-3.0, 0.0, 3.0]))
    tensor([-0.0040,  0.0000,  2.9960])
    """
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mix the values v by how well each query matches each key (Vaswani et al. 2017, section 3.2.1).

    Parameters
    ----------
    q, k, v : tensor (n, h, t, d/h)
    mask : tensor (n, t), 1 at a token and 0 at padding; every text needs at least one token

    Returns
    -------
    context : tensor (n, h, t, d/h)
    weights : tensor (n, h, t, t), each row sums to 1 and is 0 at padding

    Examples
    --------
    >>> q, k, v = torch.zeros(3, 1, 1, 2, 4)
    >>> attention(q, k, v, torch.tensor([[1, 0]]))[1]  # both tokens look only at the first
    tensor([[[[1., 0.],
              [1., 0.]]]])
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (n, h, t, t): query by key
    scores = scores.masked_fill(mask[:, None, None, :] == 0, -math.inf)  # padded keys get weight 0
    weights = scores.softmax(dim=-1)
    return weights @ v, weights


def split_heads(x: Tensor, heads: int) -> Tensor:
    """Cut each vector into one piece a head: (n, t, d) -> (n, h, t, d/h)."""
    n, t, d = x.shape
    return x.view(n, t, heads, d // heads).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """Undo `split_heads`: (n, h, t, d/h) -> (n, t, d)."""
    n, h, t, size = x.shape
    return x.transpose(1, 2).reshape(n, t, h * size)


@dataclass
class Encoded:
    """What the encoder made of a batch."""

    hidden: list[Tensor]  # layers + 1 tensors (n, t, d): the embeddings, then each layer's output
    attention: list[Tensor]  # layers tensors (n, h, t, t)


class BertEncoder:
    """BERT's encoder with the weights of one model.

    Parameters
    ----------
    config : BertConfig
    weights : dict of tensors
        By the names that Hugging Face gives them, ``embeddings.LayerNorm.weight`` and so on.
    sha256 : str
        Hash of the weight file, so that what is computed can be tied to the model.

    Examples
    --------
    >>> encoder = BertEncoder.load()
    >>> ids = torch.tensor([[101, 7592, 102]])  # [CLS] hello [SEP]
    >>> encoder.forward(ids, torch.ones_like(ids)).hidden[-1].shape
    torch.Size([1, 3, 384])
    """

    activation = staticmethod(gelu)

    def __init__(self, config: BertConfig, weights: dict[str, Tensor], sha256: str = ""):
        self.config, self.weights, self.sha256 = config, weights, sha256

    @classmethod
    def load(cls, model: str | Path | None = None) -> "BertEncoder":
        """Load the weights, in float32, from a model's folder (see `model_folder` for what may be given).

        Raises
        ------
        ModelError
            If the folder is no BERT, a weight is missing or of the wrong shape, or the packaged model's
            weights are not, bit for bit, the published ones.
        """
        folder = model_folder(model)
        config = BertConfig.load(folder)
        file, sha256 = weights_file(folder, packaged=model is None)
        stored = read_weights(file, config)
        return cls(config, {name: torch.from_numpy(array).float() for name, array in stored.items()}, sha256)

    def to(self, device: str) -> "BertEncoder":
        """Return the same model with its weights on a device, such as "cuda"."""
        weights = {name: weight.to(device) for name, weight in self.weights.items()}
        return BertEncoder(self.config, weights, self.sha256)

    def embed(self, ids: Tensor, segments: Tensor | None = None) -> Tensor:
        """Add up what a token is, where it stands and which text it belongs to: (n, t) -> (n, t, d)."""
        limit = self.config.max_position_embeddings
        if ids.shape[1] > limit:
            raise ValueError(f"{ids.shape[1]} tokens, but the model knows only {limit} positions")
        w = self.weights
        words = w["embeddings.word_embeddings.weight"][ids]  # (n, t, d)
        positions = w["embeddings.position_embeddings.weight"][: ids.shape[1]]  # (t, d)
        kinds = w["embeddings.token_type_embeddings.weight"]  # (2, d)
        kinds = kinds[0] if segments is None else kinds[segments]
        return self._norm(words + positions + kinds, "embeddings.LayerNorm")

    def layer(self, x: Tensor, mask: Tensor, i: int) -> tuple[Tensor, Tensor]:
        """Run layer i: every token looks at the others, then thinks by itself. (n, t, d) -> (n, t, d)."""
        name, heads = f"encoder.layer.{i}", self.config.num_attention_heads
        q, k, v = (
            split_heads(self._linear(x, f"{name}.attention.self.{part}"), heads)
            for part in ("query", "key", "value")
        )
        context, weights = attention(q, k, v, mask)
        mixed = self._linear(merge_heads(context), f"{name}.attention.output.dense")
        x = self._norm(x + mixed, f"{name}.attention.output.LayerNorm")

        inner = self.activation(self._linear(x, f"{name}.intermediate.dense"))  # (n, t, 4d)
        x = self._norm(x + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        return x, weights

    def forward(self, ids: Tensor, mask: Tensor, segments: Tensor | None = None) -> Encoded:
        """Run the whole encoder on a padded batch.

        Parameters
        ----------
        ids : int64 tensor (n, t)
        mask : tensor (n, t), 1 at a token and 0 at padding
        segments : int64 tensor (n, t), optional
            0 for the first text of a pair, 1 for the second.

        Raises
        ------
        ValueError
            If there are more tokens than the model knows positions (512).
        """
        x = self.embed(ids, segments)
        out = Encoded(hidden=[x], attention=[])
        for i in range(self.config.num_hidden_layers):
            x, weights = self.layer(x, mask, i)
            out.hidden.append(x)
            out.attention.append(weights)
        return out

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, x: Tensor, name: str) -> Tensor:
        eps = self.config.layer_norm_eps
        return layer_norm(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], eps)
