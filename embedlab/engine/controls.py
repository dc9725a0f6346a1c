"""What chapter 07 sets beside ColBERT: token pooling, and an adapter trained without prefixes."""

from collections.abc import Sequence

import numpy as np

from embedlab.benchmark import docsearch, training_pairs
from embedlab.engine.models import embedder
from embedlab.finetuning import pair_weights
from embedlab.hybrid import Ranking
from embedlab.index import FlatIndex, Floats
from embedlab.matryoshka import LinearAdapter
from embedlab.pooling import l2_normalize


def pool_tokens(vectors: Floats, factor: int) -> Floats:
    """Merge a document's token vectors into a factor-th of them, each the mean of a cluster.

    Clavié et al. (2024): Ward's hierarchical clustering on cosine distance, [CLS] kept as it is.

    Parameters
    ----------
    vectors : float32 array (t, d)
        Each of length 1.
    factor : int

    Examples
    --------
    >>> angles = np.array([0, 0.1, 0.2, 1.5, 1.6], dtype=np.float32)
    >>> pool_tokens(np.stack([np.cos(angles), np.sin(angles)], axis=1), 2).shape  # [CLS], half of the others
    (3, 2)
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    first, rest = vectors[:1], vectors[1:]
    groups = max(len(rest) // factor, 1)
    if groups >= len(rest):
        return vectors
    distances = squareform((1 - rest @ rest.T).clip(0, 2), checks=False)
    cluster = fcluster(linkage(distances, method="ward"), groups, criterion="maxclust")
    means = [rest[cluster == c].mean(axis=0) for c in np.unique(cluster)]
    return l2_normalize(np.concatenate([first, means]).astype(np.float32))


def adapted(lead: int, splits: Sequence[str], k: int) -> dict[str, Ranking]:
    """Train chapter 04's adapter with the loss on all 384 dims alone, and search one vector a document.

    It reads as many tokens in training as in search.
    """
    benchmark, reader = docsearch(), embedder().reading(lead)
    pairs, options = training_pairs(benchmark), {"cache": True, "on_long": "cut"}
    sides = [
        texts.encode([pair[i] for pair in pairs], **options) for i, texts in enumerate((embedder(), reader))
    ]
    weights = pair_weights(benchmark, pairs)
    adapter = LinearAdapter.fit(*sides, texts=pairs, weights=weights, dims=(embedder().dims,))
    index, found = FlatIndex(embedder().dims), {}
    index.add(adapter.transform(reader.encode(benchmark.documents, **options)))
    for split in splits:
        queries = embedder().encode(benchmark.split(split)[1], **options)
        found[split] = index.search(adapter.transform(queries), k)
    return found
