"""A pipeline that needs no model, and its faults."""

import re

import numpy as np
import pytest

from embedlab.pooling import l2_normalize
from embedlab.rag import FAULTS, HIDDEN, Document, Pipeline, Question, cut

SUBJECTS = ["snow", "rust", "bread", "glass", "copper", "paper"]
GENERATOR = np.random.default_rng(0).normal(size=(4096, 64))


def toy_embed(texts, words=None):
    """Embed by words: each has a random vector of its own, and a text the sum."""
    rows = [[hash_of(word) for word in re.findall(r"\w+", text.lower())[:words]] or [0] for text in texts]
    return l2_normalize(np.array([GENERATOR[row].sum(axis=0) for row in rows]).reshape(-1, 64))


def hash_of(word):
    return int.from_bytes(word.encode()) % 4093


def document(i, subject, *, grown):
    """Make a document with a long section, a short one and, in version 2, a last one."""
    rng = np.random.default_rng(i)
    names = [f"{subject}{n}" for n in range(60)]
    long = ". ".join(" ".join(rng.choice(names, 9)) for _ in range(25))
    old = f"# Making\n\n{long}.\n\n# Use\n\n{subject}1 {subject}2 sells."
    text = f"{old}\n\n# News\n\n{subject} found {subject}99 in a cave."
    return Document(subject, "ab"[i % 2], text, 2 if grown else 1, len(old) + 2 if grown else 0)


@pytest.fixture(scope="session")
def toy():
    """Return a pipeline of six small documents of two tenants, embedded without a model."""
    documents = tuple(document(i, subject, grown=i < 2) for i, subject in enumerate(SUBJECTS))
    questions = []
    for i, one in enumerate(documents):
        for words in ("sells", "in a cave"):
            start = one.text.index(words)
            asks = f"{one.id} {words}"
            questions.append(Question(asks, one.tenant, i, start, start + len(words), bool(one.old)))
    rows = cut(documents)
    return Pipeline(
        documents, tuple(questions), rows, toy_embed([row.text for row in rows]), toy_embed, toy_embed
    )


@pytest.fixture(scope="session")
def planted(toy):
    """Return the function that plants a fault without a model."""

    def plant(name, strength=1.0, seed=0):
        own = {
            "query-model": {"model": lambda texts: -toy_embed(texts)},
            "truncation": {"lead": lambda texts: toy_embed(texts, 20)},
            "unnormalised": {"raw": lambda texts: 3 * toy_embed(texts)},
        }
        return (FAULTS | HIDDEN)[name](toy, strength, seed, **own.get(name, {}))

    return plant
