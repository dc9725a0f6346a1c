"""The exercises of chapter 07 on the index: candidates by centroids, and what an index weighs."""

import math

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _searches(rng: np.random.Generator) -> list[tuple]:
    """List (query, centroids, which, offsets, probes): one document; several tokens; every cluster probed."""
    cases = [
        ([[1]], [[1], [-1]], [0], [0, 1], 1),
        ([[1]], [[1], [-1]], [1], [0, 1], 1),
        ([[1]], [[1], [-1]], [0, 0], [0, 2], 1),
        ([[1]], [[1], [-1]], [1, 0], [0, 1, 2], 1),
        ([[1]], [[1], [-1]], [1, 0], [0, 1, 2], 2),
        ([[1], [-1]], [[1], [-1]], [0, 1], [0, 1, 2], 1),
        ([[1, 0], [0, 1]], [[2, 0], [0, 2], [-1, -1]], [2, 1, 0, 2], [0, 1, 3, 4], 1),
        ([[1, 0], [0, 1]], [[3, 1], [1, 2], [-1, -1]], [2, 1, 2], [0, 1, 2, 3], 1),
    ]
    for t, lengths, c, probes in [(2, [1, 2, 1], 4, 1), (2, [2, 3, 1], 6, 2), (3, [4, 1, 2, 2], 8, 2)]:
        for _ in range(2):
            # Centroids of different lengths in one direction each: no two are equally near.
            centroids = rng.permutation(np.arange(1, c + 1))[:, None] * rng.choice([-1, 1], (c, 2))
            query = rng.integers(1, 4, (t, 2)) * np.array([7, 5])
            which, ends = rng.integers(0, c, sum(lengths)), np.concatenate([[0], np.cumsum(lengths)])
            cases.append((query, centroids, which, ends, probes))
    return [
        (np.float32(query), np.float32(centroids), np.uint16(which), np.int64(ends), probes)
        for query, centroids, which, ends, probes in cases
    ]


def _sizes(_: np.random.Generator) -> list[tuple]:
    """List (documents, tokens, dims, bits, centroids): one token; bits that fill no byte; many centroids."""
    return [
        (1, 1, 8, 1, 1),
        (1, 1, 8, 2, 1),
        (2, 1, 8, 1, 2),
        (1, 2, 8, 1, 1),
        (1, 1, 4, 1, 1),
        (1, 1, 12, 1, 4),
        (3, 5, 16, 4, 2),
        (10, 60, 128, 2, 64),
        (10, 60, 128, 1, 256),
        (100, 80, 128, 2, 65_536),
        (100, 80, 128, 2, 65_537),
        (1_000, 200, 96, 4, 131_072),
        (1_000_000, 120, 128, 2, 262_144),
    ]


def centroid_candidates(query, centroids, which, offsets, probes):
    """Return the documents with a token in a cluster that some query token probes, in rising order.

    Parameters
    ----------
    query : float32 array (t, d)
    centroids : float32 array (c, d)
    which : uint16 array (total,)
        The number of each token's centroid, one document after the other.
    offsets : int64 array (n + 1,)
        Document i has the tokens from ``offsets[i]`` to ``offsets[i + 1]``.
    probes : int
        Each token of the query probes so many clusters: those with the largest inner product.

    Returns
    -------
    int64 array (m,)

    Examples
    --------
    >>> query, centroids = np.float32([[1, 0.1]]), np.float32([[1, 0], [0, 1], [-1, 0]])
    >>> centroid_candidates(query, centroids, np.uint16([2, 0, 0, 1]), np.array([0, 1, 3, 4]), 1)
    array([1])
    """
    probed = np.argsort(-(query @ centroids.T), axis=1, kind="stable")[:, :probes]  # (t, probes)
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))  # of each token
    return np.unique(owners[np.isin(which, probed)])


def index_bytes(documents, tokens, dims, bits, centroids):
    """Return the bytes of a residual index: codes, inverted lists, offsets and centroids.

    Parameters
    ----------
    documents, tokens : int
        So many documents, of so many tokens each.
    dims, bits : int
        A residual has ``bits`` for each of ``dims`` numbers, and fills whole bytes.
    centroids : int
        Float32 vectors. A number up to 65,535 takes 2 bytes, a larger one 4.

    Returns
    -------
    int
        For each token its code and, in the list of its cluster, the id of its document in 4 bytes; for each
        document an offset of 8 bytes; the centroids.

    Examples
    --------
    >>> index_bytes(1000, 80, 128, 2, 1024)
    3572288
    """
    number = 2 if centroids <= 65_536 else 4
    code = number + math.ceil(dims * bits / 8)
    return documents * (tokens * (code + 4) + 8) + 4 * centroids * dims


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _candidates(probed, which, offsets):
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.unique(owners[np.isin(which, probed)])


def _farthest_clusters(query, centroids, which, offsets, probes):
    return _candidates(np.argsort(query @ centroids.T, axis=1)[:, :probes], which, offsets)


def _one_probe(query, centroids, which, offsets, probes):
    return _candidates((query @ centroids.T).argmax(axis=1), which, offsets)


def _whole_query(query, centroids, which, offsets, probes):
    return _candidates(np.argsort(-(query @ centroids.T).max(axis=0))[:probes], which, offsets)


def _every_token(query, centroids, which, offsets, probes):
    rows = np.argsort(-(query @ centroids.T), axis=1, kind="stable")[:, :probes]
    found = [set(_candidates(row, which, offsets).tolist()) for row in rows]
    return np.array(sorted(set.intersection(*found)), np.int64)


def _token_numbers(query, centroids, which, offsets, probes):
    probed = np.argsort(-(query @ centroids.T), axis=1, kind="stable")[:, :probes]
    return np.flatnonzero(np.isin(which, probed))


def _with_duplicates(query, centroids, which, offsets, probes):
    places = _token_numbers(query, centroids, which, offsets, probes)
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[places]


def _codes_only(documents, tokens, dims, bits, centroids):
    return documents * tokens * ((2 if centroids <= 65_536 else 4) + math.ceil(dims * bits / 8))


def _no_lists(documents, tokens, dims, bits, centroids):
    return index_bytes(documents, tokens, dims, bits, centroids) - 4 * documents * tokens


def _no_centroids(documents, tokens, dims, bits, centroids):
    return index_bytes(documents, tokens, dims, bits, centroids) - 4 * centroids * dims


def _bits_as_bytes(documents, tokens, dims, bits, centroids):
    return index_bytes(documents, tokens, 8 * dims, bits, centroids) - 28 * centroids * dims


def _always_two_bytes(documents, tokens, dims, bits, centroids):
    return index_bytes(documents, tokens, dims, bits, 1) + 4 * (centroids - 1) * dims


EXERCISES = (
    Exercise(
        name="centroid_candidates",
        chapter="07_colbert",
        task="Return the ids of the documents worth scoring, an int64 array in rising order. Each token "
        "of the query, float32 (t, d), probes the clusters of the `probes` centroids, float32 (c, d), with "
        "the largest inner product; a document is a candidate if one of its tokens is in a probed cluster. "
        "which (total,) holds each token's cluster, and document i has the tokens from offsets[i] to "
        "offsets[i + 1].",
        reference="embedlab.study.exercises.colbert_index:centroid_candidates",
        cases=_searches,
        hints=(
            "query @ centroids.T is (t, c). np.argsort(-..., axis=1)[:, :probes] are the clusters probed.",
            "np.isin(which, probed) tells which tokens lie in a probed cluster.",
            "np.repeat(np.arange(n), np.diff(offsets)) names each token's document; np.unique sorts them and "
            "keeps each once.",
        ),
        mistakes=(
            Mistake(
                "the farthest clusters",
                "argsort sorts upwards: the first are the least similar. Sort the negated similarities.",
                _farthest_clusters,
            ),
            Mistake("one probe", "Each token probes as many clusters as `probes` says.", _one_probe),
            Mistake(
                "one choice for the whole query",
                "Each token of the query probes its own clusters; a second token must not go without.",
                _whole_query,
            ),
            Mistake(
                "every token must hit",
                "A document that one query token hits is a candidate: the union, not the intersection.",
                _every_token,
            ),
            Mistake(
                "documents named twice",
                "A document with several tokens in probed clusters is still one candidate.",
                _with_duplicates,
            ),
            Mistake(
                "tokens, not documents",
                "These are places of tokens. offsets says which document each belongs to.",
                _token_numbers,
            ),
        ),
        follow_up="This reads the cluster of every token. An inverted list from clusters to documents reads "
        "only what is probed: what does it cost to keep, and to update?",
    ),
    Exercise(
        name="index_bytes",
        chapter="07_colbert",
        task="Return, as an int, the bytes of an index of so many documents with so many tokens each. A "
        "token takes the number of its centroid (2 bytes for up to 65,536 centroids, else 4), a residual of "
        "`bits` for each of `dims` numbers, filled up to whole bytes, and an entry of 4 bytes in an inverted "
        "list; a document takes an offset of 8 bytes; the centroids are float32.",
        reference="embedlab.study.exercises.colbert_index:index_bytes",
        cases=_sizes,
        hints=(
            "One token first: number + ceil(dims * bits / 8) + 4.",
            "Times tokens, and 8 more for the document; times documents.",
            "The centroids are shared by all: centroids * dims * 4, once.",
        ),
        mistakes=(
            Mistake(
                "codes only",
                "An index is more than codes: inverted lists, offsets and centroids are in memory, too.",
                _codes_only,
            ),
            Mistake("no inverted lists", "Each token has an entry of 4 bytes in a list.", _no_lists),
            Mistake(
                "no centroids", "The centroids are float32 vectors: 4 * centroids * dims.", _no_centroids
            ),
            Mistake("bits taken for bytes", "Eight bits are a byte: ceil(dims * bits / 8).", _bits_as_bytes),
            Mistake(
                "two bytes for any number",
                "Two bytes name 65,536 centroids at most. With more, a number takes four.",
                _always_two_bytes,
            ),
        ),
        follow_up="10 million documents of 120 tokens on a machine with 64 GB: how many bits can you afford? "
        "What do you give up first, bits, dimensions or tokens?",
    ),
)
