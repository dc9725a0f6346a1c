"""The exercises of chapter 06 that build the index: the search on a layer, and the choice of neighbours."""

from heapq import heapify, heappop, heappush, heappushpop

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _points(rng: np.random.Generator, n: int, dims: int = 2) -> np.ndarray:
    """Draw vectors of whole numbers, all about 100 long, whose inner products differ: no ties."""
    while True:
        vectors = rng.normal(size=(n, dims))
        vectors = np.round(100 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        products = vectors @ vectors.T
        if all(len(set(row)) == n for row in products.tolist()):
            return vectors


def _searches(rng: np.random.Generator) -> list[tuple]:
    """List (query, entries, ef, vectors, layer): chains with a detour first, then layers of random links."""
    line = np.float32([[-100, 0], [-80, 60], [0, 100], [60, 80], [100, 0]])
    chain = {0: [1], 1: [0, 2], 2: [1, 3], 3: [2, 4], 4: [3]}
    query = np.float32([96, 28])
    cases = [(query, [0], ef, line, chain) for ef in (1, 2, 9)]
    cases += [(query, [2], 2, line, {2: []}), (query, [1, 3], 2, line, chain)]
    detour = {0: [1], 1: [0, 4], 4: [1]}  # 1 is farther from the query than 0, and the way to 4
    cases += [(np.float32([28, -96]), [0], ef, line, detour) for ef in (1, 2)]
    for n, ef in [(6, 2), (8, 3), (12, 1), (12, 4), (20, 3), (20, 6), (30, 8), (30, 30)]:
        vectors = _points(rng, n + 1, 3)
        layer: dict[int, list[int]] = {i: [] for i in range(n)}
        for i in range(n):
            for j in rng.choice(n, 2, replace=False).tolist():
                if j != i and j not in layer[i]:
                    layer[i].append(j)
                    layer[j].append(i)
        entries = sorted(rng.choice(n, 1 + ef // 8, replace=False).tolist())
        cases.append((vectors[n], entries, ef, vectors[:n], layer))
    return cases


def _choices(rng: np.random.Generator) -> list[tuple]:
    """List (candidates, m, vectors, keep_pruned): two on one side and one on the other; none; then many."""
    sides = np.float32([[100, 0], [96, 28], [94, 35], [80, -60]])
    cases = [(_near(sides, 0, [1, 2, 3]), m, sides, keep) for m in (1, 2, 3) for keep in (False, True)]
    cases += [([], 2, sides, False), (_near(sides, 0, [2]), 2, sides, True)]
    for n, m in [(6, 2), (8, 3), (8, 3), (12, 4), (16, 4), (24, 6)]:
        vectors = _points(rng, n + 1, 3)
        candidates = _near(vectors, n, rng.permutation(n).tolist())  # in no order
        cases += [(candidates, m, vectors, keep) for keep in (False, True)]
    return cases


def _near(vectors: np.ndarray, of: int, numbers: list[int]) -> list[tuple[float, int]]:
    return [(-float(vectors[of] @ vectors[i]), i) for i in numbers]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _search(query, entries, ef, vectors, layer, *, limit="farthest", remember=True, replace=heappushpop):
    """Search as it should be, but for one thing."""
    seen = set(entries)
    todo = sorted((-float(vectors[i] @ query), i) for i in seen)
    beam = [(-distance, i) for distance, i in todo[:ef]]
    heapify(beam)
    while todo:
        distance, i = heappop(todo)
        if limit != "none" and distance > -(beam[0] if limit == "farthest" else max(beam))[0]:
            break
        for j in layer[i]:
            if remember and j in seen:
                continue
            seen.add(j)
            similarity = float(vectors[j] @ query)
            if len(beam) < ef:
                heappush(todo, (-similarity, j))
                heappush(beam, (similarity, j))
            elif similarity > beam[0][0]:
                heappush(todo, (-similarity, j))
                replace(beam, (similarity, j))
    return sorted((-similarity, i) for similarity, i in beam), seen


def _without_stop(query, entries, ef, vectors, layer):
    """Expand all that can be reached."""
    seen, todo = set(entries), list(entries)
    while todo:
        fresh = [j for j in layer[todo.pop()] if j not in seen]
        seen.update(fresh)
        todo += fresh
    return sorted((-float(vectors[i] @ query), i) for i in seen)[:ef], seen


def _stops_at_the_best(*case):
    return _search(*case, limit="nearest")


def _forgets(*case):
    return _search(*case, remember=False)


def _keeps_the_far(query, entries, ef, vectors, layer):
    def drop_the_nearest(beam, candidate):
        beam.append(candidate)
        beam.remove(max(beam))
        heapify(beam)

    return _search(query, entries, ef, vectors, layer, replace=drop_the_nearest)


def _similarities(*case):
    found, seen = _search(*case)
    return [(-distance, i) for distance, i in found], seen


def _greedy(query, entries, ef, vectors, layer):
    return _search(query, entries, 1, vectors, layer)


def _the_nearest(candidates, m, vectors, keep_pruned):
    return [i for _, i in sorted(candidates)[:m]]


def _select(candidates, m, vectors, keep_pruned, *, look_at=slice(None), turned=False):
    chosen, pruned = [], []
    for distance, i in candidates:
        if len(chosen) == m:
            break
        reached = any((-float(vectors[i] @ vectors[j]) < distance) != turned for j in chosen[look_at])
        (pruned if reached else chosen).append(i)
    return (chosen + pruned)[:m] if keep_pruned else chosen


def _in_the_given_order(candidates, m, vectors, keep_pruned):
    return _select(candidates, m, vectors, keep_pruned)


def _the_last_only(candidates, m, vectors, keep_pruned):
    return _select(sorted(candidates), m, vectors, keep_pruned, look_at=slice(-1, None))


def _turned_round(candidates, m, vectors, keep_pruned):
    return _select(sorted(candidates), m, vectors, keep_pruned, turned=True)


def _never_filled(candidates, m, vectors, keep_pruned):
    return _select(sorted(candidates), m, vectors, False)


EXERCISES = (
    Exercise(
        name="search_layer",
        chapter="06_hnsw",
        task="Search one layer from the entries with a beam of ef (Algorithm 2): return the nearest as a "
        "sorted list of (distance, number), distance being minus the inner product, and the set of all "
        "numbers that were compared with the query.",
        reference="embedlab.hnsw:search_layer",
        cases=_searches,
        hints=(
            "Three things change: seen, a set; todo, a heap with the nearest on top; the beam, a heap of at "
            "most ef with the farthest on top. heapq has the smallest on top: store the beam as (similarity,"
            " number).",
            "Pop the nearest of todo. Is it farther than the farthest of the beam? Then stop. Otherwise look"
            " at those of its neighbours that are not in seen, and mark them.",
            "A neighbour goes into both heaps if the beam holds fewer than ef, or if it is nearer than the "
            "farthest of the beam, which then falls out (heappushpop).",
        ),
        mistakes=(
            Mistake(
                "never stops",
                "It finds the best, by comparing everything. Stop when the nearest of todo is farther than "
                "the farthest of the beam.",
                _without_stop,
            ),
            Mistake(
                "stops at the best of the beam",
                "Compare with the farthest of the beam, not with its nearest: a detour leads through vectors"
                " that are farther than the best one so far.",
                _stops_at_the_best,
            ),
            Mistake(
                "nothing is remembered",
                "A vector comes twice into the beam. Mark each in seen before it is compared.",
                _forgets,
            ),
            Mistake(
                "the nearest falls out",
                "The full beam has to lose its farthest. heapq has the smallest on top: of (similarity, "
                "number) that is the farthest, of (distance, number) the nearest.",
                _keeps_the_far,
            ),
            Mistake(
                "similarities returned", "The first of each pair is the distance: -similarity.", _similarities
            ),
            Mistake(
                "a beam of one", "ef says how many the beam holds; this one holds the best only.", _greedy
            ),
        ),
        follow_up="How many comparisons does it make if ef is as large as the layer?",
    ),
    Exercise(
        name="select_neighbours",
        chapter="06_hnsw",
        task="Choose up to m of the candidates, (distance to the vector, number) in any order, by Algorithm "
        "4: nearest first, passing over each that is nearer to a chosen one than to the vector; with "
        "keep_pruned, fill up with the nearest of those. Return the numbers.",
        reference="embedlab.hnsw:select_neighbours",
        cases=_choices,
        hints=(
            "Sort the candidates; tuples sort by their first entry, the distance.",
            "The distance from a candidate i to a chosen j is -(vectors[i] @ vectors[j]). If it is less than"
            " i's distance to the vector for any chosen j, pass i over.",
            "Collect the passed over in a second list, and stop when m are chosen. With keep_pruned the "
            "answer is (chosen + pruned)[:m].",
        ),
        mistakes=(
            Mistake(
                "the nearest m",
                "That is Algorithm 3: all of them may lie in one direction. Pass over what a chosen one is "
                "nearer to.",
                _the_nearest,
            ),
            Mistake(
                "candidates not sorted",
                "The nearest has to be chosen first: sort the candidates.",
                _in_the_given_order,
            ),
            Mistake(
                "compared with the last chosen only",
                "Any of the chosen may be nearer, not only the one chosen last.",
                _the_last_only,
            ),
            Mistake(
                "turned round",
                "Pass over what is nearer to a chosen one than to the vector, and keep the rest.",
                _turned_round,
            ),
            Mistake(
                "keep_pruned ignored",
                "With keep_pruned the list is filled up to m with the nearest of those passed over.",
                _never_filled,
            ),
        ),
        follow_up="All m nearest of each vector lie in its own cluster. How does a search get from one "
        "cluster to another?",
    ),
)
