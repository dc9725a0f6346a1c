"""More exercises of chapter 03: scoring a ranking, and telling two systems apart."""

import math

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _rankings(rng: np.random.Generator) -> list[tuple]:
    """List (qrels, run, k): one relevant document, several, graded, none found, more than k."""
    cases = [
        ({"q": {"a": 1}}, {"q": {"a": 1.0}}, 1),
        ({"q": {"a": 1}}, {"q": {"b": 2.0, "a": 1.0}}, 2),
        ({"q": {"a": 1}}, {"q": {"b": 2.0, "a": 1.0}}, 1),
        ({"q": {"a": 1}}, {"q": {"b": 1.0}}, 2),
        ({"q": {"a": 1, "b": 1}}, {"q": {"a": 1.0}}, 3),
        ({"q": {"a": 2, "b": 1}}, {"q": {"b": 2.0, "a": 1.0}}, 2),
        ({"q": {"a": 1}}, {}, 2),
        ({"q": {"a": 1, "b": 1, "c": 1}}, {"q": {"a": 3.0, "b": 2.0, "c": 1.0}}, 2),
    ]
    for documents, k in [(4, 3), (5, 5), (6, 3), (8, 5)]:
        names = [chr(97 + i) for i in range(documents)]
        scores = rng.permutation(documents).astype(float)
        gains = rng.integers(0, 3, documents).tolist()
        qrels = {"q": {name: g for name, g in zip(names, gains, strict=True) if g} or {"a": 1}}
        cases.append((qrels, {"q": dict(zip(names, scores.tolist(), strict=True))}, k))
    return cases


def _ndcg(qrels, run, k, *, discount=lambda rank: 1 / math.log2(rank + 1), best="all", cut=True, up=False):
    values = {}
    for query, judged in qrels.items():
        scores = run.get(query, {})
        names = sorted(scores, key=lambda name: scores[name] if up else -scores[name])
        gains = [judged.get(name, 0) for name in names][: k if cut else None]
        pool = judged.values() if best == "all" else gains
        ideal = sorted(pool, reverse=True)[: k if cut else None]
        dcg, most = (sum(g * discount(r) for r, g in enumerate(x, 1)) for x in (gains, ideal))
        values[query] = dcg if best == "none" else dcg / most if most else 0.0
    return values


def _drawn(rng: np.random.Generator) -> list[tuple]:
    """List (values, draws)."""
    cases = [([0.5], [[0]] * 3), ([0.0, 1.0], [[0, 0], [0, 1], [1, 1]])]
    for q, samples in [(2, 5), (3, 5), (3, 20), (4, 20), (5, 40), (5, 41), (8, 100), (6, 60), (10, 200)]:
        cases.append((rng.integers(0, 11, q) / 10, rng.integers(0, q, (samples, q))))
    return [(np.array(values, float), np.array(draws)) for values, draws in cases]


def _interval(values, draws, *, quantiles=(0.025, 0.975), of="means"):
    drawn = np.asarray(values)[draws]
    if of == "values":
        drawn = drawn.ravel()
    elif of == "centred":
        middle, spread = np.mean(values), drawn.mean(axis=1).std()
        return float(middle - 1.96 * spread), float(middle + 1.96 * spread)
    else:
        drawn = np.median(drawn, axis=1) if of == "medians" else drawn.mean(axis=1)
    low, high = np.quantile(drawn, quantiles)
    return float(low), float(high)


def _signed(rng: np.random.Generator) -> list[tuple]:
    """List (a, b, signs)."""
    cases = [([1.0], [0.0], [[1], [-1]]), ([0.5, 0.5], [0.5, 0.5], [[1, 1], [1, -1]])]
    for q, samples in [(2, 4), (2, 6), (3, 8), (3, 10), (4, 20), (5, 30), (6, 40), (8, 60), (10, 100)]:
        a, b = rng.integers(0, 11, (2, q)) / 10
        cases.append((a, b, rng.choice([-1, 1], (samples, q))))
    return [(np.array(a, float), np.array(b, float), np.array(signs)) for a, b, signs in cases]


def _p(a, b, signs, *, absolute=True, strict=False, extra=1):
    differences = a - b
    seen, swapped = differences.mean(), (signs * differences).mean(axis=1)
    if absolute:
        seen, swapped = abs(seen), np.abs(swapped)
    extreme = (swapped > seen + 1e-12).sum() if strict else (swapped >= seen - 1e-12).sum()
    return float((extreme + extra) / (len(signs) + extra))


EXERCISES = (
    Exercise(
        name="ndcg",
        chapter="03_pooling",
        task="nDCG@k of each query: qrels {query: {document: gain}}, run {query: {document: score}}, k "
        "give {query: value}; gain at rank r counts gain / log2(r + 1), divided by the best "
        "possible sum; else 0.0.",
        reference="embedlab.benchmark:ndcg",
        cases=_rankings,
        hints=(
            "Sort the documents of a query by score, keep k, look up their gains (0 where not judged).",
            "The best possible ranking has all gains of qrels in falling order, cut at k as well.",
            "A query that the run has no answer to counts 0.0: go through qrels, not through run.",
        ),
        mistakes=(
            Mistake(
                "discount log2(rank)",
                "log2(1) is 0: the first place counts 1 / log2(2), the second 1 / log2(3).",
                lambda qrels, run, k: _ndcg(qrels, run, k, discount=lambda rank: 1 / max(math.log2(rank), 1)),
            ),
            Mistake(
                "not normalised",
                "That is DCG. Divide by the sum of the best possible ranking.",
                lambda qrels, run, k: _ndcg(qrels, run, k, best="none"),
            ),
            Mistake(
                "best of what was found",
                "The best possible ranking is made of all judged documents, found or not.",
                lambda qrels, run, k: _ndcg(qrels, run, k, best="found"),
            ),
            Mistake(
                "not cut at k",
                "Only the first k count, in the ranking and in the best possible one.",
                lambda qrels, run, k: _ndcg(qrels, run, k, cut=False),
            ),
            Mistake(
                "worst first",
                "A larger score is better: sort downwards.",
                lambda qrels, run, k: _ndcg(qrels, run, k, up=True),
            ),
        ),
        follow_up="The discounts are often written with the natural logarithm. Why does nDCG stay the same?",
    ),
    Exercise(
        name="bootstrap",
        chapter="03_pooling",
        task="Percentile interval of a mean: values (q,) and draws int64 (samples, q), each row naming "
        "the queries of one resample, give (low, high): where the middle 95 % of the resamples' "
        "means lie.",
        reference="embedlab.benchmark:bootstrap",
        cases=_drawn,
        hints=(
            "values[draws] has shape (samples, q): a row is a resample.",
            "One mean for each resample.",
            "np.quantile(means, [0.025, 0.975]), as two floats.",
        ),
        mistakes=(
            Mistake(
                "quantiles of the values",
                "That says how queries differ. The interval is of the mean: take each resample's mean first.",
                lambda values, draws: _interval(values, draws, of="values"),
            ),
            Mistake(
                "5 % on each side",
                "The middle 95 % leaves 2.5 % on each side.",
                lambda values, draws: _interval(values, draws, quantiles=(0.05, 0.95)),
            ),
            Mistake(
                "medians",
                "The resamples' means are asked for.",
                lambda values, draws: _interval(values, draws, of="medians"),
            ),
            Mistake(
                "normal approximation",
                "Mean plus or minus 1.96 standard errors is close, but it is another interval: read "
                "the quantiles off.",
                lambda values, draws: _interval(values, draws, of="centred"),
            ),
        ),
        follow_up="To compare two systems, what do you resample, so that hard queries drop out?",
    ),
    Exercise(
        name="randomisation_p",
        chapter="03_pooling",
        task="Two-sided p value: a and b (q,) of the same queries and signs (samples, q) of 1 and -1 "
        "give (swaps with a mean difference at least as large, either way, + 1) / (samples + 1).",
        reference="embedlab.benchmark:randomisation_p",
        cases=_signed,
        hints=(
            "Swapping the two names at a query turns the sign of its difference.",
            "(signs * (a - b)).mean(axis=1) is the difference after each swap; compare absolute values.",
            "Equal counts as extreme, but sums differ in the last digit: >= abs(seen) - 1e-12. Then + "
            "1, + 1.",
        ),
        mistakes=(
            Mistake(
                "one-sided",
                "A large difference the other way is as surprising: compare absolute values.",
                lambda a, b, signs: _p(a, b, signs, absolute=False),
            ),
            Mistake(
                "without the + 1",
                "The naming that was seen is one of the possible ones: without it p can be 0.",
                lambda a, b, signs: _p(a, b, signs, extra=0),
            ),
            Mistake(
                "larger, not at least as large",
                "A swap that gives the same difference is as extreme as what was seen.",
                lambda a, b, signs: _p(a, b, signs, strict=True),
            ),
        ),
        follow_up="With 10,000 swaps, what is the smallest p that you can get? How should it be reported?",
    ),
)
