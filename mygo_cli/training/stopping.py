"""Which epoch is the best, and when it is time to stop."""

from __future__ import annotations

from dataclasses import dataclass


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
