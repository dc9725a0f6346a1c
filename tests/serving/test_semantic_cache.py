"""Keys, near hits, invalidation, a full cache, a stampede; and the written pairs."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.serving import (
    SemanticCache,
    SingleFlight,
    Workload,
    break_even,
    che_hit_rate,
    choose_threshold,
    count_computations,
    decisive_words,
    exact_key,
    loose_key,
    lru_hit_rate,
    normalised,
    paraphrase_scores,
    paraphrases,
    saving,
    served_shares,
    simulate_stampede,
    zipf_shares,
    zipf_stream,
)

HERE = {"model": "m", "version": "1"}
NORTH, EAST = np.float32([1, 0]), np.float32([0, 1])


def cache(**options):
    return SemanticCache(**({"size": 10, "threshold": 0.9, "ttl": 60, "clock": lambda: 0.0} | options))


@given(st.text())
def test_a_key_is_stable(text):
    assert normalised(normalised(text)) == normalised(text)


@pytest.mark.parametrize("other", [{"model": "n"}, {"version": "2"}, {"tenant": "b"}])
def test_another_model_version_or_tenant_never_hits(other):
    kept = cache()
    kept.put("A question", "answer", NORTH, **HERE)
    assert kept.get("A question", NORTH, **(HERE | other)) is None
    assert exact_key("q", **HERE) != exact_key("q", **(HERE | other))


def test_entries_expire_and_the_oldest_used_goes_first():
    now = [0.0]
    kept = cache(size=2, threshold=1.1, clock=lambda: now[0])
    for text in "ab":
        kept.put(text, text, NORTH, **HERE)
    kept.get("a", **HERE)
    kept.put("c", "c", NORTH, **HERE)
    assert [kept.get(text, **HERE) is not None for text in "abc"] == [True, False, True]
    now[0] = 60.0
    assert kept.get("a", **HERE) is None
    assert len(kept) == 0


def test_a_change_drops_what_cites_it():
    kept = cache()
    kept.put("a", 1, NORTH, cites=["x", "y"], **HERE)
    kept.put("b", 2, EAST, cites=["z"], **HERE)
    assert kept.invalidate(["y", "unknown"]) == 1
    assert kept.get("a", **HERE) is None
    assert kept.get("b", **HERE) == (2, "exact")


def test_a_check_may_refuse_a_near_hit():
    def words(stored, asked):
        return decisive_words(stored) == decisive_words(asked)

    kept = cache(check=words)
    kept.put("Install version 2.0", "like this", NORTH, **HERE)
    assert kept.get("Install version 1.0", NORTH, **HERE) is None
    assert kept.get("Installing version 2.0", NORTH, **HERE) == ("like this", "near")


def test_single_flight_computes_once_and_forgets_errors():
    assert asyncio.run(count_computations(50, 0.01, single_flight=True)) == 1
    assert asyncio.run(count_computations(50, 0.01, single_flight=False)) == 50
    flight, calls = SingleFlight(), []

    async def failing():
        calls.append(1)
        await asyncio.sleep(0)
        raise OSError("down")

    async def scene():
        return [await asyncio.gather(*(flight.do("k", failing) for _ in range(5)), return_exceptions=True)
                for _ in range(2)]  # fmt: skip

    assert all(isinstance(error, OSError) for some in asyncio.run(scene()) for error in some)
    assert len(calls) == 2


def test_who_gives_up_does_not_take_the_answer_from_the_others():
    async def scene():
        flight = SingleFlight()

        async def compute():
            await asyncio.sleep(0.05)
            return "answer"

        first = asyncio.ensure_future(flight.do("k", compute))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(flight.do("k", compute))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(scene()) == "answer"


def test_a_stampede_is_one_computation_with_single_flight():
    arrivals = np.sort(np.random.default_rng(0).random(500))
    crowd, one = (simulate_stampede(arrivals, 0.5, single_flight=single) for single in (False, True))
    assert crowd.computed > 200
    assert one.computed == 1
    assert one.latency.max() <= 0.5 + 1e-9 < crowd.latency.max()


@pytest.mark.parametrize("size", [100, 1000, 3000])
def test_replayed_hits_are_those_of_the_formula(size):
    workload = Workload(questions=5000, reworded=0.0)
    found = lru_hit_rate(zipf_stream(workload, 60_000), size)
    assert found.exact == pytest.approx(che_hit_rate(zipf_shares(5000, 0.8), size), abs=0.01)
    assert found.near == found.false == 0


def test_near_keys_find_other_wordings():
    stream = zipf_stream(Workload(), 30_000)
    plain, near = lru_hit_rate(stream, 1000), lru_hit_rate(stream, 1000, near=1.0)
    assert near.exact + near.near > plain.exact + 0.1


@given(st.floats(0.001, 1), st.floats(1.1, 100), st.floats(0.05, 0.4))
def test_at_break_even_nothing_is_saved(hit, wrong, hits):
    ratio = break_even(hit=hit, wrong=wrong)
    if hits * (1 + ratio) <= 1:
        assert saving(hits, hits * ratio, hit=hit, lookup=0, wrong=wrong) == pytest.approx(0, abs=1e-9)


def test_pairs_are_dealt_by_question_and_all_differ():
    dev, test = paraphrases("dev"), paraphrases("test")
    assert not {pair.stored for pair in dev} & {pair.stored for pair in test}
    assert sorted(dev + test, key=str) == sorted(paraphrases(), key=str)
    texts = [pair.asked for pair in paraphrases()] + [pair.stored for pair in paraphrases()]
    assert all(normalised(pair.asked) != normalised(pair.stored) for pair in paraphrases())
    assert all(text == text.strip() for text in texts)


def test_a_cosine_of_095_is_not_safe():
    pairs, scores = paraphrases("test"), paraphrase_scores("mean", "test")
    shares = served_shares(scores >= 0.95, pairs)
    assert shares["near"].low > 0.02
    assert shares["same"].high < 0.1
    assert shares["light"].mean > 0.8


def test_a_chosen_threshold_keeps_its_promise_where_it_was_chosen():
    pairs, scores = paraphrases("dev"), paraphrase_scores("mean", "dev")
    same = np.array([pair.same for pair in pairs])
    for most in (0.0, 0.05, 0.2):
        assert (scores[~same] >= choose_threshold(scores, same, most)).mean() <= most
    assert choose_threshold(np.array([0.9, 0.5]), np.array([False, True]), 0.0) == np.inf


def test_a_loose_key_serves_no_near_miss():
    served = np.array([loose_key(pair.stored) == loose_key(pair.asked) for pair in paraphrases()])
    shares = served_shares(served, paraphrases())
    assert shares["near"].mean == 0
    assert shares["light"].mean > 0.4


@pytest.mark.slow
def test_shipped_scores_are_those_of_the_model():
    from embedlab.engine import embedder

    pairs = paraphrases()[::12]
    found = embedder().encode([pair.stored for pair in pairs]) * embedder().encode(
        [pair.asked for pair in pairs]
    )
    assert np.allclose(found.sum(axis=1), paraphrase_scores()[::12], atol=2e-3)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="train"):
        paraphrases("train")
    with pytest.raises(ValueError, match="size 0"):
        SemanticCache(size=0)
    with pytest.raises(ValueError, match="glove"):
        paraphrase_scores("glove")
    with pytest.raises(ValueError, match="size 0"):
        lru_hit_rate(zipf_stream(Workload(), 10), 0)
