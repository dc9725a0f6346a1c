"""The fake remote API: its weather without a clock, and once behind real HTTP."""

import time

import numpy as np
import pytest

from embedlab.serving import (
    Bucket,
    CallError,
    Policy,
    RemoteAPI,
    Retrying,
    SpaceCard,
    SpaceError,
    Weather,
    check_space,
    fake_app,
    served,
    take_token,
)


def test_the_same_seed_is_the_same_weather():
    weather = Weather(failures=0.2, per_second=5.0)
    first, second = ([RemoteAPI(weather, seed=3).call(now / 10) for now in range(50)] for _ in range(2))
    assert first == second


def test_answers_are_as_slow_and_fail_as_often_as_was_ordered():
    api = RemoteAPI(Weather(median=0.1, sigma=0.5, stall_share=0.02, stall=5.0, failures=0.1))
    replies = [api.call(float(now)) for now in range(20_000)]
    seconds = np.array([reply.seconds for reply in replies])
    assert np.median(seconds) == pytest.approx(0.1, rel=0.05)
    assert (seconds > 5).mean() == pytest.approx(0.02, abs=0.005)
    assert np.mean([reply.status == 503 for reply in replies]) == pytest.approx(0.1, abs=0.01)


def test_the_rate_limit_holds_and_says_when_to_come_again():
    api = RemoteAPI(Weather(per_second=5.0, bucket=10.0))
    replies = [api.call(now / 100) for now in range(2000)]  # 100 a second, for 20 s
    passed = sum(reply.status == 200 for reply in replies)
    assert passed == pytest.approx(10 + 5 * 20, abs=2)
    bucket, wait = take_token(Bucket(0.0), 0.0, 5.0, 10.0)
    assert wait == 0.2
    assert take_token(bucket, wait, 5.0, 10.0)[1] == 0.0


def test_a_burst_and_two_changes_come_when_they_should():
    api = RemoteAPI(Weather(bursts=((10, 20, 1.0),), silent_change=30, open_change=40))
    replies = {now: api.call(now) for now in (5, 15, 25, 35, 45)}
    assert [replies[now].status for now in replies] == [200, 503, 200, 200, 200]
    assert (replies[35].changed, replies[35].model) == (True, "embed-1")
    assert (replies[45].changed, replies[45].model) == (True, "embed-2")


@pytest.mark.parametrize("wrong", [{"failures": 1.5}, {"median": 0.0}, {"bucket": 0.5}])
def test_weather_that_cannot_be(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        Weather(**wrong)


def embed(texts):
    """Embed by letters: enough to tell two models apart."""
    vectors = np.array([[text.count(letter) + 1 for letter in "aeiourst"] for text in texts], np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.slow
def test_a_real_client_gets_through_and_the_guard_notices_a_silent_change():
    pytest.importorskip("fastapi")
    openai = pytest.importorskip("openai")
    changes = []

    def clock():
        return 1000.0 if changes else 0.0

    api = RemoteAPI(Weather(median=0.001, stall_share=0, failures=0.5, silent_change=500), seed=1)
    app = fake_app(embed, api, lambda texts: embed(texts)[:, ::-1].copy(), clock=clock)
    with (
        served(app) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client,
    ):

        def once(texts):
            def call(timeout):
                try:
                    return client.embeddings.create(input=texts, model="embed-1", timeout=timeout)
                except openai.APIStatusError as error:
                    raise CallError(error.status_code) from None

            policy = Policy(attempts=20, base=0.001, timeout=20.0)
            found = Retrying(policy, sleep=lambda seconds: time.sleep(min(seconds, 0.05))).call(
                call, deadline=60
            )
            return found.model, np.array([one.embedding for one in found.data], np.float32)

        card = SpaceCard.made("embed-1", lambda texts: once(texts)[1])
        from embedlab.serving import CANARIES

        check_space(card, *once(list(CANARIES)))
        changes.append("another model, under the same name")
        with pytest.raises(SpaceError, match="cosine"):
            check_space(card, *once(list(CANARIES)))
