"""The queue before the model: texts of many requests wait in it, and leave it in batches."""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from embedlab.serving.batching import Batching, buckets, still_to_wait, taken
from embedlab.serving.limits import Away, Refused, drawn_wait, retry_after


@dataclass
class _Waiting:
    """A text in the queue, and who waits for its vector."""

    text: str
    length: int
    came: float
    answer: asyncio.Future = field(repr=False)


class Batcher:
    """A queue before a model, and workers that empty it batch by batch.

    The queue lives in one event loop, so that it needs no lock. The model runs in threads: ONNX Runtime,
    torch and NumPy release the interpreter while they compute.

    Parameters
    ----------
    embed : callable
        From n texts to an array (n, d).
    rule : Batching
    inside : int
        Texts that may be in here at one time.
    watch : callable, optional
        Told of each batch: its groups' lengths (list of lists of int).
    stage : callable, optional
        Told of each text the seconds it waited, ``("queue", s)``, and those of its call, ``("run", s)``.
    """

    def __init__(
        self,
        embed: Callable[[list[str]], np.ndarray],
        rule: Batching,
        inside: int = 1024,
        watch: Callable[[list[list[int]]], None] = lambda groups: None,
        stage: Callable[[str, float], None] = lambda name, seconds: None,
    ):
        self.embed, self.rule, self.most, self.watch, self.stage = embed, rule, inside, watch, stage
        self.inside = 0  # texts let in: before the queue, in it, or worked on
        self.away = Away()  # attempts turned away, expected back
        self.per_second = 0.0  # texts, lately
        self.waiting: dict[int, _Waiting] = {}  # in the order of arrival; a client that leaves is taken out
        self._threads = ThreadPoolExecutor(rule.workers, thread_name_prefix="embedlab-worker")
        self._free = asyncio.Semaphore(rule.workers)
        self._changed = asyncio.Event()
        self._batches: set[asyncio.Task] = set()

    def admit(self, texts: int) -> None:
        """Let so many texts in, or refuse them all; `leave` has to follow.

        Raises
        ------
        Refused
            See `full`.
        """
        if self.inside + texts > self.most:
            raise self.full(f"the server is full ({self.inside} texts)", texts)
        self.inside += texts

    def full(self, reason: str, texts: float) -> Refused:
        """Return the refusal of so many texts: 429, and when to come back.

        The wait is drawn, up to the time that those inside and those turned away take. Whoever refuses for
        this server asks here, so that all who are refused together spread out together.
        """
        ahead = self.inside + self.away.add(texts, time.monotonic())
        seconds = drawn_wait(retry_after(ahead, self.per_second), random.random())
        message = f"{reason}; try again in {seconds:.1f} s"
        return Refused(429, message, "rate_limit_error", code="server_full", retry_after=seconds)

    def leave(self, texts: int) -> None:
        """Give back the room of `admit`."""
        self.inside -= texts
        self.away.add(-texts, time.monotonic())

    async def run(self) -> None:
        """Send batches to workers, until cancelled."""
        while True:
            await self._due()
            await self._free.acquire()
            lengths = [one.length for one in islice(self.waiting.values(), self.rule.max_texts)]
            keys = list(islice(self.waiting, taken(self.rule, lengths)))
            batch = [self.waiting.pop(key) for key in keys]
            task = asyncio.create_task(self._work(batch))
            self._batches.add(task)  # else the loop's weak reference may be the only one
            task.add_done_callback(self._batches.discard)

    async def _due(self) -> None:
        """Return when the rule says that a batch may go."""
        while True:
            self._changed.clear()
            oldest = next(iter(self.waiting.values())).came if self.waiting else 0.0
            seconds = still_to_wait(self.rule, len(self.waiting), time.monotonic() - oldest)
            if seconds == 0:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), None if math.isinf(seconds) else seconds)

    async def _work(self, batch: list[_Waiting]) -> None:
        """Embed a batch group by group; each group's clients are answered as soon as it is done."""
        start = time.monotonic()
        try:
            lengths = [one.length for one in batch]
            groups = buckets(lengths, self.rule.max_tokens, self.rule.call_tokens)
            for group in groups:
                members = [batch[i] for i in group if not batch[i].answer.done()]  # some may have left
                if members:
                    await self._answer(members)
            if batch:
                self.watch([[lengths[i] for i in group] for group in groups])
                rate = self.rule.workers * len(batch) / max(time.monotonic() - start, 1e-9)
                self.per_second = rate if not self.per_second else 0.9 * self.per_second + 0.1 * rate
        except Exception as error:  # a fault here, not the model's: nobody may wait for ever
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(error)
            raise
        finally:
            self._free.release()

    async def _answer(self, members: list[_Waiting]) -> None:
        """Embed the texts of a call. If it fails, each once more, alone: one bad text fails only itself."""
        loop, start = asyncio.get_running_loop(), time.monotonic()
        try:
            vectors = await loop.run_in_executor(self._threads, self.embed, [one.text for one in members])
            answers = [(one.answer.set_result, row) for one, row in zip(members, vectors, strict=True)]
        except Exception as error:  # the clients get it, and the batcher lives on
            if len(members) > 1:
                for one in members:
                    if not one.answer.done():
                        await self._answer([one])
                return
            answers = [(members[0].answer.set_exception, error)]
        took = time.monotonic() - start
        for one, (tell, what) in zip(members, answers, strict=True):
            self.stage("queue", start - one.came)
            self.stage("run", took)
            if not one.answer.done():
                tell(what)

    async def embedded(self, texts: Sequence[str], lengths: Sequence[int]) -> np.ndarray:
        """Put texts into the queue; return their vectors (n, d). Cancelled, they leave the queue."""
        loop, now = asyncio.get_running_loop(), time.monotonic()
        answers = [loop.create_future() for _ in texts]
        for text, length, answer in zip(texts, lengths, answers, strict=True):
            self.waiting[id(answer)] = _Waiting(text, length, now, answer)
        self._changed.set()
        try:
            return np.stack(await asyncio.gather(*answers))
        finally:
            for answer in answers:
                self.waiting.pop(id(answer), None)
                answer.cancel()

    async def call(self, work: Callable, *arguments: object) -> object:
        """Run other work, such as a search, as soon as a worker is free."""
        await self._free.acquire()
        running = asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        running.add_done_callback(lambda _: self._free.release())
        return await asyncio.shield(running)  # a client may leave, its thread cannot be stopped

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
