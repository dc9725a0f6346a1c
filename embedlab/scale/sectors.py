"""A file of an index that is read node by node: what a search steps on lies in one sector of the disk.

Disks read whole sectors of 4 kB, so the numbers of a vector and its links stand together, and no node
straddles two sectors (DiskANN, section 3.3). The file is in the safetensors format, as all files of
embedlab, written by `files.save_aligned` with the sectors first.
"""

import json
import os
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from embedlab.machine import StoreError, files

SECTOR = 4096


def nodes_for(words: int) -> tuple[int, int]:
    """Say how many nodes of so many 4-byte words stand together, and in how many bytes: whole sectors.

    Examples
    --------
    >>> nodes_for(417), nodes_for(1024), nodes_for(1600)
    ((2, 4096), (1, 4096), (1, 8192))
    """
    return max(SECTOR // (4 * words), 1), -(-4 * words // SECTOR) * SECTOR


def as_sectors(nodes: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Lay nodes (n, words) out in sectors, (s, bytes), see `nodes_for`.

    Examples
    --------
    >>> as_sectors(np.ones((3, 417), np.int32)).shape
    (2, 4096)
    """
    each, size = nodes_for(nodes.shape[1])
    sectors = np.zeros((-(-len(nodes) // each), size), np.uint8)
    for slot in range(each):
        part = np.ascontiguousarray(nodes[slot::each])
        start = 4 * slot * nodes.shape[1]
        sectors[: len(part), start : start + 4 * nodes.shape[1]] = part.view(np.uint8)
    return sectors


def read_about(path: str | Path) -> dict:
    """Read what made an index, and nothing else.

    Raises
    ------
    StoreError
        As `files.load`.
    """
    try:
        with safe_open(path, framework="numpy") as file:  # looks whether the arrays fill the file
            header = file.metadata()
        about = json.loads(header["about"]) if header["kind"] == "index" else None
    except (SafetensorError, OSError, LookupError, TypeError, ValueError):
        about = None
    return about if isinstance(about, dict) else files.load(path, "index")[1]  # which raises with the reason


def read_rest(path: str | Path) -> tuple[dict[str, NDArray], int, tuple[int, ...]]:
    """Read all arrays but the sectors; where in the file these begin, and their shape.

    Raises
    ------
    KeyError
        If there are no sectors.
    """
    with safe_open(path, framework="numpy") as file:
        names = set(file.keys()) - {"sectors"}
        arrays = {name: file.get_tensor(name) for name in names}
        shape = tuple(file.get_slice("sectors").get_shape()) if "sectors" in file.keys() else None  # noqa: SIM118
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        start = json.loads(file.read(size))["sectors"]["data_offsets"][0]
    return arrays, 8 + size + start, shape


class Nodes:
    """An open file of sectors, from which nodes are read by number; nothing of it is kept in memory.

    Parameters
    ----------
    path : str or Path
    start : int
        Where in the file the sectors begin.
    words : int
        4-byte words of a node.
    """

    def __init__(self, path: str | Path, start: int, words: int):
        self.file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._end = weakref.finalize(self, os.close, self.file)
        self.start, self.words, (self.each, self.size) = start, words, nodes_for(words)
        if hasattr(os, "posix_fadvise"):  # a sector says nothing about the next: no reading ahead
            os.posix_fadvise(self.file, 0, 0, os.POSIX_FADV_RANDOM)

    def place(self, i: int) -> int:
        """Say where in the file node i begins."""
        return self.start + i // self.each * self.size + i % self.each * 4 * self.words

    def announce(self, i: int) -> None:
        """Let the disk begin to read node i, and return at once: several are read at a time."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.file, self.place(i), 4 * self.words, os.POSIX_FADV_WILLNEED)

    def read(self, i: int, out: memoryview) -> None:
        """Read node i to a buffer of its bytes; StoreError where the file ends before it."""
        if hasattr(os, "preadv"):
            got = os.preadv(self.file, [out], self.place(i))
        else:
            os.lseek(self.file, self.place(i), os.SEEK_SET)
            found = os.read(self.file, len(out))
            out[: len(found)], got = found, len(found)
        if got != len(out):
            raise StoreError(f"the file ends within node {i}")

    def read_these(self, numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        """Read nodes, (len(numbers), words)."""
        nodes = np.empty((len(numbers), self.words), np.int32)
        for i, node in zip(numbers.tolist(), nodes, strict=True):
            self.read(i, memoryview(node).cast("B"))
        return nodes

    def forget(self) -> None:
        """Ask the system to drop what it keeps of the file, so that the next reads come from the disk."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.file, 0, 0, os.POSIX_FADV_DONTNEED)
