"""DocSearch: what it promises, and samples of it."""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.benchmark import (
    Benchmark,
    BenchmarkError,
    docsearch,
    splits,
    training_pairs,
)
from embedlab.benchmark import docstrings as builder


@pytest.fixture(scope="module")
def benchmark():
    return docsearch()


def test_size_is_as_described(benchmark):
    assert 6000 < len(benchmark.documents) < 6600
    assert 1400 < len(benchmark.queries) < 1600
    assert len(set(benchmark.doc_ids)) == len(set(benchmark.documents)) == len(benchmark.documents)
    assert all(len(targets) >= 1 for targets in benchmark.qrels.values())
    assert all(len(query.split()) >= 4 for query in benchmark.queries.values())
    assert {doc_id.split(".")[0] for doc_id in benchmark.doc_ids} == set(builder.PACKAGES)


def targets_of(benchmark, side):
    return {target for targets in benchmark.split(side)[2].values() for target in targets}


def test_no_document_is_a_target_on_two_sides(benchmark):
    sides = [targets_of(benchmark, name) for name in ("train", "dev", "test")]
    assert sum(map(len, sides)) == len(set().union(*sides))
    assert sorted(chain.from_iterable(benchmark.splits.values())) == sorted(benchmark.queries)


def test_each_package_is_dealt_as_promised(benchmark):
    for package in builder.PACKAGES:
        counts = [
            sum(next(iter(benchmark.qrels[i])).startswith(f"{package}.") for i in benchmark.splits[side])
            for side in splits.SHARES
        ]
        shares = [count / sum(counts) for count in counts]
        assert shares == pytest.approx(list(splits.SHARES.values()), abs=0.03), package


@given(
    st.lists(st.sets(st.integers(0, 9), min_size=1, max_size=3), min_size=4, max_size=20), st.integers(0, 99)
)
def test_splits_are_clean_for_any_queries(targets, seed):
    queries = [(f"q{i}", sorted(rows)) for i, rows in enumerate(targets)]
    doc_ids = [f"{'numpy' if i < 5 else 'scipy'}.f{i}" for i in range(10)]
    sides = splits.deal(doc_ids, queries, seed)
    assert list(sides) == ["train", "dev", "test"]
    assert sorted(chain.from_iterable(sides.values())) == list(range(len(queries)))
    asked = [{t for i in members for t in targets[i]} for members in sides.values()]
    assert sum(map(len, asked)) == len(set().union(*asked))


def test_a_new_version_of_a_library_moves_next_to_nothing():
    doc_ids = [f"numpy.f{i:03}" for i in range(700)]
    queries = [(f"q{i}", [i]) for i in range(600)]
    before = splits.deal(doc_ids, queries, 0)
    more = [*queries[::-1], *((f"new {i}", [600 + i]) for i in range(30))]  # found in another order, too
    sides = splits.deal(doc_ids, more, 0).items()
    after = {more[i][0]: side for side, members in sides for i in members}
    moved = sum(after[queries[i][0]] != side for side, members in before.items() for i in members)
    assert len(after) == 630
    assert moved <= 12


def test_training_pairs_hold_nothing_that_dev_and_test_ask_for(benchmark):
    tested = targets_of(benchmark, "dev") | targets_of(benchmark, "test")
    text_of = dict(zip(benchmark.doc_ids, benchmark.documents, strict=True))
    hidden = {text_of[target].partition("\n")[2] for target in tested}
    pairs = training_pairs(benchmark)
    assert len(pairs) > 4000
    for _, text in pairs:
        assert text.partition("\n")[2] not in hidden
    assert not {builder.summary(text) for text in hidden if text} & {query for query, _ in pairs}
    test_queries = set(benchmark.split("dev")[1]) | set(benchmark.split("test")[1])
    train_queries = set(benchmark.split("train")[1])
    assert train_queries <= {query for query, _ in pairs}
    assert not test_queries & train_queries


def test_answers_cannot_be_read_off(benchmark):
    for document in benchmark.documents:
        assert not builder.sections(document)[1], document[:80]
    by_id = dict(zip(benchmark.doc_ids, benchmark.documents, strict=True))
    for query_id, targets in benchmark.qrels.items():
        query = benchmark.queries[query_id].lower().rstrip(". ")
        for target in targets:
            assert builder.summary(by_id[target].partition("\n")[2]).lower().rstrip(". ") != query


@pytest.mark.slow
def test_every_process_builds_the_same(benchmark):
    code = "from embedlab.benchmark import docsearch; print(docsearch(cache=False).fingerprint)"
    environment = {
        "PYTHONHASHSEED": "1",
        "PATH": "",
        "HOME": ".",
    }  # where the order of a set shows, it differs
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == benchmark.fingerprint + "\n"


def test_a_warm_start_loads_no_library_and_hashes_nothing(benchmark):
    code = (
        "import sys\n"
        "from embedlab.benchmark import collection\n"
        "del collection.Benchmark.fingerprint\n"  # what is stored is set on the instance
        "print(collection.docsearch().fingerprint)\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'pandas', 'torch', 'numba', 'pydantic', 'tqdm'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (benchmark.fingerprint + "\n", "")


def test_it_is_read_once_a_process():
    assert docsearch() is docsearch()


def test_a_missing_package_is_named(monkeypatch):
    from importlib.metadata import PackageNotFoundError

    def version(name):
        if name == "scikit-learn":
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr("embedlab.benchmark.collection.version", version)
    with pytest.raises(BenchmarkError, match="DocSearch needs scikit-learn: pip install"):
        docsearch()


@pytest.mark.parametrize(
    ("see_also", "expected"),
    [
        ("norm : Norm of a vector.", [("norm", "Norm of a vector.")]),
        ("norm", []),
        ("norm: Norm of a vector.", [("norm", "Norm of a vector.")]),
        ("a.b, c() : Both `of` them.", [("a.b", "Both of them."), ("c", "Both of them.")]),
        (":func:`numpy.sum` : Add :class:`~x.Y` up.", [("numpy.sum", "Add x.Y up.")]),
        ("norm :\n    Norm of\n    a vector.", [("norm", "Norm of a vector.")]),
        ("norm\n    Norm of a vector.", [("norm", "Norm of a vector.")]),
        ("See the guide : it is long.", []),
    ],
)
def test_see_also_entries(see_also, expected):
    assert list(builder.entries(see_also)) == expected


def test_what_is_stored_is_what_was_built(benchmark):
    built = replace(benchmark)
    assert built == benchmark
    assert built.fingerprint == benchmark.fingerprint  # hashed here, read there


def test_fingerprint_changes_with_content():
    one = Benchmark("x", ["a"], ["text"], {"q": "?"}, {"q": {"a": 1}}, {"test": ["q"]})
    other = Benchmark(**(json.loads(json.dumps(one.__dict__)) | {"documents": ["Text"]}))
    assert one.fingerprint != other.fingerprint


def test_a_sample_is_a_small_benchmark_of_its_own(benchmark):
    small = benchmark.sample(300)
    assert len(small.documents) == len(set(small.doc_ids)) == 300
    assert small.doc_ids == [i for i in benchmark.doc_ids if i in set(small.doc_ids)]
    text_of = dict(zip(benchmark.doc_ids, benchmark.documents, strict=True))
    assert small.documents == [text_of[i] for i in small.doc_ids]
    asked = {i for i, gains in benchmark.qrels.items() if set(gains) <= set(small.doc_ids)}
    assert set(small.queries) == asked  # all that can be answered, and no other
    assert all(small.qrels[i] == benchmark.qrels[i] for i in asked)
    assert sorted(chain.from_iterable(small.splits.values())) == sorted(asked)
    assert min(len(ids) for ids in small.splits.values()) >= 30
    assert training_pairs(small)


def test_a_sample_is_drawn_by_its_seed(benchmark):
    assert benchmark.sample(300).fingerprint == benchmark.sample(300, seed=0).fingerprint
    assert set(benchmark.sample(300).doc_ids) != set(benchmark.sample(300, seed=1).doc_ids)
    assert len({i.split(".")[0] for i in benchmark.sample(50).doc_ids}) == 4  # not the first of a sorted list
    assert benchmark.sample(10**6).doc_ids == benchmark.doc_ids
    assert len(benchmark.sample(1).documents) == 1
    with pytest.raises(BenchmarkError, match="at least 1 document, but 0"):
        benchmark.sample(0)
