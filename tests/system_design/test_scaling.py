"""From a small design to a case's scale: every line follows from those above it."""

import dataclasses
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.machine import shipped_figures
from embedlab.system_design import (
    Design,
    at_scale,
    case_names,
    constants,
    encode_seconds,
    evaluate,
    figures,
    find_case,
    graph_seconds,
    measured_for,
    recall_at_100k,
    references,
    scale_of,
)
from embedlab.system_design.building import Measured
from embedlab.system_design.scaling import FILL, numbers_of

CASES = case_names()


def measured(design: Design, words: float = 874.0) -> Measured:
    """Return a made-up measurement: what is extrapolated depends on its bytes only."""
    held = {
        "codes": design.bytes_of_code,
        "links": 0,
        "rescoring": 0,
        "words": words * design.hybrid,
        "texts": 0,
    }
    return Measured(
        design.key,
        design.short,
        "toy",
        6152,
        "dev",
        "a machine",
        0.9,
        0.6,
        0.5,
        0.7,
        (0.6,),
        20.0,
        30.0,
        40,
        held,
        437.0,
    )


def named(at) -> dict[str, float]:
    return {line.name: line.value for line in at.lines}


@pytest.mark.parametrize("case", CASES)
def test_each_formula_gives_its_value_from_the_lines_above(case):
    for design in references(case):
        at = at_scale(design, measured(design))
        numbers = numbers_of(design, measured(design), at.scale)
        for line in at.lines:
            if line.name not in ("wait", "p95"):
                assert evaluate(line.formula, numbers) == pytest.approx(line.value)
            numbers[line.name] = line.value
            assert len(line.origin) > 8


def test_tickets_by_hand():
    """Five million tickets of 1.4 vectors as float32 with M 16, without this room's code."""
    at = at_scale(Design(name="by hand", index="hnsw"), measured(Design(name="by hand", index="hnsw")))
    assert at["index"] == pytest.approx(5e6 * 1.4 * (384 * 4 + 4 * (32 + 16 / 15)))
    assert at["shards"] == 1
    assert at["model_cores"] == pytest.approx(60 * encode_seconds(180) / 0.6)
    hourly = {name: constants()[name].value for name in ("memory_machine", "compute_machine")}
    by_hand = (
        at["index_machines"] * hourly["memory_machine"] + at["model_machines"] * hourly["compute_machine"]
    ) * 730
    assert at["monthly"] == pytest.approx(by_hand)


@given(st.floats(1e3, 1e8), st.floats(1, 1e4))
def test_more_costs_more(stored, peak):
    """Dollars never fall when documents or queries grow; the index fits its machines."""
    design = Design(name="a", index="hnsw", hybrid=True)
    small = type(scale_of("tickets"))("tickets", stored, stored, peak, 20, 100, 0.3)
    large = type(small)("tickets", 2 * stored, 2 * stored, 2 * peak, 20, 100, 0.3)
    one, two = (at_scale(design, measured(design), scale) for scale in (small, large))
    assert two["monthly"] >= one["monthly"]
    for at in (one, two):
        room = at["shards"] * FILL * 64 * 2**30
        assert at["index"] <= room * (1 + 1e-9)
        assert at["index_machines"] * 8 >= at["search_cores"] * (1 - 1e-9)


def test_a_cache_takes_its_share_off_the_cores_and_nothing_off_the_memory():
    plain, cached = (Design(name="a", index="hnsw", depth=10, cache_hits=hits) for hits in (0.0, 0.5))
    one, two = at_scale(plain, measured(plain)), at_scale(cached, measured(cached))
    assert two["model_cores"] == pytest.approx(one["model_cores"] / 2)
    assert two["index"] == one["index"]


def test_the_encoder_survives_the_loss_of_a_zone_and_the_reranker_is_shed():
    """By hand: 60/s of the encoder at 60 % busy; with two zones each carries all of it, in quarters."""
    graph = Design(name="g", index="hnsw")
    at = at_scale(graph, measured(graph))
    alone = 60 * encode_seconds(180) / 0.6 / 8
    assert at["model_machines"] == 2 * math.ceil(4 * alone) / 4
    three = graph.model_copy(update={"copies": 3})
    assert at_scale(three, measured(three))["model_machines"] == 3 * math.ceil(4 * alone / 2) / 4
    one = graph.model_copy(update={"copies": 1})
    assert at_scale(one, measured(one))["model_machines"] == math.ceil(4 * alone) / 4
    deep = graph.model_copy(update={"depth": 20})
    at = at_scale(deep, measured(deep))
    assert at["model_machines"] == math.ceil(4 * at["model_cores"] / 8) / 4


def test_a_zone_lost_leaves_enough_for_the_scans():
    scan = Design(name="s", case="docs", code="float32")
    scale = dataclasses.replace(scale_of("tickets"), share=1)
    at = at_scale(scan, measured(scan), scale)
    left = at["index_machines"] / 2 * 8 * 0.6  # cores of one zone, at most 60 % busy
    assert left >= 60 * at["search"]


def test_a_pair_costs_by_its_tokens():
    deep = Design(name="d", depth=10)
    at, pairs = at_scale(deep, measured(deep)), 10 * constants()["pair_core"].value / 1000  # s for ten
    assert at["rerank"] == pytest.approx(pairs * 360 / 80)
    short = dataclasses.replace(scale_of("tickets"), query_tokens=40, doc_tokens=40)
    assert at_scale(deep, measured(deep), short)["rerank"] == pytest.approx(pairs)
    assert any("cut at 80 tokens" in note for note in at.notes)
    cut = deep.model_copy(update={"pair_cut": 80})
    at = at_scale(cut, measured(cut))
    assert at["rerank"] == pytest.approx(pairs)
    assert not any("cut at 80 tokens" in note for note in at.notes)
    assert cut.key == deep.key  # the same index and stages: only the price is another one


def test_cores_are_for_the_mean_tenant_and_p95_is_for_the_largest():
    scan = Design(name="s", code="int8")
    scale = scale_of("tickets")
    assert scale.share == pytest.approx(100_000 / 600_000)
    mean, most = (at_scale(scan, measured(scan), dataclasses.replace(scale, share=s)) for s in (1 / 6, 1))
    assert mean["usual"] == pytest.approx(most["search"] / 6)
    assert (mean["search"], mean.p95) == (most["search"], most.p95)
    for index in ("hnsw", "ivf"):
        other = Design(name="o", index=index)
        small = at_scale(other, measured(other), dataclasses.replace(scale, searched=scale.searched / 6))
        at = at_scale(other, measured(other), scale)
        assert at["usual"] == pytest.approx(small["search"], rel=0.02), index


def test_prices_are_yours_to_change():
    mine = Design(name="a", prices={"memory_machine": 1.008, "compute_machine": 0.68})
    assert at_scale(mine, measured(mine))["monthly"] == pytest.approx(
        2 * at_scale(Design(name="b"), measured(mine))["monthly"]
    )


def test_too_few_shards_are_refused_with_how_many_fit():
    design = Design(name="tight", case="products", shards=1)
    with pytest.raises(ValueError, match=r"tight: 1 shards would hold 154 GB each.*take at least 4") as error:
        at_scale(design, measured(design))
    least = int(re.search(r"at least (\d+)", str(error.value))[1])
    fits = design.model_copy(update={"shards": least})
    assert at_scale(fits, measured(fits))["shards"] == least


def test_floats_on_disk_are_read_from_disk():
    disk = Design(name="d", case="products", index="hnsw", code="int8", rescore="float32", rescore_on="disk")
    memory = disk.model_copy(update={"rescore_on": "memory"})
    on_disk, in_memory = (at_scale(one, measured(one)) for one in (disk, memory))
    assert on_disk["on_disk"] == 1e8 * 384 * 4
    assert in_memory["index"] - on_disk["index"] == pytest.approx(on_disk["on_disk"])
    assert on_disk["reads"] == 5000 * 100
    assert on_disk["index_machines"] * 200_000 >= on_disk["reads"]


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_told_is_said(case):
    for design in references(case):
        at = at_scale(design, measured(design))
        said = " ".join(at.notes)
        assert "6,152" in said
        planned = find_case(case).numbers()["dims"]
        assert (f"plans with {planned:.0f} dimensions" in said) == (planned > design.dims)
        assert ("at a fixed ef recall falls" in said) == (design.index == "hnsw")
        assert ("breaks the promise" in said) == (at.p95 > at.scale.limit)
        assert math.isfinite(at.p95)


def test_the_origins_are_the_files_of_the_chapters():
    rows = shipped_figures("vector_databases", "recall")["rows"]
    row = next(row for row in rows if row["engine"] == "faiss HNSW" and row["value"] == 80)
    assert graph_seconds(80) == row["ms"] / 1000
    assert recall_at_100k(80) == row["recall"]
    assert 0 < figures("growth")["power"] < 0.5
    speed = shipped_figures("serving", "speed")
    ms = next(
        r["ms"] for r in speed["rows"] if (r["engine"], r["texts"], r["tokens"]) == ("onnxruntime", 1, 40)
    )
    assert encode_seconds(40) == pytest.approx(ms / 1000 * speed["threads"])


def test_a_case_without_a_scale_is_refused():
    with pytest.raises(ValueError, match="cases: "):
        scale_of("no such case")


@pytest.mark.parametrize("case", CASES)
def test_references_were_measured_on_dev(case):
    for design in references(case):
        one = measured_for(design)
        assert len(one.per_query) == 300
        assert one.low < one.ndcg < one.high
        assert one.short == design.short


def test_words_cost_by_the_length_of_the_query():
    """By hand from the shipped times: a ticket's query costs several times that of nine words."""
    short, *_, long, rarest = (row["ns a document"] for row in figures("words")["rows"])
    words = Design(name="w", hybrid=True)
    scale = dataclasses.replace(scale_of("tickets"), doc_tokens=437.0)
    at = at_scale(words, measured(words), scale)
    assert at["match"] == pytest.approx(scale.searched * long * 1e-9 * 0.1)
    nine = dataclasses.replace(scale, query_tokens=8)
    assert at_scale(words, measured(words), nine)["match"] == pytest.approx(at["match"] * short / long)
    assert 4 * short < long
    few = words.model_copy(update={"terms": "rarest"})
    assert at_scale(few, measured(few), scale)["match"] == pytest.approx(scale.searched * rarest * 1e-9)
    assert few.key == words.key  # only the price is another one


def test_lengths_that_were_measured_are_said():
    for design in references("tickets"):
        (said,) = (note for note in at_scale(design, measured(design)).notes if "nine words" in note)
        assert f"vectors of {design.tokens} tokens" in said
        assert "180 tokens and texts of 180" in said
