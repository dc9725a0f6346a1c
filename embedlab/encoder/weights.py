"""A BERT's shape and weights as its folder holds them, read without torch."""

from dataclasses import dataclass
from pathlib import Path

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from embedlab.machine import PACKAGED_SHA256, ModelError, file_sha256, read_json


@dataclass(frozen=True)
class BertConfig:
    """The numbers that fix the network's shape, as its ``config.json`` names them."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    vocab_size: int
    layer_norm_eps: float

    @classmethod
    def load(cls, folder: Path) -> "BertConfig":
        """Read ``config.json``; refuse, with `ModelError`, an architecture that is not BERT's."""
        config = read_json(folder / "config.json")
        fixed = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
        for key, value in fixed.items():
            if config.get(key, value) != value:
                raise ModelError(f"{folder}: {key} is {config[key]!r}, but only {value!r} can be run")
        missing = [name for name in cls.__annotations__ if name not in config]
        if missing:
            raise ModelError(f"{folder / 'config.json'} does not say {', '.join(missing)}")
        return cls(**{name: config[name] for name in cls.__annotations__})


def weights_file(folder: Path, *, packaged: bool = False) -> tuple[Path, str]:
    """Return a folder's weight file and its SHA-256; of the packaged model, the published one is expected.

    Raises
    ------
    ModelError
        If there is no such file, or it is not, bit for bit, what was published.
    """
    file = folder / "model.safetensors"
    if not file.exists():
        raise ModelError(f"{folder} holds no model.safetensors")
    sha256 = file_sha256(file)
    if packaged and sha256 != PACKAGED_SHA256:
        raise ModelError(f"{file} is damaged: its SHA-256 is {sha256}, not {PACKAGED_SHA256}")
    return file, sha256


def read_weights(file: Path, config: BertConfig) -> dict[str, NDArray]:
    """Read all weights, as they are stored, by the names that BERT gives them.

    Raises
    ------
    ModelError
        If the file is damaged, or a weight is missing or of the wrong shape.
    """
    try:
        with safe_open(file, framework="numpy") as stored:
            # A model saved with a head on top calls its encoder "bert.".
            weights = {name.removeprefix("bert."): stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{file} is damaged: {error}") from error
    d, inner = config.hidden_size, config.intermediate_size
    expected = {"embeddings.word_embeddings.weight": (config.vocab_size, d)}
    for i in range(config.num_hidden_layers):
        expected[f"encoder.layer.{i}.intermediate.dense.weight"] = (inner, d)
    for name, shape in expected.items():
        found = weights[name].shape if name in weights else None
        if found != shape:
            raise ModelError(f"{file}: {name} should have shape {shape}, but has {found}")
    return weights
