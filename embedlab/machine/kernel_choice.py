"""Which byte products the CPU can run, and which of them is used; decided when this is imported.

The first of `NEEDS` that the CPU can run is used. ``EMBEDLAB_KERNELS=avx2`` in the environment names another,
to measure or test it; ``EMBEDLAB_PORTABLE=1`` is the same as ``EMBEDLAB_KERNELS=plain``.
"""

import os
from collections.abc import Mapping

from numba.core import config
from numba.core.codegen import get_host_cpu_features

# The features, under LLVM's names, that each needs; the fastest first. "plain" is a loop in Python, of which
# LLVM makes what the CPU has: on arm64 with "dotprod" (Apple M1, Graviton 2) it finds the byte product sdot.
NEEDS = {
    "avx512vnni": {"avx512f", "avx512bw", "avx512vnni"},  # Intel servers since 2019, AMD since Zen 4
    "avxvnni": {"avx2", "avxvnni"},  # Intel's laptops and desktops since 2021, which have no AVX-512
    "avx512": {"avx512f", "avx512bw"},  # Intel servers of 2017
    "avx2": {"avx2"},  # nearly all others since 2013
    "plain": set(),
}


def cpu_features() -> set[str]:
    """Return the features that numba compiles for: the CPU's, unless ``NUMBA_CPU_FEATURES`` names others."""
    text = get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES
    found = {feature[1:] for feature in text.split(",") if feature.startswith("+")}
    # AVX-512 VNNI has the instruction for registers of 32 bytes, too, where it has "vl".
    return found | {"avxvnni"} if {"avx512vl", "avx512vnni"} <= found else found


def runnable(features: set[str]) -> list[str]:
    """Return the names of the byte products that a CPU with these features can run, the fastest first.

    Examples
    --------
    >>> runnable({"avx", "avx2", "fma"})
    ['avx2', 'plain']
    """
    return [name for name, needed in NEEDS.items() if needed <= features]


def chosen(environment: Mapping[str, str], features: set[str]) -> str:
    """Return the name of the byte product to use.

    Raises
    ------
    ValueError
        If ``EMBEDLAB_KERNELS`` names none, or one that the CPU cannot run.

    Examples
    --------
    >>> chosen({}, {"avx2"}), chosen({"EMBEDLAB_PORTABLE": "1"}, {"avx2"})
    ('avx2', 'plain')
    >>> chosen({"EMBEDLAB_KERNELS": "avx512"}, {"avx2"})
    Traceback (most recent call last):
    ValueError: EMBEDLAB_KERNELS is 'avx512', but this CPU can run avx2, plain
    """
    can = runnable(features)
    default = "plain" if environment.get("EMBEDLAB_PORTABLE") else can[0]
    wish = environment.get("EMBEDLAB_KERNELS") or default
    if wish not in can:
        raise ValueError(f"EMBEDLAB_KERNELS is {wish!r}, but this CPU can run {', '.join(can)}")
    return wish


KERNEL = chosen(os.environ, cpu_features())
FAST = KERNEL == "avx512vnni"  # what chapter 06 prints
