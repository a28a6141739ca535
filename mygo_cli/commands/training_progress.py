"""What a terminal shows while a model trains."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from mygo_cli import console

if TYPE_CHECKING:
    from mygo_cli.training.fit import EpochValidated, TrainingRun
    from mygo_cli.training.loop import StepDone


def show_training(run: TrainingRun) -> None:
    """Train to the end, with a bar over all steps.

    It has loss, learning rate, time left and the MRR of the looks. Where stderr is no terminal,
    there is a line for every look at the split that chooses instead.
    """
    shown = TrainingBar(run)
    with shown.bar, closing(run.events()) as events:
        for event in events:
            shown.update(event)


class TrainingBar:
    """One bar over all steps of a run."""

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
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
        else:
            self._show_epoch(event)

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
