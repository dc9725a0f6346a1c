"""Which space a vector is of: noticed when a remote model changes, and maps from one space to another.

Two vectors of equal length can always be multiplied; whether the result means anything no library can tell.
So what is stored names its model, and a few known texts, the canaries, are embedded again before new vectors
may enter: the same model gives the same vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embedlab.pooling import l2_normalize

Floats = NDArray[np.float32]

# Of several kinds, short and long: a model that reads less, or other letters, differs in some of them only.
CANARIES = (
    "Return the mean of each row.",
    "How do I read a CSV file without a header?",
    "ZURICH, 12 July 1998: the price fell by 3.5 %.",
    "naïve café, Straße, 東京",
    "x",
    "Compute the singular value decomposition of a matrix. " * 20 + "The end is what differs.",
)


class SpaceError(ValueError):
    """Vectors of another model than those that are stored."""


@dataclass(frozen=True)
class SpaceCard:
    """What an index knows of the model that made its vectors.

    Attributes
    ----------
    model : str
        As the API names it; with a fingerprint where there is one.
    canaries : float32 array (c, d)
        What `CANARIES` were embedded to when the index was made.
    """

    model: str
    canaries: Floats = field(repr=False)

    @classmethod
    def made(cls, model: str, embed: Callable[[Sequence[str]], Floats]) -> SpaceCard:
        """Embed the canaries for a new index."""
        return cls(model, l2_normalize(embed(list(CANARIES))))


def canary_cosines(card: SpaceCard, vectors: Floats) -> Floats:
    """Return the cosine of each canary (c,) with what it was when the index was made.

    Raises
    ------
    SpaceError
        If the number of canaries or of dimensions is another.
    """
    vectors = l2_normalize(np.atleast_2d(vectors))
    if vectors.shape != card.canaries.shape:
        raise SpaceError(f"canaries of shape {card.canaries.shape} were stored, but got {vectors.shape}")
    return np.einsum("cd,cd->c", card.canaries, vectors)


def check_space(card: SpaceCard, model: str, vectors: Floats, least: float = 0.999) -> None:
    """Refuse a model that is not the one that made the index, whether it says so or not.

    Parameters
    ----------
    card : SpaceCard
    model : str
        The name in the answer.
    vectors : float32 array (c, d)
        The canaries, embedded now.
    least : float
        Cosine that each canary must have. Measured with all-MiniLM-L6-v2: the same weights in bfloat16 stay
        above 0.9999; int8 weights give 0.982 to 0.996, a model that is fine-tuned on top of it 0.81 to 0.92,
        other pooling 0.34 to 0.59.

    Raises
    ------
    SpaceError
        Naming both models, or the canary that moved most.

    Examples
    --------
    >>> card = SpaceCard("embed-1", np.eye(2, dtype=np.float32))
    >>> check_space(card, "embed-1", np.eye(2, dtype=np.float32) * 3)
    >>> check_space(card, "embed-1", np.float32([[0, 1], [1, 0]]))
    Traceback (most recent call last):
    embedlab.serving.spaces.SpaceError: 'embed-1' embeds canary 0 to a cosine of 0.0000 with what is stored
    """
    if model != card.model:
        raise SpaceError(f"the index was made by {card.model!r}, but {model!r} answered")
    cosines = canary_cosines(card, vectors)
    if not (cosines >= least).all():  # so, as NaN compares as False
        worst = int(np.nan_to_num(cosines, nan=-2).argmin())
        raise SpaceError(
            f"{model!r} embeds canary {worst} to a cosine of {cosines[worst]:.4f} with what is stored"
        )


def procrustes(source: Floats, target: Floats) -> Floats:
    """Return the rotation (d, d) that brings one set of vectors closest to another, row by row.

    Source: Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 31.

    Parameters
    ----------
    source, target : float32 arrays (n, d)
        The same texts, embedded by two models.

    Examples
    --------
    >>> vectors = np.float32([[1, 0], [0, 1], [0.6, 0.8]])
    >>> turned = vectors @ np.float32([[0, 1], [-1, 0]])
    >>> procrustes(vectors, turned).round(3) + 0
    array([[ 0.,  1.],
           [-1.,  0.]], dtype=float32)
    """
    source, target = _pairs(source, target)
    if source.shape[1] != target.shape[1]:
        raise ValueError(f"a rotation keeps the dimensions, but got {source.shape[1]} and {target.shape[1]}")
    left, _, right = np.linalg.svd(source.T @ target)
    return (left @ right).astype(np.float32)


def ridge_map(source: Floats, target: Floats, strength: float = 0.1) -> Floats:
    """Return the matrix (d, e) that maps one set of vectors onto another with the least squared error.

    Any matrix, not only a rotation: so it may stretch and squeeze, and needs more pairs. ``strength`` holds
    it back where pairs are few.

    Parameters
    ----------
    source : float32 array (n, d)
    target : float32 array (n, e)
    strength : float
        Added to the diagonal of ``source.T @ source``.

    Examples
    --------
    >>> ridge_map(np.float32([[1, 0], [0, 1]]), np.float32([[2], [4]]), strength=1e-6).round(3)
    array([[2.],
           [4.]], dtype=float32)
    """
    source, target = _pairs(source, target)
    if not strength > 0:
        raise ValueError(f"strength must be positive, but is {strength}")
    gram = source.T @ source + strength * np.eye(source.shape[1])
    return np.linalg.solve(gram, source.T @ target).astype(np.float32)


def mapped(vectors: Floats, matrix: Floats) -> Floats:
    """Bring vectors (n, d) into the other space: float32 (n, e), of length 1."""
    return l2_normalize(np.asarray(vectors, np.float32) @ matrix)


def _pairs(source: Floats, target: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if source.ndim != 2 or target.ndim != 2 or len(source) != len(target) or not len(source):
        raise ValueError(f"need the same texts in both spaces, but got {source.shape} and {target.shape}")
    return source, target
