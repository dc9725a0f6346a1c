"""Another correct way of writing each exercise of hybrid."""

import re

import numpy as np

from embedlab.hybrid import convex, reciprocal_rank


def idf(documents_with_term, documents):
    return float(np.log((documents + 1) / (documents_with_term + 0.5)))


def code_words(text):
    found = []
    for word in "".join(c if c.isalnum() or c == "_" else " " for c in text).split():
        marked = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", word)
        marked = re.sub(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])", " ", marked)
        parts = marked.replace("_", " ").lower().split()
        found += [word.lower(), *parts] if len(parts) > 1 else [word.lower()]
    return found


def term_weight(count, length, mean_length, rarity, k1=1.2, b=0.75):
    norm = k1 * ((1 - b) * mean_length + b * length) / mean_length
    return rarity * (1 - norm / (count + norm)) if count else 0.0


def fuse_ranks(rankings, constant=60):
    pairs = [(np.zeros((1, len(ids))), np.array([ids], int)) for ids in rankings]
    [scores], [found] = reciprocal_rank(pairs, max(1, sum(map(len, rankings))), constant=constant)
    return {int(i): float(score) for score, i in zip(scores, found, strict=True) if i >= 0}


def add_postings(terms, postings):
    holding = sorted({document for term in terms for document, _ in postings.get(term, ())})
    weights = {term: dict(found) for term, found in postings.items()}
    return {d: sum(weights.get(term, {}).get(d, 0.0) for term in terms) for d in holding}


def fuse_scores(rankings, weights):
    pairs = [(np.array([list(found.values())]), np.array([list(found)])) for found in rankings]
    [scores], [found] = convex(pairs, weights, sum(map(len, rankings)))
    return {int(i): float(score) for score, i in zip(scores, found, strict=True) if i >= 0}
