"""What a terminal shows while a model trains."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from mygo_cli import console

if TYPE_CHECKING:
    from mygo_cli.training.fit import EpochValidated, TrainingRun, Watch
    from mygo_cli.training.loop import StepDone


class TrainingProgress:
    """One bar over all steps with loss, learning rate, time left and the MRR of the looks.

    Where stderr is no terminal, a line for every look at the split that chooses instead.
    """

    def __init__(self, fit: TrainingRun) -> None:
        self.fit = fit
        self.bar = console.bar(("losses", "rate", "mrr"))
        trainer = fit.trainer
        epochs = fit.selection.last_epoch
        self.task = self.bar.add_task(
            "train",
            total=epochs * trainer.steps_per_epoch,
            completed=trainer.epoch * trainer.steps_per_epoch,
            losses="",
            rate="",
            mrr="",
        )

    def __enter__(self) -> Watch:
        self.bar.start()
        return self.watch

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def watch(self, event: StepDone | EpochValidated) -> None:
        """Show one event of the run."""
        from mygo_cli.training.loop import StepDone

        if isinstance(event, StepDone):
            done = (event.epoch - 1) * event.steps + event.step
            rate = f"lr {event.learning_rate:.1e}"
            self.bar.update(self.task, completed=done, rate=rate)
            return
        epoch = event.epoch
        losses = f"epoch {epoch.epoch} loss {epoch.loss:.3f}"
        if self.fit.settings.training.contrastive:
            losses += f" + {epoch.contrastive:.3f}"
        split = self.fit.selection.split
        mrr = "" if event.best_mrr < 0 else f"{split} MRR best {event.best_mrr:.3f}"
        if event.mrr is not None:
            mrr = f"{split} MRR {event.mrr:.3f}, best {event.best_mrr:.3f}"
            if self.bar.disable:
                console.info(f"{losses}, {mrr}")
        self.bar.update(self.task, losses=losses, mrr=mrr)
