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


def rerank_fused(ids, first, model, depth, weight):
    head, tail = ids[:depth], ids[depth:]
    if not head:
        return list(tail)
    total = np.zeros(len(head))
    for scores, share in ((model[:depth], weight), (first[:depth], 1 - weight)):
        centred = scores - scores.mean()
        spread = np.sqrt((centred**2).mean())
        total += share * (centred / spread if spread > 0 else centred)
    return [head[i] for i in sorted(range(len(head)), key=lambda i: -total[i])] + tail


def pick_depth(values):
    q = len(next(iter(values.values())))
    best = max(sorted(values), key=lambda depth: round(float(values[depth].sum()), 9))
    for depth in sorted(values):
        gap = values[best] - values[depth]
        mean = gap.sum() / q
        error = np.sqrt(((gap - mean) ** 2).sum() / (q - 1) / q)
        if mean <= error + 1e-12:
            return depth


def hard_negatives(ids, scores, relevant, k, share):
    score_of = dict(zip(ids, scores.tolist(), strict=True))
    found = relevant & set(ids)
    if not found:
        return []
    line, kept = share * min(score_of[i] for i in found), []
    for i in ids:
        if len(kept) < k and i not in relevant and score_of[i] <= line:
            kept.append(i)
    return kept


def margin_mse(teacher, student):
    t, s = (torch.tensor(scores) for scores in (teacher, student))
    return torch.nn.functional.mse_loss(s[:, 0] - s[:, 1], t[:, 0] - t[:, 1]).item()
