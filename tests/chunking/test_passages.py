"""The questions with a place: right places, both splits, the same everywhere."""

from collections import Counter

import pytest
import yaml

from embedlab.benchmark import BenchmarkError, wikipedia
from embedlab.chunking import KINDS, passages
from embedlab.machine import data_path

WRITTEN = yaml.safe_load(data_path("wikipedia_questions.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found():
    return passages()


def test_written_questions_are_whole_and_balanced():
    assert len({one["id"] for one in WRITTEN}) == len(WRITTEN) == 144
    kinds = Counter(one["kind"] for one in WRITTEN)
    wanted = {"fact": 32, "context": 28, "paraphrase": 24, "table": 12, "list": 8, "why": 16}
    assert kinds == wanted | {"unanswerable": 24}
    for one in WRITTEN:
        assert set(one) == ({"id", "question", "kind"} if one["kind"] == "unanswerable" else FIELDS), one[
            "id"
        ]


FIELDS = {"id", "question", "article", "quote", "answer", "kind"}


def test_a_written_question_keeps_its_quote(found):
    quotes = {one["id"]: one["quote"] for one in WRITTEN if "quote" in one}
    written = [query for query in found.queries if query.kind == "written"]
    assert len(written) == len(quotes) == 120
    for query in written:
        assert found.articles[query.article].text[query.start : query.end] == quotes[query.name]


def test_places_lie_in_their_articles_and_names_are_unique(found):
    assert len({query.name for query in found.queries}) == len(found.queries)
    for query in found.queries:
        assert 0 <= query.start < query.end <= len(found.articles[query.article].text)


def test_a_sentence_that_was_cut_out_is_gone_and_its_neighbours_stay(found):
    whole = {article.title: article.text for article in wikipedia()}
    for query in found.of("dev", "sentence"):
        article = found.articles[query.article]
        assert query.text in whole[article.title]
        assert whole[article.title].count(query.text) == article.text.count(query.text) + 1
        around = article.text[query.start : query.end]
        assert around not in whole[article.title]  # the sentence stood between its two halves


def test_no_article_answers_queries_of_both_splits(found):
    dev, test = ({query.article for query in found.of(split)} for split in ("dev", "test"))
    assert not dev & test
    assert all(found.of(split, kind) for split in ("dev", "test") for kind in KINDS)


def test_what_is_not_there_is_named(found):
    with pytest.raises(BenchmarkError, match="train"):
        found.of("train")
    with pytest.raises(BenchmarkError, match="spoken"):
        found.of("dev", "spoken")
