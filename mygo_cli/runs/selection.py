"""Which epoch of a run is kept, what chooses it, when to stop, and how the run says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mygo_cli.graph.knowledge_graph import KnowledgeGraph
    from mygo_cli.settings.sections import Settings

ON_TEST = "test MRR (selected on test)"
LABEL = "selected-on-test"  # in the names of files and folders
WARNING = (
    "Selected on test: the epoch was chosen by looking at the test split, as in the published "
    "practice. The test numbers are too good; compare them with others of that kind only."
)


@dataclass(frozen=True)
class Selection:
    """The `split` whose MRR chooses the epoch, None where none does, and the last epoch trained.

    `name` is how `result.json` and the model card put it.
    """

    split: Literal["valid", "test"] | None
    last_epoch: int
    name: str

    def named(self, mrr: float | None) -> dict[str, float | None]:
        """Return the MRR of a look under the name of its split; nothing else passes for it."""
        if self.split == "test":
            return {"validation_mrr": None, "test_mrr": mrr}
        return {"validation_mrr": mrr}


def selection_of(settings: Settings, graph: KnowledgeGraph) -> Selection:
    """Return how a run on `graph` chooses its epoch."""
    select, epochs = settings.data.select, settings.training.epochs
    if isinstance(select, int):  # what came after would be thrown away
        return Selection(None, select, "epoch number")
    if select == "test":
        return Selection("test", epochs, ON_TEST)
    if select == "best" and len(graph.valid):
        return Selection("valid", epochs, "validation MRR")
    return Selection(None, epochs, "last epoch")


def is_on_test(selected_by: str) -> bool:
    """Say whether a run that says this of itself looked at the test split to choose its epoch."""
    return selected_by == ON_TEST


@dataclass
class Stopper:
    """Remembers the best validation MRR; stops after `patience` looks without progress.

    `patience` 0 never stops.
    """

    patience: int
    best: float = -1.0
    best_epoch: int = 0
    looks_since: int = 0

    def look(self, epoch: int, mrr: float) -> bool:
        """Take in a validation result; return whether it is the best so far."""
        if mrr > self.best:
            self.best, self.best_epoch, self.looks_since = mrr, epoch, 0
            return True
        self.looks_since += 1
        return False

    @property
    def done(self) -> bool:
        """Say whether to stop."""
        return 0 < self.patience <= self.looks_since
