"""The embedder that serves: an ONNX file, a runtime and our tokenizer; neither torch nor transformers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.machine import ModelError, needs
from embedlab.pooling import l2_normalize, mean_pool
from embedlab.serving.onnx_files import onnx_file
from embedlab.tokenizer import WordPieceTokenizer, checked_text, pad

Floats = NDArray[np.float32]
Run = Callable[[NDArray[np.int64], NDArray[np.int64]], Floats]
MAX_LENGTH = 256  # tokens that all-MiniLM-L6-v2 was trained to read
ROOM = 4096  # positions in a batch, padding included


def padded_batches(lengths: Sequence[int], room: int = ROOM, size: int = 32) -> Iterator[list[int]]:
    """Deal texts into batches that waste little: sorted by length, longest first.

    A batch is padded to its longest text, so it takes (texts x longest) positions, of which it may have
    ``room``; at least one text each.

    Examples
    --------
    >>> list(padded_batches([3, 9, 4, 4], room=12))
    [[1], [2, 3, 0]]
    """
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) == size or (len(batch) + 1) * lengths[batch[0]] > room):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


class OnnxEncoder:
    """Texts to vectors through an ONNX file.

    Make one with `OnnxEncoder.load`.

    Parameters
    ----------
    run : callable
        ``run(ids, mask) -> array`` of (n, d) or, where the graph does not pool, (n, t, d).
    tokenizer : WordPieceTokenizer
    max_length : int
        Tokens of a text that are read.
    file : Path, optional
        Where the graph came from.
    """

    dims = 384

    def __init__(
        self,
        run: Run,
        tokenizer: WordPieceTokenizer,
        *,
        max_length: int = MAX_LENGTH,
        file: Path | None = None,
    ):
        if not 2 <= max_length <= 512:
            raise ValueError(f"max_length must be between 2 and 512, but is {max_length}")
        self.run, self.tokenizer, self.max_length, self.file = run, tokenizer, max_length, file

    @classmethod
    def load(
        cls,
        precision: str = "float32",
        *,
        pooled: bool = True,
        threads: int | None = None,
        spins: bool = True,
        runtime: str = "onnxruntime",
        max_length: int = MAX_LENGTH,
    ) -> OnnxEncoder:
        """Load the default model; the first time it is exported, which takes torch and some 20 seconds.

        Parameters
        ----------
        precision : str
            "float32", "int8" or another name of `PRECISIONS`.
        pooled : bool
            Take the graph that pools and normalises; else its token vectors are pooled here, in NumPy.
        threads : int, optional
            By default one for each core.
        spins : bool
            Of ONNX Runtime: whether a thread without work waits busily for more. Quicker where the cores are
            the model's alone; a server's other threads want them.
        runtime : {"onnxruntime", "openvino"}
        max_length : int

        Raises
        ------
        ValueError
            If there is no such precision, runtime or length.
        ImportError
            If a package of the extra ``production`` is missing.
        ModelError
            If the file is damaged.
        """
        if runtime not in RUNTIMES:
            raise ValueError(f"there is no runtime {runtime!r}; choose from {', '.join(RUNTIMES)}")
        needs(runtime)
        file = onnx_file(precision, "vectors" if pooled else "tokens")
        try:
            run = RUNTIMES[runtime](file, threads or os.cpu_count() or 1, spins)
        except Exception as error:  # each runtime has its own
            raise ModelError(f"{file} cannot be run, remove it to have it made anew: {error}") from error
        return cls(run, WordPieceTokenizer.load(), max_length=max_length, file=file)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Embed texts: float32 (n, 384), each of length 1, as `Embedder.encode` does.

        What a text has beyond ``max_length`` tokens is not read.

        Raises
        ------
        TypeError
            If ``texts`` is a single string, or holds something that is not one.
        """
        if isinstance(texts, str):
            raise TypeError(f"texts must be a list of strings, but is one string: pass [{texts[:40]!r}]")
        texts = [checked_text(text, f"texts[{i}]") for i, text in enumerate(texts)]
        sequences = self.tokenizer.encode_batch(texts, max_length=self.max_length)
        vectors = np.zeros((len(texts), self.dims), np.float32)
        for rows in padded_batches([len(sequence) for sequence in sequences]):
            ids, mask = pad([sequences[i] for i in rows])
            made = self.run(ids, mask)
            vectors[rows] = made if made.ndim == 2 else l2_normalize(mean_pool(made, mask))
        return vectors


def onnxruntime_session(file: Path, threads: int, optimized: Path | None = None, spins: bool = True):
    """Open a file with ONNX Runtime on the CPU; ``optimized`` keeps the graph as it is really run.

    ``spins`` is its option ``session.intra_op.allow_spinning``; see `OnnxEncoder.load`.
    """
    ort = needs("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spins)))
    if optimized:
        options.optimized_model_filepath = str(optimized)
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _onnxruntime(file: Path, threads: int, spins: bool) -> Run:
    session = onnxruntime_session(file, threads, spins=spins)
    return lambda ids, mask: session.run(None, {"ids": ids, "mask": mask})[0]


def _openvino(file: Path, threads: int, spins: bool) -> Run:
    core = needs("openvino").Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    settings["INFERENCE_PRECISION_HINT"] = "f32"  # where the CPU has bfloat16, it would be used unasked
    request = core.compile_model(core.read_model(file), "CPU", settings).create_infer_request()
    # The result is a view of memory that the next call writes to.
    return lambda ids, mask: np.array(request.infer({"ids": ids, "mask": mask})[0])


RUNTIMES = {"onnxruntime": _onnxruntime, "openvino": _openvino}
