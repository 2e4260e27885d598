"""BLAS is limited while a caller is inside, and left as it was found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from coursekit.aggregation._threads import products_on_one_thread, row_workers


def allowed():
    libraries = ThreadpoolController().select(user_api="blas").info()
    return {library["num_threads"] for library in libraries}


@contextmanager
def blas_threads(n):
    with threadpool_limits(n, "blas"):
        if max(allowed()) < n:
            pytest.skip("this BLAS has one thread only")
        yield


def test_inside_each_product_has_one_thread_and_outside_as_many_as_before():
    with blas_threads(2):
        before = allowed()
        with products_on_one_thread() as n:
            assert n == 2
            assert allowed() == {1}
            with products_on_one_thread() as inner:
                assert inner == 2
        assert allowed() == before


def test_an_error_inside_restores_too():
    with blas_threads(2):
        with pytest.raises(KeyError), products_on_one_thread():
            raise KeyError
        assert max(allowed()) == 2


def test_threads_that_come_and_go_leave_what_they_found():
    def work(_):
        with products_on_one_thread():
            np.ones((50, 50)) @ np.ones((50, 50))

    with blas_threads(2):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(200)))
        assert max(allowed()) == 2


def test_results_come_in_order():
    with row_workers() as run:
        assert list(run(lambda i: i * i, range(20))) == [i * i for i in range(20)]
