"""Another correct way of writing each exercise of vector_databases."""

import bisect
import heapq
import math

import numpy as np


def quote_name(name):
    size = len(name.encode("utf-8"))
    if name.isspace() or size not in range(1, 64) or chr(0) in name:
        raise ValueError("no name for a table")
    return '"' + '""'.join(name.split('"')) + '"'


def cosine_from(operator, distances):
    constant, factor, power = {"<#>": (0, 1, 1), "<=>": (1, 1, 1), "<->": (1, 0.5, 2)}[operator]
    return constant - factor * np.power(distances, power)


def cheapest(rows, target):
    best = {}
    for row in rows:
        engine, ms = row["engine"], row["ms"] if row["recall"] >= target else None
        known = best.setdefault(engine, ms)
        if ms is not None and (known is None or ms < known):
            best[engine] = ms
    return best


def table_bytes(n, dims, width):
    row = 40 + dims * width
    row += -row % 8
    free, pages = 0, 0
    for _ in range(n):
        if free < row + 4:
            pages, free = pages + 1, 8168
        free -= row + 4
    return pages * 8192


def iterative_scan(ranked, passing, k, step, most):
    found = []
    for start in range(0, len(ranked), step):
        if start and (len(found) >= k or start >= most):
            return found, start
        found = (found + [i for i in ranked[start : start + step] if i in passing])[:k]
    return found, len(ranked)


def visible(versions, snapshot):
    unseen = {*snapshot["running"], *snapshot["aborted"], 0} - {snapshot["own"]}
    rows = []
    for row, *transactions in versions:
        wrote, deleted = (
            x == snapshot["own"] or (x < snapshot["next"] and x not in unseen) for x in transactions
        )
        if wrote and not deleted:
            rows.append(row)
    return rows


def recall_lost(k, shards, depth):
    """Lose a document if at least ``depth`` of the other k - 1 on its shard are better."""
    lost = 0.0
    for place in range(k):  # of the documents that are better, each is on the same shard with chance 1/shards
        kept = sum(
            math.comb(place, h) * (shards - 1) ** (place - h) for h in range(min(depth, place + 1))
        ) / (shards**place)
        lost += 1 - kept
    return lost / k


def answer_in_time(answers, k, deadline):
    in_time = [seconds <= deadline for seconds, _ in answers]
    found = [(-score, i) for ok, (_, one) in zip(in_time, answers, strict=True) if ok for score, i in one]
    return [i for _, i in heapq.nsmallest(k, found)], float(np.mean(in_time))


def ring_owners(points, key, copies):
    owner = {place: node for node, places in points.items() for place in places}
    places, found = sorted(owner), []
    at = bisect.bisect(places, key)
    while len(found) < copies:
        node = owner[places[at % len(places)]]
        if node not in found:
            found.append(node)
        at += 1
    return found
