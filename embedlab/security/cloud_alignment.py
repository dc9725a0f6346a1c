"""Undo a secret rotation without one known pair: clouds of texts of one field have one shape."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embedlab.pooling import l2_normalize
from embedlab.serving import procrustes

Floats = NDArray[np.float32]
STEPS = (16, 16, 16, 24, 24, 32, 48, 64, 96, 128, 192, 256)  # principal axes compared; then all, twice
CROWD = 5  # neighbours, in a quarter of the cloud, whose mean similarity is taken off
SAMPLE = 1500  # stolen vectors that are compared


class Alignment(NamedTuple):
    """A rotation (d, d) that brings stolen vectors back, and how well the clouds fit, which needs no truth.

    ``fit`` is the mean cosine of a stolen vector with the nearest public one, both centred.
    """

    back: Floats
    fit: float


def aligned_clouds(stolen: Floats, public: Floats) -> Alignment:
    """Find the rotation between two clouds of vectors, of which no vector is known to be another's.

    Principal axes of both clouds, in the order of their variance, each with the sign of its third moment (of
    mean and skewness, that is), are a first guess. Then rows that are each other's nearest neighbours are
    taken for pairs, Procrustes gives a better guess, and the comparison goes on with more axes. Neighbours
    are by cosine less the mean similarity of the nearest on each side (CSLS; Conneau et al. 2018, "Word
    Translation Without Parallel Data", section 2.3); the start from principal axes and the
    alternation are in the manner of Hoshen and Wolf 2018, "Non-Adversarial Unsupervised Word Translation".

    Parameters
    ----------
    stolen : float32 array (n, d)
        Rotated by an unknown key.
    public : float32 array (m, d)
        Of other texts of the same field, embedded by the same model, not rotated.

    Raises
    ------
    ValueError
        If the clouds have different dimensions, or one has fewer than 20 vectors.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> cloud = (rng.exponential(size=(2000, 3)) * [3, 2, 1]).astype(np.float32)
    >>> turned = cloud[:1000] @ np.float32([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    >>> back = aligned_clouds(turned, cloud[1000:]).back
    >>> bool(np.abs(turned @ back - cloud[:1000]).mean() < 0.3)
    True
    """
    if stolen.shape[1] != public.shape[1] or min(len(stolen), len(public)) < 4 * CROWD:
        raise ValueError(f"need clouds of one dimension, 20 vectors each, got {stolen.shape}, {public.shape}")
    first, axes = _axes(stolen), _axes(public)
    back, dims, whole, plain = first @ axes.T, stolen.shape[1], stolen[:SAMPLE], public
    stolen, public = whole - stolen.mean(0), public - public.mean(0)
    for kept in (*(one for one in STEPS if one < dims), dims, dims):
        mine = l2_normalize(stolen @ (back @ axes[:, :kept]))
        near = mine @ l2_normalize(public @ axes[:, :kept]).T
        near = 2 * near - _crowd(near, 1) - _crowd(near, 0)
        there = near.argmax(1)
        mutual = np.flatnonzero(near.argmax(0)[there] == np.arange(len(stolen)))
        back = procrustes(whole[mutual], plain[there[mutual]])  # the means are a pair, too
    return Alignment(back, float((l2_normalize(stolen @ back) @ l2_normalize(public).T).max(1).mean()))


def _axes(cloud: Floats) -> Floats:
    """Return principal axes (d, d), of the largest variance first, with the sign of the third moment."""
    axes = np.linalg.eigh(np.cov(cloud.T, dtype=float))[1][:, ::-1]
    return (axes * np.where(((cloud @ axes) ** 3).mean(0) < 0, -1, 1)).astype(np.float32)


def _crowd(near: Floats, axis: int) -> Floats:
    """Return the mean of the five largest similarities along an axis, which is kept."""
    some = near[:, ::4] if axis else near[::4]  # a quarter of the rows says it as well
    top = np.take(np.partition(some, -CROWD, axis=axis), range(-CROWD, 0), axis=axis)
    return top.mean(axis=axis, keepdims=True)
