"""A document made to be found for everything: words are swapped until its vector lies amid the queries.

The attack of Zhong et al. 2023 ("Poisoning Retrieval Corpora by Injecting Adversarial Passages", section 3)
by the gradient step of HotFlip (Ebrahimi et al. 2018, section 3), on the course's own encoder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embedlab.encoder import BertEncoder, PackedEncoder, layer_norm
from embedlab.tokenizer import WordPieceTokenizer

Floats = NDArray[np.float32]
START = "the a of to and in is for with that by on as be from or are at this it".split()  # noqa: SIM905


def best_swaps(words: Floats, gradient: Floats, old: int, allowed: Sequence[int], n: int) -> list[int]:
    """Choose the tokens that promise most in the place of one: by the gradient, without trying any.

    If a token's vector ``words[old]`` became ``words[new]``, the objective would rise by about
    ``(words[new] - words[old]) @ gradient``: the first-order step of HotFlip. One matrix product so ranks the
    whole vocabulary; what a swap really brings has to be computed for the few best.

    Parameters
    ----------
    words : float32 array (v, d)
        The vectors of all tokens.
    gradient : float32 array (d,)
        Of the objective, to be made large, by the vector at that place.
    old : int
        The token that stands there.
    allowed : sequence of int
        Tokens that may stand there instead.
    n : int

    Returns
    -------
    list of int
        At most n of ``allowed``, the most promising first, of equals the smaller id; without ``old``, and
        only such as promise a rise.

    Examples
    --------
    >>> words = np.float32([[0, 0], [1, 0], [0, 1], [2, -1]])
    >>> best_swaps(words, np.float32([1, 0.5]), 0, [0, 1, 2, 3], 2)
    [3, 1]
    """
    candidates = np.unique([one for one in allowed if one != old]).astype(int)
    gains = (words @ gradient)[candidates] - words[old] @ gradient
    order = np.argsort(-gains, kind="stable")[:n]
    return [int(candidates[i]) for i in order if gains[i] > 0]


def k_occurrences(found: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Count in how many queries' lists each document stands: (n,).

    Radovanović et al. 2010, "Hubs in Space": in many dimensions some points are among the nearest of very
    many others. A poisoned document is a hub that was made.

    Parameters
    ----------
    found : int array (q, k)
        The documents that each query finds; -1 is none.
    n : int
        Documents.

    Examples
    --------
    >>> k_occurrences(np.array([[0, 2], [2, 1], [2, -1]]), 4)
    array([1, 1, 3, 0])
    """
    return np.bincount(found[found >= 0], minlength=n)


@dataclass(frozen=True)
class Poison:
    """A text made by `optimise`: its words, and the cosine with the target before and after each round."""

    text: str
    cosines: tuple[float, ...]


class Attacker:
    """Makes texts whose vector has a high cosine with a target; knows the model, not the collection.

    Parameters
    ----------
    encoder : BertEncoder
        Of mean pooling, as all-MiniLM-L6-v2.
    tokenizer : WordPieceTokenizer
    """

    def __init__(self, encoder: BertEncoder, tokenizer: WordPieceTokenizer):
        self.encoder, self.tokenizer, self._packed = encoder, tokenizer, PackedEncoder(encoder)
        self.words = encoder.weights["embeddings.word_embeddings.weight"]
        # Whole words only: the text that is made then has just these tokens, when it is read again.
        self.allowed = [i for word, i in tokenizer.vocabulary.items() if re.fullmatch("[a-z]{2,}", word)]

    def forward(self, vectors: Tensor) -> Tensor:
        """Embed texts that are given as the vectors of their tokens: (n, t, d) -> (n, d), of length 1."""
        w, config = self.encoder.weights, self.encoder.config
        x = vectors + w["embeddings.position_embeddings.weight"][: vectors.shape[1]]
        x = x + w["embeddings.token_type_embeddings.weight"][0]
        x = layer_norm(
            x, w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"], config.layer_norm_eps
        )
        mask = torch.ones(vectors.shape[:2])
        for i in range(config.num_hidden_layers):
            x, _ = self.encoder.layer(x, mask, i)
        return torch.nn.functional.normalize(x.mean(1), dim=-1)

    def cosines(self, rows: Sequence[Sequence[int]], target: Floats) -> Floats:
        """Return the cosine of each row of token ids with the target, (d,) of length 1: (n,)."""
        found = np.empty(len(rows), np.float32)
        for i, hidden in self._packed.run(rows):
            vector = hidden.mean(0)
            found[i] = vector @ target / np.linalg.norm(vector)
        return found

    def gradient(self, ids: Sequence[int], target: Floats) -> Floats:
        """Return the gradient of the cosine by the vector of each token: (t, d)."""
        vectors = self.words[torch.tensor([ids])].clone().requires_grad_()
        (self.forward(vectors)[0] @ torch.from_numpy(target)).backward()
        return vectors.grad[0].numpy()

    def optimise(
        self, target: Floats, *, length: int = 16, rounds: int = 8, tried: int = 32, seed: int = 0
    ) -> Poison:
        """Swap words, one place after the other, while the cosine with the target rises.

        Parameters
        ----------
        target : float32 array (d,)
            Such as the mean of many queries' vectors; scaled to length 1 here.
        length : int
            Words of the text; it starts as common ones.
        rounds : int
            How often each place is visited, in an order drawn anew each time.
        tried : int
            Swaps that are computed at each visit, of all that the gradient ranks.
        seed : int

        Returns
        -------
        Poison
        """
        draw, words = np.random.default_rng(seed), self.words.numpy()
        goal = np.asarray(target, np.float32) / np.linalg.norm(target)
        first, last = self.tokenizer.encode("", max_length=2)
        ids = [first, *(self.tokenizer.vocabulary[START[i % len(START)]] for i in range(length)), last]
        best = float(self.cosines([ids], goal)[0])
        course = [best]
        for _ in range(rounds):
            for place in 1 + draw.permutation(length):
                swaps = best_swaps(words, self.gradient(ids, goal)[place], ids[place], self.allowed, tried)
                rows = [[*ids[:place], new, *ids[place + 1 :]] for new in swaps]
                found = self.cosines(rows, goal) if rows else np.float32([-1])
                if float(found.max()) > best:
                    ids, best = rows[int(found.argmax())], float(found.max())
            course.append(best)
            if course[-1] == course[-2]:
                break
        spelled = {i: word for word, i in self.tokenizer.vocabulary.items()}
        return Poison(" ".join(spelled[i] for i in ids[1:-1]), tuple(round(one, 4) for one in course))
