"""Deletes in Vamana: links chosen anew round what is gone (FreshDiskANN, arXiv:2105.09613, Algorithm 4)."""

from embedlab.machine import compiled
from embedlab.scale.vamana import choose


@compiled()
def consolidate(graph, dead, alpha, desk):
    """Take the dead, bool (n,), out of the graph.

    A vector that is linked to some becomes linked to their living neighbours instead: with those that it
    keeps they are candidates, among which `robust_prune` chooses. The dead have -1 links from then on.
    """
    for i in range(len(dead)):
        block, size, touched = graph.links[i], 0, False
        if dead[i]:
            continue
        for j in range(1, block[0] + 1):
            if not dead[block[j]]:
                desk.pool[size] = block[j]
                size += 1
                continue
            touched, beyond = True, graph.links[block[j]]
            for other in range(1, beyond[0] + 1):
                if not dead[beyond[other]]:
                    desk.pool[size] = beyond[other]
                    size += 1
        if touched:
            choose(graph, i, size, alpha, desk)
    for i in range(len(dead)):
        if dead[i]:
            graph.links[i, 0] = -1
