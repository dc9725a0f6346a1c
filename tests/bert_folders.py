"""Small random BERTs in folders of sentence-transformers, and ways to change what a folder says."""

import json
import string
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [*string.ascii_letters, *string.digits, "é", "ï", "É", "中", "文", "ß", "i̇"]
WORDS = ["the", "cat", "The", "CAT", "naive", "naïve", "query", "word", "##ord", "##er"]
VOCABULARY = [*SPECIAL, *string.punctuation, *LETTERS, *(f"##{letter}" for letter in LETTERS), *WORDS]
TEXTS = [
    "",
    "The CAT: naïve 中文",
    "the cat",
    "THE CAT",
    "naive words, and more words",
    "É é e\u0301 E\u0301 ß İstanbul",
    "中文中文 mixed文with latin",
    "a [SEP] in the text, a [sep] as well",
    "\x00\ufffd\u200b",
    "!?",
    "word " * 20,
    "word cat " * 200,
]


def make_folder(folder: Path, *modules, **config) -> Path:
    """Save a BERT of two layers and 32 numbers, mean pooling and further modules."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    bare = bare_bert(folder / "bare", **config)
    first = Transformer(str(bare), max_seq_length=96)
    theirs = SentenceTransformer(modules=[first, Pooling(32, "mean"), *modules], device="cpu")
    theirs.save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


def bare_bert(folder: Path, **config) -> Path:
    """Save the BERT and its tokenizer alone; large random weights, so that nothing goes without effect."""
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    shape |= {"vocab_size": len(VOCABULARY), "max_position_embeddings": 128, "initializer_range": 0.3}
    BertModel(BertConfig(**shape | config)).save_pretrained(folder)
    vocabulary = {token: i for i, token in enumerate(VOCABULARY)}
    BertTokenizer(vocabulary, model_max_length=112).save_pretrained(folder)
    return folder


def change(file: Path, **changes) -> None:
    """Change keys of a JSON file, which is made where it is missing; ``None`` removes a key."""
    content = json.loads(file.read_text()) if file.exists() else {}
    content |= changes
    for key, value in changes.items():
        if value is None:
            del content[key]
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content))


def change_modules(folder: Path, edit) -> None:
    """Let ``edit`` change the list in ``modules.json``."""
    file = folder / "modules.json"
    modules = json.loads(file.read_text())
    edit(modules)
    file.write_text(json.dumps(modules))


def change_weights(folder: Path, edit) -> None:
    """Let ``edit`` turn a dict of weights into another."""
    file = folder / "model.safetensors"
    weights = {name: tensor.clone() for name, tensor in load_file(file).items()}
    save_file(edit(weights), file, metadata={"format": "pt"})


def add_module(folder: Path, kind: str, config: dict, weights: dict | None = None) -> None:
    """Append a module with its folder."""
    path = f"{len(json.loads((folder / 'modules.json').read_text()))}_{kind}"
    (folder / path).mkdir()
    (folder / path / "config.json").write_text(json.dumps(config))
    if weights:
        save_file(weights, folder / path / "model.safetensors")
    entry = {"idx": 9, "name": path, "path": path, "type": f"sentence_transformers.models.{kind}"}
    change_modules(folder, lambda modules: modules.append(entry))


def add_dense(folder: Path, size: int, activation: str = "Tanh", *, given: int = 32, bias=True, **config):
    """Append a Dense layer from ``given`` to ``size`` numbers, with random weights."""
    random = torch.Generator().manual_seed(size)
    weights = {"linear.weight": torch.randn(size, given, generator=random) / given**0.5}
    if bias:
        weights["linear.bias"] = torch.randn(size, generator=random)
    module = {"in_features": given, "out_features": size, "bias": bias}
    module["activation_function"] = f"torch.nn.modules.activation.{activation}"
    if activation == "Identity":
        module["activation_function"] = "torch.nn.modules.linear.Identity"
    add_module(folder, "Dense", module | config, weights)
