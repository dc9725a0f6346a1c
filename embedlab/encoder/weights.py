"""A BERT's shape and weights as its folder holds them, read without torch."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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
        fixed |= {"is_decoder": False, "add_cross_attention": False}
        for key, value in fixed.items():
            if config.get(key, value) != value:
                raise ModelError(f"{folder}: {key} is {config[key]!r}, but only {value!r} can be run")
        missing = [name for name in cls.__annotations__ if name not in config]
        if missing:
            raise ModelError(f"{folder / 'config.json'} does not say {', '.join(missing)}")
        for name, kind in cls.__annotations__.items():
            if not isinstance(config[name], kind) or config[name] <= 0:
                raise ModelError(
                    f"{folder / 'config.json'}: {name} must be a positive {kind.__name__}, "
                    f"but is {config[name]!r}"
                )
        if config["hidden_size"] % config["num_attention_heads"]:
            raise ModelError(
                f"{folder / 'config.json'}: {config['num_attention_heads']} heads cannot share "
                f"{config['hidden_size']} numbers evenly"
            )
        return cls(**{name: config[name] for name in cls.__annotations__})

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every weight of the network, by its name."""
        d, inner = self.hidden_size, self.intermediate_size
        shapes: dict[str, tuple[int, ...]] = {
            "embeddings.word_embeddings.weight": (self.vocab_size, d),
            "embeddings.position_embeddings.weight": (self.max_position_embeddings, d),
        }
        norms, linears = ["embeddings.LayerNorm"], {}
        for i in range(self.num_hidden_layers):
            name = f"encoder.layer.{i}"
            linears |= {f"{name}.attention.self.{part}": (d, d) for part in ("query", "key", "value")}
            linears |= {f"{name}.attention.output.dense": (d, d), f"{name}.output.dense": (d, inner)}
            linears |= {f"{name}.intermediate.dense": (inner, d)}
            norms += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
        for name in norms:
            shapes |= {f"{name}.weight": (d,), f"{name}.bias": (d,)}
        for name, shape in linears.items():
            shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
        return shapes


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
    # A model saved with a head on top calls its encoder "bert."; Google's own calls a norm's weight "gamma".
    weights = {
        name.removeprefix("bert.")
        .replace("LayerNorm.gamma", "LayerNorm.weight")
        .replace("LayerNorm.beta", "LayerNorm.bias"): array
        for name, array in read_arrays(file).items()
    }
    for name, shape in config.shapes().items():
        found = weights[name].shape if name in weights else "none at all"
        if found != shape:
            raise ModelError(f"{file}: {name} should have shape {shape}, but has {found}")
    kinds = weights.get("embeddings.token_type_embeddings.weight")
    if kinds is None or kinds.shape[1:] != (config.hidden_size,):
        raise ModelError(f"{file}: embeddings.token_type_embeddings.weight is missing or of the wrong shape")
    return weights


def read_arrays(file: Path) -> dict[str, NDArray]:
    """Read a safetensors file without copying it: what is not looked at is not read from the disk.

    bfloat16, which NumPy lacks, becomes float32; the arrays may be written to, which leaves the file alone.

    Raises
    ------
    ModelError
        If the file is damaged or holds numbers of another kind.
    """
    try:
        with safe_open(file, framework="numpy"):  # checks that header and file agree
            pass
        content = np.asarray(np.memmap(file, np.uint8, mode="c"))
        start = 8 + int.from_bytes(content[:8].tobytes(), "little")
        header = json.loads(content[8:start].tobytes())
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{file} is damaged: {error}") from error
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        if entry["dtype"] not in DTYPES:
            raise ModelError(f"{file}: {name} is of dtype {entry['dtype']}, which cannot be read")
        first, end = entry["data_offsets"]
        array = content[start + first : start + end].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
        # bfloat16 is the upper half of a float32.
        is_half = entry["dtype"] == "BF16"
        arrays[name] = (array.astype(np.uint32) << 16).view(np.float32) if is_half else array
    return arrays


DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1"}
