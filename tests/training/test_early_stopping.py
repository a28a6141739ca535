"""Early stopping needs no model."""

from __future__ import annotations

from mygo_cli.runs.selection import Stopper


def looks(stopper, *mrrs):
    return [stopper.look(epoch, mrr) for epoch, mrr in enumerate(mrrs, 1)]


def test_the_best_epoch_is_the_first_of_the_best():
    stopper = Stopper(patience=0)
    assert looks(stopper, 0.1, 0.3, 0.3, 0.2) == [True, True, False, False]
    assert (stopper.best, stopper.best_epoch, stopper.looks_since) == (0.3, 2, 2)


def test_no_patience_never_stops():
    stopper = Stopper(patience=0)
    looks(stopper, 0.5, *[0.1] * 100)
    assert not stopper.done


def test_patience_counts_looks_since_the_best():
    stopper = Stopper(patience=2)
    for mrr, done in ((0.1, False), (0.1, False), (0.2, False), (0.1, False), (0.0, True)):
        stopper.look(0, mrr)
        assert stopper.done is done


def test_even_a_first_look_of_zero_is_the_best():
    assert Stopper(patience=1).look(1, 0.0)
