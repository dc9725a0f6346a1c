"""What an index on disk holds, in memory and in its file: writing, opening, saving."""

import shutil
import tempfile
import weakref
from collections import deque
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.index import Floats, Index, Ints, State, as_vectors, whole
from embedlab.machine import StoreError, files, write_atomically
from embedlab.quantization import ProductQuantizer
from embedlab.scale import sectors
from embedlab.scale.vamana_index import SETTINGS, VamanaIndex

OPTIONS = (*SETTINGS, "m", "at_a_time", "cache")
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class DiskStorage(Index):
    """The codes, the file and the nodes kept in memory of a `DiskIndex`, which says what its settings are."""

    def __init__(
        self,
        dims: int,
        m: int | None = None,
        *,
        degree: int = 32,
        width: int = 100,
        alpha: float = 1.2,
        beam: int = 64,
        seed: int = 0,
        at_a_time: int = 4,
        cache: int = 0,
    ):
        settings = VamanaIndex(dims, degree, width=width, alpha=alpha, beam=beam, seed=seed)  # looks at them
        for name in SETTINGS:
            setattr(self, name, getattr(settings, name))
        self.at_a_time, self.cache = whole("at_a_time", at_a_time), whole("cache", cache, least=0)
        self.m = whole("m", _default_m(self.dims) if m is None else m)
        if dims % self.m:
            raise ValueError(f"{dims} dimensions cannot be cut into {self.m} equal pieces")
        self.codes, self.entry = np.zeros((0, self.m), np.uint8), -1
        self.equals, self.quantizer = np.zeros((0, 2), np.int64), None
        self.codebooks = np.zeros(
            (self.m, self.dims // self.m, 0), np.float32
        )  # of the quantizer, transposed
        self.kept: dict[int, NDArray[np.int32]] = {}
        self.path: Path | None = None
        self._nodes = self._remove = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def words(self) -> int:
        """4-byte words of a node: numbers, how many links, the links."""
        return self.dims + 1 + self.degree

    @property
    def bytes_per_vector(self) -> float:
        """Memory for one vector: its code, and its share of codebooks, kept nodes and equal ones."""
        shared = self.codebooks.nbytes + 4 * self.words * len(self.kept) + self.equals.nbytes
        return self.m + shared / max(len(self), 1)

    @property
    def disk_bytes_per_vector(self) -> float:
        """What the sectors take of the file."""
        each, size = sectors.nodes_for(self.words)
        return size / each

    @classmethod
    def from_graph(cls, graph: VamanaIndex, m: int | None = None, **options) -> "DiskStorage":
        """Put a graph on disk, in a file that is removed with the index; `save` makes a lasting one.

        Parameters
        ----------
        graph : VamanaIndex
            Without deleted vectors.
        m, at_a_time, cache
            As in `DiskIndex`.
        """
        if graph.deleted.any():
            raise ValueError(f"{graph.deleted.sum()} vectors are deleted: build anew from the others")
        index = cls(graph.dims, m, **{name: getattr(graph, name) for name in SETTINGS[1:]}, **options)
        index._write(graph)
        return index

    def add(self, vectors: Floats) -> None:
        """Append vectors (n, dims): the graph is read into memory, and written anew with them.

        The codebooks stay those of the first portion. DiskANN's answer to many small portions is a second,
        small index in memory that is searched as well, and merged now and then (FreshDiskANN).

        Raises
        ------
        ValueError
            If the dimensions differ, or a number is NaN or infinite.
        """
        vectors = as_vectors(vectors, self.dims)
        if len(vectors):
            graph = self.graph()
            graph.add(vectors)
            self._write(graph)

    def graph(self) -> VamanaIndex:
        """Read the whole graph into memory."""
        nodes = self._read(np.arange(len(self)))
        arrays = {"vectors": nodes[:, : self.dims].view(np.float32), "links": nodes[:, self.dims :]}
        about = {name: getattr(self, name) for name in SETTINGS}
        return VamanaIndex.from_state(
            {**arrays, "deleted": np.zeros(len(self), bool)}, {**about, "entry": self.entry}
        )

    def _write(self, graph: VamanaIndex) -> None:
        arrays = graph.state()[0]
        vectors = arrays["vectors"]
        if self.quantizer is None:
            self.quantizer = ProductQuantizer.fit(vectors, self.m, seed=self.seed)
        codes = [self.codes, self.quantizer.encode(vectors[len(self) :])]
        nodes = np.concatenate([vectors.view(np.int32), arrays["links"]], axis=1)
        about = {**self._about(), "entry": graph.graph.entry}
        written = {"sectors": sectors.as_sectors(nodes), "centroids": self.quantizer.centroids}
        self._keep({**written, "codes": np.concatenate(codes), "equals": graph.equals}, about)

    def _about(self) -> dict:
        return {"class": type(self).__name__, **{name: getattr(self, name) for name in (*OPTIONS, "entry")}}

    def _keep(self, arrays: dict[str, NDArray], about: dict) -> None:
        """Write a file that goes when the index goes, and open it."""
        folder = tempfile.mkdtemp(prefix="embedlab-disk-")
        remove, before = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True), self._remove
        files.save_aligned(Path(folder, "index"), "index", arrays, about, first="sectors")
        self._open(Path(folder, "index"))
        self._remove = remove
        if before:
            before()

    def _open(self, path: str | Path) -> None:
        """Take over what a file says beside its sectors, and keep the nodes around the entry."""
        arrays, start, shape = sectors.read_rest(path)
        codes, centroids, equals = (arrays[name] for name in ("codes", "centroids", "equals"))
        n, entry, (each, size) = len(codes), sectors.read_about(path)["entry"], sectors.nodes_for(self.words)
        if codes.shape != (n, self.m) or shape != (-(-n // each), size):
            raise ValueError(f"codes of shape {codes.shape} for sectors of shape {shape}")
        if centroids.shape[::2] != (self.m, self.dims // self.m) or codes.max(initial=0) >= max(
            centroids.shape[1], 1
        ):
            raise ValueError(f"centroids of shape {centroids.shape} do not fit the codes")
        if (not 0 <= entry < n and (entry, n) != (-1, 0)) or equals.shape[1:] != (2,):
            raise ValueError(f"there is no vector {entry} to begin at, or equal ones are {equals.shape}")
        if ((equals < 0) | (equals >= n)).any():
            raise ValueError("a vector is equal to one that does not exist")
        self.path, self.codes, self.equals, self.entry = Path(path), codes, equals, entry
        self.codebooks = np.ascontiguousarray(centroids.transpose(0, 2, 1))
        self.quantizer = ProductQuantizer(self.codebooks.transpose(0, 2, 1)) if n else None
        self._nodes = sectors.Nodes(path, start, self.words)
        self.keep_near(self.cache)

    def keep_near(self, count: int) -> None:
        """Keep the nodes nearest to the entry in memory, by steps: all walks come through them."""
        self.cache, self.kept = whole("count", count, least=0), {}
        todo = deque([self.entry] if len(self) else [])
        while todo and len(self.kept) < self.cache:
            i = todo.popleft()
            if i in self.kept:
                continue
            node = np.empty(self.words, np.int32)
            self._nodes.read(i, memoryview(node).cast("B"))
            self.kept[i], links = node, node[self.dims + 1 :][: node[self.dims]]
            if ((links < 0) | (links >= len(self))).any():
                raise StoreError(f"{str(self.path)!r} is damaged: a link of node {i} leads nowhere")
            todo += links.tolist()

    def vectors_of(self, ids: Ints) -> Floats:
        """Read the vectors of these ids, (len(ids), dims)."""
        return self._read(np.asarray(ids))[:, : self.dims].view(np.float32)

    def _read(self, numbers: Ints) -> NDArray[np.int32]:
        if self._nodes is None:
            return np.zeros((0, self.words), np.int32)
        return self._nodes.read_these(numbers)

    def save(self, path: str | Path) -> None:
        """Write the index to a file, all or nothing; this one goes on with its own."""
        if self.path:
            write_atomically(Path(path), lambda temporary: shutil.copyfile(self.path, temporary))
        else:
            files.save_aligned(path, "index", self.state()[0], self._about(), first="sectors")

    @classmethod
    def load(cls, path: str | Path) -> "DiskStorage":
        """Open a saved index where it is. The file must stay; to write a new one to its place does no harm.

        Raises
        ------
        StoreError
            If the file is missing, damaged, or holds something else.
        """
        about = sectors.read_about(path)
        name = about.get("class")
        if name != cls.__name__:
            raise StoreError(f"{str(path)!r} holds a {name}, not a {cls.__name__}")
        try:
            index = cls(**{option: about[option] for option in OPTIONS})
            index._open(path)
        except StoreError:
            raise
        except UNREADABLE as error:
            reason = f"{type(error).__name__}: {error}"
            raise StoreError(f"{str(path)!r} holds no {name} that can be read ({reason})") from error
        return index

    def __reduce__(self):  # pickle and copy: an open file stays behind
        return type(self).from_state, self.state()

    def state(self) -> State:
        """Return all of it as arrays in memory, and what made it."""
        found = sectors.as_sectors(self._read(np.arange(len(self))))
        centroids = self.codebooks.transpose(0, 2, 1).copy()
        arrays = {"sectors": found, "centroids": centroids, "codes": self.codes, "equals": self.equals}
        return arrays, self._about()

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray], about: dict) -> "DiskStorage":
        """Make the index from its `state`, in a file of its own."""
        index = cls(**{option: about[option] for option in OPTIONS})
        index._keep(arrays, {**about, "class": cls.__name__})
        return index


def _default_m(dims: int) -> int:
    """Choose how many bytes a code has: one for 8 numbers, or for more where that does not divide."""
    return next(m for m in range(max(dims // 8, 1), 0, -1) if dims % m == 0)
