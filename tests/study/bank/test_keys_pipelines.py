"""Keys of the questions on pipelines, measured."""

from contextlib import suppress


def test_a_shorter_text_leaves_chunks_behind():
    index = {}

    def update(version, chunks, clean):
        if clean and any(stored > version for stored, _ in index.values()):
            return  # a late run of an older version
        index.update({f"page#{i}": (version, chunk) for i, chunk in enumerate(chunks)})
        if clean:
            for name in [name for name, (stored, _) in index.items() if stored < version]:
                del index[name]

    update(1, [f"old {i}" for i in range(9)], clean=False)
    update(2, [f"new {i}" for i in range(4)], clean=False)
    assert sorted(name for name, (_, chunk) in index.items() if "old" in chunk) == [
        f"page#{i}" for i in range(4, 9)
    ]
    update(2, [f"new {i}" for i in range(4)], clean=True)
    assert {chunk for _, chunk in index.values()} == {f"new {i}" for i in range(4)}
    update(1, [f"old {i}" for i in range(9)], clean=True)
    assert {chunk for _, chunk in index.values()} == {f"new {i}" for i in range(4)}


def test_a_hard_delete_comes_back_without_a_tombstone():
    for tombstones in (False, True):
        stored = {"a": (1, "text")}
        read = dict(stored)  # the backfill has read it, then a user deletes it
        stored["a"] = (2, None)
        if not tombstones:
            del stored["a"]
        for name, (version, text) in read.items():
            if name not in stored or stored[name][0] <= version:
                stored[name] = (version, text)
        assert (stored["a"][1] is None) == tombstones


def test_a_write_that_is_only_logged_stays_lost():
    texts, vectors, due, down = {}, {}, [], True

    def store(name, text):
        if down:
            raise ConnectionError
        vectors[name] = text

    texts["a"] = "new"
    due.append("a")  # the outbox, written with the text
    with suppress(ConnectionError):
        store("a", "new")
    down = False
    assert vectors != texts
    while due:
        store(name := due.pop(), texts[name])
    assert vectors == texts
