"""A small generator on the learner's machine: a conversation in, text out, greedy, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import regex
import torch

from embedlab.machine import ModelError
from embedlab.rag.gguf_weights import packaged_gguf, read_gguf
from embedlab.rag.llama import Cache, Llama
from embedlab.rag.prompts import Message
from embedlab.tokenizer import BytePairTokenizer

ROLES = ("system", "user", "assistant")


class Generator(Protocol):
    """Whatever goes on with a conversation."""

    name: str

    def stream(self, messages: Sequence[Message], most: int = 128) -> Iterator[str]:
        """Yield the answer in pieces, at most so many tokens."""


class SmallModel:
    """A language model of some hundred million weights, run by our own code.

    Parameters
    ----------
    path : Path, optional
        A GGUF file; by default the packaged SmolLM2-135M-Instruct.
    device : str
        Such as "cuda".

    Raises
    ------
    ModelError
        If the model is not installed, damaged, or of another kind.
    """

    def __init__(self, path: Path | None = None, *, device: str = "cpu"):
        arrays, about = read_gguf(path or packaged_gguf())
        self.name, self.sha256 = about["name"], about["sha256"]
        self.positions, self.end, self.special = about["positions"], about["end"], about["special"]
        merges, ids = arrays.pop("merges"), arrays.pop("ids")
        self.ids = ids.tolist()
        self.bpe = BytePairTokenizer({(a, b): 256 + i for i, (a, b) in enumerate(merges.tolist())})
        self.spelled = {theirs: self.bpe.tokens[ours] for ours, theirs in enumerate(self.ids) if theirs >= 0}
        weights = {name: torch.from_numpy(array).to(device).float() for name, array in arrays.items()}
        shape = {name: about[name] for name in ("layers", "heads", "kv_heads", "base", "eps")}
        self.model, self.device = Llama(weights, **shape), device

    def encode(self, text: str) -> list[int]:
        """Turn text into ids: chapter 01's byte-pair encoding, each digit on its own.

        What looks like a special token is spelled out, so that no text can end the user's turn.
        """
        ours = [one for part in regex.split(r"(\p{N})", text) if part for one in self.bpe.encode(part)]
        return [self.ids[one] for one in ours if self.ids[one] >= 0]

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Turn a conversation into ids, up to where the assistant begins.

        Raises
        ------
        ValueError
            If a message has no such role, or there is none.
        """
        unknown = [one.get("role") for one in messages if one.get("role") not in ROLES]
        if unknown or not messages:
            raise ValueError(
                f"a conversation needs messages of {', '.join(ROLES)}; given: {unknown or 'none'}"
            )
        start, end = self.special["<|im_start|>"], self.special["<|im_end|>"]
        new_line = self.encode("\n")
        ids = []
        for one in messages:
            ids += [start, *self.encode(f"{one['role']}\n{one['content']}"), end, *new_line]
        return [*ids, start, *self.encode("assistant\n")]

    def stream(self, messages: Sequence[Message], most: int = 128) -> Iterator[str]:
        """Yield the answer as it is made, each time the token that scores highest.

        Parameters
        ----------
        messages : sequence of dict
            The system's, user's and assistant's turns so far.
        most : int
            Tokens.

        Raises
        ------
        ValueError
            If the conversation leaves no room for so many tokens.
        """
        ids = self.checked(self.prompt(messages), most)
        cache, said, shown = Cache(), [], ""
        batch = torch.tensor([ids], device=self.device)
        for _ in range(most):
            chosen = int(self.model.forward(batch, cache)[0, -1].argmax())
            if chosen == self.end:
                break
            said.append(chosen)
            text = self.decode(said)
            if not text.endswith("\ufffd"):  # a character may be cut in two
                yield text[len(shown) :]
                shown = text
            batch = torch.tensor([[chosen]], device=self.device)

    def checked(self, ids: list[int], most: int) -> list[int]:
        """Return the ids of a prompt if an answer has room behind them."""
        if len(ids) + most > self.positions:
            raise ValueError(
                f"a prompt of {len(ids)} tokens and {most} to answer are more than the {self.positions} "
                "that the model can read"
            )
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Turn ids into text; special tokens are left out."""
        return b"".join(self.spelled.get(one, b"") for one in ids).decode("utf-8", "replace")


@cache
def packaged_generator() -> SmallModel:
    """Load the packaged generator, once.

    Raises
    ------
    ModelError
        If it is not installed or damaged.
    """
    try:
        return SmallModel()
    except ImportError as error:
        raise ModelError(f"the small generator is read with gguf: pip install gguf ({error})") from error
