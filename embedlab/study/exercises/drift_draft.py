"""Exercises of chapter 20: two engines on one page."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake, lazily

team_draft = lazily("embedlab.drift:team_draft")


def _rankings(rng: np.random.Generator) -> list[tuple]:
    """List (a, b, flips): one document, the same, disjoint, overlapping, odd, each coin; then drawn."""
    cases = [
        ([1], [2], [True]),
        ([1], [2], [False]),
        ([1, 2], [1, 2], [True]),
        ([1, 2], [1, 2], [False]),
        ([1, 2], [2, 1], [False]),
        ([1, 2], [3, 4], [False]),
        ([1, 2, 3], [4, 5, 6], [True, False]),
        ([1, 2, 3, 4], [5, 6, 7, 8], [True, False]),
        ([1, 2, 3, 4], [5, 6, 7, 8], [False, False]),
        ([1, 2, 3, 4], [2, 5, 1, 6], [True, False]),
        ([1, 2, 3, 4], [2, 3, 4, 1], [False, True]),
        ([1, 2, 3, 4], [4, 3, 2, 1], [True, True]),
    ]
    for k in (4, 5, 6, 8):
        for _ in range(2):
            a, b = (rng.permutation(k + 3)[:k].tolist() for _ in range(2))
            cases.append((a, b, (rng.random((k + 1) // 2) < 0.5).tolist()))
    return cases


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _drafted(a, b, order, taken_turn_is_lost=False):
    """Draft with the turns in another order: ``order(round)`` says whether a is first."""
    page, teams, turn = [], [], 0
    places = {"a": 0, "b": 0}
    while len(page) < len(a):
        first = order(turn)
        for team in ("a", "b") if first else ("b", "a"):
            ranking = a if team == "a" else b
            if taken_turn_is_lost:
                at, places[team] = places[team], places[team] + 1
                best = ranking[at] if at < len(ranking) and ranking[at] not in page else None
            else:
                best = next((one for one in ranking if one not in page), None)
            if best is not None and len(page) < len(a):
                page.append(best)
                teams.append(team)
        turn += 1
        if turn > 3 * len(a):
            break
    return page, teams


def _one_coin(a, b, flips):
    return _drafted(a, b, lambda turn: flips[0])


def _no_coin(a, b, flips):
    return _drafted(a, b, lambda turn: True)


def _other_side(a, b, flips):
    return _drafted(a, b, lambda turn: not flips[turn])


def _repeats(a, b, flips):
    pairs = [
        ((x, "a"), (y, "b")) if flip else ((y, "b"), (x, "a"))
        for x, y, flip in zip(a, b, flips, strict=False)
    ]
    merged = [one for pair in pairs for one in pair][: len(a)]
    return [document for document, _ in merged], [team for _, team in merged]


def _turn_lost(a, b, flips):
    return _drafted(a, b, lambda turn: flips[turn] if turn < len(flips) else True, taken_turn_is_lost=True)


def _snake(a, b, flips):
    return _drafted(a, b, lambda turn: flips[0] if turn % 2 == 0 else not flips[0])


def _too_long(a, b, flips):
    page, teams = team_draft(a, b, flips)
    rest = [document for document in (*a, *b) if document not in page]
    return page + rest[:1], teams + ["a"] * len(rest[:1])


def _shared_to_a(a, b, flips):
    page, _ = team_draft(a, b, flips)
    return page, ["a" if document in a else "b" for document in page]


EXERCISES = (
    Exercise(
        name="team_draft",
        chapter="20_drift",
        task="Interleave two rankings as captains choose teams. a and b are lists of k int (1 or more), "
        "documents, best first, without repeats; flips is a list of bool, one for each round: does a choose "
        "first in it? In a round both captains take, one after the other, their best document that nobody "
        "has taken yet. The page is full at k documents, maybe in the middle of a round. Return a tuple: the "
        "documents in the order in which they were taken, and a list of the team of each, 'a' or 'b'.",
        reference="embedlab.drift:team_draft",
        cases=_rankings,
        hints=(
            "One loop over rounds, in it one over the two captains, in the order that the coin says.",
            "The best one left: the first of the ranking that is not on the page.",
            "Look whether the page is full before each choice, not only before each round.",
        ),
        mistakes=(
            Mistake(
                "one coin for the page",
                "With one coin, one engine comes first in every round. A new coin a round evens that out.",
                _one_coin,
            ),
            Mistake(
                "a always first",
                "Whoever comes first gets the clicks of the first rank. The coin decides, round by round.",
                _no_coin,
            ),
            Mistake("the coin read the other way", "True means that a chooses first.", _other_side),
            Mistake(
                "a document twice",
                "A document that is on the page is taken: the captain goes on to the next one.",
                _repeats,
            ),
            Mistake(
                "the turn is lost",
                "If a captain's next document is taken already, the one after it is chosen, in that turn.",
                _turn_lost,
            ),
            Mistake(
                "turns alternate",
                "First a, then b, then b, then a: that is a rule one can guess, and it favours whoever "
                "begins. Each round has a coin of its own.",
                _snake,
            ),
            Mistake(
                "too long", "The page has as many documents as a ranking, also when k is odd.", _too_long
            ),
            Mistake(
                "shared documents are a's",
                "A document that both have belongs to whoever took it: else a gets the credit for all that "
                "they share.",
                _shared_to_a,
            ),
        ),
        follow_up="A click on a document that both engines rank at the same place says nothing about which "
        "is better. What does a team draft make of it, and what does that cost?",
    ),
)
