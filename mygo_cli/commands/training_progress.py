"""What a terminal shows while a model trains."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from mygo_cli import console
from mygo_cli.graph.findings import counted

if TYPE_CHECKING:
    from mygo_cli.training.fit import EpochValidated, TrainingRun
    from mygo_cli.training.loop import StepDone


MEASURED = 2.0  # seconds of steps that tell how long the others will take


def show_training(run: TrainingRun) -> None:
    """Train to the end, with a bar over all steps.

    It has loss, learning rate, time left and the MRR of the looks. Where stderr is no terminal,
    there is a line for every look at the split that chooses instead. After the first steps a line
    says what is trained and about how long that will take.
    """
    shown = TrainingBar(run)
    with shown.bar, closing(run.events()) as events:
        for event in events:
            shown.update(event)


class TrainingBar:
    """One bar over all steps of a run, and a line about how long they will take."""

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self.since: tuple[float, int] | None = None  # the end of the first step, which is slow
        self.estimated = False
        self.bar = console.bar(("losses", "rate", "mrr"))
        self.task = self.bar.add_task(
            "train", total=run.steps, completed=run.steps_done, losses="", rate="", mrr=""
        )

    def update(self, event: StepDone | EpochValidated) -> None:
        """Show one event of the run."""
        from mygo_cli.training.loop import StepDone

        if isinstance(event, StepDone):
            done = (event.epoch - 1) * event.steps + event.step
            rate = f"lr {event.learning_rate:.1e}"
            self.bar.update(self.task, completed=done, rate=rate)
            if not self.estimated:
                self._estimate(done, time.monotonic())
        else:
            self._show_epoch(event)

    def _estimate(self, done: int, now: float) -> None:
        """Say how long the rest will take, once that was measured."""
        if self.since is None:
            self.since = now, done
            return
        taken, steps = now - self.since[0], done - self.since[1]
        if taken < MEASURED:
            return
        self.estimated = True
        run = self.run
        caches = [Path(used.cache).stem for used in run.settings.tokens.used.values() if used.cache]
        rest = taken / steps * (run.steps - done)
        console.info(
            f"Training on {run.graph.name} with {' and '.join(caches) or 'no tokens'}: "
            f"{counted(run.selection.last_epoch, 'epoch')} of "
            f"{counted(run.trainer.steps_per_epoch, 'step')}, "
            f"about {_time(rest)} to go."
        )

    def _show_epoch(self, event: EpochValidated) -> None:
        epoch = event.epoch
        losses = f"epoch {epoch.epoch} loss {epoch.loss:.3f}"
        if self.run.settings.training.contrastive:
            losses += f" + {epoch.contrastive:.3f}"
        split = self.run.selection.split
        mrr = "" if event.best_mrr < 0 else f"{split} MRR best {event.best_mrr:.3f}"
        if event.mrr is not None:
            mrr = f"{split} MRR {event.mrr:.3f}, best {event.best_mrr:.3f}"
            if self.bar.disable:
                console.info(f"{losses}, {mrr}")
        self.bar.update(self.task, losses=losses, mrr=mrr)


def _time(seconds: float) -> str:
    """Return a time as one says it: "40 s", "12 min" or "2.5 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
