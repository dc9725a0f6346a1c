"""The queue: batches as the rule says, clients that leave, faults of the model, a full house."""

import asyncio
import threading

import numpy as np
import pytest

from embedlab.serving import Batcher, Batching, Refused


class Gated:
    """A model that tells of its calls, and holds each until it is let go."""

    def __init__(self):
        self.calls, self.gate = [], threading.Event()

    def __call__(self, texts):
        self.calls.append(list(texts))
        assert self.gate.wait(20)
        return np.array([[len(text)] for text in texts], np.float32)


def with_batcher(scenario, rule=None, inside=1000):
    """Run a scenario(batcher, model) with a batcher that runs."""

    async def run():
        model = Gated()
        batcher = Batcher(model, rule or Batching(), inside)
        running = asyncio.create_task(batcher.run())
        try:
            return await asyncio.wait_for(scenario(batcher, model), 30)
        finally:
            model.gate.set()
            running.cancel()
            batcher.close()

    return asyncio.run(run())


async def until(condition):
    while not condition():
        await asyncio.sleep(0.002)


def ask(batcher, *texts):
    return asyncio.create_task(batcher.embedded(texts, [5] * len(texts)))


def test_what_comes_while_the_worker_is_busy_goes_together():
    async def scenario(batcher, model):
        first = ask(batcher, "a")
        await until(lambda: model.calls)
        rest = [ask(batcher, "b" * i) for i in range(2, 6)]
        await until(lambda: len(batcher.waiting) == 4)
        model.gate.set()
        vectors = await asyncio.gather(first, *rest)
        assert [len(call) for call in model.calls] == [1, 4]
        assert [v.item() for v in vectors] == [1, 2, 3, 4, 5]  # everyone gets its own

    with_batcher(scenario)


def test_each_text_says_what_it_waited_and_what_its_call_took():
    async def scenario(batcher, model):
        told = []
        batcher.stage = lambda name, seconds: told.append((name, seconds))
        asking = asyncio.create_task(batcher.embedded(["a", "bb"], [1, 1]))
        await until(lambda: model.calls)
        await asyncio.sleep(0.05)
        model.gate.set()
        await asking
        assert sorted(name for name, _ in told) == ["queue", "queue", "run", "run"]
        assert all(seconds >= (0.05 if name == "run" else 0) for name, seconds in told)

    with_batcher(scenario)


def test_a_batch_has_at_most_so_many_texts():
    async def scenario(batcher, model):
        model.gate.set()
        vectors = await batcher.embedded(["x"] * 10, [5] * 10)
        assert vectors.shape == (10, 1)
        assert max(len(call) for call in model.calls) == 4

    with_batcher(scenario, Batching(max_texts=4))


def test_the_timer_gathers_texts_though_a_worker_is_free():
    async def scenario(batcher, model):
        model.gate.set()
        asked = [ask(batcher, "a"), ask(batcher, "b")]
        await asyncio.sleep(0)
        asked.append(ask(batcher, "c"))
        await asyncio.gather(*asked)
        assert model.calls == [["a", "b", "c"]]

    with_batcher(scenario, Batching("timer", max_texts=3, wait_s=15))  # full before the time is up


def test_a_client_that_leaves_takes_its_text_along():
    async def scenario(batcher, model):
        first = ask(batcher, "a")
        await until(lambda: model.calls)
        gone, stays = ask(batcher, "gone"), ask(batcher, "stays")
        await until(lambda: len(batcher.waiting) == 2)
        gone.cancel()
        await until(lambda: len(batcher.waiting) == 1)
        model.gate.set()
        await asyncio.gather(first, stays)
        assert model.calls == [["a"], ["stays"]]

    with_batcher(scenario)


def test_a_fault_of_the_model_reaches_its_clients_only():
    async def scenario(batcher, model):
        model.gate.set()
        batcher.embed = lambda texts: 1 / 0
        with pytest.raises(ZeroDivisionError):
            await batcher.embedded(["a", "b"], [5, 5])
        batcher.embed = model
        assert (await batcher.embedded(["abc"], [5])).item() == 3

    with_batcher(scenario)


def test_a_bad_text_fails_only_itself():
    """Four clients share a call; one's text breaks the model. Each is tried alone, but who has left."""

    async def scenario(batcher, model):
        def picky(texts):
            vectors = model(texts)
            if "poison" in texts:
                raise ValueError("poison")
            return vectors

        batcher.embed = picky
        first = ask(batcher, "a")
        await until(lambda: model.calls)
        rest = [ask(batcher, text) for text in ("bb", "poison", "gone", "ccc")]
        await until(lambda: len(batcher.waiting) == 4)
        model.gate.set()
        await until(lambda: len(model.calls) > 1)
        rest[2].cancel()
        told = await asyncio.gather(first, *rest, return_exceptions=True)
        assert [one.item() for one in (told[0], told[1], told[4])] == [1, 2, 3]
        assert isinstance(told[2], ValueError)
        assert model.calls[1:3] == [["bb", "poison", "gone", "ccc"], ["bb"]]

    with_batcher(scenario)


def test_too_few_vectors_are_a_fault_and_not_a_mix_up():
    async def scenario(batcher, model):
        batcher.embed = lambda texts: np.zeros((len(texts) - 1, 2), np.float32)
        with pytest.raises(ValueError, match="shorter"):
            await batcher.embedded(["a", "b"], [5, 5])

    with_batcher(scenario)


def test_a_full_house_refuses_and_says_when_to_come_back():
    async def scenario(batcher, model):
        batcher.admit(8)
        batcher.per_second = 4.0
        with pytest.raises(Refused) as refused:
            batcher.admit(3)
        assert refused.value.status == 429
        assert (
            0 < float(refused.value.headers["retry-after-ms"]) <= 3000
        )  # 8 inside and 3 outside, 4 a second
        assert refused.value.headers["Retry-After"] in "123"
        batcher.leave(8)
        batcher.admit(10)

    with_batcher(scenario, inside=10)


def test_many_refused_at_once_are_not_told_the_same():
    async def scenario(batcher, model):
        batcher.admit(10)
        batcher.per_second = 10.0
        told = []
        for _ in range(200):
            with pytest.raises(Refused) as refused:
                batcher.admit(1)
            told.append(int(refused.value.headers["retry-after-ms"]))
        assert len(set(told)) > 150
        assert max(told[:10]) <= 2000  # as long as few are away, nobody is sent away for long
        assert 10_000 < max(told) <= 21_000  # 200 away and 10 inside, 10 a second
        batcher.leave(10)
        assert 150 < batcher.away.count <= 190

    with_batcher(scenario, inside=10)


@pytest.mark.parametrize("broken", ["buckets", "watch"])
def test_a_fault_of_the_batcher_is_told_and_the_worker_is_free_again(broken, monkeypatch):
    """Who waits is told; the next batch finds a worker."""

    def fails(*_):
        raise ArithmeticError("no groups")

    async def scenario(batcher, model):
        model.gate.set()
        with monkeypatch.context() as patch:
            if broken == "buckets":
                patch.setattr("embedlab.serving.batcher.buckets", fails)
                with pytest.raises(ArithmeticError):
                    await asyncio.wait_for(batcher.embedded(["a"], [5]), 5)
            else:
                patch.setattr(batcher, "watch", fails)
                assert len(await batcher.embedded(["a"], [5])) == 1
            await until(lambda: not batcher._batches)
        assert len(await asyncio.wait_for(batcher.embedded(["b"], [5]), 5)) == 1

    with_batcher(scenario)


def test_other_work_waits_for_a_worker():
    async def scenario(batcher, model):
        first = ask(batcher, "a")
        await until(lambda: model.calls)
        other = asyncio.create_task(batcher.call(pow, 2, 5))
        await asyncio.sleep(0.02)
        assert not other.done()
        model.gate.set()
        assert await other == 32
        await first

    with_batcher(scenario)
