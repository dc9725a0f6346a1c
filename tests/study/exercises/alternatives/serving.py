"""Another correct way of writing each exercise of serving."""

import math

import numpy as np


def pair_sums(activations, weights):
    pairs = np.int64(activations) * np.int64(weights)
    exact = pairs.reshape(*pairs.shape[:-1], pairs.shape[-1] // 2, 2).sum(axis=-1)
    return exact, np.minimum(np.maximum(exact, np.iinfo(np.int16).min), np.iinfo(np.int16).max)


def padded_batches(lengths, room):
    batches = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= room:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches


def still_to_wait(policy, waiting, oldest, most, wait):
    if not waiting:
        return float("inf")
    timer = 0.0 if policy == "free" else wait
    return max(timer - oldest, 0.0) if waiting < most else 0.0


def fifo(arrivals, services):
    """A request is finished when the busy period that it belongs to has done all its work so far."""
    finished = []
    for i in range(len(arrivals)):
        finished.append(max(arrivals[j] + sum(services[j : i + 1]) for j in range(i + 1)))
    return finished


def histogram_quantile(q, bounds, counts):
    total = counts[-1]
    if not total:
        return math.nan
    if q * total > counts[-2]:
        return bounds[-1]
    at = int(np.searchsorted(counts, q * total))
    return float(np.interp(q * total, [0, *counts][at : at + 2], [0.0, *bounds][at : at + 2]))


def wait_before_retry(status, attempt, left, u, retry_after=None):
    hopeless = status is not None and status not in (408, 425, 429, 500, 502, 503, 504)
    if hopeless or attempt > 2:
        return None
    backoff = 0.1
    for _ in range(attempt):
        backoff += backoff
    wait = u * backoff + (retry_after or 0)
    return None if wait >= left else wait


def breaker(state, event, now, threshold, pause):
    mode, failures, since = state["mode"], state["failures"], state["since"]
    passes = None
    if event == "call":
        passes = mode == "closed" or since + pause <= now
        if passes and mode != "closed":
            mode, since = "half-open", now
    elif mode != "open":
        failures = 0 if event == "ok" else failures + 1
        if event == "ok":
            mode = "closed"
        elif mode == "half-open" or failures >= threshold:
            mode, since = "open", now
    return {"mode": mode, "failures": failures, "since": since}, passes


def procrustes(source, target):
    """R is M (M^T M)^(-1/2): the orthogonal factor of M = source.T @ target."""
    cross = source.astype(float).T @ target
    values, vectors = np.linalg.eigh(cross.T @ cross)
    return (cross @ vectors @ np.diag(values**-0.5) @ vectors.T).astype(np.float32)


def choose_threshold(scores, same, most):
    lowest = math.inf
    for threshold in sorted(scores.tolist(), reverse=True):
        served = sum(score >= threshold for score, ok in zip(scores, same, strict=True) if not ok)
        if served > most * np.count_nonzero(~same):
            break
        lowest = threshold
    return lowest
