"""Another correct way of writing each exercise of rag."""

import itertools
import re
import string

import numpy as np


def pack_prompt(costs, budget, header):
    spent = itertools.accumulate(header + cost for cost in costs)
    return [i for i, total in enumerate(spent) if total <= budget]


def sides(ranked):
    front, back = [], []
    for rank, passage in enumerate(ranked):
        if rank % 2:
            back.insert(0, passage)
        else:
            front.append(passage)
    return front + back


def mmr(relevance, similarity, k, weight):
    picked = []
    nearest = np.zeros(len(relevance))
    values = np.array(relevance, dtype=float)
    for _ in range(min(k, len(relevance))):
        worth = weight * values - (1 - weight) * nearest
        worth[picked] = -np.inf
        picked.append(int(worth.argmax()))
        row = np.array(similarity)[:, picked[-1]]
        nearest = row if len(picked) == 1 else np.maximum(nearest, row)
    return picked


def cited(text, passages):
    found = []
    for match in re.finditer(r"(.*?)((?:\[\d+\])*)[.!?](?:\s+|$)", text, re.DOTALL):
        words = {word.lower() for word in re.findall(r"\w+", match[1])}
        for number in map(int, match[2].replace("][", " ").strip("[]").split()):
            passage = passages[number - 1] if number in range(1, len(passages) + 1) else ""
            missing = words - set(re.findall(r"\w+", passage.lower()))
            supported = words != set() and passage != "" and 10 * len(missing) <= 3 * len(words)
            found.append((number, supported))
    return found


def token_f1(answer, reference):
    delete = str.maketrans("", "", string.punctuation)
    ours, theirs = (
        re.sub(r"\b(a|an|the)\b", " ", t.lower().translate(delete)).split() for t in (answer, reference)
    )
    left, shared = list(theirs), 0
    for word in ours:
        if word in left:
            left.remove(word)
            shared += 1
    if not ours and not theirs:
        return 1.0
    if shared == 0:
        return 0.0
    precision, recall = shared / len(ours), shared / len(theirs)
    return 2 * precision * recall / (precision + recall)


def context_precision(useful):
    marks = np.array(useful, dtype=float)
    precision = marks.cumsum() / np.arange(1, len(marks) + 1)
    return float((precision * marks).sum() / max(marks.sum(), 1))


def kappa(a, b):
    labels = sorted({*a, *b})
    table = np.array(
        [[sum(pair == (x, y) for pair in zip(a, b, strict=True)) for y in labels] for x in labels]
    )
    table = table / table.sum()
    if table.size == 1:
        return 1.0
    chance = table.sum(axis=1) @ table.sum(axis=0)
    return float((table.trace() - chance) / (1 - chance))


def risk_coverage(scores, right):
    curve, wrong = [], 0
    ranked = sorted(zip(scores, right, strict=True), reverse=True)
    for answered, (score, ok) in enumerate(ranked, start=1):
        wrong += not ok
        if answered == len(ranked) or ranked[answered][0] < score:
            curve.append((answered / len(ranked), wrong / answered))
    return curve


def broken_stage(report):
    report = dict(report)
    tenants = report.pop("recall_by_tenant")
    moved = {name: now - healthy for name, (healthy, now) in report.items()}
    fallen = {name for name, change in moved.items() if change < -0.05}
    if "question_side" in fallen:
        return "query-model"
    if cosines := fallen & {"stored_cosine_short", "stored_cosine_long"}:
        return "recut" if len(cosines) == 2 else "truncation"
    if moved["vector_length"] > 0.05:
        return "unnormalised"
    if "in_index" in fallen:
        return "stale-index"
    lost = [name for name, (healthy, now) in tenants.items() if healthy - now > 0.05]
    return "tenant-filter" if lost or "self_retrieval" in fallen else "no fault"
