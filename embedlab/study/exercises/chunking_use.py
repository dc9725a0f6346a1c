"""Exercises of chapter 10: what fits into a budget of tokens, and ids that outlive an update."""

import hashlib

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _budgets(rng: np.random.Generator) -> list[tuple]:
    """List (costs, budget): nothing, exact fits, one too large in front and between; then drawn ones."""
    cases = [([], 5), ([3], 5), ([5], 5), ([6], 5), ([2, 3], 5), ([3, 3], 5), ([6, 1], 5), ([2, 6, 1], 5)]
    cases += [([2, 4, 3], 5), ([1, 1, 1], 5), ([4, 4, 1, 1], 6), ([3], 0)]
    for n in (4, 5, 6, 8, 10, 12, 20):
        costs = rng.integers(1, 10, n).tolist()
        cases.append((costs, sum(costs[: n // 2]) + int(rng.integers(0, 4))))
    return cases


def _documents(rng: np.random.Generator) -> list[tuple]:
    """List (document, texts): none, one, the same text again, texts that run together; then drawn ones."""
    cases = [
        ("a", []),
        ("a", ["x"]),
        ("b", ["x"]),
        ("a", ["é"]),
        ("a", ["y", "x"]),
        ("a", ["x", "x"]),
        ("a", ["x", "y", "x"]),
        ("a", ["x0", "x", "x"]),
        ("ab", ["x", "bx", "x"]),
        ("doc", ["", "x", ""]),
    ]
    for n in (3, 4, 5, 6, 8):
        cases.append((f"doc{n}", rng.choice(["One.", "Two.", "Three."], n).tolist()))
    return cases


def within_budget(costs, budget):
    """Count the ranked chunks that are read whole before a budget would be exceeded.

    Parameters
    ----------
    costs : list of int
        Tokens of each chunk, the best chunk first.
    budget : int
        Tokens, at most.

    Returns
    -------
    int

    Examples
    --------
    >>> within_budget([100, 200, 300, 10], budget=400)
    2
    """
    spent = 0
    for i, cost in enumerate(costs):
        spent += cost
        if spent > budget:
            return i
    return len(costs)


def stable_ids(document, texts):
    """Name each chunk by what it says, so that an update of the document keeps what has not changed.

    Parameters
    ----------
    document : str
        Its id.
    texts : list of str
        Of its chunks, in order.

    Returns
    -------
    list of str
        16 hex digits each.

    Examples
    --------
    >>> before = stable_ids("guide", ["Install it.", "Run it."])
    >>> after = stable_ids("guide", ["New: a licence.", "Install it.", "Run it."])
    >>> before == after[1:]
    True
    """
    seen, ids = {}, []
    for text in texts:
        repeat = seen.get(text, 0)
        seen[text] = repeat + 1
        ids.append(_digest(document, text, repeat))
    return ids


def _digest(*parts):
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _skips(costs, budget):
    count = 0
    for cost in costs:
        if cost <= budget:
            count, budget = count + 1, budget - cost
    return count


def _one_more(costs, budget):
    return min(within_budget(costs, budget) + 1, len(costs))


def _one_by_one(costs, budget):
    return next((i for i, cost in enumerate(costs) if cost > budget), len(costs))


def _repeats(texts):
    return [texts[:i].count(text) for i, text in enumerate(texts)]


def _numbered(document, texts):
    return [_digest(document, text, i) for i, text in enumerate(texts)]


def _number_only(document, texts):
    return [_digest(document, i) for i in range(len(texts))]


def _text_only(document, texts):
    return [_digest(text) for text in texts]


def _no_document(document, texts):
    return [_digest(text, repeat) for text, repeat in zip(texts, _repeats(texts), strict=True)]


def _repeats_alike(document, texts):
    return [_digest(document, text, 0) for text in texts]


def _run_together(document, texts):
    return [_digest(f"{document}{text}{repeat}") for text, repeat in zip(texts, _repeats(texts), strict=True)]


def _salted(document, texts):
    """Use Python's hash: another one in every process."""
    pairs = zip(texts, _repeats(texts), strict=True)
    return [f"{hash((document, text, repeat)) % 2**64:016x}" for text, repeat in pairs]


EXERCISES = (
    Exercise(
        name="within_budget",
        chapter="10_chunking",
        task="How many chunks does a reader get? costs is a list of int, the tokens of each chunk (1 or "
        "more), the best chunk first; budget is an int. Return an int: how many chunks are read whole, in "
        "this order, until the first that would take the sum over the budget; what comes behind it is not "
        "read either. The sum may be exactly the budget; no chunks give 0.",
        reference="embedlab.study.exercises.chunking_use:within_budget",
        cases=_budgets,
        hints=(
            "Add up the costs as you go. When do you stop, and is the chunk you stop at among those read?",
            "If no chunk takes the sum over the budget, all of them are read.",
        ),
        mistakes=(
            Mistake(
                "skips what does not fit",
                "A smaller chunk behind it would fit, but it is ranked lower: stop at the first that does "
                "not fit.",
                _skips,
            ),
            Mistake(
                "one too many",
                "The chunk that takes the sum over the budget is not read.",
                _one_more,
            ),
            Mistake(
                "strictly less than the budget",
                "A budget may be spent to the last token.",
                lambda costs, budget: within_budget(costs, budget - 1),
            ),
            Mistake(
                "each chunk by itself",
                "What was read before has spent a part of the budget: compare the sum.",
                _one_by_one,
            ),
        ),
        follow_up="The first chunk alone is over the budget. What should a system do: read nothing, cut it, "
        "or take the next?",
    ),
    Exercise(
        name="stable_ids",
        chapter="10_chunking",
        task="Name the chunks of a document so that an unchanged chunk keeps its id when others are put in "
        "before it, and no two share one. document (str) is its id, texts (list of str) its chunks, in "
        "order. Return a list of str, one for each: the first 16 hex digits of the SHA-256 of document, "
        "text and repeat, joined by '\\0', in UTF-8; repeat counts how often the same text stood in texts "
        "before it: 0 the first time. No chunks give [].",
        reference="embedlab.study.exercises.chunking_use:stable_ids",
        cases=_documents,
        hints=(
            "hashlib.sha256(joined.encode()).hexdigest()[:16] makes one id.",
            "joined is f'{document}\\0{text}\\0{repeat}'.",
            "For the repeat, keep a dict of text to how often it was seen.",
        ),
        mistakes=(
            Mistake(
                "numbered",
                "With its place in the id, every chunk behind an inserted one gets a new id and has to be "
                "embedded again. Count only how often the same text stood before.",
                _numbered,
            ),
            Mistake(
                "number only",
                "Then an id stays where it is while its text changes: the old vector answers for a new text.",
                _number_only,
            ),
            Mistake(
                "text only",
                "Two documents that share a sentence, and a text that stands twice, need ids of their own.",
                _text_only,
            ),
            Mistake(
                "document left out",
                "Two documents with the same chunk would share an id: deleting one deletes both.",
                _no_document,
            ),
            Mistake(
                "repeated texts share an id",
                "A text that stands twice is two chunks: count how often it stood before.",
                _repeats_alike,
            ),
            Mistake(
                "parts run together",
                "Without '\\0' between them, 'ab' + 'c' and 'a' + 'bc' are the same.",
                _run_together,
            ),
            Mistake(
                "another id in every process",
                "Python's hash of a str changes with every start, and a random id with every call. Take "
                "SHA-256.",
                _salted,
            ),
        ),
        follow_up="A page was changed in one paragraph. Which chunks do you embed, which do you delete, and "
        "what happens if you also changed the size of the chunks?",
    ),
)
