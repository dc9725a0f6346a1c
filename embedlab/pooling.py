"""From one vector a token to one vector a text, and how two such vectors are compared.

Everything here is numpy: ``hidden`` is float32 of shape (n, t, d), n texts padded to t tokens of d numbers;
``mask`` is (n, t), 1 at a token and 0 at padding. Every pooling ignores padding, and a text without a single
token becomes the zero vector rather than NaN.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def mean_pool(hidden: Floats, mask: NDArray) -> Floats:
    """Average the token vectors of each text (Reimers & Gurevych 2019, Sentence-BERT, section 3).

    Parameters
    ----------
    hidden : float32 array (n, t, d)
    mask : array (n, t) of 0 and 1

    Returns
    -------
    float32 array (n, d)

    Raises
    ------
    ValueError
        If the shapes do not fit together, or the mask holds anything but 0 and 1.

    Examples
    --------
    >>> hidden = np.array([[[2.0, 0.0], [4.0, 2.0], [9.0, 9.0]]], dtype=np.float32)
    >>> mean_pool(hidden, np.array([[1, 1, 0]]))
    array([[3., 1.]], dtype=float32)
    """
    hidden, mask = _checked(hidden, mask)
    total = np.einsum("ntd,nt->nd", hidden, mask)  # padding adds nothing
    count = mask.sum(axis=1, keepdims=True)  # (n, 1): tokens, not positions
    return total / np.maximum(count, 1.0)


def weighted_mean_pool(hidden: Floats, mask: NDArray, weights: NDArray) -> Floats:
    """Average the token vectors of each text, some tokens counting more than others.

    With weights that grow with the position it is SGPT's pooling (Muennighoff 2022); with weights of rare
    words, that of SIF (Arora et al. 2017).

    Parameters
    ----------
    hidden : float32 array (n, t, d)
    mask : array (n, t) of 0 and 1
    weights : array (n, t), not negative
        Of padding they are ignored.

    Examples
    --------
    >>> hidden = np.array([[[2.0, 0.0], [4.0, 2.0], [9.0, 9.0]]], dtype=np.float32)
    >>> weighted_mean_pool(hidden, np.array([[1, 1, 0]]), np.array([[1, 3, 5]]))
    array([[3.5, 1.5]], dtype=float32)
    """
    hidden, mask = _checked(hidden, mask)
    shares = mask * np.asarray(weights, np.float32)
    total = shares.sum(axis=1, keepdims=True)  # (n, 1)
    return np.einsum("ntd,nt->nd", hidden, shares) / np.where(total > 0, total, 1)


def cls_pool(hidden: Floats, mask: NDArray) -> Floats:
    """Take the vector of the first token, ``[CLS]`` (Devlin et al. 2019, BERT, section 3).

    Parameters and errors are those of `mean_pool`.

    Examples
    --------
    >>> cls_pool(np.array([[[2.0, 0.0], [4.0, 2.0]]], dtype=np.float32), np.array([[1, 1]]))
    array([[2., 0.]], dtype=float32)
    """
    hidden, mask = _checked(hidden, mask)
    return hidden[:, 0] * mask[:, :1]  # nothing but padding: zero


def max_pool(hidden: Floats, mask: NDArray) -> Floats:
    """Take the largest value of each dimension over the tokens.

    Parameters and errors are those of `mean_pool`.

    Examples
    --------
    >>> max_pool(np.array([[[2.0, 0.0], [1.0, 3.0], [9.0, 9.0]]], dtype=np.float32), np.array([[1, 1, 0]]))
    array([[2., 3.]], dtype=float32)
    """
    hidden, mask = _checked(hidden, mask)
    padded = np.where(mask[:, :, None] == 1, hidden, -np.inf).max(axis=1)  # zero would beat negative values
    return np.where(mask.any(axis=1, keepdims=True), padded, 0).astype(np.float32)


def last_token_pool(hidden: Floats, mask: NDArray) -> Floats:
    """Take the vector of the last token that is not padding, as decoder models do.

    Right for padding on either side: the position is read off the mask.
    Parameters and errors are those of `mean_pool`.

    Examples
    --------
    >>> hidden = np.array([[[2.0, 0.0], [4.0, 2.0], [9.0, 9.0]]], dtype=np.float32)
    >>> last_token_pool(hidden, np.array([[1, 1, 0]]))
    array([[4., 2.]], dtype=float32)
    """
    hidden, mask = _checked(hidden, mask)
    t = mask.shape[1]
    last = t - 1 - mask[:, ::-1].argmax(axis=1)  # argmax finds the first 1 of the reversed mask
    return hidden[np.arange(len(hidden)), last] * mask.any(axis=1, keepdims=True)


POOLINGS = {"mean": mean_pool, "cls": cls_pool, "max": max_pool, "lasttoken": last_token_pool}


def l2_normalize(vectors: Floats) -> Floats:
    """Divide each row by its length; a zero row stays zero.

    Parameters
    ----------
    vectors : float32 array (n, d), or (d,) for one vector

    Returns
    -------
    float32 array of the same shape, rows of length 1 (or 0)

    Examples
    --------
    >>> l2_normalize(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    # The largest value first: squares of very large or very small numbers leave the range of float32.
    scale = np.abs(vectors).max(axis=-1, keepdims=True, initial=0)
    vectors = vectors / np.where(scale > 0, scale, 1)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def dot(a: Floats, b: Floats) -> Floats:
    """Inner products of every row of a (n, d) with every row of b (m, d): float32 (n, m).

    Raises
    ------
    ValueError
        If a and b differ in d.

    Examples
    --------
    >>> dot(np.float32([[1, 2]]), np.float32([[3, 4], [0, 1]]))
    array([[11.,  2.]], dtype=float32)
    """
    a, b = _comparable(a, b, np.float32)
    return a @ b.T


def cosine(a: Floats, b: Floats) -> Floats:
    """Cosines of every row of a (n, d) with every row of b (m, d): float32 (n, m); 0 for zero vectors.

    Examples
    --------
    >>> cosine(np.float32([[1, 0]]), np.float32([[5, 0], [0, 2], [0, 0]]))
    array([[1., 0., 0.]], dtype=float32)
    """
    return dot(l2_normalize(a), l2_normalize(b))


def euclidean(a: Floats, b: Floats) -> Floats:
    """Straight-line distances of every row of a (n, d) to every row of b (m, d): float32 (n, m).

    Examples
    --------
    >>> euclidean(np.float32([[0, 0]]), np.float32([[3, 4], [0, 0]]))
    array([[5., 0.]], dtype=float32)
    """
    a, b = _comparable(a, b, np.float64)
    # |a - b|^2 = |a|^2 - 2 ab + |b|^2 needs no (n, m, d) array; float64 since near-equal vectors cancel.
    squares = (a * a).sum(1)[:, None] - 2 * a @ b.T + (b * b).sum(1)
    return np.sqrt(np.maximum(squares, 0)).astype(np.float32)


def _comparable(a: NDArray, b: NDArray, dtype: type) -> tuple[NDArray, NDArray]:
    """Return both as matrices of this dtype; refuse vectors of different dimensions."""
    a, b = np.atleast_2d(np.asarray(a, dtype)), np.atleast_2d(np.asarray(b, dtype))
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"vectors of {a.shape[1]} dimensions cannot be compared with {b.shape[1]}")
    return a, b


def _checked(hidden: Floats, mask: NDArray) -> tuple[Floats, Floats]:
    """Return both as float32; refuse a mask that does not belong to ``hidden``."""
    hidden, mask = np.asarray(hidden, np.float32), np.asarray(mask)
    if hidden.ndim != 3 or mask.shape != hidden.shape[:2]:
        raise ValueError(f"hidden is (n, t, d) and mask (n, t), but got {hidden.shape} and {mask.shape}")
    if not np.isin(mask, (0, 1)).all():
        raise ValueError(f"a mask holds only 0 and 1, but got {np.unique(mask)[:5]}")
    return hidden, mask.astype(np.float32)
