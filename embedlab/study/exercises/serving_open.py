"""Exercises of chapter 17: when not to call at all."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _steps(rng: np.random.Generator) -> list[tuple]:
    """List (state, event, now, threshold, pause): every mode with every event, at each edge of time."""
    cases = []
    for failures in (0, 1, 2):
        state = {"mode": "closed", "failures": failures, "since": 0.0}
        cases += [(state, event, 50.0, 3, 10.0) for event in ("call", "ok", "failure")]
    for mode in ("open", "half-open"):
        state = {"mode": mode, "failures": 3, "since": 100.0}
        cases += [(state, "call", now, 3, 10.0) for now in (100.0, 105.0, 110.0, 130.0)]
        cases += [(state, event, 105.0, 3, 10.0) for event in ("ok", "failure")]
    cases.append(({"mode": "half-open", "failures": 1, "since": 100.0}, "failure", 101.0, 3, 10.0))
    cases.append(({"mode": "half-open", "failures": 0, "since": 100.0}, "failure", 101.0, 2, 10.0))
    cases.append(({"mode": "closed", "failures": 0, "since": 100.0}, "failure", 101.0, 1, 10.0))
    for _ in range(12):
        since, pause = float(rng.integers(0, 40)), float(rng.integers(1, 20))
        mode = str(rng.choice(["closed", "open", "half-open"]))
        threshold = int(rng.integers(1, 5))
        failures = int(rng.integers(0, threshold)) if mode == "closed" else threshold
        event = str(rng.choice(["call", "ok", "failure"]))
        now = since + float(rng.integers(0, 30))
        cases.append(({"mode": mode, "failures": failures, "since": since}, event, now, threshold, pause))
    return cases


def breaker(state, event, now, threshold, pause):
    """Take one step of a circuit breaker.

    Nygard (2007), "Release It!", chapter 5. `embedlab.serving.allow` is the step at a call,
    `embedlab.serving.record` that at its end.

    Parameters
    ----------
    state : dict
        mode ("closed", "open" or "half-open"), failures (in a row), since (when it opened, or let a probe
        pass).
    event : {"call", "ok", "failure"}
        Somebody wants to call; a call succeeded; a call failed.
    now : float
        Seconds, on the clock of since.
    threshold : int
        Failures in a row that open it.
    pause : float
        Seconds until a probe may pass.

    Returns
    -------
    dict
        The next state.
    bool or None
        Whether the call may pass; None after the end of a call.

    Examples
    --------
    >>> breaker({"mode": "open", "failures": 3, "since": 100.0}, "call", 110.0, 3, 10.0)
    ({'mode': 'half-open', 'failures': 3, 'since': 110.0}, True)
    """
    if event == "call":
        if state["mode"] == "closed":
            return state, True
        if now - state["since"] < pause:
            return state, False
        return state | {"mode": "half-open", "since": now}, True
    if state["mode"] == "open":
        return state, None
    if event == "ok":
        return state | {"mode": "closed", "failures": 0}, None
    failures = state["failures"] + 1
    if state["mode"] == "half-open" or failures >= threshold:
        return {"mode": "open", "failures": failures, "since": now}, None
    return state | {"failures": failures}, None


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _crowd(state, event, now, threshold, pause):
    if event == "call" and state["mode"] == "half-open":
        return state, True
    return breaker(state, event, now, threshold, pause)


def _closes_by_itself(state, event, now, threshold, pause):
    after, passes = breaker(state, event, now, threshold, pause)
    if passes and state["mode"] != "closed":
        return state | {"mode": "closed", "failures": 0}, True
    return after, passes


def _probe_not_noted(state, event, now, threshold, pause):
    after, passes = breaker(state, event, now, threshold, pause)
    return (after | {"since": state["since"]} if event == "call" else after), passes


def _probe_like_any(state, event, now, threshold, pause):
    after, passes = breaker(state, event, now, threshold, pause)
    if event == "failure" and state["mode"] == "half-open" and after["failures"] < threshold:
        return state | {"failures": after["failures"]}, None
    return after, passes


def _never_forgets(state, event, now, threshold, pause):
    after, passes = breaker(state, event, now, threshold, pause)
    return after | {"failures": max(after["failures"], state["failures"])}, passes


def _one_too_late(state, event, now, threshold, pause):
    return breaker(state, event, now, threshold + 1, pause)


def _opened_without_time(state, event, now, threshold, pause):
    after, passes = breaker(state, event, now, threshold, pause)
    return (after if event == "call" else after | {"since": state["since"]}), passes


def _old_news(state, event, now, threshold, pause):
    if event != "call" and state["mode"] == "open":
        return breaker(state | {"mode": "half-open"}, event, now, threshold, pause)
    return breaker(state, event, now, threshold, pause)


EXERCISES = (
    Exercise(
        name="breaker",
        chapter="17_serving",
        task="One step of a circuit breaker. state is a dict of mode ('closed', 'open', 'half-open'), "
        "failures in a row (int) and since (float). Return a tuple (next state, passes), the state given "
        "unchanged. Event 'call': closed passes; else it passes only if now - since >= pause, which makes "
        "mode half-open and since now. passes is a bool. 'ok': mode closed, failures 0. 'failure': failures "
        "+ 1; if half-open, or at threshold, mode open and since now. While open, these two change nothing. "
        "passes is None for both.",
        reference="embedlab.study.exercises.serving_open:breaker",
        cases=_steps,
        hints=(
            "May a call pass, and what does its end say? These are two questions: look at the event first.",
            "At a call, open and half-open follow one rule: a probe passes when the pause is over.",
            "state | {'failures': 2} is a new dict with one value changed.",
        ),
        mistakes=(
            Mistake(
                "a crowd of probes",
                "Half-open lets one call try. The others are refused until it reports, or another pause is "
                "over.",
                _crowd,
            ),
            Mistake(
                "closes by itself",
                "After the pause nobody knows whether the service is back: half-open, and one probe decides.",
                _closes_by_itself,
            ),
            Mistake(
                "the probe's time not noted",
                "Set since to now when a probe passes, or the very next call passes, too.",
                _probe_not_noted,
            ),
            Mistake(
                "a probe like any call",
                "One failure is enough while half-open: the service is still down, open again.",
                _probe_like_any,
            ),
            Mistake(
                "a success does not reset",
                "Failures in a row: one call that succeeds sets them to 0. Else a rare error opens it one "
                "day.",
                _never_forgets,
            ),
            Mistake(
                "one failure too late",
                "With a threshold of 3 the third failure in a row opens it: compare with >=.",
                _one_too_late,
            ),
            Mistake(
                "opened without the time",
                "The pause counts from the moment at which it opened: set since to now.",
                _opened_without_time,
            ),
            Mistake(
                "old news",
                "While open, an end is that of a call which began before: it neither closes the breaker nor "
                "prolongs the pause.",
                _old_news,
            ),
        ),
        follow_up="The API answers 429 to one customer and 400 to another. Which of them should count as "
        "failures, and would you keep one breaker for all customers, or one for each?",
    ),
)
