"""The common measurement of all engines."""

import json

from embedlab.benchmark import LATENCY, latency
from embedlab.engine import ENGINES, EXTRAS
from embedlab.speed import engines, write_latency


def test_each_engine_is_timed_on_the_same_queries(monkeypatch, tmp_path):
    asked = []

    class Instant:
        def __init__(self, name):
            self.name = name

        bytes_per_doc = 8.0

        def rank(self, texts, k):
            asked.append((self.name, texts[0]))

    monkeypatch.setattr(engines, "build_engine", lambda name, parts: Instant(name))
    measured = engines.bench_engines(queries=5)
    assert set(measured["ms"]) == set(ENGINES) - set(EXTRAS)
    assert measured["queries"] == 5
    by_engine = {name: {text for engine, text in asked if engine == name} for name in measured["ms"]}
    assert len(set(map(frozenset, by_engine.values()))) == 1
    write_latency(measured, tmp_path / "latency.json")
    assert json.loads((tmp_path / "latency.json").read_text()) == measured


def test_the_scoreboard_has_a_time_for_each_engine():
    assert LATENCY.exists()
    assert set(latency()["ms"]) == set(ENGINES) - set(EXTRAS)
    assert "cores" in latency()["machine"]
