"""The ONNX files of the default model, made once and kept in the cache: float32 and several kinds of int8."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from embedlab.encoder import weights_file
from embedlab.machine import cache_file, cached, content_key, model_folder, needs


@dataclass(frozen=True)
class Int8:
    """How the matrices of a graph become bytes; activations are rounded to uint8, anew in each call."""

    per_channel: bool = True  # a scale for each output, instead of one for the whole matrix
    reduce_range: bool = True  # weights of 7 bits: two products of a byte and a weight fit into 16 bits
    signed: bool = True  # int8 weights; else uint8, for which another instruction is used
    static: bool = False  # scales of the activations measured before, on example texts


PRECISIONS: dict[str, Int8 | None] = {
    "float32": None,
    "int8": Int8(),
    "int8-tensor": Int8(per_channel=False),
    "int8-full": Int8(reduce_range=False),  # all 8 bits of a weight are used
    "int8-tensor-full": Int8(per_channel=False, reduce_range=False),
    "int8-unsigned": Int8(per_channel=False, reduce_range=False, signed=False),
    "int8-static": Int8(static=True),
}


MADE_BY = "1"  # counts up when a change here or in `export` changes the files, of 90 MB each


def onnx_file(precision: str = "float32", output: str = "vectors") -> Path:
    """Return the default model's ONNX file; export and quantize it first where it is not in the cache.

    Parameters
    ----------
    precision : str
        A name of `PRECISIONS`.
    output : {"vectors", "tokens"}
        With pooling and normalising in the graph, or without.

    Raises
    ------
    ValueError
        If there is no such precision or output.
    OSError
        If the cache cannot be written.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"there is no precision {precision!r}; choose from {', '.join(PRECISIONS)}")
    if output not in ("vectors", "tokens"):
        raise ValueError(f"output is vectors or tokens, not {output!r}")
    _, sha256 = weights_file(model_folder(), packaged=True)
    key = content_key(sha256, MADE_BY, str(PRECISIONS[precision]), output, _version("onnxruntime"))
    kept = cache_file("onnx", f"{key}.onnx")
    if not kept.exists():
        cached("onnx", key, lambda: _made(precision, output), Path.write_bytes, Path.read_bytes, ".onnx")
    if not kept.exists():
        raise OSError(f"{kept.parent} cannot be written; name another folder in EMBEDLAB_CACHE")
    return kept


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _made(precision: str, output: str) -> bytes:
    """Export the encoder, or quantize the export; return the file's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.onnx"
        how = PRECISIONS[precision]
        if how is None:
            from embedlab.encoder import BertEncoder
            from embedlab.serving.export import Graph, Traced, export_onnx

            plain = BertEncoder.load()
            export_onnx(Graph(Traced(plain.config, plain.weights, plain.sha256), output), made)
        else:
            quantize(onnx_file("float32", output), made, how)
        return made.read_bytes()


def quantize(source: Path, made: Path, how: Int8) -> None:
    """Write a float32 graph with the matrices of its products and tables as bytes (ONNX Runtime's tool).

    Products of two activations, the scores and the mixing of attention, stay float32.
    """
    needs("onnx")
    tool = needs("onnxruntime.quantization")
    logging.getLogger().addFilter(_no_advice)  # it recommends a step that changes nothing here
    try:
        kind = tool.QuantType.QInt8 if how.signed else tool.QuantType.QUInt8
        options = {"per_channel": how.per_channel, "reduce_range": how.reduce_range, "weight_type": kind}
        if how.static:
            options |= {"activation_type": tool.QuantType.QUInt8, "op_types_to_quantize": ["MatMul"]}
            options |= {"extra_options": {"MatMulConstBOnly": True}}
            tool.quantize_static(str(source), str(made), _Examples(), **options)
        else:
            tool.quantize_dynamic(str(source), str(made), **options)
    finally:
        logging.getLogger().removeFilter(_no_advice)


def _no_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()


class _Examples:
    """What static quantization measures the activations on: a few documents of DocSearch, seeded.

    Documents without a relevance judgement, so that none of what is asked for has been seen.
    """

    def __init__(self, n: int = 64, tokens: int = 64):
        from embedlab.benchmark import docsearch, seeded_sample
        from embedlab.tokenizer import WordPieceTokenizer, pad

        benchmark = docsearch()
        judged = {i for gains in benchmark.qrels.values() for i in gains}
        pairs = zip(benchmark.doc_ids, benchmark.documents, strict=True)
        texts = seeded_sample([text for name, text in pairs if name not in judged], n)
        tokenizer = WordPieceTokenizer.load()
        sequences = [tokenizer.encode(text, max_length=tokens) for text in texts]
        batches = (pad([sequence]) for sequence in sequences)  # one by one: no padding is measured
        self.batches = iter([{"ids": ids, "mask": mask} for ids, mask in batches])

    def get_next(self) -> dict | None:
        """Return the next batch, or None at the end, as the tool asks for it."""
        return next(self.batches, None)
