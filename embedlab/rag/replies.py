"""What the small generator says to the prompts of chapter 11: they are thousands, and hours on a CPU.

So its replies are shipped (``data/rag/replies.json``), each under a hash of its prompt and the model's file;
what is not there is computed, and kept. They were computed on a GPU, in float32; tests compare a sample.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tqdm.auto import tqdm

from embedlab.machine import cached, content_key, data_path
from embedlab.rag.bulk import complete, likelihoods
from embedlab.rag.generator import packaged_generator
from embedlab.rag.prompts import Message

MODEL = "b179c9523d0e6a0f98a330c7562b6827"  # begins the SHA-256 of the packaged model's file
MOST = 48  # tokens of a reply
AT_ONCE = 16  # prompts between two steps of the progress bar
_recorders: list[dict[str, dict]] = []  # see `recorded`


@dataclass(frozen=True)
class Reply:
    """What was said.

    Attributes
    ----------
    text : str
    logp : float
        Mean log probability of its tokens, the end included.
    ended : bool
        Whether it came to an end by itself; False: it was stopped.
    """

    text: str
    logp: float
    ended: bool


def said(conversations: Sequence[Sequence[Message]], most: int = MOST) -> list[Reply]:
    """Return the small generator's reply to each conversation, greedy.

    Raises
    ------
    ModelError
        If a reply is not shipped, and the model is not installed.
    """
    keys = [key_of(one, str(most)) for one in conversations]

    def compute(rows: Sequence[int]) -> list:
        small = packaged_generator()
        prompts = [small.checked(small.prompt(conversations[i]), most) for i in rows]
        made = complete(small.model, prompts, small.end, most=most)
        return [[small.decode(one.ids), round(one.logp, 4), one.ended] for one in made]

    return [Reply(*one) for one in _known("said", keys, compute)]


def likely(conversations: Sequence[Sequence[Message]], answers: Sequence[str]) -> list[float]:
    """Return how likely each answer is behind its conversation: the mean log probability of its tokens.

    Raises
    ------
    ValueError
        If their numbers differ.
    """
    both = list(zip(conversations, answers, strict=True))
    keys = [key_of(one, "likely", answer) for one, answer in both]

    def compute(rows: Sequence[int]) -> list:
        small = packaged_generator()
        prompts = [small.prompt(both[i][0]) for i in rows]
        found = likelihoods(small.model, prompts, [small.encode(both[i][1]) for i in rows])
        return [round(one, 4) for one in found]

    return _known("likely", keys, compute)


def key_of(conversation: Sequence[Message], *more: str) -> str:
    """Name a prompt by what is in it."""
    return content_key(MODEL, json.dumps([[one["role"], one["content"]] for one in conversation]), *more)[:16]


@lru_cache(maxsize=1)
def shipped() -> dict[str, dict]:
    """Return what comes with the course: {"said": {key: [text, logp, ended]}, "likely": {key: logp}}."""
    path = data_path("rag") / "replies.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {kind: found.get(kind, {}) for kind in ("said", "likely")}


@contextmanager
def recorded() -> Iterator[dict[str, dict]]:
    """Collect all that is asked for meanwhile, as it is shipped: {"said": {key: ...}, "likely": {...}}."""
    seen: dict[str, dict] = {"said": {}, "likely": {}}
    _recorders.append(seen)
    try:
        yield seen
    finally:
        _recorders.remove(seen)


def _known(kind: str, keys: Sequence[str], compute: Callable[[Sequence[int]], list]) -> list:
    """Return what is shipped under each key; compute the rest in batches, and keep each at once."""
    here = shipped()[kind]
    found = {key: here[key] for key in keys if key in here}
    missing = [row for row, key in enumerate(keys) if key not in found]
    steps = [missing[i : i + AT_ONCE] for i in range(0, len(missing), AT_ONCE)]
    for rows in tqdm(steps, desc="generator", disable=len(steps) < 2):
        name = content_key(kind, *(keys[row] for row in rows))
        made = cached("replies", name, lambda rows=rows: compute(rows), _write, _read, suffix=".json")
        found |= {keys[row]: one for row, one in zip(rows, made, strict=True)}
    for seen in _recorders:
        seen[kind] |= {key: found[key] for key in keys}
    return [found[key] for key in keys]


def _write(path: Path, made: list) -> None:
    path.write_text(json.dumps(made), encoding="utf-8")


def _read(path: Path) -> list:
    return json.loads(path.read_text(encoding="utf-8"))
