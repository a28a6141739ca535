"""Time and memory of a training step with candidates, on generated graphs of growing size.

    python docs/measure_candidates.py --entities 10000 100000 1000000

Parameters, Adam's moments and token tables are not in the memory of a step.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from statistics import median

from mygo_cli.device import set_surroundings

set_surroundings()  # as the command does, before torch comes

from mygo_cli.bench.worker import StepTimer
from mygo_cli.bench.workload import generated
from mygo_cli.settings.merging import merged_settings
from mygo_cli.settings.sections import Settings


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the published sizes with candidates instead of all entities."""
    settings = merged_settings(None, {}, [], "db15k-paper")
    return replace(
        settings,
        decoder=replace(settings.decoder, name=arguments.decoder, options={}),
        model=replace(settings.model, token_dropout="code"),
        training=replace(
            settings.training,
            batch_size=arguments.batch_size,
            candidates=arguments.candidates,
        ),
    )


def main() -> None:
    """Print a line of JSON for each number of entities."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--decoder", default="tucker")
    parser.add_argument("--candidates", type=int, default=1024)
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    for entities in arguments.entities:
        timer = StepTimer(generated(entities), settings_of(arguments), literal=False)
        timer.step()
        seconds = median(timer.step().seconds for _ in range(arguments.repeats))
        figures = {"decoder": arguments.decoder, "entities": entities, "seconds": round(seconds, 3)}
        print(json.dumps(figures | {"mebibytes": round(timer.memory() / 2**20)}), flush=True)


if __name__ == "__main__":
    main()
