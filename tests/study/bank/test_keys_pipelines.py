"""Keys of the questions on pipelines, measured."""

from collections import Counter, deque
from contextlib import suppress
from itertools import count

import pytest

from embedlab.pipelines import backoff, check, content_hash, hashed, shipped

# A broker, and what a crash does to it.


class Broker:
    """Messages stay until they are acknowledged, and are then handed out again."""

    def __init__(self, *messages):
        self.waiting = list(messages)

    def rounds(self, handle, times=3):
        for _ in range(times):
            for message in list(self.waiting):
                with suppress(ConnectionError):
                    handle(message, lambda message=message: self.waiting.remove(message))


def test_acknowledged_in_a_finally_is_lost():
    for acknowledge_always in (True, False):
        broker, stored, down = Broker("a", "b"), set(), [True]

        def handle(message, ack, stored=stored, down=down, always=acknowledge_always):
            try:
                if down[0]:
                    raise ConnectionError
                stored.add(message)
            except ConnectionError:
                if always:
                    ack()
                return
            ack()

        broker.rounds(handle, 1)
        down[0] = False
        broker.rounds(handle, 1)
        assert broker.waiting == []
        assert stored == (set() if acknowledge_always else {"a", "b"})


def test_marked_before_the_work_is_lost_by_a_crash():
    for mark_first in (True, False):
        broker, seen, stored, crashes = Broker("a", "b"), set(), [], ["a"]

        def handle(message, ack, seen=seen, stored=stored, crashes=crashes, mark_first=mark_first):
            if message in seen:
                ack()
                return
            if mark_first:
                seen.add(message)
            if message in crashes:
                crashes.remove(message)
                raise ConnectionError
            stored.append(message)
            seen.add(message)
            ack()

        broker.rounds(handle)
        assert broker.waiting == []
        assert sorted(stored) == (["b"] if mark_first else ["a", "b"])


def test_a_key_made_for_each_attempt_recognises_nothing():
    numbers = count()
    for key, charged in ((lambda text: next(numbers), 3), (content_hash, 1)):
        seen = set()
        for _ in range(3):  # two crashes after the call, and a third attempt
            seen.add(key("a text"))
        assert len(seen) == charged


def test_without_a_key_messages_had_a_second_effect():
    found = shipped("delivery")["figures"]
    assert found["without a key"]["twice"] > found["without a key"]["messages"] / 10
    assert found["without a key"]["twice"] <= found["without a key"]["kills"] * 64  # at most a batch a kill
    assert found["with a key"]["twice"] == found["with a key"]["missing"] == 0
    assert found["with a key"]["delivered_again"] > 0


def test_the_kill_test_doubled_only_what_lies_outside():
    for outcome in (run for name in ("chaos", "chaos_again") for run in shipped(name)["figures"].values()):
        assert outcome["clean"]
        assert outcome["kills_of_workers"] + outcome["kills_of_database"] == 50
        assert outcome["within_twice"] == 0
        assert outcome["outside_twice"] > 50  # more than one a kill


# Effects.


def test_which_writes_may_come_twice():
    def upsert(state):
        state["vectors"][7] = "v"

    def delete(state):
        state["vectors"].pop(3, None)

    def add_one(state):
        state["counter"] += 1

    def append(state):
        state["rows"].append((7, "v"))

    def mail(state):
        state["sent"].append("found")

    def times(write, n):
        state = {"vectors": {3: "old"}, "counter": 0, "rows": [], "sent": []}
        for _ in range(n):
            write(state)
        return state

    writes = (upsert, delete, add_one, append, mail)
    same = [write.__name__ for write in writes if times(write, 1) == times(write, 2)]
    assert same == ["upsert", "delete"]


def test_a_key_without_model_or_template_keeps_old_vectors():
    product = {"title": "a lamp", "price": 10}

    def raw(product, model, template):
        return content_hash(product["title"])

    def encoded(product, model, template):
        return model, content_hash(template.format(**product))

    def everything(product, model, template):
        return model, template, tuple(product.values())

    before = (product, "m1", "{title}")
    changes = {
        "model": (product, "m2", "{title}"),
        "template": (product, "m1", "product: {title}"),
        "price": (product | {"price": 9}, "m1", "{title}"),
    }
    again = {
        key.__name__: {what for what, after in changes.items() if key(*before) != key(*after)}
        for key in (raw, encoded, everything)
    }
    assert again == {"raw": set(), "encoded": {"model", "template"}, "everything": set(changes)}
    found = shipped("saved")["figures"]
    assert found["second jobs"] == found["first jobs"]
    assert found["second embedded"] == found["first embedded"] / 10


def test_equal_numbers_hide_missing_stale_and_ghosts():
    vector, hash_ = hashed(["a"])[0], content_hash("a")

    class Rows:
        def execute(self, *_):
            return [
                (1, "a", 1, 1, hash_, vector),
                (2, "a", 2, 1, hash_, vector),  # stale
                (3, "a", 1, None, None, None),  # missing
                (4, None, None, 1, hash_, vector),  # a ghost
            ]

    rows = Rows().execute()
    assert sum(row[1] is not None for row in rows) == sum(row[5] is not None for row in rows) == 3
    found = check(Rows(), "m", hashed)
    assert (found.right, found.stale, found.missing, found.ghosts) == (1, 1, 1, 1)


# Poison.


def test_five_attempts_are_over_in_three_seconds():
    assert sum(backoff(attempts) for attempts in range(1, 5)) == pytest.approx(3.0)
    assert (
        sum(backoff(attempts) for attempts in range(1, 12)) < 600
    )  # twelve attempts, and not yet ten minutes


def test_one_bad_text_condemns_its_batch():
    def dead(alone):
        jobs, attempts, buried = deque(range(1000)), Counter(), set()
        while jobs:
            batch = [jobs.popleft() for _ in range(min(64, len(jobs)))]
            if 500 not in batch:
                continue
            for job in batch:
                if job == 500 or not alone:
                    attempts[job] += 1
                    if attempts[job] == 5:
                        buried.add(job)
            jobs.extendleft(job for job in reversed(batch) if job not in buried and attempts[job])
        return buried

    assert dead(alone=True) == {500}
    assert len(dead(alone=False)) == 64
