"""What a folder of sentence-transformers says: its modules, limits and prompts. Read without torch.

Everything is either followed as sentence-transformers follows it, or refused with the reason: a setting that
is passed over gives other vectors without a word.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from embedlab.encoder import BertConfig, read_arrays
from embedlab.machine import ModelError, content_key, read_json
from embedlab.pooling import l2_normalize
from embedlab.tokenizer import WordPieceTokenizer

Floats = NDArray[np.float32]
ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "Identity": lambda x: x,
    "Tanh": np.tanh,
    "ReLU": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
# Older versions had a switch for each pooling.
SWITCHES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
# What may stand in sentence_bert_config.json besides the limit and the case, and with which value.
FIXED = {
    "transformer_task": "feature-extraction",
    "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
    "module_output_name": "token_embeddings",
}
TRANSFORMER_CONFIGS = ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")


# What `settings_key` gives for all-MiniLM-L6-v2, with the tokenizer that it was published with.
PACKAGED_SETTINGS = "255274a201cd8c108278fa6e4f1fe0f9"


@dataclass(frozen=True)
class Layer:
    """What comes after the pooling: an affine map with an activation, or a normalisation (no weight)."""

    weight: Floats | None = None  # (out, in)
    bias: Floats | None = None  # (out,)
    activation: str = "Identity"

    def __call__(self, vectors: Floats) -> Floats:
        """Map vectors (n, in) to (n, out)."""
        if self.weight is None:
            return l2_normalize(vectors)
        return ACTIVATIONS[self.activation](vectors @ self.weight.T + self.bias).astype(np.float32)

    @property
    def key(self) -> str:
        """A hash of all that the layer does."""
        arrays = () if self.weight is None else (self.weight.tobytes(), self.bias.tobytes())
        return content_key(self.activation, *arrays)


@dataclass(frozen=True)
class Folder:
    """The facts of a model's folder."""

    transformer: Path  # where BERT and its tokenizer lie
    config: BertConfig
    max_length: int  # tokens
    pooling: str = "mean"
    layers: tuple[Layer, ...] = ()
    lower: bool = False  # lower-case the text, whatever the tokenizer does
    prompt: str = ""  # stands before every text
    prompts: dict[str, str] = field(default_factory=dict)  # others, by name: for whoever asks for them


def read_folder(folder: Path) -> Folder:
    """Read the facts of a folder; `model_folder` finds it.

    Raises
    ------
    ModelError
        If a file is damaged, or asks for something that cannot be done.

    Examples
    --------
    >>> from embedlab.machine import model_folder
    >>> facts = read_folder(model_folder())
    >>> facts.pooling, facts.max_length, facts.layers, facts.prompt
    ('mean', 256, (), '')
    """
    if (folder / "adapter_config.json").exists():
        raise ModelError(f"{folder} holds an adapter (PEFT) beside the model: merge the two first")
    if not (folder / "modules.json").exists():  # a bare BERT: mean pooling, and nothing else is looked at
        config = BertConfig.load(folder)
        return Folder(folder, config, _max_length(folder, {}, config))
    about = read_json(folder / "config_sentence_transformers.json", default={})
    kind = about.get("model_type", "SentenceTransformer")
    if kind != "SentenceTransformer":
        raise ModelError(f"{folder} holds a {kind}, but only a SentenceTransformer can be run")
    (first, transformer), (second, pooling), *others = _modules(folder)
    if (first, second) != ("Transformer", "Pooling"):
        raise ModelError(f"{folder}: the modules begin with {first}, {second}, not with Transformer, Pooling")
    settings = _transformer_settings(transformer)
    config = BertConfig.load(transformer)
    prompt = _default_prompt(folder, about)
    default = about.get("default_prompt_name")
    prompts = {name: text for name, text in (about.get("prompts") or {}).items() if text and name != default}
    layers = [_layer(kind, path) for kind, path in others if kind != "Dropout"]
    dims = config.hidden_size
    for layer in layers:
        if layer.weight is not None and layer.weight.shape[1] != dims:
            raise ModelError(
                f"{folder}: a Dense layer takes {layer.weight.shape[1]} numbers, but gets {dims}"
            )
        dims = dims if layer.weight is None else len(layer.weight)
    if layers and layers[-1].weight is None:
        del layers[-1]  # whether vectors are normalised in the end is for `encode` to say
    return Folder(
        transformer,
        config,
        _max_length(transformer, settings, config),
        _pooling(pooling, prompt),
        tuple(layers),
        bool(settings.get("do_lower_case")),
        prompt,
        prompts,
    )


def settings_key(
    config: BertConfig, tokenizer: WordPieceTokenizer, prompt: str = "", layers: tuple[Layer, ...] = ()
) -> str:
    """Hash all that vectors depend on besides the encoder's weights, the pooling and the limit."""
    network = (config.num_hidden_layers, config.num_attention_heads, config.layer_norm_eps)
    return content_key(str(network), tokenizer.fingerprint, prompt, *(layer.key for layer in layers))


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Return the kind and the folder of each module."""
    modules = []
    for entry in read_json(folder / "modules.json", kind=list):
        kind, path = (entry.get(key) if isinstance(entry, dict) else None for key in ("type", "path"))
        if not isinstance(kind, str) or not isinstance(path, str):
            raise ModelError(f"{folder / 'modules.json'}: a module needs a type and a path, but got {entry}")
        if PureWindowsPath(path).anchor or ".." in (*PurePosixPath(path).parts, *PureWindowsPath(path).parts):
            raise ModelError(f"{folder / 'modules.json'}: the path {path!r} leads out of the folder")
        if not kind.startswith("sentence_transformers."):
            raise ModelError(f"{folder}: a module of other code, {kind!r}, cannot be run")
        modules.append((kind.rsplit(".", 1)[-1], folder / path))
    if len(modules) < 2:
        raise ModelError(f"{folder / 'modules.json'} names no Transformer with a Pooling")
    return modules


def _transformer_settings(folder: Path) -> dict:
    """Read ``sentence_bert_config.json``, or whatever its name was in older versions."""
    files = [folder / f"sentence_{name}_config.json" for name in TRANSFORMER_CONFIGS]
    file = next((file for file in files if file.exists()), files[0])
    settings = read_json(file, default={})
    for key, value in settings.items():
        fine = key in ("max_seq_length", "do_lower_case") or value in (None, {}, FIXED.get(key))
        if not fine:
            raise ModelError(f"{file}: {key} is {value!r:.80}, which cannot be run")
    return settings


def _max_length(folder: Path, settings: dict, config: BertConfig) -> int:
    """Return how many tokens are read: as the module says, else the tokenizer, but no more than positions."""
    said = settings.get("max_seq_length")
    if said is None:
        said = read_json(folder / "tokenizer_config.json", default={}).get("model_max_length")
    longest = config.max_position_embeddings
    said = longest if said is None else said
    if isinstance(said, bool) or not isinstance(said, int | float) or said < 2:
        raise ModelError(f"{folder}: the longest text should be at least 2 tokens, but is {said!r}")
    return int(min(said, longest))


def _default_prompt(folder: Path, about: dict) -> str:
    name, prompts = about.get("default_prompt_name"), about.get("prompts") or {}
    if name is None:
        return ""
    if name not in prompts:
        raise ModelError(f"{folder}: the default prompt is {name!r}, but the prompts are {sorted(prompts)}")
    if not isinstance(prompts[name] or "", str):
        raise ModelError(f"{folder}: the prompt {name!r} should be a string, but is {prompts[name]!r}")
    return prompts[name] or ""


def _pooling(folder: Path, prompt: str) -> str:
    config = read_json(folder / "config.json")
    switched = [name for key, name in SWITCHES.items() if config.get(key)]
    modes = config.get("pooling_mode", switched or ["mean"])
    modes = [modes] if isinstance(modes, str) else list(modes)
    if len(modes) != 1:
        raise ModelError(f"{folder}: several poolings side by side, {', '.join(modes)}, cannot be run")
    if prompt and config.get("include_prompt") is False:
        raise ModelError(f"{folder}: a pooling that leaves out the prompt cannot be run")
    return modes[0]


def _layer(kind: str, folder: Path) -> Layer:
    if kind not in ("Dense", "Normalize"):
        raise ModelError(f"{folder}: a {kind} layer cannot be run, only Dense and Normalize")
    config = read_json(folder / "config.json", default={})
    for key in ("module_input_name", "module_output_name"):
        if (config.get(key) or "sentence_embedding") != "sentence_embedding":
            raise ModelError(f"{folder}: {key} is {config[key]!r}, but only vectors of texts can be mapped")
    if kind == "Normalize":
        return Layer()
    name = str(config.get("activation_function", "torch.nn.modules.activation.Tanh"))
    activation = name.rsplit(".", 1)[-1]
    if activation not in ACTIVATIONS or not name.startswith("torch.") or config.get("use_residual"):
        what = "a residual connection" if config.get("use_residual") else f"the activation {name!r}"
        raise ModelError(f"{folder}: {what} cannot be run; choose from {', '.join(ACTIVATIONS)}")
    if not (folder / "model.safetensors").exists():
        raise ModelError(f"{folder} holds no model.safetensors")
    arrays = read_arrays(folder / "model.safetensors")
    shape = (config.get("out_features"), config.get("in_features"))
    weight = arrays.get("linear.weight")
    bias = arrays.get("linear.bias") if config.get("bias", True) else np.zeros(shape[0], np.float32)
    if weight is None or bias is None or weight.shape != shape or bias.shape != shape[:1]:
        raise ModelError(f"{folder}: linear.weight should have shape {shape} and a bias beside it")
    return Layer(weight.astype(np.float32), bias.astype(np.float32), activation)
