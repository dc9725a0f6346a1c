"""The loaders, on good and on broken files."""

import time

import pytest
from folders import beir_folder

from embedlab.benchmark import BenchmarkError, load_beir, load_corpus, recall


def test_beir_folder_loads(tmp_path):
    found = load_beir(beir_folder(tmp_path))
    assert found.documents == ["T\none", "two"]
    assert found.split() == (["q1"], ["first?"], {"q1": {"d1": 2, "d2": 0}})
    with pytest.raises(BenchmarkError, match="has no split 'train', only test"):
        found.split("train")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"corpus": ["{"]}, r"corpus.jsonl, line 1: not JSON"),
        ({"corpus": ['{"_id": "d1"}']}, r"corpus.jsonl, line 1: expected an object with a string 'text'"),
        (
            {"corpus": ['{"_id": 1, "text": ""}', '{"_id": 1, "text": ""}']},
            r"line 2: the id '1' is there twice",
        ),
        ({"queries": ["", "[]"]}, r"queries.jsonl, line 2: expected an object"),
        (
            {"qrels": ["query-id\tcorpus-id\tscore", "q1\td9\t1"]},
            r"test.tsv, line 2: there is no document 'd9'",
        ),
        ({"qrels": ["q9\td1\t1"]}, r"test.tsv, line 1: there is no query 'q9'"),
        (
            {"qrels": ["q1 d1"]},
            r"test.tsv, line 1: expected query id, document id and a whole number",
        ),
        ({"qrels": ["q1\td1\t1.0", "q1\td2\t1"]}, r"line 1: expected .* but got \['q1', 'd1', '1.0'\]"),
        ({"qrels": ["q1\td1\tyes", "q1\td2\t1"]}, r"line 1: expected .* a whole number"),
        ({"qrels": ["q8\td1\t.5", "q1\td2\t1"]}, r"line 1: expected .* a whole number"),
        ({"qrels": ["head", "q" * 140_000 + "\td1\t1"]}, r"line 2: there is no query 'q{80}'$"),
        ({"qrels": ["head", "q1\td1\t" + "9" * 140_000]}, r"line 2: expected .* '9{80}'\]$"),
        (
            {"corpus": ['{"_id": "d1", "text": "", "m": ' + "[" * 100_000 + "]" * 100_000 + "}"]},
            r"not JSON: ",
        ),
        ({"corpus": ['{"text": "one"}']}, r"corpus.jsonl, line 1: there is no '_id'"),
        ({"queries": ['{"_id": null, "text": "?"}']}, r"queries.jsonl, line 1: there is no '_id'"),
        ({"qrels": ["query-id\tcorpus-id\tscore"]}, r"test.tsv: there are no judgements in it"),
        ({"qrels": ["q1\td1\t1", "q1\td1\t0"]}, r"line 2: 'q1' and 'd1' were judged otherwise"),
        ({"qrels": ["head", "q1\td1\t--1"]}, r"line 2: expected .* a whole number"),
        ({"qrels": ["head", "q1\td1\t\u0662"]}, r"line 2: expected .* a whole number"),
        ({"qrels": ["head", "q1\td1\thigh"]}, r"line 2: expected .* but got \['q1', 'd1', 'high'\]"),
    ],
)
def test_broken_beir_folders_name_file_and_line(tmp_path, files, message):
    with pytest.raises(BenchmarkError, match=message):
        load_beir(beir_folder(tmp_path, **files))


def test_missing_and_empty_beir_files(tmp_path):
    with pytest.raises(BenchmarkError, match=r"corpus.jsonl cannot be read: No such file"):
        load_beir(tmp_path)
    folder = beir_folder(tmp_path)
    (folder / "corpus.jsonl").write_text("\n")
    with pytest.raises(BenchmarkError, match=r"corpus.jsonl: there is nothing in it"):
        load_beir(folder)


def test_your_own_documents(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 7, "text": "seven"}\n{"text": "two"}\n')
    assert load_corpus(tmp_path / "a.jsonl") == (["7", "2"], ["seven", "two"])
    (tmp_path / "b.txt").write_text("\ufefffirst\n\nthird\r\n", encoding="utf-8")
    assert load_corpus(tmp_path / "b.txt") == (["line 1", "line 3"], ["first", "third"])
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "x.md").write_text("a note")
    (folder / "y.rst").write_text("another")
    (folder / "empty.txt").write_text(" ")
    assert load_corpus(folder) == (["sub/x.md", "y.rst"], ["a note", "another"])


@pytest.mark.parametrize(
    "lines",
    [
        ["q1\td1\t2", "q1\td2\t1"],
        ["query-id\tcorpus-id\tscore", "q1\td1\t2", "q1\td2\t1"],
        ["q1\td1\t2 ", "q1\td2\t1 "],
        ["q1\td1\t+2", "q1\td2\t1"],
        ["q1 d1 2", "q1 d2 1"],
        ["q1 0 d1 2", "q1 0 d2 1"],
        ["q1\t0\td1\t2", "q1\tQ0\td2\t1"],
        ["", "q1  0   d1 2", "q1 0 d2 1", ""],
    ],
)
def test_qrels_with_and_without_heading_in_beirs_form_and_in_trecs(tmp_path, lines):
    assert load_beir(beir_folder(tmp_path, qrels=lines)).qrels == {"q1": {"d1": 2, "d2": 1}}


def test_a_judged_document_that_is_missing_counts_as_not_found(tmp_path):
    folder = beir_folder(tmp_path, qrels=["q1\td1\t1", "q1\tgone\t1"])
    with pytest.warns(UserWarning, match=r"line 2: there is no document 'gone': 1 of 2 judged") as said:
        found = load_beir(folder)
    assert len(said) == 1
    assert recall(found.qrels, {"q1": {"d1": 1.0, "d2": 0.5}}) == {"q1": 0.5}
    assert found.sample(2).qrels == found.qrels


def test_a_query_that_is_relevant_to_itself_is_said(tmp_path):
    folder = beir_folder(
        tmp_path, queries=['{"_id": "d1", "text": "one?"}'], qrels=["d1\td1\t1", "d1\td2\t1"]
    )
    with pytest.warns(UserWarning, match="'d1' is relevant to itself, but .* left out"):
        load_beir(folder)


@pytest.mark.parametrize(
    ("lines", "ids"),
    [
        (['{"id": null, "text": "a"}', '{"id": null, "text": "b"}'], ["1", "2"]),
        (['{"_id": null, "id": "k", "text": "a"}', '{"_id": "", "text": "b"}'], ["k", "2"]),
        (['{"id": 2, "text": "a"}', '{"text": "b"}'], ["2", "2.1"]),
        (['{"text": "a"}', '{"id": 1, "text": "b"}', '{"id": "1.1", "text": "c"}'], ["1.2", "1", "1.1"]),
        (['{"id": 0, "text": "a"}', '{"id": "None", "text": "b"}'], ["0", "None"]),
    ],
)
def test_records_without_id_are_numbered(tmp_path, lines, ids):
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    assert load_corpus(tmp_path / "x.jsonl")[0] == ids


def test_nested_too_deeply(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"text": "a", "m": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(BenchmarkError, match=r"x.jsonl, line 1: not JSON"):
        load_corpus(tmp_path / "x.jsonl")


def test_source_code_is_text_and_one_bad_file_does_not_stop_the_rest(tmp_path):
    for name, content in {
        "main.go": b"package main",
        "Makefile": b"all:",
        "sub/notes.md": b"\xef\xbb\xbfnotes\r\n",
        "latin.txt": "straße".encode("latin-1"),
        "picture.png": b"\x89PNG",
        "zeros.bin": bytes(10),
        "utf16.txt": "text".encode("utf-16"),
        ".hidden.md": b"hidden",
        ".git/x/readme.txt": b"internal",
        "sub/node_modules/y/README.md": b"vendored",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "broken_link").symlink_to(tmp_path / "nowhere")
    with pytest.warns(
        UserWarning, match=r"4 of 7 files .* left out: latin.txt, picture.png, utf16.txt, \.\.\.$"
    ):
        ids, texts = load_corpus(tmp_path)
    assert ids == ["Makefile", "main.go", "sub/notes.md"]
    assert texts == ["all:", "package main", "notes\n"]


def test_a_thousand_files_load_in_well_under_a_second(tmp_path):
    for i in range(1000):
        (tmp_path / f"{i:04}.txt").write_text(f"text {i} " * 200)
    start = time.process_time()
    ids, _ = load_corpus(tmp_path)
    assert time.process_time() - start < 1
    assert len(ids) == 1000


def test_your_own_documents_where_there_are_none(tmp_path):
    with pytest.raises(BenchmarkError, match="no documents in it"):
        load_corpus(tmp_path)
    with pytest.raises(BenchmarkError, match="nothing does not exist"):
        load_corpus(tmp_path / "nothing")
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    with pytest.raises(BenchmarkError, match=r"expected a folder, a .jsonl or a .txt file"):
        load_corpus(tmp_path / "a.pdf")
    with pytest.raises(BenchmarkError, match="cannot be read: No such file"):
        load_corpus(tmp_path / "nothing.txt")
    (tmp_path / "latin.txt").write_bytes("e\né".encode("latin-1"))
    with pytest.raises(BenchmarkError, match=r"latin.txt is no text in UTF-8, line 2"):
        load_corpus(tmp_path / "latin.txt")
