"""Exercises of chapter 04 that look at several prefixes: the Matryoshka loss, and the funnel."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _batches(rng: np.random.Generator) -> list[tuple]:
    """List (queries, documents, dims): tensors of two rows first; one prefix, then several in any order."""
    import torch

    cases = [(np.eye(4)[:2], np.eye(4)[:2], (4,)), (np.eye(4)[:2], np.eye(4)[1::-1], (4, 2))]
    for n, d, dims in [
        (2, 2, (1,)),
        (2, 2, (2, 1)),
        (2, 4, (4, 2)),
        (3, 4, (2, 4)),
        (3, 4, (4, 3, 1)),
        (4, 6, (6, 3, 2)),
        (5, 8, (8, 4, 2, 1)),
        (6, 8, (2, 8)),
        (4, 8, (8,)),
    ]:
        cases.append((rng.normal(size=(n, d)), rng.normal(size=(n, d)) * 2, dims))
    return [
        (*(torch.tensor(side.copy(), dtype=torch.float32) for side in pair), dims) for *pair, dims in cases
    ]


def _searches(rng: np.random.Generator) -> list[tuple]:
    """List (query, documents, stages): one stage first, then shortlists that lose and that keep the best."""
    cases = [([1, 0], [[1, 0], [0, 1]], [(2, 1)]), ([0, 1], [[1, 0], [0, 1]], [(2, 2)])]
    cases += [
        ([1, 0], [[0, 1], [3, 4], [1, 0]], [(2, 2)]),
        ([3, 4], [[9, 0], [3, 4], [5, 1]], [(1, 2), (2, 1)]),
        ([1, 2, 2], [[1, 9, 0], [2, 0, 1], [1, 2, 2]], [(2, 2), (3, 1)]),
        ([2, 1, 2], [[0, 0, 5], [2, 1, 0], [4, 2, 4], [1, 1, 1]], [(2, 3), (3, 2)]),
    ]
    for n, d, stages in [
        (5, 3, [(1, 3), (3, 2)]),
        (6, 4, [(2, 3), (4, 1)]),
        (8, 6, [(2, 5), (4, 3), (6, 2)]),
        (9, 6, [(3, 4), (6, 4)]),
        (12, 8, [(2, 8), (4, 4), (8, 3)]),
        (20, 8, [(4, 10), (8, 5)]),
        (7, 5, [(5, 9)]),
    ]:
        cases.append((rng.integers(1, 10, d), rng.integers(-9, 10, (n, d)), stages))
    return [
        (np.array(query, dtype=np.float32), np.array(documents, dtype=np.float32), stages)
        for query, documents, stages in cases
    ]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _terms(queries, documents, dims):
    from embedlab.matryoshka import in_batch_softmax

    return [in_batch_softmax(queries[:, :d], documents[:, :d]) for d in dims]


def _summed(queries, documents, dims):
    return sum(_terms(queries, documents, dims))


def _longest_only(queries, documents, dims):
    return _terms(queries, documents, [max(dims)])[0]


def _last_numbers(queries, documents, dims):
    return sum(_terms(queries.flip(1), documents.flip(1), dims)) / len(dims)


def _rows_cut(queries, documents, dims):
    from embedlab.matryoshka import in_batch_softmax

    return sum(in_batch_softmax(queries[:d], documents[:d]) for d in dims) / len(dims)


def _one_side(queries, documents, dims):
    import torch

    from embedlab.matryoshka import in_batch_softmax

    masks = [(torch.arange(queries.shape[1]) < d).float() for d in dims]
    scale = torch.nn.functional.normalize(documents, dim=1)
    return sum(in_batch_softmax(queries * mask, scale) for mask in masks) / len(dims)


def _scores(query, documents, dims):
    short = documents[:, :dims]
    length = np.linalg.norm(short, axis=1)
    return short @ query[:dims] / np.where(length > 0, length, 1)


def _best(scores, keep):
    return np.argsort(-scores, kind="stable")[:keep]


def _last_stage_only(query, documents, stages):
    dims, keep = stages[-1]
    return _best(_scores(query, documents, dims), keep)


def _first_stage_only(query, documents, stages):
    return _best(_scores(query, documents, stages[0][0]), stages[-1][1])


def _places(query, documents, stages):
    for dims, keep in stages:
        order = _best(_scores(query, documents, dims), keep)
        documents = documents[order]
    return order


def _not_normalised(query, documents, stages):
    rows = np.arange(len(documents))
    for dims, keep in stages:
        rows = rows[_best(documents[rows, :dims] @ query[:dims], keep)]
    return rows


def _worst(query, documents, stages):
    rows = np.arange(len(documents))
    for dims, keep in stages:
        rows = rows[np.argsort(_scores(query, documents[rows], dims), kind="stable")[:keep]]
    return rows


EXERCISES = (
    Exercise(
        name="matryoshka_loss",
        chapter="04_matryoshka",
        task="The mean of in_batch_softmax over the prefixes of queries and documents, float32 tensors "
        "(n, d), whose lengths are in dims: a scalar tensor.",
        reference="embedlab.matryoshka:matryoshka_loss",
        cases=_batches,
        hints=(
            "A prefix of all vectors of a batch is queries[:, :d]: a slice, through which gradients flow.",
            "in_batch_softmax compares by cosine: it brings each prefix to length 1 by itself.",
            "One loss for each d of dims, added up, divided by len(dims).",
        ),
        mistakes=(
            Mistake(
                "summed instead of averaged",
                "That is what sentence-transformers does; here it is the mean: divide by len(dims).",
                _summed,
            ),
            Mistake(
                "only the longest prefix",
                "Only what stands in the loss is trained: every prefix has to do the job alone.",
                _longest_only,
            ),
            Mistake("took the last numbers", "A prefix is the beginning: [:, :d].", _last_numbers),
            Mistake(
                "cut the batch",
                "queries[:d] keeps the first d texts. A prefix of each vector is queries[:, :d].",
                _rows_cut,
            ),
            Mistake(
                "only one side cut",
                "Cut both sides, and let each be normalised after the cut: they will be stored like that.",
                _one_side,
            ),
        ),
        follow_up="Prefixes cost almost nothing to add. What does each of them cost the full vector?",
    ),
    Exercise(
        name="funnel_search",
        chapter="04_matryoshka",
        task="Search in stages: rank by the cosine of the first dims numbers of query, float32 (d,), and "
        "documents, float32 (n, d); keep the best; go on with those only. stages lists (dims, keep). Return "
        "the rows of documents that the last stage keeps, best first, the smaller row where two are equal.",
        reference="embedlab.matryoshka:funnel_search",
        cases=_searches,
        hints=(
            "Begin with candidates = np.arange(n). Each stage makes it shorter.",
            "Cosines need prefixes of length 1: truncate(documents[candidates], dims).",
            "argsort gives places within the shortlist; candidates[order[:keep]] are the rows again.",
        ),
        mistakes=(
            Mistake(
                "only the last stage",
                "A document that an earlier stage dropped is gone, however good it would have been.",
                _last_stage_only,
            ),
            Mistake(
                "only the first stage",
                "Each stage orders its candidates anew, with more of their numbers.",
                _first_stage_only,
            ),
            Mistake(
                "places instead of rows",
                "argsort counts within the shortlist. Translate back: candidates[order].",
                _places,
            ),
            Mistake(
                "prefixes not normalised",
                "After a cut, rows differ in length, and the longest wins. Bring each back to 1.",
                _not_normalised,
            ),
            Mistake("worst first", "argsort sorts upwards: sort the negative scores.", _worst),
        ),
        follow_up="The first stage reads n short vectors. At which n is it no longer the largest cost?",
    ),
)
