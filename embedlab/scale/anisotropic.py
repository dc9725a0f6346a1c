"""ScaNN's loss (Guo et al. 2020, arXiv:1908.10396): errors along the vector cost more than those across.

A query that a vector is found by points much the same way as the vector does. An error along the vector then
changes the score by all its length, one across by next to nothing. Plain product quantization makes the error
short, wherever it points; here codes are chosen that make it point across, at the price of a longer one.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import beta, betainc

from embedlab.index import Floats
from embedlab.machine import compiled, compiling_is_announced
from embedlab.quantization import ProductQuantizer, kmeans

ROUNDS = 10  # through all pieces; most codes stay as they are after three


def parallel_weight(dims: int, threshold: float) -> float:
    """Say how many times more an error along a vector of length 1 matters than one across (theorem 3.3).

    It is the mean over all queries of length 1 whose inner product with the vector is at least the threshold,
    and over all directions across; others do not count, since they do not find the vector. With a threshold
    of 0 both matter alike. In many dimensions it is nearly (dims - 1) T² / (1 - T²).

    Parameters
    ----------
    dims : int
    threshold : float
        0 to less than 1; the paper takes 0.2.

    Raises
    ------
    ValueError
        If there are fewer than 2 dimensions, or the threshold is out of its range.

    Examples
    --------
    >>> [round(parallel_weight(384, threshold), 2) for threshold in (0, 0.2, 0.5)]
    [1.0, 17.94, 130.31]
    """
    if dims < 2:
        raise ValueError(f"there is no across in {dims} dimensions")
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold must be at least 0 and less than 1, but is {threshold}")
    # The integral of sin^n from 0 to arccos T, by the incomplete beta function: sin² of the angle is 1 - T².
    both, across = (
        betainc((n + 1) / 2, 0.5, 1 - threshold**2) * beta((n + 1) / 2, 0.5) for n in (dims - 2, dims)
    )
    return max(1.0, float((dims - 1) * (both - across) / across))  # cos² sin^(D-2) = sin^(D-2) - sin^D


def anisotropic_losses(vectors: Floats, decoded: Floats, weight: float) -> Floats:
    """Weigh errors along and across: weight |along|² + |across|² of each, (n, d), (n, d) -> (n,).

    Examples
    --------
    >>> anisotropic_losses(np.float32([[1, 0], [1, 0]]), np.float32([[0.5, 0], [1, 0.5]]), 8.0)
    array([2.  , 0.25], dtype=float32)
    """
    errors = vectors - decoded
    along = (errors * directions(vectors)).sum(axis=1)
    return (errors**2).sum(axis=1) + np.float32(weight - 1) * along**2


def directions(vectors: Floats) -> Floats:
    """Bring vectors (n, d) to length 1; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def encode_anisotropic(
    vectors: Floats, codebooks: Floats, weight: float, *, codes: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Choose codes whose errors point across: (n, d) -> (n, m).

    The error along a vector is a sum over pieces, so one piece can make up for another, and the best entry of
    a piece depends on those of all others. From the nearest entries on, piece after piece takes the entry
    that is best with the others as they are, until none changes (coordinate descent; section 4.2). The loss
    falls at each change; it may end in a local minimum.

    Parameters
    ----------
    vectors : float32 array (n, d)
    codebooks : float32 array (m, k, d/m)
        k at most 256.
    weight : float
        See `parallel_weight`; with 1, the codes are those of plain product quantization.
    codes : uint8 array (n, m), optional
        Where to begin.

    Examples
    --------
    >>> codebooks = np.float32([[[0.6], [1.0]], [[0.5], [1.1]]])
    >>> vector = np.float32([[0.8, 0.6]])  # as near to 0.6 as to 1; error 0.2 and 0.1 in the same direction
    >>> encode_anisotropic(vector, codebooks, 1.0), encode_anisotropic(vector, codebooks, 9.0)
    (array([[0, 0]], dtype=uint8), array([[1, 0]], dtype=uint8))
    """
    if weight < 1:
        raise ValueError(f"weight must be at least 1, but is {weight}")
    vectors = np.asarray(vectors, np.float32)
    codes = ProductQuantizer(codebooks).encode(vectors) if codes is None else codes.copy()
    with compiling_is_announced():
        _descend(vectors, directions(vectors), np.ascontiguousarray(codebooks), np.float32(weight - 1), codes)
    return codes


@compiled()
def _descend(vectors, towards, codebooks, extra, codes):
    """Change codes (n, m) in place, vector by vector, until no piece changes, or for `ROUNDS`.

    towards (n, d): the directions of the vectors; extra: the weight - 1.
    """
    m, entries, size = codebooks.shape
    losses, alongs = np.empty(entries, np.float32), np.empty(entries, np.float32)
    for i in range(len(vectors)):
        along = np.float32(0)  # the error along the vector, of all pieces
        for j in range(m):
            for s in range(size):
                left = vectors[i, j * size + s] - codebooks[j, codes[i, j], s]
                along += left * towards[i, j * size + s]
        for _ in range(ROUNDS):
            changed = False
            for j in range(m):
                old = codes[i, j]
                for c in range(entries):
                    square, own = np.float32(0), np.float32(0)
                    for s in range(size):
                        left = vectors[i, j * size + s] - codebooks[j, c, s]
                        square += left * left
                        own += left * towards[i, j * size + s]
                    losses[c], alongs[c] = square, own
                rest, best = along - alongs[old], old
                for c in range(entries):
                    alongs[c] += rest
                    losses[c] += extra * alongs[c] ** 2
                for c in range(entries):
                    if losses[c] < losses[best]:
                        best = c
                if losses[best] < losses[old] - np.float32(1e-6):  # no turning round in ties
                    codes[i, j], along, changed = best, alongs[best], True
            if not changed:
                break


def refit_codebooks(vectors: Floats, codes: NDArray[np.uint8], codebooks: Floats, weight: float) -> Floats:
    """Move entries to where the weighted loss of their vectors is least, piece after piece: (m, k, d/m).

    For one entry c of one piece with all others as they are, least squares: with a vector's piece x and the
    piece u of its direction, the sum of |x - c|² + (weight - 1) (rest + u*x - u*c)² over its vectors.
    """
    m, _, size = codebooks.shape
    codebooks, towards, extra = codebooks.copy(), directions(vectors), weight - 1
    along = ((vectors - ProductQuantizer(codebooks).decode(codes)) * towards).sum(axis=1)  # of all pieces
    for j in range(m):
        here = slice(j * size, (j + 1) * size)
        pieces, unit = vectors[:, here], towards[:, here]
        rest = along - ((pieces - codebooks[j, codes[:, j]]) * unit).sum(axis=1)
        wanted = rest + (pieces * unit).sum(axis=1)  # what u*c should be
        for c in np.unique(codes[:, j]):
            mine = codes[:, j] == c
            matrix = mine.sum() * np.eye(size) + extra * unit[mine].T @ unit[mine]
            right = pieces[mine].sum(axis=0) + extra * wanted[mine] @ unit[mine]
            codebooks[j, c] = np.linalg.solve(matrix, right)
        along = rest + ((pieces - codebooks[j, codes[:, j]]) * unit).sum(axis=1)
    return codebooks


def fit_anisotropic(
    vectors: Floats, m: int, weight: float, *, entries: int = 16, iterations: int = 3, seed: int = 0
) -> Floats:
    """Learn codebooks by `kmeans`, then by codes and entries in turns for the weighted loss: (m, k, d/m).

    The documents of docsearch in 96 pieces of 16 entries, 48 bytes: recall@10 on dev 0.710 for weight 1, with
    two iterations 0.734, 0.745, 0.737 and 0.724 for the thresholds 0.05, 0.1, 0.15 and the paper's 0.2; with
    new codes from the old entries alone 0.719 for 0.1. More weight is not better: errors across grow, too.
    """
    if m < 1 or vectors.shape[1] % m:
        raise ValueError(f"{vectors.shape[1]} dimensions cannot be cut into {m} equal pieces")
    codebooks = np.stack([kmeans(piece, entries, seed=seed) for piece in np.split(vectors, m, axis=1)])
    codes = None
    for _ in range(iterations):
        codes = encode_anisotropic(vectors, codebooks, weight, codes=codes)
        codebooks = refit_codebooks(vectors, codes, codebooks, weight)
    return codebooks
