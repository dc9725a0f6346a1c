"""The table of `broken_stage`, measured: a search of random word vectors, with each fault put in."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from study.exercises.alternatives import rag as written

from embedlab.pooling import l2_normalize
from embedlab.study.exercises.rag_watching import broken_stage

TENANTS = ("acme", "globex", "initech")
LONG, SHORT = 24, 8  # words of a chunk; the last of a document is short
WORDS = np.random.default_rng(0).integers(0, 3000, (60, 4 * LONG + SHORT))  # of 60 documents


@dataclass(frozen=True)
class System:
    """What the search holds, and how it embeds questions."""

    model: int = 1  # the questions'; the documents' is 1
    limit: int = LONG  # words that are read
    size: int = LONG  # of a chunk in the table of texts; vectors are of chunks of LONG
    lengths: tuple[float, ...] = (1.0,)  # of the stored vectors, in turn
    lost: str = ""  # the tenant that chunks lack
    changed: int = 0  # documents that are not indexed as they are now


def embed(texts, model=1, limit=LONG):
    vectors = np.random.default_rng(model).normal(size=(3000, 64)).astype(np.float32)
    return l2_normalize(np.array([vectors[text[:limit]].mean(axis=0) for text in texts]))


def chunks(size):
    """Cut all documents: id to text."""
    pieces = {(d, i): words[i * size : (i + 1) * size] for d, words in enumerate(WORDS) for i in range(20)}
    return {place: text for place, text in pieces.items() if len(text)}


def metrics(system):
    indexed, texts = chunks(LONG), chunks(system.size)
    ids, rng = list(indexed), np.random.default_rng(2)
    lengths = np.resize(system.lengths, len(ids)).astype(np.float32)
    stored = embed(indexed.values()) * lengths[:, None]
    again = embed([texts[one] for one in ids], system.model, system.limit)
    cosines = (again * l2_normalize(stored)).sum(axis=1)
    short = np.array([len(indexed[one]) == SHORT for one in ids])
    asked = embed([rng.choice(indexed[one], SHORT) for one in ids], system.model, system.limit)
    tenant = np.array([TENANTS[document % 3] for document, _ in ids])
    scores = np.where(tenant[:, None] == tenant, asked @ stored.T, -np.inf)
    best = np.argsort(-scores, axis=1)[:, :5]
    hits = (best == np.arange(len(ids))[:, None]).any(axis=1) & (tenant != system.lost)
    return {
        "in_index": 1 - system.changed / len(WORDS),
        "stored_cosine_short": float(cosines[short].mean()),
        "stored_cosine_long": float(cosines[~short].mean()),
        "self_retrieval": float(((again @ stored.T).argmax(axis=1) == np.arange(len(ids))).mean()),
        "norms_spread": float(np.ptp(np.linalg.norm(stored, axis=1))),
        "recall": float(hits.mean()),
        "recall_by_tenant": {name: float(hits[tenant == name].mean()) for name in TENANTS},
    }


def report(fault):
    healthy, now = metrics(System()), metrics(replace(System(), **fault))
    pairs = {name: (healthy[name], now[name]) for name in healthy}
    pairs["recall_by_tenant"] = {
        name: (healthy["recall_by_tenant"][name], now["recall_by_tenant"][name]) for name in TENANTS
    }
    return pairs


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        ("none", {}),
        ("query model", {"model": 2}),
        ("truncation", {"limit": LONG // 2}),
        ("re-cut", {"size": LONG // 2}),
        ("filter", {"lost": "globex"}),
        ("stale", {"changed": 12}),
        ("norms", {"lengths": (1.0, 1.0, 4.0)}),
    ],
)
def test_a_fault_is_named_from_what_it_does(stage, fault):
    found = report(fault)
    assert broken_stage(found) == stage, found
    assert written.broken_stage(found) == stage
    fell = {name for name, pair in found.items() if name != "recall_by_tenant" and pair[1] < pair[0] - 0.05}
    both = {"stored_cosine_short", "stored_cosine_long"}
    assert (
        fell
        == {
            "none": set(),
            "query model": {*both, "self_retrieval", "recall"},
            "re-cut": {*both, "self_retrieval"},
            "truncation": {"stored_cosine_long"},
            "filter": {"recall"},
            "stale": {"in_index"},
            "norms": {"self_retrieval", "recall"},
        }[stage]
    )
