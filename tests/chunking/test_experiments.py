"""What is shipped of chapter 10 is what the code would compute: checked on samples."""

import json
from itertools import pairwise

import numpy as np
import pytest

from embedlab.benchmark import docsearch, quality
from embedlab.chunking import (
    SETUPS,
    WAYS,
    Setup,
    Study,
    docstring_counts,
    docstring_ranking,
    experiments,
    ship,
)
from embedlab.chunking.experiments import shipped
from embedlab.machine import data_path, files


@pytest.fixture(scope="module")
def study():
    return Study()


def test_a_setup_is_named_by_what_it_is():
    assert Setup("fixed", 128, 32).name == "fixed-128/32"
    assert Setup("sections", 64, above="headings").name == "sections-64+headings"
    assert Setup("sections", 64, window=256, index="int8").name == "sections-64+late-256, int8"
    assert all(setup.name == name for name, setup in SETUPS.items())


@pytest.mark.slow
def test_all_that_the_chapter_asks_for_is_shipped(study):
    for name in SETUPS:
        key = study.key(name)
        assert key in shipped(), f"{name} is not shipped as the code cuts it: see chunking.experiments.ship"
        assert len(shipped()[key]) == len(study.passages.queries)
        assert shipped()[key].max() < len(study.chunks(name))
    fingerprint = docsearch().fingerprint[:16]
    for way in WAYS:
        assert f"docsearch {way} test {fingerprint}" in shipped()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sections-128+headings", "fixed-64/32", "sections-128+late-256"])
def test_shipped_rankings_are_those_of_fresh_vectors(study, name):
    """What a query found is in the order of fresh scores, and no chunk of a sample is above the last."""
    setup = SETUPS[name]
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(study.passages.queries))[:4]
    ranking = study.ranking(name)[rows][:, :8].astype(int)
    others = rng.permutation(len(study.chunks(name)))[:30]
    wanted = np.unique(np.concatenate([ranking.ravel(), others]))
    if setup.window:
        vectors = _late(study, setup, wanted)
    else:
        texts = study.texts(setup)
        vectors = study.embedder.reading(512).encode([texts[i] for i in wanted], show_progress=False)
    asked = study.embedder.encode([study.passages.queries[row].text for row in rows], show_progress=False)
    scores = dict(zip(wanted.tolist(), (vectors @ asked.T), strict=True))
    full = study.ranking(name)[rows].astype(int)
    for column, found in enumerate(ranking):
        own = [scores[i][column] for i in found]
        assert all(a >= b - 1e-3 for a, b in pairwise(own))
        last = min(own)
        assert all(scores[i][column] <= last + 1e-3 for i in others.tolist() if i not in full[column])


def _late(study, setup, wanted):
    reader, chunks = study.embedder.reading(setup.window), study.chunks(setup.name)
    made = {}
    for number in sorted({chunks[i][0] for i in wanted}):
        rows = [i for i in wanted if chunks[i][0] == number]
        text = study.passages.articles[number].text
        vectors = experiments.late.late_vectors(text, [chunks[i][1] for i in rows], reader)
        made |= dict(zip(rows, vectors, strict=True))
    return np.stack([made[i] for i in wanted])


def test_a_setup_that_is_not_there_is_named(study):
    with pytest.raises(ValueError, match="magic-1"):
        study.ranking("magic-1")


@pytest.mark.slow
def test_recall_grows_with_the_budget_and_counts_each_character_once(study):
    values = [study.recall("fixed-64/32", "dev", "written", budget=budget) for budget in (64, 256, 1024)]
    assert all((a <= b + 1e-9).all() for a, b in pairwise(values))
    assert max(map(np.max, values)) <= 1


def test_passages_of_docstrings():
    counts = docstring_counts("docstrings-128+first line")
    assert counts.min() >= 1
    found = quality(docsearch(), docstring_ranking("docstrings-128+first line", "dev"), split="dev")
    assert 0.5 < found.mean() < 0.75
    with pytest.raises(ValueError, match="magic"):
        docstring_ranking("magic")


@pytest.mark.slow
def test_shipping_anew_takes_over_what_fits(tmp_path):
    """All keys of what is shipped are those that the code asks for, and no others are left over."""
    ship(tmp_path, report=lambda name: None)
    made, _ = files.load(tmp_path / "rankings.safetensors", "Chunking")
    assert made.keys() >= shipped().keys()
    for key, array in shipped().items():
        np.testing.assert_array_equal(made[key], array)
    cards = [
        json.loads((folder / "rankings.json").read_text(encoding="utf-8"))
        for folder in (tmp_path, data_path("chunking"))
    ]
    assert cards[0].pop("versions").keys() == cards[1].pop("versions").keys()
    assert cards[0] == cards[1]
