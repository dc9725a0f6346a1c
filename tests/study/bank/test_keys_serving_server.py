"""Keys of the questions on serving, measured: encoders of fewer bits, the server and its metrics."""

import asyncio
import json
import time

import numpy as np
import pytest
import torch

from embedlab.machine import data_path
from embedlab.pooling import l2_normalize as unit
from embedlab.serving import (
    Batcher,
    Batching,
    Refused,
    counted,
    histogram_quantile,
    latency_buckets,
    masked_weights,
    pair_sums,
    readiness,
    retry_after,
    rounded,
)

# Encoders and numbers.


def test_pooling_inside_divides_the_output_by_its_length():
    tokens, vectors = np.empty((32, 128, 384), np.float32), np.empty((32, 384), np.float32)
    assert tokens.nbytes / vectors.nbytes == 128
    assert (round(tokens.nbytes / 1e6, 1), round(vectors.nbytes / 1e3)) == (6.3, 49)


def test_two_products_of_bytes_may_not_fit():
    pairs = np.array([255, 255])
    exact, saturated = pair_sums(pairs, np.array([127, 127]))
    assert (exact.item(), saturated.item()) == (64_770, 32_767)
    safe = [weight for weight in range(128) if np.equal(*pair_sums(pairs, np.array([weight] * 2))).all()]
    assert max(safe) == 64
    assert np.equal(*pair_sums(pairs, np.array([-64, -64]))).all()


def test_int8_gains_less_than_reports_say():
    """On the machine of the shipped measurement; only the order is claimed of it."""
    rows = json.loads(data_path("serving/speed.json").read_text(encoding="utf-8"))["rows"]
    ms = {(row["texts"], row["tokens"], row["engine"]): row["ms"] for row in rows}
    gains = [
        ms[(*case, "onnxruntime")] / ms[(*case, "onnxruntime int8")]
        for case in ((1, 8), (8, 8), (8, 40), (8, 200), (32, 8), (32, 40), (32, 200))
    ]
    assert 1.1 < min(gains) <= max(gains) < 2
    assert ms[1, 8, "torch"] / ms[1, 8, "onnxruntime int8"] > 2 * gains[0]  # the baseline of most reports


def test_a_mask_of_minus_a_billion_in_half():
    scores, mask = torch.tensor([[0.5, 1.0, 2.0]]), torch.tensor([[1, 1, 0]])
    half = masked_weights(scores, mask, -1e9, "float16")
    assert half.isnan().all()
    for fill, dtype in ((-1e9, "float32"), (-1e9, "bfloat16"), (-65_504.0, "float16")):
        weights = masked_weights(scores, mask, fill, dtype)
        assert weights[0, 2] == 0
        assert weights.sum().item() == pytest.approx(1, abs=0.01)


def test_halves_round_eight_times_finer_than_bfloats():
    vectors = unit(np.random.default_rng(0).normal(size=(500, 384)).astype(np.float32))
    half, bfloat = (np.abs(rounded(vectors, kind) - vectors).mean() for kind in ("float16", "bfloat16"))
    assert bfloat / half == pytest.approx(8, abs=0.2)


def test_vectors_come_back_in_the_order_of_the_texts():
    """As the question has it, with a model that returns each text's first token."""
    rng = np.random.default_rng(0)
    sequences = [[i] * int(rng.integers(1, 9)) for i in range(101)]

    def encode(join):
        order = np.argsort([len(ids) for ids in sequences])
        vectors, parts = np.empty((len(sequences), 1), np.float32), []
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            parts.append(np.float32([[sequences[i][0]] for i in rows]))
            vectors[rows] = parts[-1]
        return np.vstack(parts) if join else vectors

    assert (encode(join=False)[:, 0] == np.arange(101)).all()
    assert (encode(join=True)[:, 0] != np.arange(101)).any()


# The server.


def test_a_full_server_is_alive_and_ready_and_refuses():
    batcher = Batcher(lambda texts: np.zeros((len(texts), 1), np.float32), Batching(), inside=10)
    batcher.admit(10)
    with pytest.raises(Refused, match="the server is full") as refused:
        batcher.admit(1)
    assert refused.value.status == 429
    assert readiness(loaded=True, draining=False) == "ready"  # whatever is inside


def test_a_full_server_says_when_there_is_room():
    assert retry_after(500, 80.0) == 7


def test_a_blocked_loop_answers_nobody():
    async def blocked():
        time.sleep(0.3)

    async def freed():
        await asyncio.to_thread(time.sleep, 0.3)

    async def order(encode):
        told = []

        async def work():
            await encode()
            told.append("vectors")

        async def health():
            told.append("alive")

        await asyncio.gather(work(), health())
        return told

    assert asyncio.run(order(blocked)) == ["vectors", "alive"]
    assert asyncio.run(order(freed)) == ["alive", "vectors"]


def test_a_client_that_left_ends_a_careless_loop():
    async def answered(careful):
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in range(3)]
        futures[1].cancel()

        async def run():
            for future in futures:
                if not (careful and future.done()):
                    future.set_result("vector")

        task = asyncio.ensure_future(run())
        await asyncio.wait([task])
        return type(task.exception()).__name__, [future.done() for future in futures]

    assert asyncio.run(answered(careful=False)) == ("InvalidStateError", [True, True, False])
    assert asyncio.run(answered(careful=True)) == ("NoneType", [True, True, True])


def test_a_quantile_inside_a_bucket_is_a_guess():
    bounds, counts = [0.1, 0.25, 0.5], [900, 940, 1000, 1000]
    assert 1000 * histogram_quantile(0.95, bounds, counts) == pytest.approx(291.7, abs=0.05)
    values = [0.05] * 900 + [0.2] * 40 + [0.48] * 60
    assert counted(values, bounds) == counts  # the same histogram, and yet
    assert np.percentile(values, 95) == 0.48


def test_percentiles_of_replicas_do_not_average():
    rng = np.random.default_rng(0)
    quick, slow = rng.exponential(0.02, 100_000), rng.exponential(0.4, 1000)
    each = [np.percentile(one, 99) for one in (quick, slow)]
    true = np.percentile(np.concatenate([quick, slow]), 99)
    assert np.mean(each) > 5 * true
    assert max(each) > 10 * true
    bounds = latency_buckets(0.1)
    summed = np.add(counted(quick, bounds), counted(slow, bounds)).tolist()
    assert summed == counted([*quick, *slow], bounds)
    assert histogram_quantile(0.99, bounds, summed) == pytest.approx(true, rel=0.2)


def test_a_label_of_free_text_makes_a_series_for_each_value():
    prometheus = pytest.importorskip("prometheus_client")
    registry = prometheus.CollectorRegistry()
    seconds = prometheus.Histogram(
        "s", "Latency", ["query"], buckets=(0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6), registry=registry
    )
    for i in range(100):
        seconds.labels(f"query {i}").observe(0.1)
    lines = prometheus.generate_latest(registry).decode().splitlines()
    series = [line for line in lines if not line.startswith("#") and "_created" not in line]
    assert len(series) == 100 * (7 + 1 + 2)
