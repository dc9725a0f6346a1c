"""Figures: quantiles from buckets as Prometheus computes them, and how far off they may be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from embedlab.serving import Metrics, counted, histogram_quantile, latency_buckets

VALUES = st.lists(st.floats(0.001, 5), min_size=1, max_size=60)


@given(VALUES, st.sampled_from([0.5, 0.95, 0.99]))
def test_the_estimate_lies_in_the_bucket_of_the_true_quantile(values, q):
    bounds = latency_buckets(0.1)
    estimate = histogram_quantile(q, bounds, counted(values, bounds))
    true = sorted(values)[max(0, math.ceil(q * len(values)) - 1)]
    above = next(bound for bound in bounds if true <= bound)
    below = max((bound for bound in bounds if bound < true), default=0.0)
    assert below - 1e-8 <= estimate <= above + 1e-8


@given(VALUES)
def test_buckets_are_counted_as_the_library_counts(values):
    bounds = latency_buckets(0.2)
    histogram = Histogram("x", "x", buckets=bounds, registry=CollectorRegistry())
    for value in values:
        histogram.observe(value)
    samples = [s.value for s in next(iter(histogram.collect())).samples if s.name == "x_bucket"]
    assert counted(values, bounds) == samples


def test_wide_buckets_are_wrong_and_a_bound_at_the_promise_is_exact():
    values = np.random.default_rng(0).lognormal(math.log(0.04), 0.5, 20_000)
    true = float(np.quantile(values, 0.99))
    wide, close = (0.1, 1.0, 10.0), latency_buckets(0.1)
    errors = [abs(histogram_quantile(0.99, b, counted(values, b)) - true) / true for b in (wide, close)]
    assert errors[0] > 0.5 > 0.1 > errors[1]
    kept = counted(values, close)[close.index(0.1)] / len(values)
    assert kept == (values <= 0.1).mean()


def test_a_quantile_beyond_the_last_bound_is_that_bound():
    assert histogram_quantile(0.99, [0.1, 0.2], [0, 0, 100]) == 0.2
    assert math.isnan(histogram_quantile(0.5, [0.1], [0, 0]))
    with pytest.raises(ValueError, match=r"1\.5"):
        histogram_quantile(1.5, [0.1], [1, 1])


def test_stages_are_counted_by_their_name():
    metrics = Metrics()
    metrics.stage("queue", 0.03)
    metrics.stage("run", 0.01)
    text = metrics.text()[0].decode()
    assert 'embedlab_stage_seconds_sum{stage="queue"} 0.03' in text
    assert 'embedlab_stage_seconds_count{stage="run"} 1.0' in text


def test_two_servers_in_one_process_count_apart():
    one, other = Metrics(), Metrics()
    one.batch([[4, 4], [8]])
    one.answered("/search", 200, 0.03)
    one.refused("429")
    text = one.text()[0].decode()
    assert "embedlab_tokens_total 16.0" in text
    assert 'embedlab_request_seconds_bucket{le="0.05",route="/search",status="2xx"} 1.0' in text
    assert 'embedlab_rejected_total{reason="429"} 1.0' in text
    assert "embedlab_tokens_total 0.0" in other.text()[0].decode()
