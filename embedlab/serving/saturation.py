"""When a byte times a byte does not fit: the saturation of AVX2's instruction for int8, shown and counted."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embedlab.encoder import BertEncoder
from embedlab.machine import needs
from embedlab.tokenizer import WordPieceTokenizer


def pair_sums(activations: NDArray, weights: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Add up products in pairs, exactly and as AVX2's instruction ``vpmaddubsw`` does.

    The instruction multiplies unsigned by signed bytes and adds two neighbours into 16 bits; what does not
    fit is cut to the nearest that does (Intel, Intrinsics Guide, _mm256_maddubs_epi16). CPUs with VNNI add
    four into 32 bits, and nothing is cut.

    Parameters
    ----------
    activations : array (..., 2 m) of 0 to 255
    weights : array (..., 2 m) of -128 to 127

    Returns
    -------
    exact, saturated : int64 arrays (..., m)

    Raises
    ------
    ValueError
        If a number does not fit into its byte, or the last axis is odd.

    Examples
    --------
    >>> exact, saturated = pair_sums(np.array([255, 255]), np.array([127, 127]))
    >>> exact, saturated
    (array([64770]), array([32767]))
    >>> exact, saturated = pair_sums(np.array([255, 255]), np.array([64, 64]))  # a bit less
    >>> exact == saturated
    array([ True])
    """
    activations, weights = np.asarray(activations, np.int64), np.asarray(weights, np.int64)
    for name, values, low, high in (("activation", activations, 0, 255), ("weight", weights, -128, 127)):
        if values.size and not low <= values.min() <= values.max() <= high:
            raise ValueError(
                f"a {name} lies between {low} and {high}, but found {values.min()}, {values.max()}"
            )
    products = activations * weights
    if products.shape[-1] % 2:
        raise ValueError(f"pairs need an even number of products, but there are {products.shape[-1]}")
    exact = products[..., 0::2] + products[..., 1::2]
    return exact, exact.clip(-32_768, 32_767)


def largest_product_sum() -> int:
    """Let ONNX Runtime add 255 x 127 and 255 x 127 on this CPU: 64,770, or 32,767 where it saturates."""
    onnx = needs("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["c"])],
        "two products",
        [value("a", kinds.UINT8, [1, 2]), value("b", kinds.INT8, [2, 1])],
        [value("c", kinds.INT32, [1, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=10)
    session = needs("onnxruntime").InferenceSession(model.SerializeToString())
    pair = {"a": np.full((1, 2), 255, np.uint8), "b": np.full((2, 1), 127, np.int8)}
    return session.run(None, pair)[0].item()


def as_bytes(x: NDArray) -> NDArray[np.int64]:
    """Round activations to 0 to 255 as ONNX's DynamicQuantizeLinear does: one scale for all, 0 stays exact.

    Examples
    --------
    >>> as_bytes(np.float32([-1, 0, 1.55]))
    array([  0, 100, 255])
    """
    low, high = min(0.0, float(x.min())), max(0.0, float(x.max()))
    scale = (high - low) / 255 or 1.0
    return np.clip(np.round(x / scale) + np.round(-low / scale), 0, 255).astype(np.int64)


def as_signed(weight: NDArray, *, per_channel: bool = True, reduce_range: bool = False) -> NDArray[np.int64]:
    """Round a matrix (out, in) to signed bytes with a scale for each output, or with one for all.

    Examples
    --------
    >>> as_signed(np.float32([[0.5, 1.0], [0.01, 0.02]]))
    array([[ 64, 127],
           [ 64, 127]])
    >>> as_signed(np.float32([[0.5, 1.0], [0.01, 0.02]]), per_channel=False, reduce_range=True)
    array([[32, 64],
           [ 1,  1]])
    """
    largest = np.abs(weight).max(axis=1 if per_channel else None, keepdims=True)
    return np.round(weight / np.maximum(largest, 1e-12) * (64 if reduce_range else 127)).astype(np.int64)


def saturating_pairs(
    text: str, *, per_channel: bool = True, reduce_range: bool = False, tokens: int = 4, seed: int = 0
) -> float:
    """Count how often real activations and weights saturate: the share of pairs, over all matrices.

    Every matrix of the encoder is multiplied in bytes for a few tokens of a text, drawn at random; which two
    products are neighbours is what it would be in a row-wise kernel.

    Examples
    --------
    >>> saturating_pairs("a cat sat on a mat", reduce_range=True)
    0.0
    """
    draw, pairs, beyond = np.random.default_rng(seed), 0, 0

    class Watching(BertEncoder):
        def _linear(self, x: Tensor, name: str) -> Tensor:
            nonlocal pairs, beyond
            activations = as_bytes(x[0].numpy())  # (t, in)
            rows = draw.choice(len(activations), min(tokens, len(activations)), replace=False)
            weight = self.weights[f"{name}.weight"].numpy()
            weights = as_signed(weight, per_channel=per_channel, reduce_range=reduce_range)
            exact, saturated = pair_sums(activations[rows, None, :], weights)  # (tokens, out, in / 2)
            pairs, beyond = pairs + exact.size, beyond + int((exact != saturated).sum())
            return super()._linear(x, name)

    plain = BertEncoder.load()
    ids = torch.tensor([WordPieceTokenizer.load().encode(text, max_length=256)])
    with torch.inference_mode():
        Watching(plain.config, plain.weights).forward(ids, torch.ones_like(ids))
    return beyond / pairs
