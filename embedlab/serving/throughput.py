"""How much of the machine an encoder uses: batch size against texts a second, beside the best it could do.

The roofline in two numbers: floating-point operations that were needed in a second, by those that one large
matrix product reaches in a second on the same device (Williams et al. 2009, Roofline).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import torch

from embedlab.serving.precision import DTYPES, PrecisionEncoder


def encoder_flops(tokens: int, *, layers: int = 6, d: int = 384) -> int:
    """Count the floating-point operations of a BERT on one text: 2 for each multiplication and addition.

    A layer has 12 d² weights in matrices (4 d² in attention, 8 d² in the feed-forward part), each used once a
    token; scores and mixing take 4 t d a token. Norms, GELU and softmax are left out: below a hundredth.

    Parameters
    ----------
    tokens : int
        t, [CLS] and [SEP] included.

    Examples
    --------
    >>> f"{encoder_flops(40):.3g}"
    '8.64e+08'
    >>> 4 * 256 * 384 / (24 * 384**2)  # at 256 tokens attention's own part is still small
    0.1111111111111111
    """
    if tokens < 1:
        raise ValueError(f"a text has at least one token, not {tokens}")
    return layers * tokens * (24 * d * d + 4 * tokens * d)


def matmul_peak(device: str = "cpu", dtype: str = "float32", n: int = 1024, repeats: int = 5) -> float:
    """Measure the floating-point operations a second of a product of (n, n) matrices, the best of all."""
    x = torch.ones(n, n, device=device, dtype=DTYPES[dtype])
    return 2 * n**3 / min(_seconds(lambda: x @ x, device) for _ in range(repeats + 1))


def batch_throughput(
    texts: Sequence[str],
    sizes: Sequence[int] = (1, 2, 4, 8, 16, 32),
    *,
    device: str = "cpu",
    dtype: str = "float32",
    repeats: int = 3,
) -> list[dict[str, float]]:
    """Encode batches of each size, in turn, and say what was reached.

    Padding is real work to the device, but none that was asked for: only real tokens count.

    Parameters
    ----------
    texts : sequence of str
        At least as many as the largest batch; texts of one length, where padding is not what is asked.
    sizes : sequence of int
    device, dtype : str
        See `PrecisionEncoder`: the same call on a CPU and on a GPU ("cuda").

    Returns
    -------
    list of dict
        ``size``, ``texts_per_s``, ``flops`` a second, and ``utilisation``, the share of `matmul_peak`.

    Raises
    ------
    ValueError
        If there are fewer texts than the largest batch needs.
    """
    if min(sizes) < 1 or max(sizes) > len(texts):
        raise ValueError(f"batches of {min(sizes)} to {max(sizes)} cannot be made of {len(texts)} texts")
    encoder, peak = PrecisionEncoder(dtype, device), matmul_peak(device, dtype)
    lengths = [len(ids) for ids in encoder.tokenizer.encode_batch(list(texts), max_length=256)]
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    for turn in range(repeats + 1):
        for size in sizes:
            spent = _seconds(lambda size=size: encoder.encode(texts[:size], size), device)
            if turn:  # the first to warm up
                seconds[size].append(spent)
    rows = []
    for size in sizes:
        spent = statistics.median(seconds[size])
        flops = sum(map(encoder_flops, lengths[:size])) / spent
        rows.append({"size": size, "texts_per_s": size / spent, "flops": flops, "utilisation": flops / peak})
    return rows


def _seconds(work: Callable[[], object], device: str) -> float:
    """Time a call to its real end: a GPU works on when the call returns."""
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    wait()
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start
