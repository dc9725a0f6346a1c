"""The one command for all comparisons: goes on after a stop, and leaves out what was not compared."""

import json

import pytest

from embedlab.speed import everything, everything_as_text, ratio_rows, shipped_speeds, write_speed_of_machine

RATIO = {"ratio": 1.5, "low": 1.25, "high": 1.75}
CURVE = [{"width": 10, "recall": 0.9, "qps": 100.0, "rounds": [100.0]}]
PARTS = {
    "bench_kernels": {"used": "plain"},
    "bench_tokenizer": {"texts": 3, "ratio": RATIO},
    "bench_encoder": {"ratio_float32": RATIO},
    "bench_rank": {"bm25": {"ratio_to_bm25s_numba": RATIO}, "maxsim": {"ratio_to_pylate": "not installed"}},
    "bench_reranking": {"machine": "m", "engine": "full", "queries": 3, "rows": []},
    "bench_ann": {
        "vectors": 1000,
        "dims": 8,
        "queries": 4,
        "indexes": {"faiss Flat": {"build_s": 1.0, "bytes_per_vector": 32, "curve": CURVE}},
        "qps_at": {"faiss Flat": {"0.95": None, "0.99": None}},
        "ratios": {"ours int8 / fastest peer of all, QPS at recall 0.95": RATIO},
    },
}


@pytest.fixture
def called(monkeypatch):
    """Let each part give what is above, and count the calls."""
    calls = []
    for name, found in PARTS.items():
        monkeypatch.setattr(
            everything, name, lambda *a, name=name, found=found, **k: calls.append(name) or found
        )
    return calls


def test_what_was_compared_is_in_the_table(called, tmp_path):
    lines = []
    result = everything.bench_all(1000, rounds=1, report=lines.append, folder=tmp_path)
    assert len(called) == len(lines) == len(PARTS)
    assert [row["what"] for row in result["rows"]] == [
        "WordPiece, texts it has not seen",
        "texts to vectors, float32",
        "HNSW, int8, at recall@10 0.95",
        "BM25, 100 results, a query at a time",
    ]
    text = everything_as_text(json.loads(json.dumps(result)))
    assert text.count("1.50    1.25 to 1.75") == 4
    assert "1,000 vectors of 8" in text
    file = write_speed_of_machine(result, tmp_path / "speed")
    assert file.stem.endswith(result["kernels"])
    assert shipped_speeds(tmp_path / "speed") == [result]


def test_it_goes_on_after_a_stop(called, monkeypatch, tmp_path):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(everything, "bench_rank", stopped)
        with pytest.raises(KeyboardInterrupt):
            everything.bench_all(1000, report=str, folder=tmp_path)
    assert called == ["bench_kernels", "bench_tokenizer", "bench_encoder"]
    everything.bench_all(1000, report=str, folder=tmp_path)
    assert called[3:] == ["bench_rank", "bench_reranking", "bench_ann"]
    assert not list(tmp_path.iterdir())
    everything.bench_all(1000, report=str, folder=tmp_path)
    assert called[6:] == list(PARTS)


def test_other_sizes_are_another_measurement(called, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(everything, "bench_rank", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            everything.bench_all(1000, report=str, folder=tmp_path)
    everything.bench_all(2000, report=str, folder=tmp_path)
    assert called[3:] == list(PARTS)


def test_nothing_compared_is_no_row():
    assert ratio_rows({}) == []
    assert (
        ratio_rows({"tokenizer": {"ratio": {}}, "rank": {"maxsim": {"ratio_to_pylate": "not installed"}}})
        == []
    )
