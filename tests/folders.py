"""Folders that several tests read."""


def beir_folder(path, corpus=None, queries=None, qrels=None):
    (path / "qrels").mkdir()
    corpus = corpus or ['{"_id": "d1", "title": "T", "text": "one"}', '{"_id": "d2", "text": "two"}']
    queries = queries or ['{"_id": "q1", "text": "first?"}', '{"_id": "q2", "text": "unjudged?"}']
    qrels = qrels or ["query-id\tcorpus-id\tscore", "q1\td1\t2", "q1\td2\t0"]
    (path / "corpus.jsonl").write_text("\n".join(corpus) + "\n")
    (path / "queries.jsonl").write_text("\n".join(queries) + "\n")
    (path / "qrels" / "test.tsv").write_text("\n".join(qrels) + "\n", encoding="utf-8")
    return path
