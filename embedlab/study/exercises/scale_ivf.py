"""Exercise of chapter 16: a search that looks into a few lists."""

import numpy as np

from embedlab.study.exercises.exercise import Exercise, Mistake


def _searches(rng: np.random.Generator) -> list[tuple]:
    """List (query, centroids, lists, vectors, k, nprobe): small ones, equals, an empty list; then drawn."""
    centroids = [[3, 0], [0, 1], [-2, 1]]
    vectors = [[1, 0], [0, 2], [2, 1], [-1, 2], [2, 1], [-3, 1]]
    lists = [[0, 2, 4], [1, 3], [5]]
    cases = [([1, 0], centroids[:1], [[0]], vectors[:1], k, 1) for k in (1, 3)]
    cases += [([0, 1], centroids, lists, vectors, k, p) for k, p in ((1, 1), (2, 1), (3, 2), (9, 2), (9, 9))]
    cases += [([2, 3], centroids, lists, vectors, k, p) for k, p in ((2, 1), (2, 2), (3, 2), (4, 3))]
    cases += [([1, 3], centroids, [[0, 2], [], [5, 1]], vectors, 2, p) for p in (1, 2, 3)]
    cases += [([1, 1], [[1, 0], [0, 1]], [[1, 3], [0, 2]], vectors, k, 1) for k in (1, 2)]
    for n, count, d, k, nprobe in [(8, 3, 2, 3, 2), (10, 4, 2, 4, 2), (14, 5, 3, 4, 3), (20, 6, 3, 5, 2)]:
        for _ in range(2):
            places = rng.integers(0, count, n)
            members = [np.flatnonzero(places == number).tolist() for number in range(count)]
            middles, rows, query = (rng.integers(-9, 10, (size, d)) for size in (count, n, 1))
            cases.append((query[0], middles, members, rows, k, nprobe))
    as_float = np.float32
    return [
        (as_float(query), as_float(middles), members, as_float(rows), k, nprobe)
        for query, middles, members, rows, k, nprobe in cases
    ]


def search_lists(query, centroids, lists, vectors, k, nprobe):
    """Search an inverted file, as `PlainIVF` does.

    Parameters
    ----------
    query : float32 array (d,)
    centroids : float32 array (lists, d)
    lists : list of list of int
        Numbers of the vectors of each list.
    vectors : float32 array (n, d)
    k, nprobe : int

    Returns
    -------
    list of int
        At most k, best first, of equal ones the smaller number.

    Examples
    --------
    >>> vectors = np.float32([[1, 0], [0, 1], [0.8, 0.6]])
    >>> search_lists(vectors[2], np.eye(2, dtype=np.float32), [[0, 2], [1]], vectors, k=3, nprobe=1)
    [2, 0]
    """
    order = np.argsort(-(centroids @ query), kind="stable")[:nprobe]
    found = [i for number in order for i in lists[number]]
    return sorted(found, key=lambda i: (-float(vectors[i] @ query), i))[:k]


# Wrong implementations, one for each way in which an answer is known to go wrong.


def _probing(order=lambda query, centroids: np.argsort(-(centroids @ query), kind="stable"), take=None):
    """Search with the lists in another order, or with another choice among what they hold."""

    def search(query, centroids, lists, vectors, k, nprobe):
        probed = [lists[number] for number in order(query, centroids)[:nprobe]]
        scored = [[(-float(vectors[i] @ query), i) for i in members] for members in probed]
        together = [one for part in scored for one in part]
        return take(scored, together, k) if take else [i for _, i in sorted(together)[:k]]

    return search


def _by_distance(query, centroids):
    return np.argsort(((centroids - query) ** 2).sum(axis=1), kind="stable")


def _places(scored, together, k):
    return sorted(range(len(together)), key=lambda place: together[place])[:k]


def _until_enough(scored, together, k):
    found = []
    for part in scored:
        found = sorted(found + part)
        if len(found) >= k:
            break
    return [i for _, i in found[:k]]


def _everywhere(query, centroids, lists, vectors, k, nprobe):
    return search_lists(query, centroids, lists, vectors, k, len(lists))


EXERCISES = (
    Exercise(
        name="search_lists",
        chapter="16_scale",
        task="Search an inverted file. query is float32 (d,), centroids float32 (lists, d), lists a list "
        "that holds for each centroid the numbers of its vectors (int), vectors float32 (n, d), k and "
        "nprobe are int. Look into the nprobe lists whose centroids have the largest inner product with "
        "the query, of equal ones the earlier; all where there are fewer. Return the numbers of the k "
        "vectors in them with the largest inner product, best first, of equal ones the smaller number; "
        "fewer than k where the lists hold fewer.",
        reference="embedlab.study.exercises.scale_ivf:search_lists",
        cases=_searches,
        hints=(
            "np.argsort(-(centroids @ query), kind='stable')[:nprobe] are the lists to look into.",
            "Collect the numbers of all their vectors first, then sort.",
            "sorted(numbers, key=lambda i: (-score of i, i))[:k]",
        ),
        mistakes=(
            Mistake(
                "places instead of numbers",
                "The place among the candidates means nothing outside: return what the lists hold, the "
                "numbers of the vectors.",
                _probing(take=_places),
            ),
            Mistake(
                "the first lists",
                "Which lists are looked into depends on the query: those with the best centroids.",
                _probing(lambda query, centroids: np.arange(len(centroids))),
            ),
            Mistake(
                "the worst lists",
                "An inner product is a similarity: sort it downwards.",
                _probing(lambda query, centroids: np.argsort(centroids @ query, kind="stable")),
            ),
            Mistake(
                "centroids by distance",
                "A long centroid may have the larger inner product though it lies farther away. Ask for "
                "what the vectors are ranked by.",
                _probing(_by_distance),
            ),
            Mistake(
                "all lists",
                "That is exact search: nprobe lists only.",
                _everywhere,
            ),
            Mistake(
                "one list after the other",
                "The best of the second list may be better than the rest of the first: sort all "
                "candidates together.",
                _probing(
                    take=lambda scored, together, k: [i for part in scored for _, i in sorted(part)][:k]
                ),
            ),
            Mistake(
                "stops when there are k",
                "k vectors of the best list are not the k best: nprobe lists are looked into, whatever "
                "the first ones hold.",
                _probing(take=_until_enough),
            ),
            Mistake(
                "of equal ones the larger number",
                "sorted(..., reverse=True) turns the numbers around as well: sort by (-score, number).",
                _probing(
                    take=lambda scored, together, k: [
                        i for _, i in sorted(together, key=lambda one: (one[0], -one[1]))[:k]
                    ]
                ),
            ),
        ),
        follow_up="A neighbour at the border of two lists is missed. What does a larger nprobe cost, and "
        "what does storing border vectors in both lists (SPANN)?",
    ),
)
