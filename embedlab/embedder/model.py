"""From texts to vectors: tokenizer, encoder and pooling in one."""

import copy
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from embedlab.embedder.folder import PACKAGED_SETTINGS, Layer, read_folder, settings_key
from embedlab.embedder.texts import checked_texts, progress, token_ids
from embedlab.embedder.vectors import VectorStore
from embedlab.encoder import LazyEncoder
from embedlab.machine import ModelError, content_key, model_folder
from embedlab.pooling import POOLINGS, l2_normalize
from embedlab.tokenizer import WordPieceTokenizer

Floats = NDArray[np.float32]
CACHE_CHUNK = 256  # texts: what an interrupted run may lose, at the most


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

    def __init__(
        self,
        tokenizer: WordPieceTokenizer,
        encoder: LazyEncoder,
        *,
        pooling: str,
        max_length: int,
        prompt: str = "",
        layers: tuple[Layer, ...] = (),
    ):
        if pooling not in POOLINGS:
            raise ModelError(f"pooling {pooling!r} cannot be run; choose from {', '.join(POOLINGS)}")
        self.tokenizer, self.encoder = tokenizer, encoder
        self.pooling, self.max_length = pooling, max_length
        self.prompt, self.layers = prompt, layers  # what stands before every text; what follows the pooling
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
            What the encoder computes in; by default float32. bfloat16 is faster where the CPU has it (see
            `has_bfloat16`). Vectors are float32 in any case.

        Raises
        ------
        ModelError
            If there is no such model, or it is of a kind that cannot be run.
        """
        folder = model_folder(model)
        facts = read_folder(folder)
        if facts.prompts:
            warnings.warn(
                f"{folder} has prompts ({', '.join(facts.prompts)}) that `encode` does not use: "
                "put them before the texts that they are meant for",
                stacklevel=2,
            )
        encoder = LazyEncoder(model if facts.transformer == folder else facts.transformer, dtype)
        tokenizer = WordPieceTokenizer.load(facts.transformer, lower=facts.lower)
        if max(tokenizer.vocabulary.values()) >= facts.config.vocab_size:
            raise ModelError(
                f"{folder}: ids go up to {max(tokenizer.vocabulary.values())}, "
                f"but there are {facts.config.vocab_size} word embeddings"
            )
        embedder = cls(
            tokenizer,
            encoder,
            pooling=pooling or facts.pooling,
            max_length=facts.max_length,
            prompt=facts.prompt,
            layers=facts.layers,
        )
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
        shorter = copy.copy(self)
        shorter.max_length = max_length
        return shorter

    @property
    def dims(self) -> int:
        """Numbers in one vector."""
        weights = [layer.weight for layer in self.layers if layer.weight is not None]
        return len(weights[-1]) if weights else self.encoder.config.hidden_size

    @property
    def identity(self) -> dict[str, str]:
        """What makes the space that the vectors live in: vectors of two identities cannot be compared."""
        # Settings are named where they are not those of the default model.
        own = {} if self._settings == PACKAGED_SETTINGS else {"settings": self._settings}
        return {"sha256": self.encoder.sha256, "pooling": self.pooling} | own

    @cached_property
    def _settings(self) -> str:
        return settings_key(self.encoder.config, self.tokenizer, self.prompt, self.layers)

    @property
    def fingerprint(self) -> str:
        """A hash of all that the numbers depend on: the identity, how much is read, and the precision.

        Where no precision was asked for, it is the machine's best: not quite the same numbers, but one space.
        """
        return content_key(*self.identity.values(), str(self.max_length), self.encoder.precision)

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
        texts = checked_texts(texts)
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
        texts = checked_texts(texts)
        with progress(len(texts), show_progress) as bar:
            hidden = dict(self._hidden(texts, bar, on_long))
        return [hidden[i] for i in range(len(texts))]

    def _embed(self, texts: Sequence[str], bar: tqdm, on_long: str) -> Floats:
        pool = POOLINGS[self.pooling]
        vectors = np.empty((len(texts), self.encoder.config.hidden_size), np.float32)
        for i, hidden in self._hidden(texts, bar, on_long):
            tokens = hidden[None]  # (1, t, d): no padding, so the mask is all ones
            vectors[i] = pool(tokens, np.ones(tokens.shape[:2]))[0]
        for layer in self.layers:
            vectors = layer(vectors)
        return vectors

    def _embed_cached(self, texts: Sequence[str], show_progress: bool, on_long: str) -> Floats:
        return VectorStore(self.fingerprint, self.dims).complete(
            texts,
            lambda rows, bar: self._embed([texts[i] for i in rows], bar, on_long),
            chunk=CACHE_CHUNK,
            progress=lambda total: progress(total, show_progress),
        )

    def _hidden(self, texts: Sequence[str], bar: tqdm, on_long: str) -> Iterator[tuple[int, Floats]]:
        """Yield (position, token vectors (t, d)) for each text, in the order that suits the encoder."""
        ids = token_ids(self.tokenizer, [self.prompt + text for text in texts], self.max_length, on_long)
        for i, hidden in self.encoder.run(ids):
            yield i, hidden
            bar.update()
