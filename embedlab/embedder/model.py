"""From texts to vectors: tokenizer, encoder and pooling in one."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from embedlab.embedder.vectors import VectorStore
from embedlab.encoder import LazyEncoder
from embedlab.machine import ModelError, content_key, model_folder, read_json
from embedlab.pooling import POOLINGS, l2_normalize
from embedlab.tokenizer import WordPieceTokenizer, checked_text

Floats = NDArray[np.float32]
CACHE_CHUNK = 256  # texts: what an interrupted run may lose, at the most


class TruncationWarning(UserWarning):
    """Texts were longer than the model takes, and were cut."""


class Embedder:
    """A sentence embedding model of the BERT family.

    Make one with `Embedder.load`.

    Examples
    --------
    >>> embedder = Embedder.load()
    >>> vectors = embedder.encode(["a cat sat on a mat", "a kitten rests", "tax law"])
    >>> vectors.shape, vectors.dtype
    ((3, 384), dtype('float32'))
    >>> bool(vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
    True
    """

    def __init__(self, tokenizer: WordPieceTokenizer, encoder: LazyEncoder, *, pooling: str, max_length: int):
        if pooling not in POOLINGS:
            raise ModelError(f"pooling {pooling!r} cannot be run; choose from {', '.join(POOLINGS)}")
        self.tokenizer, self.encoder = tokenizer, encoder
        self.pooling, self.max_length = pooling, max_length
        self.source: str | None = None  # the folder or hub id it was loaded from; None for the packaged model

    @classmethod
    def load(
        cls,
        model: str | Path | None = None,
        *,
        pooling: str | None = None,
        dtype: str | None = None,
    ) -> "Embedder":
        """Load a model.

        Parameters
        ----------
        model : None, path or hub id
            ``None`` for all-MiniLM-L6-v2, which is installed with this package; else any folder or hub id
            of a sentence-transformers model that is a BERT with pooling.
        pooling : {"mean", "cls", "max", "lasttoken"}, optional
            By default as the model was trained.
        dtype : {"float32", "bfloat16"}, optional
            What the encoder computes in; by default bfloat16 where the CPU has it. Vectors are float32
            in any case.

        Raises
        ------
        ModelError
            If there is no such model, or it is of a kind that cannot be run.
        """
        folder = model_folder(model)
        for module in read_json(folder / "modules.json", default=[], kind=list):
            kind = module["type"].rsplit(".", 1)[-1]
            if kind not in ("Transformer", "Pooling", "Normalize"):
                raise ModelError(f"{folder}: a {kind} layer cannot be run, only Transformer and Pooling")
        if pooling is None:
            pooling = _pooling_of(read_json(folder / "1_Pooling" / "config.json", default={}))
        encoder = LazyEncoder(model, dtype)
        longest = encoder.config.max_position_embeddings
        limits = read_json(folder / "sentence_bert_config.json", default={})
        max_length = min(limits.get("max_seq_length") or longest, longest)
        tokenizer = WordPieceTokenizer.load(folder)
        embedder = cls(tokenizer, encoder, pooling=pooling, max_length=max_length)
        embedder.source = None if model is None else str(model)
        return embedder

    def reading(self, max_length: int) -> "Embedder":
        """Return the same model, but reading at most so many tokens of a text, [CLS] and [SEP] included.

        Raises
        ------
        ValueError
            If ``max_length`` is less than 2, or more than the model has positions.
        """
        longest = self.encoder.config.max_position_embeddings
        if not 2 <= max_length <= longest:
            raise ValueError(f"max_length must be between 2 and {longest}, but is {max_length}")
        return Embedder(self.tokenizer, self.encoder, pooling=self.pooling, max_length=max_length)

    @property
    def dims(self) -> int:
        """Numbers in one vector."""
        return self.encoder.config.hidden_size

    @property
    def identity(self) -> dict[str, str]:
        """What makes the space that the vectors live in: vectors of two identities cannot be compared."""
        return {"sha256": self.encoder.sha256, "pooling": self.pooling}

    @property
    def fingerprint(self) -> str:
        """A hash of all that the numbers depend on: the identity, how much is read, and the precision."""
        return content_key(*self.identity.values(), str(self.max_length), str(self.encoder.dtype))

    def encode(
        self,
        texts: Sequence[str],
        *,
        dims: int | None = None,
        normalize: bool = True,
        show_progress: bool = True,
        cache: bool = False,
        on_long: str = "warn",
    ) -> Floats:
        """Embed texts.

        An empty text is embedded as what the model makes of ``[CLS] [SEP]``.

        Parameters
        ----------
        texts : sequence of n str
        dims : int, optional
            Keep only the first so many numbers of each vector (cut before normalising).
        normalize : bool
            Scale each vector to length 1, so that a dot product is a cosine.
        show_progress : bool
            Show a progress bar where the work is long (more than 256 texts).
        cache : bool
            Keep the vectors on disk, by content; an interrupted run goes on where it stopped.
        on_long : {"warn", "cut", "raise"}
            What to do with a text of more tokens than the model takes (256 for the default model): cut it and
            say so, cut it silently, or raise ValueError.

        Returns
        -------
        float32 array (n, dims)

        Raises
        ------
        TypeError
            If ``texts`` is a single string, or holds something that is not one.
        ValueError
            If ``dims`` is not between 1 and the model's dimensions.
        """
        if dims is not None and not 1 <= dims <= self.dims:
            raise ValueError(f"dims must be between 1 and {self.dims}, but is {dims}")
        texts = _checked(texts)
        if cache:
            vectors = self._embed_cached(texts, show_progress, on_long)
        else:
            with progress(len(texts), show_progress) as bar:
                vectors = self._embed(texts, bar, on_long)
        vectors = np.ascontiguousarray(vectors[:, :dims])
        return l2_normalize(vectors) if normalize else vectors

    def encode_tokens(
        self, texts: Sequence[str], *, show_progress: bool = True, on_long: str = "warn"
    ) -> list[Floats]:
        """Embed every token of every text: a float32 array (tokens, d) each, with ``[CLS]``, ``[SEP]``.

        Not normalised. Arguments and errors are those of `encode`.

        Examples
        --------
        >>> [tokens.shape for tokens in Embedder.load().encode_tokens(["hello world", ""])]
        [(4, 384), (2, 384)]
        """
        texts = _checked(texts)
        with progress(len(texts), show_progress) as bar:
            hidden = dict(self._hidden(texts, bar, on_long))
        return [hidden[i] for i in range(len(texts))]

    def _embed(self, texts: Sequence[str], bar: tqdm, on_long: str) -> Floats:
        pool = POOLINGS[self.pooling]
        vectors = np.empty((len(texts), self.dims), np.float32)
        for i, hidden in self._hidden(texts, bar, on_long):
            tokens = hidden[None]  # (1, t, d): no padding, so the mask is all ones
            vectors[i] = pool(tokens, np.ones(tokens.shape[:2]))[0]
        return vectors

    def _embed_cached(self, texts: Sequence[str], show_progress: bool, on_long: str) -> Floats:
        store = VectorStore(self.fingerprint, self.dims)
        vectors, missing = store.get(texts)
        if not missing:
            return vectors
        with store.lock(), progress(len(missing), show_progress) as bar:
            vectors, missing = store.get(texts)  # another process may have computed them meanwhile
            bar.update(bar.total - len(missing))
            for start in range(0, len(missing), CACHE_CHUNK):
                rows = missing[start : start + CACHE_CHUNK]
                part = [texts[i] for i in rows]
                vectors[rows] = self._embed(part, bar, on_long)
                store.put(part, vectors[rows])
        return vectors

    def _hidden(self, texts: Sequence[str], bar: tqdm, on_long: str) -> Iterator[tuple[int, Floats]]:
        """Yield (position, token vectors (t, d)) for each text, in the order that suits the encoder."""
        # One token more than fits tells the texts that must be cut from those that just fit.
        ids = self.tokenizer.encode_batch(texts, max_length=self.max_length + 1)
        long = [i for i, sequence in enumerate(ids) if len(sequence) > self.max_length]
        for i in long:
            ids[i] = [*ids[i][: self.max_length - 1], ids[i][-1]]  # [SEP] stays last
        if long and on_long != "cut":
            message = (
                f"{len(long)} of {len(texts)} texts have more than {self.max_length} tokens (the first is at "
                f"position {long[0]}); the model does not see what follows"
            )
            if on_long == "raise":
                raise ValueError(message)
            warnings.warn(message, TruncationWarning, stacklevel=4)
        for i, hidden in self.encoder.run(ids):
            yield i, hidden
            bar.update()


def _checked(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str):
        raise TypeError(f"texts must be a list of strings, but is one string: pass [{texts[:40]!r}]")
    return [checked_text(text, f"texts[{i}]") for i, text in enumerate(texts)]


def _pooling_of(config: dict) -> str:
    """Read the name of the pooling from a folder's ``1_Pooling/config.json``, old or new in form."""
    flags = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    flags |= {"pooling_mode_max_tokens": "max", "pooling_mode_lasttoken": "lasttoken"}
    on = [key for key, value in config.items() if key.startswith("pooling_mode_") and value is True]
    names = [flags.get(key, key) for key in on] or [config.get("pooling_mode", "mean")]
    return names[0] if len(names) == 1 else "+".join(names)


def progress(total: int, wanted: bool) -> tqdm:
    """Make a progress bar for texts, shown where it is wanted and there are many."""
    # Given only where it is True: passed as False, it would overrule TQDM_DISABLE in the environment.
    quiet = {} if wanted and total > 256 else {"disable": True}
    return tqdm(total=total, desc="embedding", unit="text", leave=False, delay=1, **quiet)
