"""Exercises of chapter 11: what goes into the prompt, and in which order."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _prompts(rng: np.random.Generator) -> list[tuple]:
    """List (costs, budget, header): nothing, exact fits, one too large in front and between; drawn ones."""
    cases = [([], 5, 1), ([3], 5, 1), ([4], 5, 1), ([5], 5, 1), ([5], 5, 0), ([3], 0, 1), ([6, 1], 5, 1)]
    cases += [([1, 1], 5, 1), ([1, 2], 5, 1), ([2, 2], 5, 1), ([1, 6, 1], 6, 1), ([1, 2, 1], 8, 1)]
    cases += [([4, 1, 1], 7, 2), ([1, 1, 1], 6, 2), ([2, 9, 1, 1], 12, 2)]
    for n in (4, 5, 6, 8, 10, 12, 20):
        header = int(rng.integers(1, 5))
        costs = rng.integers(1, 12, n).tolist()
        half = sum(costs[: n // 2]) + header * (n // 2)
        cases.append((costs, half + int(rng.integers(0, 3)), header))
    return cases


def _rankings(rng: np.random.Generator) -> list[tuple]:
    """List (ranked,): none, one, few, in no order of the alphabet; then longer ones."""
    cases = [[], ["a"], ["a", "b"], ["b", "a"], ["a", "b", "c"], ["c", "a", "b"], list("abcd"), list("dcba")]
    return [(one,) for one in cases] + [
        (rng.permutation(list("abcdefghij"))[:n].tolist(),) for n in range(5, 11)
    ]


def pack_prompt(costs, budget, header):
    """Choose the passages that are read, the best first, until the first that does not fit.

    Parameters
    ----------
    costs : list of int
        Tokens of each passage, the best first.
    budget : int
        Tokens of all that is read, at most.
    header : int
        Tokens that each passage costs besides: its number and where it is from.

    Returns
    -------
    list of int
        Places in costs, from 0.

    Examples
    --------
    >>> pack_prompt([100, 200, 300, 10], budget=400, header=12)
    [0, 1]
    """
    read = []
    for i, cost in enumerate(costs):
        budget -= header + cost
        if budget < 0:
            break
        read.append(i)
    return read


def sides(ranked):
    """Order passages so that the best stand at both ends, and the worst in the middle.

    Language models read the middle of a long prompt least well (Liu et al. 2023, "Lost in the Middle",
    section 2.3).

    Parameters
    ----------
    ranked : list
        Best first.

    Returns
    -------
    list

    Examples
    --------
    >>> sides([1, 2, 3, 4, 5])
    [1, 3, 5, 4, 2]
    """
    return ranked[::2] + ranked[1::2][::-1]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _header_forgotten(costs, budget, header):
    return pack_prompt(costs, budget, 0)


def _header_once(costs, budget, header):
    return pack_prompt(costs, budget - header, 0)


def _skips(costs, budget, header):
    read = []
    for i, cost in enumerate(costs):
        if header + cost <= budget:
            read.append(i)
            budget -= header + cost
    return read


def _one_more(costs, budget, header):
    return list(range(min(len(pack_prompt(costs, budget, header)) + 1, len(costs))))


def _strictly_less(costs, budget, header):
    return pack_prompt(costs, budget - 1, header)


def _each_alone(costs, budget, header):
    return [i for i, cost in enumerate(costs) if header + cost <= budget]


def _cheapest_first(costs, budget, header):
    order = sorted(range(len(costs)), key=lambda i: costs[i])
    return sorted(order[i] for i in pack_prompt([costs[i] for i in order], budget, header))


def _halves(ranked):
    half = (len(ranked) + 1) // 2
    return ranked[:half] + ranked[half:][::-1]


EXERCISES = (
    Exercise(
        name="pack_prompt",
        chapter="11_rag",
        task="Which passages does the reader get? costs is a list of int, the tokens of each passage (1 or "
        "more), the best first; budget is an int, the tokens that all of them may take; header is an int, "
        "the tokens that each passage costs besides, for its number and source (0 or more). Return a list "
        "of int: the places, from 0, of the passages that are read. Walk from the best to the worst and "
        "take each that fits into what is left, header included; it may use the budget to the last token. "
        "Stop at the first that does not fit: what comes behind it is not read either. No passages give [].",
        reference="embedlab.study.exercises.rag:pack_prompt",
        cases=_prompts,
        hints=(
            "Keep what is left of the budget. What does one passage take from it?",
            "A passage takes header + cost. Compare before you take it, and break if it does not fit.",
        ),
        mistakes=(
            Mistake(
                "header forgotten",
                "Each passage comes with its number and its source, and the model reads them too: header + "
                "cost.",
                _header_forgotten,
            ),
            Mistake("header only once", "Every passage has a header of its own.", _header_once),
            Mistake(
                "skips what does not fit",
                "A worse passage must not take the place of a better one: stop at the first that does not "
                "fit.",
                _skips,
            ),
            Mistake(
                "one too many", "The passage that would take the sum over the budget is not read.", _one_more
            ),
            Mistake(
                "strictly less than the budget", "A budget may be used to the last token.", _strictly_less
            ),
            Mistake(
                "each passage by itself",
                "What was taken before has used a part of the budget: subtract it.",
                _each_alone,
            ),
            Mistake(
                "the shortest first",
                "More passages fit that way, but worse ones. The search has said which are best: keep its "
                "order.",
                _cheapest_first,
            ),
        ),
        follow_up="The best passage alone is longer than the budget, and you read nothing. What would you do "
        "instead: cut it, take the next, or cut documents into smaller chunks? What does each cost?",
    ),
    Exercise(
        name="sides",
        chapter="11_rag",
        task="Order passages for a reader that overlooks the middle of its prompt. ranked is a list of str, "
        "the best first. Return a new list of the same elements: the best first, the second best last, the "
        "third best second, the fourth best second last, and so on, so that the worst stands in the middle. "
        "An empty list gives [].",
        reference="embedlab.study.exercises.rag:sides",
        cases=_rankings,
        hints=(
            "Write the result for a, b, c, d, e by hand. Which of them stand in the first half?",
            "The first, third, fifth stand in front, in this order. The others come behind, in which order?",
            "ranked[::2] is every other element, ranked[1::2] are those between, [::-1] reverses.",
        ),
        mistakes=(
            Mistake(
                "left as it was", "The second best belongs to the other end.", lambda ranked: list(ranked)
            ),
            Mistake(
                "reversed",
                "That puts the best next to the question, but the second best beside it, and not at an end.",
                lambda ranked: ranked[::-1],
            ),
            Mistake(
                "the worst at an end",
                "The second half has to climb again: reverse it, so that the second best stands last.",
                lambda ranked: ranked[::2] + ranked[1::2],
            ),
            Mistake(
                "the best last",
                "Both ends are good places, but here the best stands first and the second best last.",
                lambda ranked: ranked[1::2] + ranked[::2][::-1],
            ),
            Mistake(
                "the best in the middle",
                "The middle is what is overlooked: the worst belong there.",
                lambda ranked: sides(ranked[::-1]),
            ),
            Mistake(
                "two halves",
                "Then the whole better half stands in front. Deal the passages out in turn: front, back, "
                "front.",
                _halves,
            ),
        ),
        follow_up="The answer cites [2]. Do you number the passages before or after you order them, and what "
        "goes wrong otherwise?",
    ),
)
