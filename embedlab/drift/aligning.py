"""From one model's space to another's with few numbers, and what such a bridge keeps of an upgrade.

`embedlab.serving` has the rotation (orthogonal Procrustes) and the least-squares map with a ridge. Here is
the third of the usual family, a map of low rank, and the yardstick that all three are held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedlab.benchmark import bootstrap_interval

Floats = NDArray[np.float32]


def low_rank_map(source: Floats, target: Floats, rank: int, strength: float = 0.1) -> tuple[Floats, Floats]:
    """Return the map of at most a rank that has the least squared error, as two narrow matrices.

    Not the ridge map with its small singular values cut off: what matters is the error on the vectors, so the
    SVD is taken of the *fitted* targets. Source: reduced-rank regression, Izenman 1975, "Reduced-rank
    regression for the multivariate linear model", Journal of Multivariate Analysis 5; with a ridge as in
    Mukherjee and Zhu 2011, "Reduced Rank Ridge Regression and Its Kernel Extensions".

    Parameters
    ----------
    source : float32 array (n, d)
    target : float32 array (n, e)
        The same texts, embedded by two models.
    rank : int
        From 1 to min(d, e).
    strength : float
        Of the ridge: added to the diagonal of ``source.T @ source``.

    Returns
    -------
    down : float32 array (d, rank)
    up : float32 array (rank, e)
        ``source @ down @ up`` is close to ``target``; rank * (d + e) numbers instead of d * e.

    Raises
    ------
    ValueError
        If the texts are not the same number, the rank does not fit, or the strength is not positive.

    Examples
    --------
    >>> source = np.float32([[1, 0], [0, 1], [1, 1]])
    >>> down, up = low_rank_map(source, source @ np.float32([[2, 4], [1, 2]]), rank=1, strength=1e-6)
    >>> (down @ up).round(2)
    array([[2., 4.],
           [1., 2.]], dtype=float32)
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if source.ndim != 2 or target.ndim != 2 or len(source) != len(target) or not len(source):
        raise ValueError(f"need the same texts in both spaces, but got {source.shape} and {target.shape}")
    if not 1 <= rank <= min(source.shape[1], target.shape[1]):
        raise ValueError(f"rank must be from 1 to {min(source.shape[1], target.shape[1])}, but is {rank}")
    if not strength > 0:
        raise ValueError(f"strength must be positive, but is {strength}")
    gram = source.T @ source + strength * np.eye(source.shape[1])
    full = np.linalg.solve(gram, source.T @ target)
    # The right singular vectors of what is fitted; the ridge counts as rows of its own, so: full.T gram full.
    _, directions = np.linalg.eigh(full.T @ gram @ full)  # eigenvalues ascend
    up = directions[:, ::-1][:, :rank].T
    return (full @ up.T).astype(np.float32), np.ascontiguousarray(up, np.float32)


@dataclass(frozen=True)
class Kept:
    """How much of an upgrade's gain a bridge keeps: 0 is the old model, 1 all documents embedded again."""

    share: float
    low: float  # 95 % bootstrap interval, over the queries
    high: float

    def __str__(self) -> str:
        return f"{self.share:.0%} [{self.low:.0%}, {self.high:.0%}]"


def gain_kept(
    old: Sequence[float], new: Sequence[float], bridge: Sequence[float], *, seed: int = 0, samples: int = 4000
) -> Kept:
    """Compare a bridge with both ends: the mean of ``bridge - old`` over that of ``new - old``.

    "96 % of the quality of the new model" sounds like much, and may be less than the old model had.

    Parameters
    ----------
    old, new, bridge : sequences of q float
        A figure, such as nDCG@10, of each query: old model and old vectors; new model and new vectors; and
        what stands between them.
    seed, samples : int
        Of the bootstrap, which draws queries and keeps the three of a query together.

    Raises
    ------
    ValueError
        If the lengths differ, or the new model is not clearly better: there is no gain to keep, and a share
        of nearly nothing can be any number.

    Examples
    --------
    >>> old, new = [0.4, 0.5, 0.3, 0.4] * 20, [0.6, 0.7, 0.5, 0.5] * 20
    >>> print(gain_kept(old, new, [0.5, 0.6, 0.4, 0.4] * 20))
    43% [39%, 46%]
    >>> gain_kept(old, old, new)
    Traceback (most recent call last):
    ValueError: the new model gains +0.000 [+0.000, +0.000]: there is no share of what may be nothing
    """
    old, new, bridge = (np.asarray(values, float) for values in (old, new, bridge))
    if not len(old) == len(new) == len(bridge) or not len(old):
        raise ValueError(f"need the same queries, but got {len(old)}, {len(new)} and {len(bridge)}")
    gain, part = new - old, bridge - old
    mean, low, high = bootstrap_interval(gain, seed=seed)
    if not low > 0:
        about = f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
        raise ValueError(f"the new model gains {about}: there is no share of what may be nothing")
    rows = np.random.default_rng(seed).integers(len(gain), size=(samples, len(gain)))
    shares = part[rows].mean(axis=1) / gain[rows].mean(axis=1)
    low, high = np.percentile(shares, [2.5, 97.5])
    return Kept(float(part.mean() / gain.mean()), float(low), float(high))
