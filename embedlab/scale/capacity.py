"""What an index of a hundred million or a billion vectors takes: bytes, shards, copies, machines, reads.

Small sums, with everything that they assume as an argument. Bytes are bytes: 1 GB is 10⁹, 1 GiB is 2³⁰.
"""

import math

LINK = 4  # bytes of a link, or of an id in a list
FILL = 0.7  # of a machine's memory that the index may take: the rest is for queries, updates, the system
SECTOR = 4096


def _refuse(least: float, **values: float) -> None:
    for name, value in values.items():
        if not least <= value < math.inf:
            raise ValueError(f"{name} must be at least {least} and finite, but is {value}")


def hnsw_links(m: int) -> float:
    """Return how many links an HNSW node keeps at the mean: 2 m below, and m in each layer that it reaches.

    A node stands in 1 / (m - 1) layers above the lowest (level factor 1 / ln m; Malkov & Yashunin 2018).

    Examples
    --------
    >>> round(hnsw_links(16), 2)
    33.07
    """
    _refuse(2, m=m)
    return 2 * m + m / (m - 1)


def memory_bytes(
    n: float,
    dims: int,
    *,
    code_bytes: float,
    links: float = 0,
    kept_bytes: float = 0,
    nlist: int = 0,
    learned_bytes: int = 0,
) -> int:
    """Count the bytes of an index in memory: what every vector takes, and what all share.

    Parameters
    ----------
    n : int
        Vectors.
    dims : int
    code_bytes : float
        Of what is compared: ``4 * dims`` as float32, ``dims`` as int8, m for product codes.
    links : float
        Of a graph, a node, 4 bytes each: `hnsw_links`, or the degree of Vamana.
    kept_bytes : float
        Of what is kept in memory for rescoring: ``2 * dims`` as float16; 0 where it stays on disk.
    nlist : int
        Lists: a float32 centroid each, and an id of 4 bytes a vector. 0 means no lists.
    learned_bytes : int
        Codebooks and rotations.

    Raises
    ------
    ValueError
        If a number is negative or infinite.

    Examples
    --------
    >>> memory_bytes(1_000_000, 384, code_bytes=4 * 384)  # float32, scanned
    1536000000
    >>> memory_bytes(1_000_000_000, 768, code_bytes=96, nlist=65_536) / 1e9  # IVF-PQ
    100.201326592
    """
    _refuse(0, n=n, dims=dims, code_bytes=code_bytes, links=links, kept_bytes=kept_bytes)
    _refuse(0, nlist=nlist, learned_bytes=learned_bytes)
    each = code_bytes + kept_bytes + LINK * links + (LINK if nlist else 0)
    return math.ceil(n * each + 4 * dims * nlist + learned_bytes)


def disk_bytes(n: int, dims: int, degree: int) -> int:
    """Count the bytes on disk of nodes that no sector of 4,096 bytes cuts: numbers, links, their count.

    Examples
    --------
    >>> disk_bytes(1_000_000, 384, 32), disk_bytes(3, 1024, 64)
    (2048000000, 24576)
    """
    _refuse(0, n=n, degree=degree)
    _refuse(1, dims=dims)
    node = 4 * dims + LINK * (degree + 1)
    together = SECTOR // node
    return math.ceil(n / together) * SECTOR if together else n * math.ceil(node / SECTOR) * SECTOR


def shards_needed(total_bytes: float, machine_bytes: float, *, fill: float = FILL, growth: float = 1) -> int:
    """Count the machines over which one copy of an index has to be spread.

    Parameters
    ----------
    total_bytes : float
    machine_bytes : float
        Memory of a machine.
    fill : float
        Share of it that the index may take, above 0 and at most 1.
    growth : float
        By what the vectors will have multiplied when shards are next added.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> shards_needed(167e9, 64 * 2**30), shards_needed(167e9, 64 * 2**30, growth=2)
    (4, 7)
    """
    _refuse(0, total_bytes=total_bytes, growth=growth)
    if not 0 < fill <= 1 or not 0 < machine_bytes < math.inf:
        raise ValueError(
            f"fill is above 0 and at most 1, machine_bytes above 0, but they are {fill} and {machine_bytes}"
        )
    return max(math.ceil(round(growth * total_bytes / (fill * machine_bytes), 9)), 1)


def copies_needed(queries: float, seconds: float, cores: int, *, busy: float = 0.5, spare: int = 1) -> int:
    """Count the copies of each shard that a load takes: every query asks every shard, once.

    Parameters
    ----------
    queries : float
        A second.
    seconds : float
        Of one core, for a query in one shard.
    cores : int
        Of a machine that holds a shard.
    busy : float
        Share of their time that cores may work.
    spare : int
        Copies that may be lost while the others carry the load.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> copies_needed(1000, 0.002, 8), copies_needed(10_000, 0.002, 8, spare=2)
    (2, 7)
    """
    _refuse(0, queries=queries, seconds=seconds, spare=spare)
    if not 0 < busy <= 1 or cores < 1:
        raise ValueError(f"busy is above 0 and at most 1, cores at least 1, but they are {busy} and {cores}")
    return max(math.ceil(round(queries * seconds / (cores * busy), 9)), 1) + spare


def scan_seconds(n: float, code_bytes: float, bytes_a_second: float) -> float:
    """Return how long reading n codes once takes: the least time of a search that looks at all of them.

    Examples
    --------
    >>> scan_seconds(1e9, 1536, 16.9e9)
    90.88757396449704
    """
    _refuse(0, n=n, code_bytes=code_bytes)
    if not 0 < bytes_a_second < math.inf:
        raise ValueError(f"bytes_a_second must be above 0 and finite, but is {bytes_a_second}")
    return n * code_bytes / bytes_a_second


def extrapolated(seconds: float, n: float, power: float, to: float) -> float:
    """Carry a measurement at n to another n by a power: 1 for a scan, near 0 for a good graph.

    Examples
    --------
    >>> extrapolated(0.1, 100_000, 0.5, 10_000_000)
    1.0
    """
    if min(n, to) <= 0:
        raise ValueError(f"n and to must be above 0, but are {n} and {to}")
    return seconds * (to / n) ** power


def queries_by_reads(reads_a_second: float, reads: float, *, busy: float = 0.5) -> float:
    """Return how many queries a second a disk feeds, if each reads so many sectors.

    Examples
    --------
    >>> queries_by_reads(200_000, 64)
    1562.5
    """
    _refuse(0, reads_a_second=reads_a_second)
    if not 0 < busy <= 1 or reads <= 0:
        raise ValueError(f"busy is above 0 and at most 1, reads above 0, but they are {busy} and {reads}")
    return busy * reads_a_second / reads
