"""A rotation undone without a pair: with halves of one corpus, and where the public texts are another's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from embedlab.benchmark import docsearch
from embedlab.embedder import Embedder
from embedlab.index import Floats
from embedlab.pooling import l2_normalize
from embedlab.security.cloud_alignment import Alignment, aligned_clouds
from embedlab.security.defences import Rotation
from embedlab.security.records import OTHER_FORM, guessed_records, make_records

SPLITS = (0, 1, 2, 3, 4)  # draws of which half of DocSearch is stolen, each with a key of its own
KEY = 21  # of the first split; the next ones count on
RECORDS = 50
Embed = Callable[[Sequence[str]], Floats]


def stolen_half(embedder: Embedder, split: int, defence: Rotation) -> tuple[Floats, Alignment]:
    """Align a stolen half of DocSearch, rotated, with the other half: its plain vectors, and the result."""
    documents = embedder.encode(docsearch().documents, cache=True, on_long="cut")
    stolen, public = drawn(documents, len(documents) // 2, split)
    return stolen, aligned_clouds(defence.stored(stolen), public)


def drawn(documents: Floats, n: int, seed: int) -> tuple[Floats, Floats]:
    """Draw n of the vectors at random: these, and the others.

    Examples
    --------
    >>> stolen, public = drawn(np.eye(5, dtype=np.float32), 2, seed=0)
    >>> stolen.shape, public.shape
    ((2, 5), (3, 5))
    """
    order = np.random.default_rng(seed).permutation(len(documents))
    return documents[order[:n]], documents[order[n:]]


def read_back(stolen: Floats, public: Floats, key: int, embed: Embed) -> dict:
    """Rotate by a key, align without a pair: cosine with the plain vectors, fit, records read (0 or 1)."""
    records, rotation = make_records(RECORDS), Rotation(key=key)
    rotated = rotation.stored(stolen)
    back, fit = aligned_clouds(rotated, public)
    cosine = float((l2_normalize(rotated @ back) * stolen).sum(1).mean())
    taken = l2_normalize(rotation.stored(embed([one.text() for one in records])) @ back)
    guesses = guessed_records(taken, embed, OTHER_FORM, width=1)
    read = [int(a == b) for a, b in zip(guesses, records, strict=True)]
    return {"cosine": round(cosine, 4), "fit": round(fit, 4), "records": read}


def measure_clouds(embedder: Embedder, embed: Embed) -> list[dict]:
    """Measure a reader without a pair on random halves of one corpus, the best case, for each split."""
    documents = embedder.encode(docsearch().documents, cache=True, on_long="cut")
    return [read_back(*drawn(documents, len(documents) // 2, split), KEY + split, embed) for split in SPLITS]


def measure_packages(embedder: Embedder, embed: Embed) -> dict[str, dict]:
    """Measure the same where one package's vectors are stolen and the texts of the other three are public.

    Returns
    -------
    dict
        {package: {"stolen": n, "package": as `read_back`, "random": the same for n random documents}}: the
        control has as many stolen and as many public vectors, and differs in the field only.
    """
    benchmark, found = docsearch(), {}
    documents = embedder.encode(benchmark.documents, cache=True, on_long="cut")
    package = np.array([name.split(".")[0] for name in benchmark.doc_ids])
    for number, name in enumerate(np.unique(package)):
        own, key = package == name, KEY + number
        n = int(own.sum())
        found[str(name)] = {
            "stolen": n,
            "package": read_back(documents[own], documents[~own], key, embed),
            "random": read_back(*drawn(documents, n, 100 + number), key, embed),
        }
    return found
