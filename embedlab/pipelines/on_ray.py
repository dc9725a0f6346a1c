"""The plain loop of `parts`, on Ray Data: the same parts go through a pool of actors.

An actor is a process that loads the model once and then takes part after part. With the address of a cluster
the actors run on its computers; then the code and the model have to be there, and the folder has to be one
that all of them see.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

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


def _quiet(ray: ModuleType) -> None:
    """Leave the progress to the caller: no bars, no lines about plans."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
