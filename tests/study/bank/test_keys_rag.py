"""Keys of the questions on retrieval-augmented generation, measured."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score

from embedlab import Embedder
from embedlab.pooling import l2_normalize as unit


def word_f1(answer, reference):
    answer, reference = answer.split(), reference.split()
    common = (Counter(answer) & Counter(reference)).total()
    return 2 * common / (len(answer) + len(reference))


def test_word_f1_by_hand():
    reference = "within 30 days of delivery"
    assert word_f1("30 days after delivery", reference) == pytest.approx(2 / 3)
    assert word_f1("40 days after delivery", reference) == pytest.approx(0.444, abs=0.001)


def test_context_precision_is_average_precision_of_what_was_retrieved():
    useful, by_place = [1, 0, 1, 1, 0], [5, 4, 3, 2, 1]
    assert average_precision_score(useful, by_place) == pytest.approx(0.806, abs=0.001)
    assert average_precision_score([1, 0, 0, 0, 0], by_place) == 1  # whatever was missed


def test_sixty_questions_leave_ten_points_of_doubt():
    drawn = np.random.default_rng(0).binomial(60, 0.8, 200_000) / 60
    assert 100 * 1.96 * drawn.std() == pytest.approx(10.1, abs=0.05)
    wilson = binomtest(48, 60).proportion_ci(method="wilson")
    assert (round(wilson.low, 2), round(wilson.high, 2)) == (0.68, 0.88)


def test_nine_won_and_four_lost_is_within_chance():
    assert binomtest(9, 13).pvalue == pytest.approx(0.27, abs=0.005)
    assert binomtest(36, 52).pvalue < 0.01


def test_eight_statements_at_97_percent():
    unsupported = np.random.default_rng(0).random((400_000, 8)) < 0.03
    assert 100 * unsupported.any(axis=1).mean() == pytest.approx(21.6, abs=0.2)


def test_risk_and_coverage_of_ten_answers():
    wrong = np.array([0, 0, 0, 1, 0, 0, 1, 0, 1, 1])
    shares = wrong.cumsum() / np.arange(1, 11)
    assert [round(100 * share) for share in shares] == [0, 0, 0, 25, 20, 17, 29, 25, 33, 40]
    assert np.flatnonzero(shares <= 0.2).max() + 1 == 6


def test_mmr_ties_where_computed():
    def second(balance):
        values = {"B": balance * 0.88 - (1 - balance) * 0.95, "C": balance * 0.70 - (1 - balance) * 0.30}
        return max(values, key=values.get)

    assert second(0.782) == "C"
    assert second(0.784) == "B"


def test_whole_manual_or_passages_and_what_an_agent_reads():
    assert 150_000 / 10 / 4000 == 3.75
    prompt, read = 1000, []
    for _ in range(12):
        read.append(prompt)
        prompt += 2000
    assert (sum(read[:6]), sum(read)) == (36_000, 144_000)


# The system that became worse without an error.


def test_questions_of_another_model_find_their_texts_by_chance():
    """Another model as a random rotation: what is near stays near, on either side by itself."""
    rng = np.random.default_rng(0)
    dims = 384
    texts = unit(rng.normal(size=(50_000, dims)).astype(np.float32))
    questions = unit(texts[:200] + 0.05 * rng.normal(size=(200, dims)).astype(np.float32))
    rotation = np.linalg.qr(rng.normal(size=(dims, dims)))[0].astype(np.float32)

    def recall_and_best(asked):
        cosines = asked @ texts.T
        nearest = np.argpartition(-cosines, 10, axis=1)[:, :10]
        return (nearest == np.arange(200)[:, None]).any(axis=1).mean(), cosines.max(axis=1).mean()

    recall, best = recall_and_best(questions)
    assert recall == 1
    assert best == pytest.approx(0.7, abs=0.05)
    recall, best = recall_and_best(questions @ rotation)
    assert recall < 0.02
    assert best == pytest.approx(0.2, abs=0.03)
    assert (questions @ rotation @ texts.T).std() == pytest.approx(1 / np.sqrt(dims), rel=0.02)


def test_a_halved_limit_loses_second_halves_only():
    model = Embedder.load()
    first, second = " ".join(np.histogram.__doc__.split()[:80]), "The ferry to the island leaves at noon."
    tokens = len(model.tokenizer.encode(first))
    full, cut = (
        model.reading(limit).encode([f"{first} {second}"], on_long="cut")[0] for limit in (2 * tokens, tokens)
    )
    early, late = model.encode(["compute the histogram of a dataset", "When does the ferry leave?"])
    assert early @ cut > early @ full - 0.02
    assert late @ cut < late @ full - 0.1


def test_old_vectors_on_texts_cut_anew_keep_their_recall_by_id():
    """One document of words that are numbers, cut at 500 and at 300; vectors of the old chunks only."""
    words = np.arange(60_000)
    before, after = (np.split(words, range(size, len(words), size)) for size in (500, 300))
    vectors = unit(np.random.default_rng(0).normal(size=(len(before), 64)))
    labels = np.arange(1, len(before))  # the chunk that answers each question
    answers = [before[label][100] for label in labels]  # and the word in it
    found = (unit(vectors[labels] + 0.01) @ vectors.T).argmax(axis=1)
    assert np.mean(found == labels) == 1
    assert all(answer in before[id_] for id_, answer in zip(found, answers, strict=True))
    shown = [answer in after[id_] for id_, answer in zip(found, answers, strict=True)]
    assert np.mean(shown) < 0.02
    assert (before[17][0], after[17][0]) == (8500, 5100)
    assert len(after) > len(before)  # so that every old id exists


def test_a_lost_tenant_hides_in_the_mean_and_shows_in_pairs():
    tenant = np.arange(1000) // 20
    before = np.arange(1000) % 20 < 17
    after = before & (tenant != 7)
    assert 100 * (before.mean() - after.mean()) == pytest.approx(1.7)
    assert 100 * 1.96 * np.sqrt(0.85 * 0.15 / 1000) == pytest.approx(2.2, abs=0.02)
    lost, won = (before & ~after).sum(), (after & ~before).sum()
    assert (lost, won) == (17, 0)
    assert binomtest(17, 17).pvalue < 0.001
    assert min(after[tenant == one].mean() for one in range(50)) == 0


# Code as it is asked about.


def test_scores_scaled_within_a_question_cannot_refuse():
    for scores in ([0.9, 0.7, 0.1], [0.02, 0.01, 0.005]):  # a good hit, and none
        low, high = scores[-1], scores[0]
        assert (scores[0] - low) / (high - low) == 1


def test_links_follow_the_old_order():
    passages = [SimpleNamespace(text=f"text {i}", url=f"text {i}") for i in range(1, 7)]
    for count in range(3, 7):
        some = passages[:count]
        outside = some[0::2] + some[1::2][::-1]
        assert set(map(id, outside)) == set(map(id, some))
        assert (outside[0], outside[-1]) == (some[0], some[1])
        right = [shown.text == linked.url for shown, linked in zip(outside, some, strict=True)]
        assert right[0]
        assert sum(right) <= count / 2


def test_a_greedy_fill_keeps_budget_and_order():
    def choose(passages, budget):
        chosen, used = [], 0
        for passage in passages:
            if used + passage.tokens > budget:
                continue
            chosen.append(passage)
            used += passage.tokens
        return chosen

    rng = np.random.default_rng(0)
    for _ in range(200):
        passages = [SimpleNamespace(rank=i, tokens=int(n)) for i, n in enumerate(rng.integers(1, 50, 12))]
        budget = int(rng.integers(1, 200))
        ranks = [one.rank for one in choose(passages, budget)]
        used = sum(passages[rank].tokens for rank in ranks)
        assert used <= budget
        assert ranks == sorted(ranks)
        assert all(used + one.tokens > budget for one in passages if one.rank not in ranks)
    long, short = SimpleNamespace(tokens=90), SimpleNamespace(tokens=30)
    assert choose([long, short], 60) == [short]
    assert choose([long, short], 120) == [long, short]  # just full


def test_skipping_refusals_rewards_them():
    chance = np.linspace(0.99, 0.57, 100)  # of a right answer, the surest question first
    answered = [chance[:count].mean() for count in (100, 30)]
    assert answered[0] == pytest.approx(0.78)
    assert answered[1] == pytest.approx(0.93, abs=0.01)
    assert chance[:30].sum() / 100 < 0.3  # right answers of all questions
