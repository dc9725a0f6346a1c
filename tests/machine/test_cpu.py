"""Threads of libraries beneath ours."""

import threading

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_info

from embedlab.machine import one_blas_thread


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_blas_keeps_to_one_thread_and_gets_its_others_back():
    np.ones((2, 2)) @ np.ones((2, 2))
    before = blas_threads()
    with one_blas_thread():
        assert set(blas_threads()) <= {1}
    assert blas_threads() == before


def set_blas_threads(n):
    """Set it in a thread that ends: one that lives might keep the right to."""
    blas = ThreadpoolController().select(user_api="blas")
    thread = threading.Thread(target=blas.limit, kwargs={"limits": n})
    thread.start()
    thread.join(60)


@pytest.mark.parametrize("first_to_leave", [0, 1])
def test_threads_that_overlap_leave_blas_as_they_found_it(first_to_leave):
    np.ones((2, 2)) @ np.ones((2, 2))
    found = max(blas_threads())
    set_blas_threads(2)
    before = blas_threads()
    assert 2 in before
    entered, leave, left = ([threading.Event(), threading.Event()] for _ in range(3))
    end = threading.Event()

    def work(i):
        with one_blas_thread():
            entered[i].set()
            leave[i].wait(60)
        left[i].set()
        end.wait(60)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    try:
        for worker, inside in zip(workers, entered, strict=True):
            worker.start()
            assert inside.wait(60)
        for i, expected in ((first_to_leave, [1] * len(before)), (1 - first_to_leave, before)):
            leave[i].set()
            assert left[i].wait(60)
            assert blas_threads() == expected
    finally:
        for event in (*leave, end):
            event.set()
        for worker in workers:
            worker.join(60)
        set_blas_threads(found)
