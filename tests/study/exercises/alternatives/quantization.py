"""Another correct way of writing each exercise of quantization."""

import numpy as np


def encode_int8(vectors, lo, step):
    codes = np.empty(vectors.shape, dtype=np.int8)
    for (i, j), x in np.ndenumerate(vectors):
        codes[i, j] = min(max(round(float((x - lo[j]) / step[j])), 0), 255) - 128
    return codes


def decode_int8(codes, lo, step):
    return (lo + 128 * step) + step * codes


def hamming(a, b):
    signs = [np.unpackbits(x, axis=1).astype(np.int64) * 2 - 1 for x in (a, b)]
    return (8 * a.shape[1] - signs[0] @ signs[1].T) // 2


def look_up(tables, codes):
    return tables[:, np.arange(codes.shape[1]), codes].sum(axis=2)
