"""What a search varies: each setting that matters, around the value that it begins with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mygo_cli.settings.merging import Nested, decoder_plugin, merge, nested_value
from mygo_cli.settings.sections import Settings

if TYPE_CHECKING:
    from optuna import Trial

Keys = tuple[str, ...]
MOST_DROPOUT = 0.6
SHARES_OF_EPOCHS = (1 / 8, 1)  # never more than is set: a trial must not cost more than a run
TIMES_RATE = (1 / 5, 4)
TIMES_WIDTH = (1 / 2, 1, 3 / 2, 2)
TIMES_BATCH = (1 / 4, 1 / 2, 1, 2)
MOST_SMOOTHING = 0.3


@dataclass(frozen=True)
class Dimension:
    """A setting that is searched: between two bounds, or among `choices` where there are some."""

    keys: Keys
    start: float
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The setting as its keys, such as "model.dim"."""
        return ".".join(self.keys)

    def suggest(self, trial: Trial) -> None:
        """Let the study choose what a trial tries."""
        if self.choices:
            trial.suggest_categorical(self.name, self.choices)
        elif isinstance(self.start, int):
            trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        else:
            trial.suggest_float(self.name, self.low, self.high, log=self.log)


def search_space(base: Settings, fixed: Nested) -> list[Dimension]:
    """Return what to vary of the settings `base`, without what is `fixed` because it was typed.

    A dropout that nothing passes through (of a modality that is off, of experts that are not
    there) is left out. `base` itself is a point of the space.
    """
    return [each for each in _dimensions(base) if not _stands_in(fixed, each.keys)]


def _dimensions(base: Settings) -> Iterator[Dimension]:
    model, training = base.model, base.training
    rate, epochs, batch = training.learning_rate, training.epochs, training.batch_size
    low, high = TIMES_RATE
    yield Dimension(("training", "learning_rate"), rate, rate * low, rate * high, log=True)
    low, high = SHARES_OF_EPOCHS
    fewest, most = max(1, round(epochs * low)), round(epochs * high)
    yield Dimension(("training", "epochs"), epochs, fewest, most, log=True)
    sizes = _whole(batch * times for times in TIMES_BATCH)
    yield Dimension(("training", "batch_size"), batch, choices=sizes)
    smoothing = training.label_smoothing
    yield _share(("training", "label_smoothing"), smoothing, MOST_SMOOTHING)
    heads = model.heads
    widths = _whole(round(model.dim * times / heads) * heads for times in TIMES_WIDTH)
    yield Dimension(("model", "dim"), model.dim, choices=widths)
    for name in _dropouts(base):
        yield _share(("model", name), getattr(model, name), MOST_DROPOUT)
    _, options = decoder_plugin(base.decoder)
    for name, value in dataclasses.asdict(options).items():
        # A dropout of 0 may be a slow path that is off, as that of TuckER's matrices.
        if "dropout" in name and isinstance(value, float) and value > 0:
            yield _share(("decoder", "options", name), value, MOST_DROPOUT)


def _dropouts(base: Settings) -> list[str]:
    """Return the dropouts of the model that do something."""
    used = base.tokens.used
    names = ["dropout", "structure_dropout"]
    names += [f"{modality}_dropout" for modality in used]
    return names + (["expert_dropout"] if used and base.model.expert_dim else [])


def _share(keys: Keys, start: float, most: float) -> Dimension:
    return Dimension(keys, float(start), 0.0, max(most, start))


def _whole(values: Iterable[float]) -> tuple[int, ...]:
    return tuple(sorted({max(1, round(value)) for value in values}))


def _stands_in(nested: Nested, keys: Keys) -> bool:
    value: Any = nested
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return True


def starting_point(space: Iterable[Dimension]) -> dict[str, float]:
    """Return the trial that a search begins with: the settings as they are."""
    return {each.name: each.start for each in space}


def changes_of(values: Mapping[str, float]) -> dict[str, Any]:
    """Return a trial's values by name as nested settings.

    They have three digits: more would change no result and only make a recipe hard to read.
    """
    nested: dict[str, Any] = {}
    for name, value in values.items():
        short = float(f"{value:.3g}") if isinstance(value, float) else value
        nested = merge(nested, nested_value(name.split("."), short))
    return nested
