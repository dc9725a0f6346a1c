"""ColBERT: a vector for each token instead of one for each text (Khattab & Zaharia 2020).

The encoder runs once over each document, long before any query, as for single vectors; but nothing is
averaged. A linear map makes the token vectors short, and `maxsim` compares them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedlab.embedder import Embedder, Floats, checked_texts, progress
from embedlab.machine import content_key, files
from embedlab.pooling import l2_normalize

QUERY_MARKER, DOCUMENT_MARKER = "[unused0]", "[unused1]"
OPTIONS = ("lead", "markers", "query_length", "punctuation")


class ColBERT:
    """Turns texts into matrices of token vectors, each of length 1.

    Parameters
    ----------
    embedder : Embedder
        Its tokenizer and encoder are used; its pooling is not.
    projection : float32 array (d, dims), optional
        From the encoder's dimensions to fewer; without, they stay as they are.
    lead : int
        Tokens read of each document, [CLS] and [SEP] included.
    markers : bool
        Tell queries from documents by a token behind [CLS], as the paper does. A model that was not trained
        with them only sees noise.
    query_length : int
        Fill up each query with [MASK] to so many tokens ("query augmentation"); 0 for none. All tokens attend
        to them, as with ColBERT's ``attend_to_mask_tokens``; by its default no token does, not even they.
    punctuation : bool
        Keep the vectors of documents' tokens that have neither a letter nor a digit.

    Examples
    --------
    >>> model = ColBERT(Embedder.load())
    >>> [query] = model.encode_queries(["sort an array"])
    >>> query.shape  # [CLS] sort an array [SEP]
    (5, 384)
    >>> model.encode_documents(["sort(a)", ""])[0].shape  # [CLS] sort a [SEP]: no brackets
    (4, 384)
    """

    def __init__(
        self,
        embedder: Embedder,
        projection: Floats | None = None,
        *,
        lead: int = 64,
        markers: bool = False,
        query_length: int = 0,
        punctuation: bool = False,
    ):
        d, longest = embedder.dims, embedder.encoder.config.max_position_embeddings
        if not 0 <= query_length <= longest:
            raise ValueError(f"query_length must be between 0 and {longest}, but is {query_length}")
        if projection is not None and (projection.ndim != 2 or len(projection) != d):
            raise ValueError(f"the projection has shape {projection.shape}, but the model {d} dimensions")
        self.embedder, self.projection, self.lead = embedder.reading(lead), projection, lead
        self.markers, self.query_length, self.punctuation = markers, query_length, punctuation
        tokens = embedder.tokenizer.tokens
        self.bare = {
            i for i, token in tokens.items() if not any(map(str.isalnum, token))
        }  # "##" has no letter

    @property
    def dims(self) -> int:
        """Numbers in a token's vector."""
        return self.embedder.dims if self.projection is None else self.projection.shape[1]

    def encode_queries(self, texts: Sequence[str]) -> list[Floats]:
        """Return a float32 array (tokens, dims) for each query.

        Raises
        ------
        TypeError
            If ``texts`` is one string, or holds something that is none.
        """
        ids = self.query_ids(texts)
        return self._vectors(ids, [np.ones(len(sequence), bool) for sequence in ids], show_progress=False)

    def encode_documents(self, texts: Sequence[str], *, show_progress: bool = True) -> list[Floats]:
        """Return a float32 array (tokens, dims) for each document; of an empty one, [CLS] and [SEP]."""
        ids = self.document_ids(texts)
        return self._vectors(ids, [self.kept(sequence) for sequence in ids], show_progress=show_progress)

    def query_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids that the encoder reads of each query."""
        longest = self.embedder.encoder.config.max_position_embeddings
        ids = self._ids(texts, QUERY_MARKER, longest)
        mask = self.embedder.tokenizer.mask
        return [sequence + [mask] * (self.query_length - len(sequence)) for sequence in ids]

    def document_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids that the encoder reads of each document."""
        return self._ids(texts, DOCUMENT_MARKER, self.lead)

    def kept(self, ids: Sequence[int]) -> NDArray[np.bool_]:
        """Tell which of a document's tokens keep their vectors: (tokens,)."""
        return np.array([self.punctuation or i not in self.bare for i in ids])

    @property
    def identity(self) -> dict:
        """All that the vectors depend on: those of two identities cannot be compared."""
        made = None if self.projection is None else content_key(self.projection.tobytes())
        return {"model": self.embedder.encoder.sha256, "projection": made, **self.options}

    @property
    def options(self) -> dict:
        """How texts are read: the arguments of the constructor by their names."""
        return {name: getattr(self, name) for name in OPTIONS}

    def save(self, path: str | Path) -> None:
        """Write the projection, the options, and which model they belong to."""
        arrays = {} if self.projection is None else {"projection": self.projection}
        files.save(path, "ColBERT", arrays, self.identity)

    @classmethod
    def load(cls, path: str | Path, embedder: Embedder) -> "ColBERT":
        """Read it back.

        Raises
        ------
        StoreError
            If the file is missing or damaged, or was made for another model than the embedder's.
        """
        arrays, about = files.load(path, "ColBERT")
        model = str(about.get("model"))
        if model != embedder.encoder.sha256:
            raise files.StoreError(
                f"{str(path)!r} was made for the model {model[:12]}, but the embedder is "
                f"{embedder.encoder.sha256[:12]}"
            )
        options = {name: about[name] for name in OPTIONS if name in about}
        try:
            return cls(embedder, arrays.get("projection"), **options)
        except ValueError as error:
            raise files.StoreError(f"{str(path)!r} does not fit the model: {error}") from error

    def _ids(self, texts: Sequence[str], marker: str, limit: int) -> list[list[int]]:
        tokenizer = self.embedder.tokenizer
        extra = [tokenizer.vocabulary[marker]] if self.markers else []
        ids = tokenizer.encode_batch(checked_texts(texts), max_length=limit - len(extra))
        return [[sequence[0], *extra, *sequence[1:]] for sequence in ids]

    def _vectors(self, ids: list[list[int]], kept: list[NDArray], *, show_progress: bool) -> list[Floats]:
        vectors: list = [None] * len(ids)
        with progress(len(ids), show_progress) as bar:
            for i, hidden in self.embedder.encoder.run(ids):
                tokens = hidden[kept[i]]
                vectors[i] = l2_normalize(tokens if self.projection is None else tokens @ self.projection)
                bar.update()
        return vectors
