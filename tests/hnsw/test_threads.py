"""Threads: searches side by side, additions one after the other, and none reads what another writes."""

import subprocess
import sys
import threading
import time

import pytest
from vectors import filled, unit

from embedlab.hnsw import HNSWIndex
from embedlab.hnsw import graph as hnsw
from embedlab.hnsw.lock import ReadWriteLock
from embedlab.machine import files

WHILE_ADDING = """
import threading, numpy as np
from embedlab.hnsw import HNSWIndex
v = np.random.default_rng(0).normal(size=(3000, 32)).astype(np.float32)
v /= np.linalg.norm(v, axis=1, keepdims=True)
index = HNSWIndex(32)
index.add(v[:1000])
def search():
    for _ in range(60):
        found = index.search(v[:50], 5)[1]
        assert (found[:, 0] == np.arange(50)).mean() > 0.9 and found.max() < 3000
    index.delete([2])
    print("searched ", end="")  # one write: print sends the end of a line apart
threads = [threading.Thread(target=search) for _ in range(2)]
[t.start() for t in threads]
for j in range(1000, 3000, 100):
    index.add(v[j : j + 100])
[t.join() for t in threads]
print(len(index))
"""


@pytest.mark.slow
def test_a_search_while_another_thread_adds():
    # In a process of its own: where this fails, it is by a segmentation fault.
    run = subprocess.run([sys.executable, "-c", WHILE_ADDING], capture_output=True, text=True)
    assert run.stdout.split() == ["searched", "searched", "3000"], run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["search", "delete", "state", "save", "add"])
def test_everything_waits_while_links_are_written(name, monkeypatch, tmp_path):
    vectors = unit(30)
    index, insert, waiting = filled(vectors[:20]), hnsw.insert, []
    calls = {
        "search": lambda: index.search(vectors, 1),
        "delete": lambda: index.delete(3),
        "state": index.state,
        "save": lambda: index.save(tmp_path / "index"),
        "add": lambda: index.add(vectors[25:]),
    }

    def watched(*given):
        if not waiting:
            waiting.append(threading.Thread(target=calls[name]))
            waiting[0].start()
            waiting[0].join(0.3)
            assert waiting[0].is_alive()
        insert(*given)

    monkeypatch.setattr(hnsw, "insert", watched)
    index.add(vectors[20:25])
    waiting[0].join(60)
    assert len(index) == (30 if name == "add" else 25)


def test_others_search_and_delete_while_a_file_is_written(monkeypatch, tmp_path):
    vectors, write, writing, go_on = unit(30), files.save_aligned, threading.Event(), threading.Event()
    index = filled(vectors[:20], codes="int8")

    def slowly(*given):
        writing.set()
        assert go_on.wait(60)
        write(*given)

    monkeypatch.setattr(files, "save_aligned", slowly)
    saving = threading.Thread(target=index.save, args=(tmp_path / "index",))
    saving.start()
    assert writing.wait(60)
    others = [threading.Thread(target=index.delete, args=(3,)) for _ in range(2)]
    adding, mending = (
        threading.Thread(target=index.add, args=(vectors[20:],)),
        threading.Thread(target=index.repair),
    )
    try:
        for thread in (*others, adding, mending):
            thread.start()
        for thread in others:
            thread.join(10)
            assert not thread.is_alive()
        search = threading.Thread(target=index.search, args=(vectors, 1))
        search.start()
        search.join(60)
        assert not search.is_alive()
        assert adding.is_alive()
        assert mending.is_alive()
    finally:
        go_on.set()
    for thread in (saving, adding, mending):
        thread.join(60)
    loaded = HNSWIndex.load(tmp_path / "index")
    assert (len(loaded), len(index)) == (20, 30)
    assert 3 in loaded.search(vectors, 1)[1], "as it was when the writing began"


def test_two_threads_add():
    vectors, index = unit(2000), HNSWIndex(16)
    halves = [vectors[:1000], vectors[1000:]]
    run_all([threading.Thread(target=index.add, args=(half,)) for half in halves])
    assert len(index) == 2000
    found = index.search(vectors, 1, ef=100)[1][:, 0]
    assert (index.vectors_of(found) == vectors).all(axis=1).mean() > 0.99


def run_all(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_who_writes_is_alone():
    lock, inside, seen = ReadWriteLock(), [], []

    def use(kind):
        for _ in range(30):
            with getattr(lock, kind)():
                inside.append(kind)
                time.sleep(0.0005)
                seen.append(sorted(inside))
                inside.remove(kind)

    run_all([threading.Thread(target=use, args=(kind,)) for kind in ["reading"] * 3 + ["writing"] * 2])
    assert all(kinds == ["writing"] or "writing" not in kinds for kinds in seen)
    assert ["reading"] * 2 in [kinds[:2] for kinds in seen], "those that read are inside together"


def test_a_reader_gets_in_between_two_pieces_of_writing():
    lock, written, at = ReadWriteLock(), [], []

    def write():
        for piece in range(300):
            with lock.writing():
                written.append(piece)
                time.sleep(0.001)

    def read():
        while not written:
            time.sleep(0.001)
        with lock.reading():
            at.append(len(written))

    run_all([threading.Thread(target=write), threading.Thread(target=read)])
    assert at[0] < 300


def test_a_stream_of_readers_does_not_keep_a_writer_out():
    lock, done = ReadWriteLock(), threading.Event()

    def read():
        while not done.is_set():
            with lock.reading():
                time.sleep(0.002)

    def write():
        time.sleep(0.01)
        with lock.writing():
            done.set()

    run_all([threading.Thread(target=read) for _ in range(4)] + [threading.Thread(target=write)])


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_an_interrupt_while_waiting_leaves_the_lock_free(kind, monkeypatch):
    lock = ReadWriteLock()

    def interrupted(_condition):
        raise KeyboardInterrupt

    monkeypatch.setattr(lock._changed, "wait_for", interrupted)
    with pytest.raises(KeyboardInterrupt), getattr(lock, kind)():
        pass
    monkeypatch.undo()
    run_all([threading.Thread(target=lambda: [lock.reading().__enter__() for _ in range(2)])])
