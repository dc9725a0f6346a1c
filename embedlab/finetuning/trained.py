"""What comes trained: small files in ``data/trained``, each with a card that says what made it.

They were trained on DocSearch as one set of versions has it. Other versions have almost the same texts, so
the weights are used all the same; ``embedlab doctor`` says so. Another model they do not fit: an error.
"""

from functools import cache
from pathlib import Path

from embedlab.embedder import Embedder
from embedlab.encoder import BertEncoder
from embedlab.finetuning.lora import LoRA
from embedlab.machine import StoreError, data_path
from embedlab.matryoshka import LinearAdapter

REMEDY = "'embedlab train all' makes what is missing"


def trained_file(name: str) -> Path:
    """Return the file of what comes trained: adapter, colbert, encoder or reranker.

    Raises
    ------
    StoreError
        If there is none.

    Examples
    --------
    >>> trained_file("encoder").name
    'encoder.safetensors'
    """
    file = data_path("trained") / f"{name}.safetensors"
    if not file.exists():
        raise StoreError(f"{str(file)!r} is missing: {REMEDY}")
    return file


@cache
def trained_encoder(file: Path | None = None) -> BertEncoder:
    """Load the encoder that is fine-tuned on the train part of DocSearch; once.

    Parameters
    ----------
    file : Path, optional
        Of its differences to all-MiniLM-L6-v2; by default the one that comes with the course.

    Raises
    ------
    StoreError
        If the file is missing or damaged, or was trained on another model.
    """
    base = BertEncoder.load()
    lora, _ = LoRA.load(file or trained_file("encoder"), base=base.sha256)
    return lora.merged(base)


def trained_adapter(embedder: Embedder, file: Path | None = None) -> LinearAdapter:
    """Load the adapter that is trained on the train part of DocSearch, for all-MiniLM-L6-v2's vectors.

    Raises
    ------
    StoreError
        If the file is missing or damaged, or the embedder is another than it was trained for.
    """
    return LinearAdapter.load(file or trained_file("adapter"), embedder.identity)
