"""A cross-encoder: query and document in one sequence, so that each word of one can look at the other's.

A bi-encoder reads a document once, before any query; a cross-encoder reads each pair anew (Nogueira & Cho
2019). That is far too slow for a collection, and fast enough for the best few of a first stage.
"""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from embedlab.encoder import BertEncoder, PackedEncoder
from embedlab.finetuning import LoRA
from embedlab.index import Floats
from embedlab.machine import ModelError, StoreError, content_key, model_folder, read_json
from embedlab.pooling import l2_normalize
from embedlab.tokenizer import WordPieceTokenizer

SCALE = 20.0  # one over the temperature of the softmax that it is trained with
Head = Callable[[Floats, Sequence[int]], float]  # (token vectors (t, d), segments) -> score


def maxsim_head(hidden: Floats, segments: Sequence[int]) -> float:
    """Score a pair by MaxSim of its own tokens: those of the query against those of the document.

    They are the tokens of one sequence, so each has already seen the other text. [CLS] and both [SEP] are
    left out. Needs no weights of its own: it works before any training, and training only has to improve it.

    Parameters
    ----------
    hidden : float32 array (t, d)
        The last layer's token vectors of ``[CLS] query [SEP] document [SEP]``.
    segments : sequence of t int
        0 up to the first [SEP], 1 behind it.

    Returns
    -------
    float
        `SCALE` times the mean over the query's tokens of the best cosine; ``-SCALE`` if either is empty.
    """
    behind = len(segments) - sum(segments)
    vectors = l2_normalize(hidden)
    query, document = vectors[1 : behind - 1], vectors[behind:-1]
    if not len(query) or not len(document):
        return -SCALE
    return SCALE * float((query @ document.T).max(axis=1).mean())


def classifier_head(weights: dict[str, Tensor]) -> Head:
    """Make the head of a ``BertForSequenceClassification`` with one output, from [CLS] alone."""
    names = ("bert.pooler.dense", "classifier")
    dense, last = (
        [weights[f"{name}.{kind}"].float().numpy() for kind in ("weight", "bias")] for name in names
    )

    def head(hidden: Floats, _segments: Sequence[int]) -> float:
        pooled = np.tanh(dense[0] @ hidden[0] + dense[1])
        return float(last[0][0] @ pooled + last[1][0])

    weights_of_head = [array.tobytes() for array in (*dense, *last)]
    head.fingerprint = content_key("classifier", *weights_of_head)
    return head


class CrossEncoder:
    """Scores pairs of query and document, larger is better; the scores of two queries cannot be compared.

    Make one with `load`, or `untrained`.

    Examples
    --------
    >>> model = CrossEncoder.untrained()
    >>> scores = model.score("a kitten rests", ["stocks fell", "the cat sleeps", ""])
    >>> [int(i) for i in (-scores).argsort()]
    [1, 0, 2]
    """

    def __init__(
        self,
        tokenizer: WordPieceTokenizer,
        encoder: PackedEncoder,
        head: Head,
        *,
        max_length: int = 80,
        source: str | Path | None = None,
    ):
        check_max_length(max_length, encoder.config.max_position_embeddings)
        self.tokenizer, self.encoder, self.head, self.max_length = tokenizer, encoder, head, max_length
        self.source = source  # the file or folder it was loaded from

    @classmethod
    def untrained(
        cls,
        model: BertEncoder | str | Path | None = None,
        *,
        max_length: int = 80,
        dtype: str | None = None,
    ) -> "CrossEncoder":
        """Use an embedding model as it is, with `maxsim_head`; ``dtype`` as in `load`."""
        ready, kind = isinstance(model, BertEncoder), getattr(torch, dtype) if dtype else None
        encoder = PackedEncoder(model if ready else BertEncoder.load(model), kind)
        tokenizer = WordPieceTokenizer.load(None if ready else model_folder(model))
        return cls(tokenizer, encoder, maxsim_head, max_length=max_length)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        base: BertEncoder | str | Path | None = None,
        dtype: str | None = None,
    ) -> "CrossEncoder":
        """Load a cross-encoder.

        Parameters
        ----------
        path : str or Path
            A file of differences that `LoRA.save` wrote, or the folder of a ``BertForSequenceClassification``
            with one output, such as a cross-encoder of sentence-transformers.
        base : optional
            For a file: the encoder that it was trained on, or its folder; by default all-MiniLM-L6-v2.
        dtype : {"float32", "bfloat16", "int8"}, optional
            See `PackedEncoder`.

        Raises
        ------
        StoreError
            If the file is missing or damaged, or belongs to another model.
        ModelError
            If the folder holds no such model.
        """
        kind = getattr(torch, dtype) if dtype else None
        if Path(path).is_dir():
            encoder, head = BertEncoder.load(path), _classifier_of(Path(path))
            longest = encoder.config.max_position_embeddings
            tokenizer = WordPieceTokenizer.load(path)
            return cls(tokenizer, PackedEncoder(encoder, kind), head, max_length=longest, source=path)
        ready = isinstance(base, BertEncoder)
        encoder = base if ready else BertEncoder.load(base)
        tokenizer = WordPieceTokenizer.load(None if ready else model_folder(base))
        lora, about = LoRA.load(path, base=encoder.sha256)
        if "max_length" not in about:
            raise StoreError(f"{str(path)!r} holds no cross-encoder: it does not say max_length")
        try:
            packed = PackedEncoder(lora.merged(encoder), kind)
            return cls(tokenizer, packed, maxsim_head, max_length=about["max_length"], source=path)
        except ValueError as error:
            raise StoreError(f"{str(path)!r} cannot be used: {error}") from error

    def reading(self, max_length: int) -> "CrossEncoder":
        """Return the same model, but reading at most so many tokens of a pair, [CLS] and both [SEP] included.

        Raises
        ------
        ValueError
            If ``max_length`` is less than 5, or more than the model has positions.
        """
        check_max_length(max_length, self.encoder.config.max_position_embeddings)
        shorter = copy.copy(self)
        shorter.max_length = max_length
        return shorter

    @property
    def dtype(self) -> str | None:
        """What it computes in, as `load` takes it; None where nothing was said: float32."""
        return None if self.encoder.precision == "default" else self.encoder.precision.removeprefix("torch.")

    @property
    def fingerprint(self) -> str:
        """A hash of all that the scores depend on; float32's is what it was before there was a choice."""
        head = getattr(self.head, "fingerprint", self.head.__qualname__)
        other = () if self.dtype in (None, "float32") else (self.dtype,)
        made_of = self.encoder.sha256, head, str(self.max_length), self.tokenizer.fingerprint
        return content_key(*made_of, *other)

    def score(self, query: str, documents: Sequence[str]) -> Floats:
        """Score documents for one query: float32 (n,)."""
        return self.score_pairs([(query, document) for document in documents])

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Score pairs of (query, document), of any lengths, without padding: float32 (n,)."""
        encoded = [self.tokenizer.encode_pair(*pair, max_length=self.max_length) for pair in pairs]
        scores = np.zeros(len(pairs), np.float32)
        segments = [kinds for _, kinds in encoded]
        for i, hidden in self.encoder.run([ids for ids, _ in encoded], segments):
            scores[i] = self.head(hidden, segments[i])
        return scores


def check_max_length(max_length: int, longest: int) -> None:
    """Refuse a limit without room for [CLS], both [SEP] and a token of each text, or above the model's."""
    if not 5 <= max_length <= longest:
        raise ValueError(f"max_length must be between 5 and {longest}, but is {max_length}")


def _classifier_of(folder: Path) -> Head:
    from safetensors.torch import load_file

    stored = load_file(folder / "model.safetensors")
    if "classifier.weight" not in stored or "bert.pooler.dense.weight" not in stored:
        raise ModelError(f"{folder} has no classifier on top: it is no cross-encoder")
    outputs = len(stored["classifier.weight"])
    if outputs != 1:
        labels = read_json(folder / "config.json", default={}).get("id2label", {})
        raise ModelError(
            f"{folder} has {outputs} outputs ({', '.join(labels.values())}), but a ranking needs 1"
        )
    return classifier_head(stored)
