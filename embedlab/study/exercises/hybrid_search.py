"""Exercises of chapter 09: search in an inverted index, and fusion by scores."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _queries(rng: np.random.Generator) -> list[tuple]:
    """List (terms, postings): no term; an unknown one; one twice; then drawn ones."""
    small = {
        "sort": [(1, 2.0), (3, 1.0)],
        "array": [(0, 1.0), (1, 3.0)],
        "the": [(0, 0.5), (1, 0.5), (2, 0.5)],
    }
    cases = [
        ([], small),
        (["lambda"], small),
        (["sort"], small),
        (["sort", "array"], small),
        (["sort", "lambda"], small),
        (["array", "array"], small),
        (["the", "array", "the"], small),
        (["sort"], {}),
    ]
    for n in (1, 2, 3, 4, 5, 6):
        words = [f"w{i}" for i in range(n + 2)]
        postings = {
            word: [(int(d), float(rng.integers(1, 9))) for d in np.flatnonzero(rng.random(n + 2) < 0.5)]
            for word in words
        }
        cases.append((rng.choice(words, n + 1).tolist(), postings))
    return cases


def add_postings(terms, postings):
    """Score the documents that hold a term of the query, from an inverted index.

    Parameters
    ----------
    terms : list of str
        Of the query; one that stands there twice counts twice.
    postings : dict of str to list of (document, weight)
        What each term adds to the score of each document that holds it.

    Returns
    -------
    dict of int to float
        Only documents that hold at least one term.

    Examples
    --------
    >>> add_postings(["sort", "array"], {"sort": [(1, 2.0)], "array": [(0, 1.0), (1, 3.0)]})
    {1: 5.0, 0: 1.0}
    """
    scores: dict[int, float] = {}
    for term in terms:
        for document, weight in postings.get(term, []):
            scores[document] = scores.get(document, 0.0) + weight
    return scores


def _score_lists(rng: np.random.Generator) -> list[tuple]:
    """List (rankings, weights): lists that share all, some and no documents; then drawn ones."""
    cases = [
        ([{1: 4.0, 2: 0.0}], [1.0]),
        ([{1: 4.0, 2: 0.0}], [0.5]),
        ([{1: 4.0, 2: 0.0}, {2: 30.0, 1: 10.0}], [1.0, 1.0]),
        ([{1: 4.0, 2: 0.0}, {2: 30.0, 1: 10.0}], [1.0, 2.0]),
        ([{1: 4.0, 2: 0.0}, {3: 30.0, 4: 10.0}], [1.0, 1.0]),
        ([{1: 9.0, 2: 1.0, 3: 2.0}, {3: 0.75, 4: 0.25}], [1.0, 1.0]),
        ([{1: 3.0, 2: 3.0}, {1: 2.0, 2: 0.0}], [1.0, 1.0]),
        ([{5: 7.0}, {5: 1.0, 6: 0.0}], [1.0, 1.0]),
        ([{6: 7.0}, {5: 9.0, 6: 1.0, 7: 0.0}], [1.0, 2.0]),
        ([{5: 7.0}, {6: 2.0}], [1.0, 2.0]),
    ]
    for n in (2, 3, 4, 5, 6, 8):
        lists = []
        for scale in (1.0, 20.0):
            ids = rng.permutation(2 * n)[:n].tolist()
            lists.append({i: float(scale * rng.integers(0, 16) / 16) for i in ids})
        cases.append((lists, [float(w) for w in rng.choice([0.5, 1.0, 2.0], 2)]))
    return cases


def fuse_scores(rankings, weights):
    """Return the weighted sum of z-scores that start at the last of each list.

    Parameters
    ----------
    rankings : list of dict of int to float
        Of each ranking, document to score.
    weights : list of float
        One for each ranking.

    Returns
    -------
    dict of int to float
        Of every document that a ranking holds: the sum over the rankings of weight * (score - the lowest of
        that ranking) / (standard deviation of that ranking, of all its scores). A ranking that does not hold
        it adds 0. Where all scores of a ranking are equal, as in one with a single match, each document of it
        gains weight * the largest gain in any ranking; weight * 1 where no ranking has a spread.

    Examples
    --------
    >>> fuse_scores([{1: 4.0, 2: 0.0}, {2: 30.0, 1: 10.0}], [1.0, 2.0])
    {1: 2.0, 2: 4.0}
    >>> fuse_scores([{1: 4.0, 2: 0.0}, {2: 30.0}], [1.0, 1.0])
    {1: 2.0, 2: 2.0}
    """
    gains = [
        _scaled(scores, min(scores.values()), float(np.std(list(scores.values())))) for scores in rankings
    ]
    best = max(value for gain in gains for value in gain.values()) or 1.0  # 0 where no ranking has a spread
    fused: dict[int, float] = {}
    for gain, weight in zip(gains, weights, strict=True):
        spread = any(gain.values())
        for i, value in gain.items():
            fused[i] = fused.get(i, 0.0) + weight * (value if spread else best)
    return fused


def _scaled(scores, start, spread):
    return {i: (score - start) / spread if spread else 0.0 for i, score in scores.items()}


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _terms_once(terms, postings):
    return add_postings(list(dict.fromkeys(terms)), postings)


def _counted(terms, postings):
    return add_postings(terms, {term: [(d, 1.0) for d, _ in found] for term, found in postings.items()})


def _largest(terms, postings):
    scores = {}
    for term in terms:
        for document, weight in postings.get(term, []):
            scores[document] = max(scores.get(document, 0.0), weight)
    return scores


def _all_terms(terms, postings):
    held = [{document for document, _ in postings.get(term, [])} for term in terms]
    everywhere = set.intersection(*held) if held else set()
    return {d: score for d, score in add_postings(terms, postings).items() if d in everywhere}


def _fused(rankings, weights, gain):
    fused = {}
    for scores, weight in zip(rankings, weights, strict=True):
        for i, value in gain(scores).items():
            fused[i] = fused.get(i, 0.0) + weight * value
    return fused


def _raw(rankings, weights):
    return _fused(rankings, weights, lambda scores: scores)


def _by(start, spread):
    def fuse(rankings, weights):
        def gain(scores):
            values = list(scores.values())
            return _scaled(scores, float(start(values)), float(spread(values)))

        return _fused(rankings, weights, gain)

    return fuse


def _unweighted(rankings, weights):
    return fuse_scores(rankings, [1.0] * len(rankings))


def _in_all(rankings, weights):
    shared = set.intersection(*map(set, rankings))
    return {i: value for i, value in fuse_scores(rankings, weights).items() if i in shared}


EXERCISES = (
    Exercise(
        name="add_postings",
        chapter="09_hybrid",
        task="Search an inverted index: postings gives for each term a list of (document, weight). Return a "
        "dict of document to score, the sum of the weights over all terms of the query; documents that hold "
        "none of them are not in it.",
        reference="embedlab.study.exercises.hybrid_search:add_postings",
        cases=_queries,
        hints=(
            "Loop over the terms, not over the documents: that is what the index is for.",
            "A term that no document holds is not in postings: postings.get(term, []).",
        ),
        mistakes=(
            Mistake("each term once", "A term that the query has twice counts twice.", _terms_once),
            Mistake(
                "terms counted", "Add the weight of the posting, not 1: rare terms count more.", _counted
            ),
            Mistake("the best term only", "Scores add up over the terms.", _largest),
            Mistake(
                "only documents with all terms",
                "BM25 ranks documents that hold any of the terms; more of them add more.",
                _all_terms,
            ),
        ),
        follow_up="The query has a term that half of all documents hold. What does it cost, what does it "
        "add, and how do WAND and block-max indexes skip it?",
    ),
    Exercise(
        name="fuse_scores",
        chapter="09_hybrid",
        task="Fusion by scores: each ranking is a dict of document to score. A document gains from a ranking "
        "weight * (score - lowest score of that ranking) / (standard deviation of its scores, np.std); 0 if "
        "the ranking does not hold it. Where all scores of a ranking are equal, each of its documents gains "
        "weight * the largest gain in any ranking; weight * 1 if none has a spread. Return a dict of "
        "document to the sum.",
        reference="embedlab.study.exercises.hybrid_search:fuse_scores",
        cases=_score_lists,
        hints=(
            "Work ranking by ranking, and add to what a document has: fused.get(i, 0.0).",
            "Subtract the lowest, not the mean: then what a ranking does not hold gains 0, like its last.",
            "np.std of one score is 0: check before you divide. First all gains, then the largest.",
        ),
        mistakes=(
            Mistake("raw scores", "BM25's scores would drown the cosines: divide by the spread.", _raw),
            Mistake(
                "the mean subtracted",
                "Then a document that a list does not hold gets the value of its mean, above half of those "
                "that it holds. Subtract the lowest score.",
                _by(np.mean, np.std),
            ),
            Mistake("min-max", "Divide by the standard deviation, not by the range.", _by(np.min, np.ptp)),
            Mistake(
                "a lone match lost",
                "A ranking with one match has no spread. Let it count like the best of the other ranking.",
                _by(np.min, np.std),
            ),
            Mistake("weights forgotten", "Multiply by the ranking's weight.", _unweighted),
            Mistake(
                "only documents in all rankings",
                "What one ranking misses is why there is another: keep all documents.",
                _in_all,
            ),
        ),
        follow_up="One ranking has 100 results close together, another one lone match. What does each gain?",
    ),
)
