"""The bench of scale on few vectors: every entrant is right, all is stored, gone on with, and read."""

import numpy as np
import pytest

from embedlab.benchmark import grown, recall_at_k
from embedlab.index import top_k
from embedlab.pooling import l2_normalize
from embedlab.scale import train_centroids
from embedlab.speed import (
    against_faiss,
    at_recall,
    bench_scale,
    crossing,
    dimension_row,
    dimensions,
    equal_settings,
    fit_power,
    frontier_rows,
    growth_rows,
    intrinsic_dimension,
    measure_dimensions,
    measure_scale,
    scale_as_text,
    undominated,
    within,
)
from embedlab.speed import entrant_builds as builds
from embedlab.speed import entrants as module
from embedlab.speed import scale as bench

ENTRANTS = module.entrants()


@pytest.fixture(scope="module")
def vectors():
    return grown(np.eye(32, dtype=np.float32), 1100)


@pytest.mark.parametrize("name", ENTRANTS)
def test_an_entrant_finds_the_nearest_and_survives_its_file(name, vectors, tmp_path):
    import faiss

    faiss.omp_set_num_threads(1)
    stored, queries = vectors[:1000], vectors[1000:]
    exact = top_k(queries @ stored.T, 10)[1]
    one, path = ENTRANTS[name], builds.path_of(tmp_path, name)
    index = one.build(stored)
    one.save(index, path)
    again = one.load(path)
    found = [one.search(again, queries, value) for value in (one.settings[0], one.settings[-1])]
    assert recall_at_k(found[1], exact) > 0.97
    assert recall_at_k(found[1], exact) >= recall_at_k(found[0], exact)
    if one.ours:  # of faiss's refining ones the shortlist's length is set where the file is read
        assert np.array_equal(one.search(index, queries, one.settings[-1]), found[1])
    size = one.size(index) if one.size else path.stat().st_size / 1000
    assert size > 4


@pytest.mark.slow
def test_all_is_measured_stored_and_gone_on_with(vectors, tmp_path, monkeypatch):
    names, said = ["Vamana", "Disk", "Disk, longer codes", "Flat", "faiss RaBitQ+"], []
    asked = {"names": names, "folder": tmp_path / "made", "repeats": 1, "report": said.append}
    result = bench_scale(vectors[:1000], vectors[1000:1050], **asked)
    assert set(result["indexes"]) == set(names)
    for name, index in result["indexes"].items():
        assert index["build_s"] > 0
        assert len(index["curve"]) == len(ENTRANTS[name].settings)
        assert 0 < index["alone"]["p50"] <= index["alone"]["p95"]
    disk = result["indexes"]["Disk"]
    assert disk["disk_bytes"] > disk["bytes"]
    assert disk["curve"][-1]["reads"] > disk["curve"][0]["reads"] > 1
    first = list(said)
    bench_scale(vectors[:1000], vectors[1000:1050], **asked)
    assert [text for text in said[len(first) :] if not text.startswith("measured")] == []  # nothing built
    result |= {"machine": "this one"}
    text = scale_as_text({"sizes": {"1000": result}})
    assert "Disk" in text
    assert "1,000 vectors" in text


def test_a_size_is_kept_where_another_fails(monkeypatch, tmp_path, vectors):
    def measured(vectors, queries, **options):
        if len(vectors) == 2000:
            raise KeyboardInterrupt
        return {"n": len(vectors), "seconds": 1.0, "indexes": {}}

    class Texts:
        documents: tuple = ()

        def split(self, part):
            return [], ["a"], {}

    monkeypatch.setattr(bench, "bench_scale", measured)
    monkeypatch.setattr(bench, "docsearch", Texts)
    monkeypatch.setattr(bench, "real_vectors", lambda n, _, real: np.zeros((n, 4), np.float32))
    monkeypatch.setattr(bench.Embedder, "load", lambda: type("E", (), {"encode": lambda *a, **k: vectors})())
    monkeypatch.setattr(bench, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(bench.shutil, "rmtree", lambda folder: None)
    with pytest.raises(KeyboardInterrupt):
        measure_scale([1000, 2000], folder=tmp_path)
    assert '"1000"' in (tmp_path / "frontier.json").read_text()


def test_what_is_unknown_or_too_small_is_refused(vectors, tmp_path):
    with pytest.raises(ValueError, match="at least 1,000 vectors are needed, but there are 10"):
        bench_scale(vectors[:10], vectors)
    with pytest.raises(ValueError, match="'Annoy', but Flat"):
        bench_scale(vectors, vectors, names=["Annoy"], folder=tmp_path)


def test_slow_ones_are_built_first_and_some_never_for_a_million():
    assert bench.names_for(10_000, False)[0] == "Vamana"
    assert set(bench.names_for(100_000, False)) == set(ENTRANTS)
    assert set(ENTRANTS) - set(bench.names_for(10_000, False)) == set(bench.LARGE)
    assert not set(bench.names_for(1_000_000, False)) & set(bench.LONG)
    assert set(bench.names_for(1_000_000, True)) <= set(bench.GROWTH)


def test_curves_are_read_at_equal_recall():
    points = ((1, 0.9, 4000, 100), (2, 1.0, 1000, 400))
    curve = [dict(zip(("setting", "recall", "qps", "compared"), point, strict=True)) for point in points]
    assert at_recall(curve, "ms") == pytest.approx(0.5)
    assert at_recall(curve, "compared") == pytest.approx(200)
    assert at_recall(curve[:1], "qps") is None
    flat = {"alone": {"p50": 3.0}, "curve": [{"setting": 0, "recall": 1.0, "qps": 500}]}
    sizes = {"5": {"n": 5, "indexes": {"IVF": {"curve": curve}, "Flat": flat}}}
    assert [tuple(row.values()) for row in growth_rows({"sizes": sizes}, ("Flat", "IVF"))] == [
        ("Flat", 5, 2.0, 5.0),
        ("IVF", 5, pytest.approx(0.5), pytest.approx(200)),
    ]
    flat |= {"bytes": 9.0, "build_s": 0.0}
    flat["alone"] |= {"p95": 4.0, "recall": 1.0, "setting": 0}
    ours = {**flat, "curve": curve, "bytes": 5.0, "alone": {**flat["alone"], "setting": 2}}
    rows = frontier_rows({"indexes": {"IVF": ours, "Flat": flat, "Disk": {**ours, "curve": curve[:1]}}})
    assert [(row["name"], row["qps"]) for row in rows] == [("IVF", pytest.approx(2000)), ("Flat", 500)]
    assert [(row["p50"], row["recall"], row["batch_ms"]) for row in rows] == [(3, 1, 1), (3, 1, 2)]
    assert undominated(rows) == ["IVF"]


def test_powers_and_crossings():
    rng, ns = np.random.default_rng(0), np.array([1e3, 1e4, 1e5, 1e6])
    fits = [fit_power(ns, ns**0.5 * np.exp(rng.normal(0, 0.1, 4))) for _ in range(400)]
    held = np.mean([fit.low <= 0.5 <= fit.high for fit in fits])
    assert 0.91 < held < 0.985  # a 95 % interval, 400 times
    assert crossing([1, 100], [1, 1], [10, 0.1]) == pytest.approx(10)
    assert crossing([1, 100], [1, 1], [0.1, 10]) is None
    assert within(10.0, 7.0, fill=1.0) == 1
    with pytest.raises(ValueError, match="three points"):
        fit_power([1, 2], [1, 2])


def test_uniform_directions_fill_their_dimensions_and_cost_more(vectors):
    rows = {kind: dimension_row(vectors, vectors[:50], kind, 24, 1500) for kind in ("documents", "uniform")}
    assert rows["uniform"]["compared"] > 0
    rng = np.random.default_rng(0)
    estimates = [intrinsic_dimension(v[:3000], v[3000:]) for v in (rng.random((3100, d)) for d in (2, 6))]
    assert 1.7 < estimates[0] < 2.3 < 4.5 < estimates[1] < 7
    assert "compared" in rows["documents"]
    with pytest.raises(ValueError, match="kind is one of"):
        dimension_row(vectors, vectors[:5], "normal", 4, 10)


def test_dimensions_go_on_where_they_were(vectors, tmp_path, monkeypatch):
    file, asked = tmp_path / "dimensions.json", {"dims": (4, 8), "n": 1200}
    first = measure_dimensions(vectors, vectors[:20], file=file, **asked)
    assert [(row["kind"], row["dims"]) for row in first["rows"]][-1] == ("uniform", 8)
    monkeypatch.setattr(dimensions, "dimension_row", lambda *args: pytest.fail("measured already"))
    assert measure_dimensions(vectors, vectors[:20], file=file, **asked)["rows"] == first["rows"]


@pytest.mark.slow
def test_faiss_finds_as_much_in_the_same_lists(monkeypatch):
    monkeypatch.setattr(equal_settings, "OPQ_ROUNDS", 1)
    vectors = l2_normalize(np.random.default_rng(0).normal(size=(3100, 64)).astype(np.float32))
    stored, queries = vectors[:3000], vectors[3000:]
    found = against_faiss(stored, train_centroids(stored, 16), queries, 8, (2, 16))
    ours, theirs = np.array([found[codes] for codes in ("flat", "pq", "opq")]).transpose(1, 0, 2)
    assert np.abs(ours[0] - theirs[0]).max() < 0.002
    assert ours[0, 1] > 0.999
    assert (ours[1:] - theirs[1:]).min() > -0.02
    for codes in ("four", "one"):
        assert found[codes][0] > found[codes][1] - 0.05
