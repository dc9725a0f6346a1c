"""A small decoder that writes a text from its vector: a GRU, trained on public texts and their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embedlab.encoder import BertEncoder
from embedlab.finetuning import train
from embedlab.machine import StoreError, files
from embedlab.tokenizer import WordPieceTokenizer

Floats = NDArray[np.float32]
BATCH, NEGATIVES = 128, 1024  # texts of a step; tokens drawn beside those of the step's texts
WORDS = "embeddings.word_embeddings.weight"


class TextDecoder(nn.Module):
    """Writes a text token by token, given its vector and what was written so far.

    A conditional language model, as in Li et al. 2023 (GEIA, "Sentence Embedding Leaks More Information than
    You Expect"), but a GRU (Cho et al. 2014) where they take a transformer. Tokens go in and come out as the
    word embeddings of the attacked model, which is public: so tokens can be written that were never seen in
    training, and the decoder is small.

    Parameters
    ----------
    words : float32 tensor (v, d)
        Vectors of all tokens; they stay as they are.
    tokenizer : WordPieceTokenizer
    hidden : int
        Numbers of the state.
    """

    def __init__(self, words: Tensor, tokenizer: WordPieceTokenizer, hidden: int = 384):
        super().__init__()
        size, dims = words.shape
        self.tokenizer, self.hidden = tokenizer, hidden
        self.first, self.last = tokenizer.encode("")  # [CLS], [SEP]
        self.register_buffer("words", words, persistent=False)
        self.start = nn.Linear(dims, hidden)
        self.cell = nn.GRU(2 * dims, hidden, batch_first=True)
        self.out = nn.Linear(hidden, dims)
        self.bias = nn.Parameter(torch.zeros(size))

    @classmethod
    def fresh(cls, hidden: int = 384, seed: int = 0) -> TextDecoder:
        """Return an untrained one for the packaged model."""
        words = BertEncoder.load().weights[WORDS]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return cls(words, WordPieceTokenizer.load(), hidden)

    def states(self, vectors: Tensor, tokens: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read tokens (n, t) beside vectors (n, d): what to write after each, (n, t, d), and the state."""
        # Of length 1, a vector's numbers are near 0.05: brought to the size of a word embedding's.
        scaled = vectors * 20
        if state is None:
            state = torch.tanh(self.start(scaled))[None]
        beside = scaled[:, None].expand(-1, tokens.shape[1], -1)  # (n, t, d)
        read, state = self.cell(torch.cat([self.words[tokens] * 20, beside], dim=-1), state)
        return self.out(read), state

    def loss(self, vectors: Tensor, tokens: Tensor, generator: torch.Generator) -> Tensor:
        """Return the mean negative log probability of tokens (n, t), padded with -1, [CLS] first.

        Over a part of the vocabulary: the tokens of this batch, and `NEGATIVES` others, each of which stands
        for many (sampled softmax, Jean et al. 2015, section 3.2); so a step costs a tenth.
        """
        targets = tokens[:, 1:]
        wanted = targets >= 0
        made, _ = self.states(vectors, tokens[:, :-1].clamp(min=0))
        own = targets[wanted].unique()
        others = torch.ones(len(self.words), dtype=torch.bool)
        others[own] = False
        others = others.nonzero()[:, 0]
        drawn = others[torch.randperm(len(others), generator=generator)[:NEGATIVES]]
        tried = torch.cat([own, drawn])
        logits = made[wanted] @ self.words[tried].T + self.bias[tried]
        logits[:, len(own) :] += float(np.log(len(others) / len(drawn)))
        return nn.functional.cross_entropy(logits, torch.searchsorted(own, targets[wanted]))

    @torch.inference_mode()
    def beams(self, vector: Floats, width: int = 10, longest: int = 40) -> list[tuple[float, str]]:
        """Write the most probable texts for one vector (d,): at most ``width`` of (log probability, text).

        Beam search: at each step, the ``width`` best beginnings are kept. Best first, by the mean log
        probability of a token, since the sum prefers short texts.
        """
        given = torch.from_numpy(np.ascontiguousarray(vector, np.float32))[None]
        rows, scores, state = torch.tensor([[self.first]]), torch.zeros(1), None
        done: list[tuple[float, list[int]]] = []
        for step in range(1, longest + 1):
            made, state = self.states(given.expand(len(rows), -1), rows[:, -1:], state)
            logp = torch.log_softmax(made[:, 0] @ self.words.T + self.bias, dim=-1)
            every = (scores[:, None] + logp).flatten()
            best, place = every.topk(min(width, len(every)))
            before, token = place // logp.shape[1], place % logp.shape[1]
            ended = token == self.last
            done += [
                (float(s) / step, rows[b, 1:].tolist())
                for s, b in zip(best[ended], before[ended], strict=True)
            ]
            if len(done) >= width or ended.all():
                break
            kept = before[~ended]
            rows = torch.cat([rows[kept], token[~ended][:, None]], dim=1)
            scores, state = best[~ended], state[:, kept]
        if not done:
            done = [(float(s) / longest, row[1:].tolist()) for s, row in zip(scores, rows, strict=True)]
        best_first = sorted(done, key=lambda one: -one[0])
        texts = {self.tokenizer.decode(ids): score for score, ids in reversed(best_first)}
        return sorted(((score, text) for text, score in texts.items()), reverse=True)[:width]

    def save(self, path: str | Path, about: dict | None = None) -> None:
        """Write the trained weights, rounded to half precision."""
        arrays = {name: value.numpy().astype(np.float16) for name, value in self.state_dict().items()}
        files.save(path, "TextDecoder", arrays, {"hidden": self.hidden} | (about or {}))

    @classmethod
    def load(cls, path: str | Path) -> TextDecoder:
        """Read a decoder back.

        Raises
        ------
        StoreError
            If the file is missing, damaged, or of another shape than the packaged model asks for.
        """
        arrays, about = files.load(path, "TextDecoder")
        decoder = cls.fresh(about["hidden"])
        try:
            decoder.load_state_dict({n: torch.from_numpy(a.astype(np.float32)) for n, a in arrays.items()})
        except RuntimeError as error:
            raise StoreError(f"{str(path)!r} does not fit the packaged model: {error}") from error
        return decoder


def train_decoder(
    vectors: Floats,
    texts: Sequence[str],
    *,
    steps: int = 4000,
    learning_rate: float = 2e-3,
    longest: int = 32,
    hidden: int = 384,
    seed: int = 0,
    checkpoint: Path | None = None,
    stop_after: int | None = None,
    show_progress: bool = True,
) -> tuple[TextDecoder, list[float]]:
    """Train a decoder on texts and their vectors (n, d); return it with the loss of each step.

    Parameters
    ----------
    vectors : float32 array (n, d)
        Of length 1.
    texts : sequence of n str
        Read up to ``longest`` tokens.
    steps, learning_rate, seed, checkpoint, stop_after, show_progress
        Of `embedlab.finetuning.train`; a step sees `BATCH` texts, of similar length.

    Raises
    ------
    ValueError
        If there are not as many texts as vectors.
    """
    if len(vectors) != len(texts):
        raise ValueError(f"{len(texts)} texts need as many vectors, but got {len(vectors)}")
    decoder = TextDecoder.fresh(hidden, seed)
    ids = decoder.tokenizer.encode_batch(list(texts), max_length=longest)
    by_length = np.argsort([len(row) for row in ids], kind="stable")
    given = torch.from_numpy(np.ascontiguousarray(vectors, np.float32))

    def loss_of(generator: torch.Generator) -> Tensor:
        place = int(torch.randint(max(1, len(ids) - BATCH), (1,), generator=generator))
        rows = by_length[place : place + BATCH]
        tokens = nn.utils.rnn.pad_sequence([torch.tensor(ids[i]) for i in rows], True, -1)
        return decoder.loss(given[torch.from_numpy(rows)], tokens, generator)

    losses = train(
        dict(decoder.named_parameters()),
        loss_of,
        checkpoint,
        steps=steps,
        learning_rate=learning_rate,
        seed=seed,
        save_every=50,
        stop_after=stop_after,
        show_progress=show_progress,
    )
    return decoder.eval(), losses
