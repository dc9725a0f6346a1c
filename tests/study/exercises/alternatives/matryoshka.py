"""Another correct way of writing each exercise of matryoshka."""

import numpy as np


def truncate(vectors, dims):
    rows = []
    for vector in vectors:
        short = vector[:dims].astype(np.float64)
        rows.append(short / (np.sqrt((short**2).sum()) or 1))
    return np.array(rows, np.float32)


def in_batch_softmax(queries, documents, temperature=0.05):
    lengths = queries.norm(dim=1)[:, None] * documents.norm(dim=1)[None]
    scores = queries @ documents.T / lengths / temperature
    return (scores.logsumexp(0) + scores.logsumexp(1) - 2 * scores.diagonal()).mean() / 2


def matryoshka_loss(queries, documents, dims):
    total = 0.0
    for length in dims:
        a, b = (
            side[:, :length] / side[:, :length].norm(dim=1, keepdim=True) for side in (queries, documents)
        )
        scores = a @ b.T * 20
        total = total + (scores.logsumexp(0) + scores.logsumexp(1) - 2 * scores.diagonal()).mean() / 2
    return total / len(dims)


def funnel_search(query, documents, stages):
    left = list(range(len(documents)))
    for dims, keep in stages:
        scored = []
        for row in left:
            short = documents[row][:dims].astype(np.float64)
            cosine = short @ query[:dims] / (np.sqrt((short**2).sum()) or 1)
            scored.append((-round(float(cosine), 5), row))
        left = [row for _, row in sorted(scored)[:keep]]
    return np.array(left, dtype=np.int64)
