"""Another correct way of writing each exercise of reranking."""

import numpy as np
import torch


def maxsim_head(hidden, segments):
    border = list(segments).index(1)
    best = []
    for q in hidden[1 : border - 1]:
        cosines = [float(q @ d) / np.sqrt(float(q @ q) * float(d @ d)) for d in hidden[border:-1]]
        best += [max(cosines)] if cosines else []
    return 20 * sum(best) / len(best) if best else -20.0


def listwise_loss(scores):
    return torch.nn.functional.cross_entropy(torch.tensor(scores)[None], torch.tensor([0])).item()


def rerank_top(ids, scores, depth):
    top = []
    for i in ids[:depth]:
        top.insert(sum(scores[j] >= scores[i] for j in top), i)
    return [*top, *ids[depth:]]
