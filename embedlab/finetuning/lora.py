"""LoRA: leave a model's matrices alone, and learn a small difference for each (Hu et al. 2021).

A trained matrix is W + scale * B A, with A (r, in) and B (out, r) and r far below both: of a 384 x 384
matrix, rank 16 trains 12,288 numbers in place of 147,456. The gradient of W is never needed; and what is
learned fits into a few megabytes beside a model that everybody has already.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from embedlab.encoder import BertEncoder
from embedlab.finetuning.fused import FusedEncoder
from embedlab.machine import content_key, files

# The matrices of each layer that get a difference; layer norms and biases stay as they are.
MATRICES = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)


@dataclass(frozen=True)
class LoRA:
    """Differences of low rank to the matrices of a model.

    Parameters
    ----------
    factors : dict of tensors
        ``"<matrix>.A"`` of shape (r, in) and ``"<matrix>.B"`` of shape (out, r) for each matrix.
    scale : float
        What B A is multiplied by; the paper's alpha / r.

    Examples
    --------
    >>> encoder = BertEncoder.load()
    >>> lora = LoRA.start(encoder, rank=16)
    >>> sum(factor.numel() for factor in lora.factors.values())
    663552
    >>> name = "encoder.layer.0.output.dense.weight"
    >>> torch.equal(lora.merged(encoder).weights[name], encoder.weights[name])  # B starts at 0
    True
    """

    factors: dict[str, Tensor]
    scale: float = 1.0

    @classmethod
    def start(cls, encoder: BertEncoder, *, rank: int = 16, scale: float = 1.0, seed: int = 0) -> "LoRA":
        """Draw A at random, set B to 0: at the start the model computes what it did before.

        Raises
        ------
        ValueError
            If the rank is not between 1 and the smaller side of the matrices.
        """
        if not 1 <= rank <= encoder.config.hidden_size:
            raise ValueError(f"rank must be between 1 and {encoder.config.hidden_size}, but is {rank}")
        drawing, factors = torch.Generator().manual_seed(seed), {}
        for i in range(encoder.config.num_hidden_layers):
            for matrix in MATRICES:
                name = f"encoder.layer.{i}.{matrix}"
                out, into = encoder.weights[f"{name}.weight"].shape
                factors[f"{name}.A"] = torch.randn(rank, into, generator=drawing) / math.sqrt(into)
                factors[f"{name}.B"] = torch.zeros(out, rank)
        return cls({name: factor.requires_grad_() for name, factor in factors.items()}, scale)

    def to(self, device: str) -> "LoRA":
        """Return the differences on a device, such as "cuda", ready to be trained there."""
        factors = {name: factor.detach().to(device).requires_grad_() for name, factor in self.factors.items()}
        return LoRA(factors, self.scale)

    def merged(self, encoder: BertEncoder) -> BertEncoder:
        """Add the differences to the matrices: a model like any other, and as fast.

        Its hash is made of the model's and of the differences', so that vectors of the two are not mixed up.

        Raises
        ------
        ValueError
            If a factor belongs to no matrix of the model, or the shapes do not fit.
        """
        weights = dict(encoder.weights)
        for name in [factor.removesuffix(".A") for factor in self.factors if factor.endswith(".A")]:
            a, b = self.factors[f"{name}.A"].detach(), self.factors.get(f"{name}.B")
            weight = weights.get(f"{name}.weight")
            if weight is None or b is None or weight.shape != (len(b), a.shape[1]) or len(a) != b.shape[1]:
                raise ValueError(f"the factors of {name} do not fit this model")
            weights[f"{name}.weight"] = weight + self.scale * b.detach() @ a  # (out, r) @ (r, in)
        parts = [factor.detach().half().numpy().tobytes() for _, factor in sorted(self.factors.items())]
        return BertEncoder(encoder.config, weights, content_key(encoder.sha256, str(self.scale), *parts))

    def save(self, path: str | Path, *, base: str, **about) -> None:
        """Write the factors in half precision, and the hash of the model that they belong to."""
        arrays = {name: factor.detach().half().numpy() for name, factor in self.factors.items()}
        files.save(path, "LoRA", arrays, {"base": base, "scale": self.scale, **about})

    @classmethod
    def load(cls, path: str | Path, *, base: str) -> tuple["LoRA", dict]:
        """Read what `save` wrote: the differences, and what else was said about them.

        Raises
        ------
        StoreError
            If the file is missing or damaged, or belongs to another model than ``base``.
        """
        arrays, about = files.load(path, "LoRA")
        if about.get("base") != base:
            raise files.StoreError(
                f"{str(path)!r} was trained on the model {str(about.get('base'))[:12]}, "
                f"but this one is {base[:12]}"
            )
        if "scale" not in about:
            raise files.StoreError(f"{str(path)!r} does not say scale")
        factors = {name: torch.from_numpy(array).float() for name, array in arrays.items()}
        return cls(factors, about["scale"]), about


class LoRAEncoder(FusedEncoder):
    """An encoder with the differences beside its matrices, for training: only they get gradients.

    Computes x W' + scale * (x A') B', and never makes the (out, in) matrix B A.
    """

    def __init__(self, encoder: BertEncoder, lora: LoRA):
        super().__init__(encoder.config, encoder.weights, encoder.sha256)
        self.lora = lora

    def _linear(self, x: Tensor, name: str) -> Tensor:
        y = super()._linear(x, name).flatten(0, 1)  # (n * t, out)
        a, b = self.lora.factors[f"{name}.A"], self.lora.factors[f"{name}.B"]
        low = F.linear(x, a).flatten(0, 1)  # (n * t, r)
        return torch.addmm(y, low, self.lora.scale * b.T).view(
            *x.shape[:-1], -1
        )  # added in the product's pass
