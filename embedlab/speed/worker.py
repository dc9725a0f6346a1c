"""One engine in a process of its own, which encodes when it is told to: the far end of `speed.serving`.

python -m embedlab.speed.worker ENGINE THREADS

A line of JSON in, ``{"texts": [...]}``, one out, ``{"seconds": ...}``. It ends when its input does:
also when the one who asked is gone.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from embedlab.machine import model_folder, needs

Encode = Callable[[Sequence[str]], np.ndarray]


def torch_plain(threads: int) -> Encode:
    """Encode with the BERT of `transformers`, padded, as most tutorials do."""
    import torch

    transformers = needs("transformers")
    torch.set_num_threads(threads)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_folder())
    bert = transformers.BertModel.from_pretrained(model_folder(), add_pooling_layer=False).eval()

    @torch.inference_mode()
    def encode(texts: Sequence[str]) -> np.ndarray:
        batch = tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt")
        hidden = bert(**batch).last_hidden_state
        weight = batch["attention_mask"][:, :, None].float()
        return torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1)).numpy()

    return encode


def sentence_transformers(threads: int) -> Encode:
    """Encode with sentence-transformers on the CPU."""
    import torch

    torch.set_num_threads(threads)
    model = needs("sentence_transformers").SentenceTransformer(str(model_folder()), device="cpu")
    return lambda texts: model.encode(list(texts), show_progress_bar=False)


def packed(threads: int) -> Encode:
    """Encode with our packed encoder."""
    import torch

    from embedlab.embedder import Embedder

    torch.set_num_threads(threads)
    embedder = Embedder.load(dtype="float32")
    return lambda texts: embedder.encode(texts, on_long="cut", show_progress=False)


def onnx(precision: str, runtime: str = "onnxruntime") -> Callable[[int], Encode]:
    """Return a maker of our ONNX encoder."""

    def make(threads: int) -> Encode:
        from embedlab.serving import OnnxEncoder

        return OnnxEncoder.load(precision, threads=threads, runtime=runtime).encode

    return make


ENGINES: dict[str, Callable[[int], Encode]] = {
    "torch": torch_plain,
    "sentence-transformers": sentence_transformers,
    "packed": packed,
    "onnxruntime": onnx("float32"),
    "onnxruntime int8": onnx("int8"),
    "onnxruntime int8-unsigned": onnx("int8-unsigned"),
    "openvino": onnx("float32", "openvino"),
    "openvino int8": onnx("int8", "openvino"),
}


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")  # for us alone:
    os.dup2(2, 1)  # what libraries print goes to the errors
    encode = ENGINES[sys.argv[1]](int(sys.argv[2]))
    encode(["warm"])
    print(json.dumps({"ready": sys.argv[1]}), file=answers, flush=True)
    for line in sys.stdin:
        texts = json.loads(line)["texts"]
        start = time.perf_counter()
        vectors = encode(texts)
        seconds = time.perf_counter() - start
        first = [round(float(value), 6) for value in vectors[0][:8]]
        print(
            json.dumps({"seconds": seconds, "shape": list(vectors.shape), "first": first}),
            file=answers,
            flush=True,
        )


if __name__ == "__main__":
    main()
