"""Times of dot products: what is reported, not how fast this machine is."""

import pytest

from embedlab.machine import cpu_features, runnable
from embedlab.speed import bench_kernels, kernels_as_text


@pytest.mark.slow
def test_every_product_is_timed():
    result = bench_kernels(500, 100, repeats=1)
    assert list(result["kernels"]) == ["float32", *(f"int8 {name}" for name in runnable(cpu_features()))]
    assert result["kernels"]["float32"]["bytes"] == 4 * result["kernels"]["int8 plain"]["bytes"] == 4 * 128
    for row in result["kernels"].values():
        assert all(value > 0 for value in row.values())
        bandwidth = row["bytes"] / row["prefetched_ns"]
        assert row["bandwidth_percent"] == pytest.approx(100 * bandwidth / result["memory_gb_s"])
    lines = kernels_as_text(result).splitlines()
    assert len(lines) == 3 + len(result["kernels"])
    assert sum(line.endswith("used") for line in lines) == 2


@pytest.mark.parametrize("wrong", [{"n": 5}, {"d": 0}, {"repeats": 0}])
def test_a_size_that_is_too_small_is_named(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name} must be at least .*, but is {value}"):
        bench_kernels(**wrong)
