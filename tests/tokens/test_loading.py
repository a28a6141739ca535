"""Work ahead in threads."""

import threading
import time

import pytest
from token_fakes import Grey, tokenize

from mygo_cli.cache.sources import in_order
from mygo_cli.tokenizing.job import Job


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("ahead", [0, 1, 3, 100])
def test_results_come_in_order(workers, ahead):
    def work(number):
        time.sleep(0.001 * (number % 3))
        return number * number

    assert list(in_order(work, range(20), workers, ahead)) == [n * n for n in range(20)]


def test_no_more_than_asked_is_worked_ahead():
    begun = []
    results = in_order(begun.append, range(50), 2, ahead=5)
    next(results)
    assert len(begun) <= 5
    results.close()
    assert len(begun) <= 5


def test_an_exception_is_raised_in_its_turn():
    results = in_order(lambda number: 1 // number, [1, 0, 1], 2, ahead=3)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_threads_end_with_the_generator():
    before = threading.active_count()
    results = in_order(abs, range(10), 3, ahead=3)
    next(results)
    results.close()
    assert threading.active_count() == before


def test_a_job_can_run_outside_the_main_thread(graph, tmp_path):
    found = []
    job = Job(tmp_path)
    thread = threading.Thread(target=lambda: found.append(tokenize(graph, Grey(), job)))
    thread.start()
    thread.join()
    assert found[0].complete
