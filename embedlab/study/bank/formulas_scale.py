"""Formulas of the questions on scale: lists, codes, disks, hashes, shards and what grows with n."""

import math


def least_ivf_comparisons(n: float, probes: float) -> float:
    """Comparisons of a query in an inverted file with the best number of lists: centroids, then members.

    Examples
    --------
    >>> least_ivf_comparisons(1e6, 4)
    4000.0
    """
    return 2 * math.sqrt(n * probes)


def precomputed_tables_gb(nlist: float, m: float) -> float:
    """Compute the GB of one float32 number for each list, each piece and each of 256 entries.

    Examples
    --------
    >>> precomputed_tables_gb(1000, 10)
    0.01024
    """
    return nlist * m * 256 * 4 / 1e9


def pq_tables_kib(m: float, bits: float) -> float:
    """Compute the KiB of a query's float32 tables for m pieces of so many bits.

    Examples
    --------
    >>> pq_tables_kib(48, 8)
    48.0
    """
    return m * 2**bits * 4 / 1024


def rabitq_gb(n: float, dims: float) -> float:
    """Compute the GB of n codes: a bit for each dimension, filled up to 64, and four float32 numbers.

    Examples
    --------
    >>> rabitq_gb(1e9, 384), rabitq_gb(1e9, 385)
    (64.0, 72.0)
    """
    return n * (math.ceil(dims / 64) * 8 + 16) / 1e9


def rabitq_bound(dims: float, epsilon: float) -> float:
    """Error bound of an inner product of vectors of length 1, whose signs have 0.8 of their direction.

    Examples
    --------
    >>> rabitq_bound(226, 2)
    0.1
    """
    return round(epsilon * 0.75 / math.sqrt(dims - 1), 9)


def disk_milliseconds(reads: float, together: float, microseconds: float) -> float:
    """Milliseconds that a walk waits for reads in rounds of so many, which follow each other.

    Examples
    --------
    >>> disk_milliseconds(64, 4, 100)
    1.6
    """
    return math.ceil(reads / together) * microseconds / 1000


def queries_by_disk(iops: float, busy: float, reads: float) -> float:
    """Compute the queries a second that a disk feeds, busy for so many per cent, at so many reads each.

    Examples
    --------
    >>> queries_by_disk(100_000, 50, 50)
    1000.0
    """
    return iops * busy / 100 / reads


def graph_on_disk_gb(millions: float, dims: float, degree: float) -> float:
    """Compute the GB of nodes in sectors of 4,096 bytes: vector, links and their number, none cut in two.

    Examples
    --------
    >>> graph_on_disk_gb(1, 384, 32), graph_on_disk_gb(1, 1024, 32)
    (2.048, 8.192)
    """
    node = 4 * (dims + degree + 1)
    sectors = 1 / (4096 // node) if node <= 4096 else math.ceil(node / 4096)
    return millions * sectors * 4096 / 1000


def lsh_found_percent(degrees: float, bits: float, tables: float) -> float:
    """Percentage of neighbours at an angle that share a bucket of so many bits in at least one table.

    Examples
    --------
    >>> lsh_found_percent(90, 1, 2)
    75.0
    """
    return 100 * (1 - (1 - (1 - degrees / 180) ** bits) ** tables)


def growth_power(small: float, large: float, factor: float) -> float:
    """Exponent of a cost that grows by a factor from a small to a large collection.

    Examples
    --------
    >>> growth_power(100, 10_000, 10)
    0.5
    """
    return math.log(factor) / math.log(large / small)


def queries_until_built(build: float, flat: float, index: float) -> float:
    """Count the queries after which so many minutes of building are saved, in ms a query without and with.

    Examples
    --------
    >>> queries_until_built(1, 7, 1)
    10000.0
    """
    return build * 60_000 / (flat - index)


def seconds_to_scan(millions: float, size: float, bandwidth: float) -> float:
    """Seconds to read so many vectors of so many bytes once, at a bandwidth in GB a second.

    Examples
    --------
    >>> seconds_to_scan(1000, 100, 20)
    5.0
    """
    return millions * size / bandwidth / 1000


def shards_of(millions: float, size: float, memory: float, fill: float) -> float:
    """Count the machines that hold one copy, each filled to so many per cent of so many GB.

    Examples
    --------
    >>> shards_of(1000, 100, 64, 70)
    3
    """
    return math.ceil(round(millions * size / 1000 / (memory * fill / 100), 9))


def machines_of(shards: float, ms: float, cores: float, rate: float) -> float:
    """Count the machines for a rate of queries: shards times copies, cores half busy, one copy to spare.

    Examples
    --------
    >>> machines_of(4, 2, 8, 1000)
    8
    """
    return shards * (math.ceil(round(rate * ms / 1000 / (cores / 2), 9)) + 1)


def work_of_shards(power: float, shards: float) -> float:
    """Factor by which all work grows if a search that costs n to a power is split into shards.

    Examples
    --------
    >>> work_of_shards(0.5, 16), work_of_shards(1.0, 16)
    (4.0, 1.0)
    """
    return shards ** (1 - power)
