"""Another correct way of writing each exercise of drift."""

import heapq
import math

import numpy as np


def burn_rate(errors, events, window, slo):
    found = np.zeros(len(errors))
    for i in range(len(errors)):
        first = max(0, i - window + 1)
        asked = sum(events[first : i + 1])
        if asked > 0:
            found[i] = sum(errors[first : i + 1]) / (asked * (1 - slo))
    return found


def team_draft(a, b, flips):
    left, page, teams = {"a": list(a), "b": list(b)}, [], []
    turns = [team for flip in flips for team in (("a", "b") if flip else ("b", "a"))]
    for team in turns[: len(a)]:
        document = left[team][0]
        page.append(document)
        teams.append(team)
        for ranking in left.values():
            if document in ranking:
                ranking.remove(document)
    return page, teams


def ips_value(clicks, propensities, weights, most):
    counts = np.array([min(1 / p, most) for p in propensities])
    return np.einsum("nk,nk,k->n", clicks.astype(float), weights, counts)


def may_switch(state, filled, pending, pending_live, agrees):
    found = []
    if state != "shadow":
        found.append("not in shadow")
    if not filled:
        found.append("back-fill unfinished")
    if not pending <= pending_live:
        found.append("staler than live")
    if agrees is None:
        found.append("no verdict")
    elif not agrees:
        found.append("judge disagrees")
    return found


def judged(low, high, margin):
    if low > 0:
        return "better"
    if high < -margin:
        return "worse"
    return "undecided" if low <= -margin else "no worse"


def low_rank_map(source, target, rank, strength):
    d, e = source.shape[1], target.shape[1]
    rows = np.vstack([source, np.sqrt(strength) * np.eye(d)])
    wanted = np.vstack([target, np.zeros((d, e))])
    full = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    up = np.linalg.svd(rows @ full, full_matrices=False)[2][:rank]
    return full @ up.T, up


def mmd2(x, y, gamma):
    def k(a, b):
        return math.exp(-gamma * sum((p - q) ** 2 for p, q in zip(a, b, strict=True)))

    total = 0.0
    for z in (x, y):
        total += 2 * sum(k(z[i], z[j]) for i in range(len(z)) for j in range(i)) / (len(z) * (len(z) - 1))
    return total - 2 * sum(k(a, b) for a in x for b in y) / (len(x) * len(y))


def alarm_threshold(null, windows_a_month):
    k = (len(null) + 1) // windows_a_month
    if k == 0:
        raise ValueError("less than a month")
    return heapq.nlargest(k, null.tolist())[-1]


def cusum(values, slack):
    walk = np.concatenate([[0.0], np.cumsum(values - slack)])
    return (walk - np.minimum.accumulate(walk))[1:]
