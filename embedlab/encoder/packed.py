"""The encoder of `encoder`, made fast: no padding, fused kernels.

Texts of different lengths are laid end to end in one long (total, d) matrix. All that an encoder does to a
token by itself, which is nearly everything, then runs on real tokens only. Attention alone must know where a
text ends: it runs on each group of texts of one length, so that it needs no mask either.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from embedlab.encoder.bert import BertEncoder
from embedlab.machine import Int8Linear, Linear, a_core_each

TOKENS_PER_BATCH = 2048  # enough to keep a core busy; the largest activation is 2048 x 1536 numbers
LEAST = 256  # tokens of a batch: products of fewer rows are less efficient than what a second core brings


def batches(lengths: Sequence[int], budget: int = TOKENS_PER_BATCH) -> Iterator[list[int]]:
    """Deal texts, longest first, into batches of at most ``budget`` tokens (at least one text each).

    Longest first: if memory is short, it shows in the first batch; and a progress bar speeds up, not down.

    Examples
    --------
    >>> list(batches([3, 9, 4, 4], budget=9))
    [[1], [2, 3], [0]]
    """
    batch, tokens = [], 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and tokens + lengths[i] > budget:
            yield batch
            batch, tokens = [], 0
        batch.append(i)
        tokens += lengths[i]
    if batch:
        yield batch


def shares(lengths: Sequence[int], parts: int) -> list[list[int]]:
    """Deal texts into batches of nearly the same number of tokens: longest first, each to the smallest.

    So no core waits long for another (Graham 1969: at most 4/3 of the shortest time).

    Examples
    --------
    >>> shares([3, 9, 4, 4], parts=2)
    [[1], [2, 3, 0]]
    """
    dealt: list[list[int]] = [[] for _ in range(min(parts, len(lengths)))]
    tokens = [0] * len(dealt)
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        smallest = tokens.index(min(tokens))
        dealt[smallest].append(i)
        tokens[smallest] += lengths[i]
    return dealt


class PackedEncoder:
    """A `BertEncoder` for inference over many texts.

    Parameters
    ----------
    encoder : BertEncoder
    dtype : torch.dtype, optional
        By default float32, so that every machine finds the same scores up to rounding. bfloat16 is two to
        three times as fast where the CPU has it, see `has_bfloat16`. With int8 the layers' products with
        weights are computed by `Int8Linear`, and all else stays float32.

    Examples
    --------
    >>> fast = PackedEncoder(BertEncoder.load())
    >>> [tuple(hidden.shape) for hidden in fast([[101, 7592, 102], [101, 102]])]
    [(3, 384), (2, 384)]
    """

    def __init__(self, encoder: BertEncoder, dtype: torch.dtype | None = None):
        self.config, self.sha256 = encoder.config, encoder.sha256
        product = Int8Linear if dtype == torch.int8 else Linear
        self.dtype = torch.float32 if dtype in (None, torch.int8) else dtype
        self.precision = str(dtype or "default")
        w = {name: tensor.to(self.dtype) for name, tensor in encoder.weights.items()}
        self.words = w["embeddings.word_embeddings.weight"]
        self.positions = w["embeddings.position_embeddings.weight"]
        self.kinds = w["embeddings.token_type_embeddings.weight"]
        eps = self.config.layer_norm_eps
        self.norm = _norm(w, "embeddings.LayerNorm", eps)
        names = [f"encoder.layer.{i}" for i in range(self.config.num_hidden_layers)]
        self.layers = [_layer(w, name, eps, product) for name in names]

    @torch.inference_mode()
    def __call__(
        self, sequences: Sequence[Sequence[int]], segments: Sequence[Sequence[int]] | None = None
    ) -> list[Tensor]:
        """Return the last layer's token vectors of each sequence of ids, a (t_i, d) tensor each.

        One batch: the caller keeps it to a size that fits in memory, see `batches`.

        Raises
        ------
        ValueError
            If a sequence is empty, or longer than the model has positions.
        """
        lengths = [len(sequence) for sequence in sequences]
        if not lengths:
            return []
        if min(lengths) == 0 or max(lengths) > len(self.positions):
            wrong = 0 if min(lengths) == 0 else max(lengths)
            raise ValueError(f"a sequence of {wrong} tokens: the model takes 1 to {len(self.positions)}")
        order = sorted(range(len(lengths)), key=lambda i: lengths[i])  # texts of one length lie together
        x = self._embed([sequences[i] for i in order], [segments[i] for i in order] if segments else None)
        sizes, counts = torch.unique_consecutive(
            torch.tensor([lengths[i] for i in order]), return_counts=True
        )
        groups = list(zip(counts.tolist(), sizes.tolist(), strict=True))  # (texts, tokens each)
        for layer in self.layers:
            x = self._run(x, layer, groups)
        hidden: list[Tensor] = [x] * len(order)
        for i, part in zip(order, x.split([lengths[i] for i in order]), strict=True):
            hidden[i] = part
        return hidden

    def run(
        self, sequences: Sequence[Sequence[int]], segments: Sequence[Sequence[int]] | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (position, token vectors (t, d) in float32) of any number of sequences.

        Longest first, in batches of `TOKENS_PER_BATCH` tokens, one on each core. Where that leaves a core
        without any, an equal share for each, of `LEAST` tokens or more; the longest come first in each.
        """
        lengths = [len(sequence) for sequence in sequences]
        total, cores = sum(lengths), torch.get_num_threads()
        few = total <= TOKENS_PER_BATCH * cores
        dealt = shares(lengths, min(cores, max(1, total // LEAST))) if few else list(batches(lengths))

        def part(rows: list[int]) -> list[Tensor]:
            return self([sequences[i] for i in rows], [segments[i] for i in rows] if segments else None)

        with a_core_each() as pool:
            for rows, hidden in zip(dealt, pool.map(part, dealt), strict=True):
                yield from zip(rows, (tensor.float().numpy() for tensor in hidden), strict=True)

    def _embed(self, sequences: list, segments: list | None) -> Tensor:
        lengths = [len(sequence) for sequence in sequences]
        ids = torch.tensor([token for sequence in sequences for token in sequence])  # (total,)
        places = torch.cat([torch.arange(length) for length in lengths])
        kinds = [kind for sequence in segments for kind in sequence] if segments else 0
        return self.norm(self.words[ids] + self.positions[places] + self.kinds[kinds])

    def _run(self, x: Tensor, layer: dict, groups: list[tuple[int, int]]) -> Tensor:
        heads, d = self.config.num_attention_heads, self.config.hidden_size
        qkv, start = layer["qkv"](x), 0  # (total, 3d): three products in one
        context = torch.empty_like(x)
        for n, t in groups:
            rows = slice(start, start := start + n * t)
            q, k, v = qkv[rows].view(n, t, 3, heads, d // heads).permute(2, 0, 3, 1, 4)  # (n, h, t, d/h) each
            mixed = F.scaled_dot_product_attention(q, k, v)
            context[rows] = mixed.transpose(1, 2).reshape(n * t, d)
        x = layer["norm1"](layer["out"](context, residual=x))
        inner = torch.ops.aten.gelu_(layer["up"](x))  # in place: the largest array is not copied
        return layer["norm2"](layer["down"](inner, residual=x))


def _norm(w: dict[str, Tensor], name: str, eps: float):
    weight, bias = w[f"{name}.weight"], w[f"{name}.bias"]
    return lambda x: F.layer_norm(x, weight.shape, weight, bias, eps)


def _layer(w: dict[str, Tensor], name: str, eps: float, product: type[Linear] | type[Int8Linear]) -> dict:
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    return {
        "qkv": product(*(torch.cat([w[f"{part}.{kind}"] for part in parts]) for kind in ("weight", "bias"))),
        "out": product(*(w[f"{name}.attention.output.dense.{kind}"] for kind in ("weight", "bias"))),
        "norm1": _norm(w, f"{name}.attention.output.LayerNorm", eps),
        "up": product(*(w[f"{name}.intermediate.dense.{kind}"] for kind in ("weight", "bias"))),
        "down": product(*(w[f"{name}.output.dense.{kind}"] for kind in ("weight", "bias"))),
        "norm2": _norm(w, f"{name}.output.LayerNorm", eps),
    }
