"""Exercises of chapter 20: what speaks against a switch, and what the judge may say."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake

REASONS = ("not in shadow", "back-fill unfinished", "staler than live", "no verdict", "judge disagrees")


def _indexes(rng: np.random.Generator) -> list[tuple]:
    """List (state, filled, pending, pending_live, agrees): each reason alone, edits under way; then drawn."""
    cases = [
        ("shadow", True, set(), set(), True),
        ("building", True, set(), set(), True),
        ("shadow", False, set(), set(), True),
        ("shadow", True, {1}, set(), True),
        ("shadow", True, {1}, {1}, True),
        ("shadow", True, {1}, {1, 2}, True),
        ("shadow", True, {1}, {2}, True),
        ("shadow", True, set(), {3}, True),
        ("shadow", True, set(), set(), None),
        ("shadow", True, set(), set(), False),
        ("live", True, set(), set(), True),
        ("retired", True, set(), set(), True),
        ("retired", True, set(), set(), None),
        ("building", False, {1, 2}, set(), None),
    ]
    for _ in range(10):
        state = ("building", "shadow", "shadow", "live")[rng.integers(4)]
        sets = [set(rng.integers(1, 5, rng.integers(0, 4)).tolist()) for _ in range(2)]
        cases.append((state, bool(rng.integers(2)), *sets, (True, False, None)[rng.integers(3)]))
    return cases


def _against(stale, *, unsaid="no verdict", states=("shadow",), filled_counts=True):
    def wrong(state, filled, pending, pending_live, agrees):
        holds = (
            state not in states,
            filled_counts and not filled,
            stale(pending, pending_live),
            agrees is None and unsaid == "no verdict",
            agrees is False or (agrees is None and unsaid == "judge disagrees"),
        )
        return [reason for reason, true in zip(REASONS, holds, strict=True) if true]

    return wrong


def _first_only(state, filled, pending, pending_live, agrees):
    return _against(lambda a, b: bool(a - b))(state, filled, pending, pending_live, agrees)[:1]


def _intervals(rng: np.random.Generator) -> list[tuple]:
    """List (low, high, margin): each answer, the borders; then drawn ones."""
    cases = [
        (0.25, 0.5, 0.125),
        (-0.0625, 0.5, 0.125),
        (-0.5, 0.5, 0.125),
        (-0.5, -0.25, 0.125),
        (-0.5, -0.0625, 0.125),
        (-0.0625, -0.03125, 0.125),
        (0.0, 0.5, 0.125),
        (-0.125, 0.5, 0.125),
        (-0.5, -0.125, 0.125),
        (0.0, 0.0, 0.125),
        (-0.0625, 0.0, 0.125),
        (-0.25, 0.0, 0.125),
    ]
    for _ in range(12):
        low, high = np.sort(rng.integers(-16, 17, 2)) / 32
        cases.append((float(low), float(high), float(rng.integers(1, 8)) / 32))
    return cases


def _by_mean(low, high, margin):
    mean = (low + high) / 2
    return "better" if mean > 0 else "no worse" if mean > -margin else "worse"


def _zero_within(low, high, margin):
    return "better" if low > 0 else "worse" if high < 0 else "no worse"


def _no_margin(low, high, margin):
    return "better" if low > 0 else "worse" if high < 0 else "undecided"


def _high_end(low, high, margin):
    return "better" if low > 0 else "no worse" if high > -margin else "worse"


def _loss_is_worse(low, high, margin):
    return "better" if low > 0 else "worse" if high < 0 else "no worse" if low > -margin else "undecided"


EXERCISES = (
    Exercise(
        name="may_switch",
        chapter="20_drift",
        task="What speaks against letting an index answer? state is a str, that of the new index: "
        "'building', 'shadow', 'live' or 'retired'; filled a bool, whether its back-fill has come "
        "to the end; "
        "pending and pending_live are sets of int, the documents that wait to be embedded for the "
        "new index and for the "
        "one that answers now; agrees is the judge's verdict, True, False or None (there is none). Return a "
        "list of all reasons that hold, in this order: 'not in shadow'; 'back-fill unfinished'; 'staler than "
        "live' (a document waits for the new index, and not for the live one); 'no verdict'; 'judge "
        "disagrees'. An empty list: nothing.",
        reference="embedlab.drift:may_switch",
        cases=_indexes,
        hints=(
            "Users edit all the time: something is pending nearly always. What would the switch make worse?",
            "A document that waits in both is as stale after the switch as before. Sets can be subtracted.",
            "None is not False: somebody who has not been asked has not disagreed.",
        ),
        mistakes=(
            Mistake(
                "anything pending",
                "With edits going on, something waits nearly always, and you would never switch. Count only "
                "what does not wait for the live index, too.",
                _against(lambda a, b: bool(a)),
            ),
            Mistake(
                "numbers compared",
                "One document each may wait, and be two different ones. Compare which, not how many.",
                _against(lambda a, b: len(a) > len(b)),
            ),
            Mistake(
                "any difference",
                "If something waits for the live index only, the new one is fresher: no reason against it.",
                _against(lambda a, b: a != b),
            ),
            Mistake(
                "no verdict, no objection",
                "A judge who was not asked has not agreed.",
                _against(lambda a, b: bool(a - b), unsaid="nothing"),
            ),
            Mistake(
                "no verdict is a bad one",
                "Keep them apart: to one the answer is to ask, to the other to look for what is wrong.",
                _against(lambda a, b: bool(a - b), unsaid="judge disagrees"),
            ),
            Mistake(
                "the first reason only",
                "Say everything at once: whoever is on duty mends one thing after the other otherwise.",
                _first_only,
            ),
            Mistake(
                "building will do",
                "In shadow it was asked real queries beside the live one. An index in another state was not.",
                _against(lambda a, b: bool(a - b), states=("shadow", "building")),
            ),
            Mistake(
                "back-fill forgotten",
                "Nothing is pending before the back-fill has put it there: an empty index would look ready.",
                _against(lambda a, b: bool(a - b), filled_counts=False),
            ),
        ),
        follow_up="The check and the switch: why must they be one transaction, and which of these reasons "
        "should stop a roll-back at night?",
    ),
    Exercise(
        name="judged",
        chapter="20_drift",
        task="What may a judge say of a new index? low and high are floats, the 95 % interval of the "
        "difference in quality, new minus old; margin, a float above 0, is the loss that would be accepted. "
        "Return a str: 'better' if the interval lies above 0; else 'no worse' if it lies above "
        "-margin; 'worse' "
        "if it lies below -margin; else 'undecided'. An end that lies exactly on a border does not "
        "lie beyond.",
        reference="embedlab.drift:judged",
        cases=_intervals,
        hints=(
            "Draw a line with -margin and 0 on it. Where can an interval lie?",
            "To say that something is not much worse, even the low end has to be good enough.",
            "'worse' needs the high end below -margin. A wide interval says nothing at all.",
        ),
        mistakes=(
            Mistake(
                "mean only",
                "The middle of the interval is one number of a sample. What does the low end allow?",
                _by_mean,
            ),
            Mistake(
                "zero within, so no worse",
                "An interval around zero may be wide: with ten queries everything would pass. Nothing was "
                "found is not: nothing is there.",
                _zero_within,
            ),
            Mistake(
                "no margin",
                "Then an equal model, cheaper or with a licence, could never be shown to be good enough.",
                _no_margin,
            ),
            Mistake(
                "the wrong end",
                "The high end says how good it may be. That it is not too bad stands at the low end.",
                _high_end,
            ),
            Mistake(
                "any loss is worse",
                "A loss that is certain, and smaller than the margin, was accepted beforehand: no worse.",
                _loss_is_worse,
            ),
        ),
        follow_up="Who fixes the margin, and when? How many labelled queries do you need so that two equal "
        "models come out as 'no worse' in nine of ten cases?",
    ),
)
