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
