"""Each precision against float32: the rows that are shown, and those that come with the course."""

import numpy as np
import pytest

from embedlab.benchmark import docsearch
from embedlab.machine import data_path
from embedlab.serving import query_side, shipped
from embedlab.serving.precision_study import SHIPPED, compare


def test_the_same_vectors_differ_in_nothing():
    benchmark = docsearch()
    draw = np.random.default_rng(0)
    queries = draw.normal(size=(len(benchmark.splits["dev"]), 8)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    documents = draw.normal(size=(len(benchmark.documents), 8)).astype(np.float32)
    base, same = compare({"float32": (queries, documents), "again": (queries, documents)}, "dev")
    assert base["ndcg"] == same["ndcg"]
    assert (same["difference"], same["low"], same["high"], same["cosine"]) == (0, 0, 0, 1)


def test_an_encoder_that_there_is_not():
    with pytest.raises(ValueError, match="'int4'"):
        query_side("dev", ["int4"])


@pytest.mark.skipif(not data_path(SHIPPED).exists(), reason="not measured yet")
def test_what_comes_with_the_course():
    rows = {row["name"]: row for row in shipped("precision")["queries only, dev"]}
    assert rows["openvino"]["worst"] > 0.999
    assert rows["int8"]["low"] <= rows["int8"]["difference"] <= rows["int8"]["high"]
    assert rows["int8"]["cosine"] > rows["int8-tensor"]["cosine"]


def test_the_shipped_company_names_its_cpu_and_has_float32_as_its_own_peer():
    shipped_company = shipped("precision")["company of a query, dev"]
    assert shipped_company["instructions"]
    for way in ("in batches", "one a call"):
        rows = {row["name"]: row for row in shipped_company[way]}
        assert rows["float32"]["worst"] == 1
        assert rows["int8"]["worst"] < 0.9999
