"""What is quoted for chapter 11, and that its scores are shipped."""

import pytest

from embedlab.embedder import VectorStore
from embedlab.engine import Quotes, cross_encoder
from embedlab.engine.quoting import pairs_quoted
from embedlab.rag import Evidence


@pytest.mark.slow
def test_all_pairs_of_the_chapter_are_shipped(monkeypatch, tmp_path):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    pairs = pairs_quoted()
    _, missing = VectorStore(cross_encoder().fingerprint, dims=1).get(["\0".join(pair) for pair in pairs])
    assert len(pairs) > 8000
    assert missing == []


@pytest.mark.slow
def test_a_quote_stands_in_the_passage_that_it_cites():
    evidence = Evidence()
    quotes = Quotes(evidence, most=1)
    query = evidence.questions("dev")[3]
    (passages,) = quotes.passages([query.text], 5)
    draft = quotes.read(query.text, passages)
    assert len(draft.quotes) == 1
    assert any(draft.quotes[0].claim in passage.text for passage in passages)
