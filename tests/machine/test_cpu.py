"""Threads of libraries beneath ours."""

import os
import subprocess
import sys

import numpy as np
import pytest
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


OVERLAP = """
import sys, threading
import numpy as np
from threadpoolctl import threadpool_info
from embedlab.machine import one_blas_thread

def blas_threads():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

def work(i):
    with one_blas_thread():
        entered[i].set()
        leave[i].wait(60)
    left[i].set()
    end.wait(60)  # a thread that ends gives up what it holds

np.ones((2, 2)) @ np.ones((2, 2))
before = blas_threads()  # two; on some platforms no BLAS that can be asked
entered, leave, left = ([threading.Event(), threading.Event()] for _ in range(3))
end, first = threading.Event(), int(sys.argv[1])
for i in range(2):
    threading.Thread(target=work, args=(i,), daemon=True).start()
    assert entered[i].wait(60)
for i, expected in ((first, {1} if before else set()), (1 - first, before)):
    leave[i].set()
    assert left[i].wait(60)
    assert blas_threads() == expected, (i, blas_threads())
end.set()
"""


@pytest.mark.parametrize("first_to_leave", [0, 1])
def test_threads_that_overlap_leave_blas_as_they_found_it(first_to_leave):
    """In a process of its own: here others may have set limits before."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    command = [sys.executable, "-c", OVERLAP, str(first_to_leave)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
