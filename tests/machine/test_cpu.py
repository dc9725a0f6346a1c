"""Threads of libraries beneath ours."""

import numpy as np
from threadpoolctl import threadpool_info

from embedlab.machine import one_blas_thread


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_blas_keeps_to_one_thread_and_gets_its_others_back():
    np.ones((2, 2)) @ np.ones((2, 2))
    before = blas_threads()
    with one_blas_thread():
        assert set(blas_threads()) <= {1}
    assert blas_threads() == before
