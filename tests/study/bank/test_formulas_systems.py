"""Each formula of formulas_systems, computed by another route."""

import heapq

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import cohen_kappa_score

from embedlab.study.bank import FORMULAS


@pytest.mark.parametrize(
    ("size", "overlap", "fact"), [(300, 20, 100), (400, 50, 150), (600, 30, 120), (300, 50, 51)]
)
def test_split_facts_percent_tries_every_starting_point(size, overlap, fact):
    stride = size - overlap
    begins = np.arange(0, 40 * stride, stride)
    starts = np.arange(10 * stride, 20 * stride)  # whole strides, away from both ends
    whole = (begins <= starts[:, None]) & (starts[:, None] + fact <= begins + size)
    split = 100 * (~whole.any(axis=1)).mean()
    assert FORMULAS["split_facts_percent"](size, overlap, fact) == pytest.approx(split)


@pytest.mark.slow
@pytest.mark.parametrize("dims", [64, 100, 400])
def test_dimensions_with_spread_from_drawn_vectors(dims):
    vectors = np.random.default_rng(0).normal(size=(2, 50_000, dims)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    spread = (vectors[0] * vectors[1]).sum(axis=1).std()
    assert FORMULAS["dimensions_with_spread"](spread) == pytest.approx(dims, rel=0.03)


@pytest.mark.parametrize(("gap", "temperature"), [(0.1, 0.05), (0.05, 0.02), (0.2, 0.1)])
def test_pull_of_harder_negative_by_autograd(gap, temperature):
    cosines = torch.tensor([[0.7, 0.3 + gap, 0.3, 0.1]], dtype=torch.float64, requires_grad=True)
    F.cross_entropy(cosines / temperature, torch.tensor([0])).backward()
    ratio = (cosines.grad[0, 1] / cosines.grad[0, 2]).item()
    assert FORMULAS["pull_of_harder_negative"](gap, temperature) == pytest.approx(ratio)


@pytest.mark.parametrize(("machine", "price", "tokens"), [(600, 0.1, 200), (1500, 0.02, 50)])
def test_texts_a_day_to_break_even_makes_the_bills_equal(machine, price, tokens):
    texts = FORMULAS["texts_a_day_to_break_even"](machine, price, tokens)
    bill = sum(texts * tokens * price / 1_000_000 for day in range(30))
    assert bill == pytest.approx(machine)


@pytest.mark.parametrize(("requests", "workers"), [(40, 3), (300, 20)])
def test_mean_milliseconds_inside_of_a_simulated_queue(requests, workers):
    """Workers on one queue: requests inside are counted at random moments, and times kept for each."""
    rng = np.random.default_rng(0)
    arrivals = np.cumsum(rng.exponential(1 / requests, 40_000))
    services = rng.gamma(2.0, 0.8 * workers / requests / 2, 40_000)  # no exponential, and 80 % busy
    free, left = [0.0] * workers, []
    heapq.heapify(free)
    for arrival, service in zip(arrivals, services, strict=True):
        left.append(max(arrival, heapq.heappop(free)) + service)
        heapq.heappush(free, left[-1])
    moments = rng.uniform(0, arrivals[-1], 100_000)
    inside = np.searchsorted(arrivals, moments) - np.searchsorted(np.sort(left), moments)
    rate = len(arrivals) / arrivals[-1]
    expected = 1000 * np.mean(np.array(left) - arrivals)
    assert FORMULAS["mean_milliseconds_inside"](rate, inside.mean()) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("shards", "percent"), [(4, 5), (16, 2)])
def test_slow_queries_percent_from_simulated_shards(shards, percent):
    slow = np.random.default_rng(0).random((200_000, shards)) < percent / 100
    expected = 100 * slow.any(axis=1).mean()
    assert FORMULAS["slow_queries_percent"](shards, percent) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("documents", "rate", "workers", "percent"), [(2_000_000, 120, 8, 25), (5_000_000, 50, 20, 40)]
)
def test_backfill_hours_counted_second_by_second(documents, rate, workers, percent):
    left, seconds = documents, 0
    while left > 0:
        left -= sum(rate * (100 - percent) / 100 for _ in range(workers))
        seconds += 1
    hours = FORMULAS["backfill_hours"](documents, rate, workers, percent)
    assert hours == pytest.approx(seconds / 3600, rel=1e-3)


@pytest.mark.parametrize(("hourly", "rate", "percent"), [(0.9, 200, 20), (3.5, 600, 80)])
def test_dollars_per_million_texts_hour_by_hour(hourly, rate, percent):
    """Pay for a month of hours, in each of which some seconds are busy, and count the texts."""
    bill, texts = 0.0, 0
    for _ in range(30 * 24):
        bill += hourly
        texts += sum(rate for second in range(3600) if second % 100 < percent)
    expected = bill / (texts / 1e6)
    assert FORMULAS["dollars_per_million_texts"](hourly, rate, percent) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tokens", "size", "overlap"), [(3000, 256, 32), (801, 200, 0), (800, 200, 0), (350, 300, 50)]
)
def test_chunks_of_document_by_sliding_a_window(tokens, size, overlap):
    count, first, last = 1, 0, min(size, tokens)
    while last < tokens:
        first += size - overlap
        count, last = count + 1, min(first + size, tokens)
    assert FORMULAS["chunks_of_document"](tokens, size, overlap) == count


@pytest.mark.parametrize(("size", "overlap", "dims"), [(256, 0, 384), (128, 64, 1024), (512, 32, 768)])
def test_chunk_vectors_gb_of_a_small_corpus(size, overlap, dims):
    tokens = 1_000_000
    starts = range(0, tokens - overlap, size - overlap)
    held = sum(np.empty(dims, np.float32).nbytes for _ in starts)
    expected = held / 1e9 * (1e9 / tokens)  # a thousand times as many
    assert FORMULAS["chunk_vectors_gb"](1, size, overlap, dims) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("tokens", "size", "price"), [(4000, 400, 0.25), (20_000, 200, 1)])
def test_contextual_dollars_adds_up_the_prompts(tokens, size, price):
    prompts = [tokens for document in range(30) for chunk in range(0, tokens, size)]
    bill = sum(prompt * price / 1e6 for prompt in prompts)
    assert FORMULAS["contextual_dollars"](30, tokens, size, price) == pytest.approx(bill)


@pytest.mark.parametrize(("found", "read", "anyway"), [(60, 80, 20), (90, 95, 10)])
def test_right_answers_percent_counts_question_by_question(found, read, anyway):
    right = 0
    for i in range(100):
        for j in range(100):  # in each place, the same share of either kind
            right += j < (read if i < found else anyway)
    assert FORMULAS["right_answers_percent"](found, read, anyway) == pytest.approx(right / 100)


@pytest.mark.parametrize(("agreed", "judge", "expert"), [(80, 70, 80), (90, 75, 75), (85, 80, 75)])
def test_kappa_of_verdicts_by_scikit_learn(agreed, judge, expert):
    both = (agreed + judge + expert - 100) / 2  # of a hundred answers, called right by both
    table = [(1, 1, both), (1, 0, judge - both), (0, 1, expert - both), (0, 0, agreed - both)]
    first, second = np.array([(a, b) for a, b, count in table for _ in range(round(2 * count))]).T
    assert FORMULAS["kappa_of_verdicts"](agreed, judge, expert) == pytest.approx(
        cohen_kappa_score(first, second)
    )


@pytest.mark.parametrize(("passed", "right", "wrong"), [(75, 90, 20), (85, 98, 40)])
def test_right_behind_a_judge_percent_recovers_the_share(passed, right, wrong):
    """What the judge would pass rises with the share that is right: find the share where it fits."""
    shares = np.linspace(0, 100, 100_001)
    would_pass = (shares * right + (100 - shares) * wrong) / 100
    expected = shares[np.abs(would_pass - passed).argmin()]
    assert FORMULAS["right_behind_a_judge_percent"](passed, right, wrong) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("gain", "loss", "handover"), [(2, 20, 8), (10, 100, 1)])
def test_confidence_to_answer_percent_by_trying_all(gain, loss, handover):
    chances = np.linspace(0, 1, 100_001)
    answering = chances * gain - (1 - chances) * loss
    expected = 100 * chances[np.argmax(answering >= -handover)]
    assert FORMULAS["confidence_to_answer_percent"](gain, loss, handover) == pytest.approx(expected, abs=0.01)


def test_seconds_to_last_token_token_by_token():
    clock = 0.15
    for _ in range(2000):
        clock += 1 / 4000
    for _ in range(300):
        clock += 1 / 40
    assert FORMULAS["seconds_to_last_token"](150, 2000, 4000, 300, 40) == pytest.approx(clock)


@pytest.mark.parametrize(("passages", "size", "price"), [(5, 400, 0.25), (20, 600, 3)])
def test_answer_dollars_a_day_adds_up_the_bills(passages, size, price):
    bill = 0.0
    for _ in range(20):  # questions
        bill += sum(size for _ in range(passages)) * price / 1e6
        bill += 300 * 5 * price / 1e6 + 2000 * 0.1 * price / 1e6
    assert FORMULAS["answer_dollars_a_day"](20, passages, size, price) == pytest.approx(bill)
