"""Another correct way of writing each exercise of system design."""

import math


def memory_of(vectors, dims, bits, m=0):
    code = -(-dims * bits // 8)
    if m == 0:
        return vectors * code
    upper = sum(m ** (1 - layer) for layer in range(1, 60))
    return int(vectors * code + 4 * vectors * (2 * m + upper) + 0.5)


def replicas_needed(peak, seconds, busy, zones=1):
    in_zone = 1
    while in_zone * max(1, zones - 1) * busy < peak * seconds:
        in_zone += 1
    return in_zone * zones


def dominated(points):
    front, best = set(), -math.inf
    for dollars, quality in sorted(set(points), key=lambda point: (point[0], -point[1])):
        if quality > best:
            front.add((dollars, quality))
            best = quality
    return [tuple(point) not in front for point in points]
