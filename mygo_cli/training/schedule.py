"""The course of the learning rate, as a share of its highest value."""

from __future__ import annotations

import math

from mygo_cli.settings.sections import TrainingSettings


def rate(settings: TrainingSettings, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of a step, counted from 0 over all epochs.

    one-cycle rises along a cosine during the share `warmup` of all steps, then falls to 0 along
    a cosine (Smith and Topin 2019). cosine-restarts falls to 0 within `restart_epochs` epochs, then
    starts again with a doubled period, and changes once an epoch (Loshchilov and Hutter 2017).
    """
    return settings.learning_rate * _share(settings, step, steps_per_epoch)


def _share(settings: TrainingSettings, step: int, steps_per_epoch: int) -> float:
    if settings.schedule == "constant":
        return 1.0
    if settings.schedule == "cosine-restarts":
        epoch, period = step // steps_per_epoch, settings.restart_epochs
        while epoch >= period:
            epoch, period = epoch - period, 2 * period
        return _fall(epoch / period)
    done = (step + 1) / (settings.epochs * steps_per_epoch)
    if done < settings.warmup:
        return 1 - _fall(done / settings.warmup)
    return _fall((done - settings.warmup) / (1 - settings.warmup))


def _fall(done: float) -> float:
    """Return half a cosine, from 1 at 0 to 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * done))
