"""What is shipped in data/trained belongs to the code that is said to have made it, and can be made anew."""

import json

import numpy as np
import pytest

from embedlab import finetuning, reranking
from embedlab.benchmark import Benchmark, docsearch
from embedlab.engine import cross_encoder, trained_colbert, training
from embedlab.engine.models import embedder, finetuned_embedder
from embedlab.machine import StoreError, data_path

FOLDER = data_path("trained")
every_one = pytest.mark.parametrize("name", [*training.NAMES, *training.CONTROLS])


def card(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def benchmark():
    return docsearch()


@pytest.mark.slow
@every_one
def test_a_card_names_the_recipe_of_the_code(name, benchmark):
    task = training.task_of(name, benchmark, FOLDER)
    assert card(name)["recipe"] == task.recipe
    assert set(card(name)["nDCG@10"]) == {"dev", "test"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*training.SMALL, *training.CONTROLS])
def test_the_first_steps_lose_what_the_card_says(name, benchmark):
    task = training.task_of(name, benchmark, FOLDER)
    if task.examples != card(name)["examples"]:
        pytest.skip("trained on other versions of the four libraries")
    # Float32 on every machine; another CPU rounds otherwise, and Adam's first steps follow signs.
    assert training.small_losses(name, task) == pytest.approx(card(name)["small losses"], rel=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", training.SMALL)
def test_the_first_whole_step_loses_what_the_card_says(name, benchmark):
    task = training.task_of(name, benchmark, FOLDER)
    if task.examples != card(name)["examples"]:
        pytest.skip("trained on other versions of the four libraries")
    _, losses = task.train(*task.arguments, **task.options, stop_after=2, show_progress=False)
    assert losses == pytest.approx(card(name)["first losses"][:2], rel=2e-3)


def test_what_is_shipped_is_small():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 10e6


def test_what_is_shipped_can_be_loaded_and_each_is_a_model_of_its_own():
    plain, tuned = embedder(), finetuned_embedder()
    assert tuned.identity != plain.identity
    vectors = [model.encode(["sort an array"]) for model in (plain, tuned)]
    assert 0.3 < float((vectors[0] * vectors[1]).sum()) < 0.99
    assert trained_colbert().dims == 128
    assert finetuning.trained_adapter(plain).matrix.shape == (384, 384)
    scores = cross_encoder().score("sort an array", ["numpy.sort\nReturn a sorted copy.", "Stocks fell."])
    assert scores[0] > scores[1]


def test_the_adapter_refuses_vectors_of_another_model():
    with pytest.raises(StoreError, match="was trained for"):
        finetuning.trained_adapter(finetuned_embedder())


def test_the_reranker_refuses_another_base():
    with pytest.raises(StoreError, match="was trained on the model"):
        reranking.CrossEncoder.load(finetuning.trained_file("reranker"))


def test_a_missing_file_says_what_makes_it():
    with pytest.raises(StoreError, match=r"nothing.safetensors' is missing: 'embedlab train all' makes"):
        finetuning.trained_file("nothing")


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A benchmark and trainings of a few steps, so that all of `train_all` runs in seconds."""
    things = [
        f"{adjective} {noun}" for adjective in ("red", "big", "new") for noun in ("cat", "car", "hat", "sea")
    ]
    ids = [f"demo.{i}" for i in range(len(things))]
    documents = [
        f"{i}\nAbout the {thing}.\n\nThe {thing} is here." for i, thing in zip(ids, things, strict=True)
    ]
    queries = {f"q{i}": f"where is the {thing}" for i, thing in enumerate(things)}
    qrels = {f"q{i}": {ids[i]: 1} for i in range(len(things))}
    splits = {"train": list(queries)[:6], "dev": list(queries)[6:9], "test": list(queries)[9:]}
    benchmark = Benchmark("tiny", ids, documents, queries, qrels, splits)
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(training, "docsearch", lambda: benchmark)
    monkeypatch.setattr(training, "data_path", lambda name: tmp_path / name)
    few = {"encoder": {"steps": 2}, "colbert": {"steps": 2, "dims": 8}, "reranker": {"steps": 2, "lists": 2}}
    real = training.task_of

    def task_of(name, benchmark, folder):
        task = real(name, benchmark, folder)
        fewer = few.get(training.CONTROLS.get(name, (name,))[0], {})
        return training.Task(task.train, task.arguments, task.options | fewer, task.examples)

    monkeypatch.setattr(training, "task_of", task_of)
    return tmp_path / "trained"


@pytest.mark.slow
def test_train_all_makes_everything_resumes_and_compares(tiny, monkeypatch):
    real, calls, lines = training.trained, [], []

    def interrupted(name, task, folder, device):
        calls.append(name)
        if calls == ["encoder", "adapter", "colbert"]:
            raise KeyboardInterrupt
        return real(name, task, folder, device)

    monkeypatch.setattr(training, "trained", interrupted)
    with pytest.raises(KeyboardInterrupt):
        training.train_all(report=lines.append)
    assert not tiny.exists(), "nothing is replaced before all is done"
    training.train_all(report=lines.append)
    again = ["colbert", "reranker", *training.CONTROLS]
    assert calls == ["encoder", "adapter", "colbert", *again], "what was done is not done again"
    names = {*training.NAMES, *training.CONTROLS}
    assert {file.stem for file in tiny.glob("*.safetensors")} == {*names, "mined"}
    for name in names:
        made = json.loads((tiny / f"{name}.json").read_text())["nDCG@10"]
        assert all(0 <= value <= 1 for side in ("dev", "test") for value in made[side].values())
    base = finetuning.trained_encoder(tiny / "encoder.safetensors")
    reranking.CrossEncoder.load(tiny / "reranker.safetensors", base=base)
    assert any("fine-tuned-64" in line and "before nan" in line for line in lines)
    figure = json.loads((tiny / "colbert.json").read_text())["nDCG@10"]["test"]["colbert"]
    lines.clear()
    monkeypatch.setattr(training, "made_card", lambda name, *_: {"nDCG@10": {"test": {name: 0.5}}})
    training.train_all(report=lines.append)
    assert np.isclose(
        figure, float(next(line for line in lines if "colbert  " in line).split()[-1]), atol=1e-3
    )
