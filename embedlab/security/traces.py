"""What raw bytes still hold: a planted text, its vector in several forms, and any vector of length 1."""

from __future__ import annotations

import numpy as np

from embedlab.index import Floats

FORMS = ("text", "float32", "float16", "signs")


def traces(raw: bytes, text: str, vector: Floats) -> set[str]:
    """Find out in which forms a text or its vector stands in raw bytes.

    Parameters
    ----------
    raw : bytes
        Of a file, a page, a message.
    text : str
        As it was stored, in UTF-8; not empty.
    vector : float32 array (d,)

    Returns
    -------
    set of str
        Of "text"; "float32" and "float16", each in either byte order; "signs", a bit for each number, 1 where
        it is above 0, the first number in the highest bit of the first byte.

    Raises
    ------
    ValueError
        If the text or the vector is empty: everything holds those.

    Examples
    --------
    >>> vector = np.float32([0.6, -0.8])
    >>> sorted(traces(b"..." + vector.tobytes() + b"Ann owes", "Ann", vector))
    ['float32', 'text']
    >>> traces(vector.astype(">f2").tobytes(), "Ann", vector)
    {'float16'}
    """
    vector = np.asarray(vector, np.float32)
    if not text or not len(vector):
        raise ValueError("a text and a vector that are not empty are needed to look for")
    wanted = {
        "text": [text.encode()],
        "float32": [vector.astype(order).tobytes() for order in ("<f4", ">f4")],
        "float16": [vector.astype(order).tobytes() for order in ("<f2", ">f2")],
        "signs": [np.packbits(vector > 0).tobytes()],
    }
    return {form for form, patterns in wanted.items() if any(one in raw for one in patterns)}


def carve(raw: bytes, dims: int, *, tolerance: float = 5e-7) -> tuple[list[int], Floats]:
    """Find all unit vectors in raw bytes, knowing neither the format nor the vectors.

    Where ``dims`` numbers of 4 bytes in a row have squares that sum to 1, there is a normalised vector: for
    other bytes that is next to impossible. What encoders guarantee becomes a signature. (A few windows that
    lie across two vectors pass by chance.)

    Parameters
    ----------
    raw : bytes
        Looked at in steps of 4 bytes, as files of databases and of numpy are aligned; little-endian.
    dims : int
    tolerance : float
        Of the sum; normalised in float32, it is off by about 1e-7.

    Returns
    -------
    offsets : list of int
        In bytes.
    vectors : float32 array (n, dims)

    Examples
    --------
    >>> vectors = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> raw = b"some file" + b"\\0" * 3 + vectors[0].tobytes() + b"more" + vectors[1:].tobytes()
    >>> carve(raw, 16)[0]
    [12, 80, 144]
    """
    numbers = np.frombuffer(raw, "<f4", len(raw) // 4)
    with np.errstate(all="ignore"):
        squares = np.square(numbers.astype(np.float64))
    squares[~(squares <= 1)] = 4.0  # no component of a unit vector; a window with it sums to more than 1
    total = np.concatenate([[0.0], np.cumsum(squares)])
    off = np.abs(total[dims:] - total[:-dims] - 1) if len(numbers) >= dims else np.empty(0)
    starts = np.flatnonzero(off < tolerance).tolist()
    found = np.array([numbers[start : start + dims] for start in starts], np.float32).reshape(-1, dims)
    return [4 * start for start in starts], found
