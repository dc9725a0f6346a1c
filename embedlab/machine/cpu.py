"""What depends on the machine: bfloat16 where the CPU has it, its cores, and a well-prepared matrix product.

oneDNN, the library under torch on x86 CPUs, can reorder a weight matrix once into the block layout that
its kernels want, and can add the residual while the result is still in the cache. Torch uses this in
compiled models and offers it under ``torch.ops.mkldnn``. On a machine without it the plain operations are
used: the same numbers up to rounding, only slower.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock

import torch
import torch.nn.functional as F
from threadpoolctl import OpenBLASController, ThreadpoolController
from torch import Tensor

HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")

_limits: list = []  # of BLAS, one and the same for each thread that is within `one_blas_thread`
_limiting = Lock()
# Since threadpoolctl 3.8 a thread that has set a limit keeps others from setting any, until it lets go.
_let_go = getattr(OpenBLASController, "clear_controlling_thread", lambda: None)


def has_bfloat16() -> bool:
    """Tell whether the CPU multiplies bfloat16 itself (AVX-512 BF16 or AMX); emulation would be slower."""
    if torch.backends.cpu.get_cpu_capability() in ("DEFAULT", "AVX2"):  # or told to be no more than that
        return False
    return any(
        getattr(torch.cpu, name, lambda: False)()
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )


@contextmanager
def a_core_each() -> Iterator[ThreadPoolExecutor]:
    """Open a pool in which every torch operation keeps to one core, with as many workers as there are cores.

    Whole batches side by side beat sharing each operation out: the cores need not wait for each other after
    every single product, which costs most when another program wants a core, too. An interrupt drops the work
    that has not begun.

    Examples
    --------
    >>> with a_core_each() as pool:
    ...     list(pool.map(torch.sum, [torch.ones(2), torch.ones(3)]))
    [tensor(2.), tensor(3.)]
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let NumPy's products keep to one thread: before work that needs all cores.

    OpenBLAS's threads wait busily for the next product, for some 2^26 ticks of the clock, and take their
    share of a core from what runs meanwhile. A small product is hardly faster with two.

    The limit is one for the whole process: who comes first sets it, who leaves last takes it away.

    Examples
    --------
    >>> import numpy as np
    >>> with one_blas_thread():
    ...     print(np.ones(3) @ np.ones(3))
    3.0
    """
    with _limiting:
        _limits.append(_limits[0] if _limits else _blas().limit(limits=1))
        _let_go()
    try:
        yield
    finally:
        with _limiting:
            limit = _limits.pop()
            if not _limits:
                limit.restore_original_limits()
                _let_go()


@cache
def _blas() -> ThreadpoolController:
    """Find the BLAS libraries of this process; to look takes longer than a product."""
    return ThreadpoolController().select(user_api="blas")


class Linear:
    """The affine map ``x -> x @ weight.T + bias`` with weights prepared for this machine.

    Parameters
    ----------
    weight : tensor (out, in)
    bias : tensor (out,)
    prepared : bool, optional
        Use oneDNN's layout, where it has one for this dtype on this CPU; ``False`` forces the portable form.

    Examples
    --------
    >>> double = Linear(2 * torch.eye(3), torch.ones(3))
    >>> double(torch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 5., 7.]])
    >>> double(torch.tensor([[1.0, 2.0, 3.0]]), residual=torch.full((1, 3), 10.0))
    tensor([[13., 15., 17.]])
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, prepared: bool = HAS_ONEDNN):
        self.bias, self.prepared = bias, prepared and _can_reorder(weight.dtype)
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight, None) if self.prepared else weight

    def __call__(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map x of shape (..., in) to (..., out); add ``residual`` (..., out) where it is given."""
        if not self.prepared:
            y = F.linear(x, self.weight, self.bias)
            return y if residual is None else y.add_(residual)
        if residual is None:
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        return torch.ops.mkldnn._linear_pointwise.binary(x, residual, self.weight, self.bias, "add")


def _can_reorder(dtype: torch.dtype) -> bool:
    """Tell whether oneDNN takes weights of this dtype: bfloat16 needs more than AVX2."""
    return dtype == torch.float32 or (
        dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
