"""Formulas of the questions on short and compressed vectors and on HNSW."""

import math


def monthly_dollars_saved(n: float, dims: float, shorter: float, dollars: float) -> float:
    """Dollars a month that n float32 vectors save when cut, at a price for a GB and month.

    Examples
    --------
    >>> monthly_dollars_saved(1e8, 1536, 256, 3)
    1536.0
    """
    return n * (dims - shorter) * 4 / 1e9 * dollars


def funnel_reading_percent(n: float, dims: float, short: float, shortlist: float) -> float:
    """Percentage of the numbers of an exact search that a funnel reads: short ones of all, all of a few.

    Examples
    --------
    >>> funnel_reading_percent(10_000, 384, 96, 500)
    30.0
    """
    return 100 * (n * short + shortlist * dims) / (n * dims)


def pq_operations_percent(n: float, dims: float, pieces: float) -> float:
    """Percentage of exact search's operations that product quantization needs for a query.

    Exact search has n * dims products (each with a sum). Product quantization fills its tables with
    256 * dims products, and then looks up and adds one entry for each piece of each document.

    Examples
    --------
    >>> pq_operations_percent(25_600, 384, 48)
    13.5
    """
    return 100 * (256 * dims + n * pieces) / (n * dims)


def signs_error_degrees(dims: float, degrees: float) -> float:
    """Compute the standard error, in degrees, of an angle estimated from so many signs.

    Each bit differs with chance degrees / 180, as if a coin was tossed.

    Examples
    --------
    >>> signs_error_degrees(400, 90)
    4.5
    """
    chance = degrees / 180
    return 180 * math.sqrt(chance * (1 - chance) / dims)


def millions_of_vectors(memory_gb: float, dims: float, bits: float) -> float:
    """Millions of vectors that fit into so many GB (10^9 bytes), with so many bits for each number.

    Examples
    --------
    >>> millions_of_vectors(48, 384, 8)
    125.0
    """
    return memory_gb * 1e9 / (dims * bits / 8) / 1e6


def hnsw_gb(n: float, dims: float, m: float) -> float:
    """Compute the memory of an HNSW index in GB: float32 vectors and 2 M links of 4 bytes on layer 0.

    Examples
    --------
    >>> hnsw_gb(1e6, 384, 16)
    1.664
    """
    return n * (4 * dims + 4 * 2 * m) / 1e9


def vectors_on_layer(n: float, m: float, layer: float) -> float:
    """Compute how many vectors to expect on a layer of an HNSW graph, layer 0 being the ground.

    Examples
    --------
    >>> vectors_on_layer(1e6, 10, 3)
    1000.0
    """
    return n / m**layer


def widened_beam(k: float, allowed_percent: float) -> float:
    """Beam that holds k allowed vectors on average, if so many per cent are allowed.

    Examples
    --------
    >>> widened_beam(10, 5)
    200.0
    """
    return 100 * k / allowed_percent


def allowed_where_exact_is_as_cheap(n: float, wanted: float, per_place: float) -> float:
    """Compute how many allowed vectors cost as much compared one by one as a walk with a widened beam.

    With a allowed ones, the beam needs n * wanted / a places, and each costs some comparisons.

    Examples
    --------
    >>> allowed_where_exact_is_as_cheap(1e6, 40, 10)
    20000.0
    """
    return math.sqrt(n * wanted * per_place)


def ivf_comparisons(n: float, lists: float, probes: float) -> float:
    """Comparisons of a query in an inverted file with lists of equal size: centroids, then members.

    Examples
    --------
    >>> ivf_comparisons(1e6, 1000, 10)
    11000.0
    """
    return lists + n * probes / lists


def ivf_pq_gb(n: float, m: float) -> float:
    """Compute the GB (10^9 bytes) of n codes of m bytes in inverted lists, with ids of 8 bytes.

    Examples
    --------
    >>> ivf_pq_gb(1e9, 32)
    40.0
    """
    return n * (m + 8) / 1e9


def hnsw_build_hours(n: float, milliseconds: float, threads: float) -> float:
    """Hours to insert n vectors one by one, each in so many milliseconds, on threads that do not wait.

    Examples
    --------
    >>> hnsw_build_hours(36e6, 1, 10)
    1.0
    """
    return n * milliseconds / threads / 3_600_000
