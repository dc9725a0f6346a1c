"""The plain loop of `parts`, on Ray Data: the same parts go through a pool of actors.

An actor is a process that loads the model once and then takes part after part. With the address of a cluster
the actors run on its computers; then the code and the model have to be there, and the folder has to be one
that all of them see.
"""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from embedlab.machine import ray_cluster
from embedlab.pipelines.encoders import encoder
from embedlab.pipelines.parts import Part, write_part

if TYPE_CHECKING:
    import pyarrow as pa


class EmbedPart:
    """What an actor does: load the encoder once, then embed and write part after part.

    Only counts go back. The vectors, three times as large as the texts, never travel.

    Parameters
    ----------
    name : str
        Of an encoder, see `embedlab.pipelines.encoder`.
    out : str
        The folder of the parts.
    """

    def __init__(self, name: str, out: str):
        self.encode, self.out = encoder(name), Path(out)

    def __call__(self, rows: "pa.Table") -> dict[str, list[int]]:
        """Embed the documents of one block."""
        part = Part(tuple(rows["id"].to_pylist()), tuple(rows["text"].to_pylist()))
        write_part(self.out, part, self.encode(list(part.texts)))
        return {"rows": [len(part.ids)]}


def embed_on_ray(
    parts: Sequence[Part],
    name: str,
    out: Path,
    *,
    actors: int = 2,
    address: str | None = None,
    progress: Callable[[int], object] = lambda rows: None,
) -> None:
    """Embed parts on Ray Data, and write the files that `embed_parts` writes.

    Parameters
    ----------
    parts : sequence of Part
    name : str
        Of an encoder, see `embedlab.pipelines.encoder`.
    out : Path
    actors : int
        Processes that embed, with a CPU each.
    address : str, optional
        Of a cluster that runs; without it, one is started here.
    progress : callable
        Told the documents of each part, as soon as they are on disk.

    Raises
    ------
    ValueError
        If there are fewer than 1 actors, or more than the cluster has CPUs: they would wait for ever.

    References
    ----------
    .. [1] https://docs.ray.io/en/latest/data/api/doc/ray.data.Dataset.map_batches.html
    """
    import pyarrow as pa

    if actors < 1:
        raise ValueError(f"{actors} actors embed nothing")
    with ray_cluster(cpus=actors, address=address) as ray:
        cpus = ray.cluster_resources().get("CPU", 0)
        if actors > cpus:
            raise ValueError(f"{actors} actors, but the cluster has {cpus:.0f} CPUs")
        _quiet(ray)
        blocks = [pa.table({"id": list(part.ids), "text": list(part.texts)}) for part in parts]
        counts = ray.data.from_arrow(blocks).map_batches(
            EmbedPart,
            fn_constructor_args=(name, str(out.resolve())),
            compute=ray.data.ActorPoolStrategy(size=actors),
            batch_size=None,  # a block is a part
            batch_format="pyarrow",
        )
        for row in counts.iter_rows():
            progress(row["rows"])


def blocks_ahead(blocks: int = 60, mb: int = 8, nap_s: float = 0.05, actors: int = 1) -> int:
    """Return how many blocks a quick producer runs ahead of a slow consumer, at the most.

    Ray Data streams: where the object store fills, the producer waits. Without that back pressure all blocks
    but the few that are consumed would lie there, or on disk.

    Parameters
    ----------
    blocks : int
        Made in all.
    mb : int
        Size of each, in MiB.
    nap_s : float
        What the consumer takes for each.
    actors : int
        Consumers.
    """
    with ray_cluster(cpus=2) as ray:
        _quiet(ray)
        counter = ray.remote(num_cpus=0)(_Ahead).remote()

        def make(rows: dict) -> dict:
            ray.get(counter.step.remote(1))
            return {"block": np.zeros((1, mb << 20), np.uint8)}

        class Consume:
            def __call__(self, rows: dict) -> dict:
                time.sleep(nap_s)
                ray.get(counter.step.remote(-1))
                return {"rows": [len(rows["block"])]}

        made = ray.data.range(blocks, override_num_blocks=blocks).map_batches(make, num_cpus=0.5)
        pool = ray.data.ActorPoolStrategy(size=actors)
        for _ in made.map_batches(Consume, compute=pool, num_cpus=1, batch_size=None).iter_rows():
            pass
        return ray.get(counter.most.remote())


class _Ahead:
    """Count blocks made and not yet consumed."""

    def __init__(self):
        self.now = self.top = 0

    def step(self, change: int) -> None:
        self.now += change
        self.top = max(self.top, self.now)

    def most(self) -> int:
        return self.top


def _quiet(ray: ModuleType) -> None:
    """Leave the progress to the caller: no bars, no lines about plans."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
