"""Another correct way of writing each exercise of colbert."""

import itertools

import numpy as np

from embedlab.colbert import ResidualCodec


def maxsim(query, tokens, offsets):
    scores = []
    for start, end in itertools.pairwise(offsets):
        scores.append(sum(max(float(q @ token) for token in tokens[start:end]) for q in query))
    return np.array(scores, np.float32)


def residual_code(vector, centroids):
    codec = ResidualCodec(centroids, np.float32([0]), np.float32([-1, 1]))
    which, packed = codec.encode(vector[None])
    return int(which[0]), np.unpackbits(packed[0], count=len(vector), bitorder="little").astype(bool)


def centroid_candidates(query, centroids, which, offsets, probes):
    lists = {}
    for document, (start, end) in enumerate(itertools.pairwise(offsets)):
        for cluster in which[start:end].tolist():
            lists.setdefault(cluster, set()).add(document)
    found = set()
    for token in query:
        likeness = [(-float(token @ centroid), number) for number, centroid in enumerate(centroids)]
        for _, cluster in sorted(likeness)[:probes]:
            found |= lists.get(cluster, set())
    return np.array(sorted(found), np.int64)


def index_bytes(documents, tokens, dims, bits, centroids):
    code = (2 if centroids < 65_537 else 4) + (dims * bits + 7) // 8
    lists, offsets, vectors = 4 * documents * tokens, 8 * documents, 4 * dims * centroids
    return documents * tokens * code + lists + offsets + vectors
