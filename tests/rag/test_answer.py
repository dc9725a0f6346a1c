"""The loop, with a search and readers of a few lines; and the reader that quotes."""

import pytest

from embedlab.rag import NOT_FOUND, Citation, Draft, Extractive, Passage, ask

DOCUMENTS = {
    "snow.md": "Snow falls in winter. Fresh snow is white.",
    "copy.md": "Snow falls in winter.  Fresh snow is white.",
    "rust.md": "Iron rusts. Rust is red.",
    "cat.md": "The cat sleeps.",
}


def words(text):
    return {word.strip(".!?").lower() for word in text.split()}


def search(question, k):
    found = [
        Passage(name, text, name, float(len(words(question) & words(text))))
        for name, text in DOCUMENTS.items()
    ]
    return sorted((one for one in found if one.score), key=lambda one: -one.score)[:k]


class Shared:
    """Scores a pair by the words that both have."""

    def __init__(self):
        self.seen = []

    def score_pairs(self, pairs):
        self.seen += pairs
        return [len(words(question) & words(text)) for question, text in pairs]


def reader(threshold=2, **options):
    return Extractive(Shared(), threshold=threshold, **options)


def test_an_answer_is_quoted_with_its_passage():
    answer = ask("what is white snow", search, reader(near=0))
    assert answer.text == "Fresh snow is white. [1]"
    assert (answer.found, answer.score) == (True, 3)
    assert answer.citations == [Citation(1, "Fresh snow is white.", 1.0, True)]
    assert answer.passages[0].source == "snow.md"
    assert answer.unsupported == answer.left_out == []


def test_a_copy_is_not_read_beside_what_it_copies():
    sources = [one.source for one in ask("red snow", search, reader(), passages=2, weight=0.4).passages]
    assert sources == ["snow.md", "rust.md"]


def test_sentences_stand_in_the_order_of_their_passages():
    answer = ask("snow in winter is white, rust is red", search, reader(threshold=1, near=9), weight=1)
    numbers = [one.number for one in answer.citations]
    assert len(numbers) == 3
    assert numbers == sorted(numbers)
    one = ask("snow in winter is white", search, reader(threshold=1, near=9, most=1))
    assert len(one.citations) == 1


def test_thin_evidence_is_no_answer():
    answer = ask("what is white snow", search, reader(threshold=4))
    assert (answer.text, answer.found, answer.score, answer.citations) == (NOT_FOUND, False, 3, [])
    assert answer.passages  # what was read is still said
    nothing = ask("quantum", search, reader())
    assert (nothing.text, nothing.passages, nothing.score) == (NOT_FOUND, [], float("-inf"))


def test_sentences_below_the_threshold_are_not_quoted_beside_the_best():
    answer = ask("fresh snow is white", search, reader(threshold=4, near=9))
    assert {one.claim for one in answer.citations} == {"Fresh snow is white."}


def test_a_sentence_is_scored_below_its_title():
    read = reader()
    ask("the cat", search, read)
    assert ("the cat", "cat.md\nThe cat sleeps.") in read.model.seen


def test_any_reader_will_do_and_what_it_cites_is_verified():
    def generator(question, passages):
        return Draft("Fresh snow is white [1]. Snow is made of cheese [1]. Mice agree [9].", 0.5)

    answer = ask("snow", search, generator)
    assert [one.supported for one in answer.citations] == [True, False, False]
    assert [one.claim for one in answer.unsupported] == ["Snow is made of cheese.", "Mice agree."]


def test_a_passage_longer_than_the_budget_is_cut_and_said_to_be():
    def long(question, k):
        return [Passage("long.md", "Snow is white. " * 200), Passage("more.md", "More.")]

    answer = ask("snow white", long, reader(), budget=40, weight=1)
    assert answer.passages[0].cut
    assert answer.found
    assert [one.source for one in answer.left_out] == ["more.md"]


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: ask("?!", search, reader()), ValueError, r"the question '\?!' has no words"),
        (lambda: ask("", search, reader()), ValueError, "the question '' has no words"),
        (lambda: ask(None, search, reader()), TypeError, "the question"),
        (lambda: ask("snow", search, reader(), passages=0), ValueError, "passages is 0"),
        (lambda: ask("snow", search, reader(), budget=2), ValueError, "budget of 2 tokens"),
        (lambda: reader(most=0), ValueError, "most is 0"),
    ],
)
def test_what_is_wrong_is_said(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()
