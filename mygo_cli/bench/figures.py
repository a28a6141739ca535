"""What this machine does in a second: steps trained, questions ranked, pictures tokenized."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from mygo_cli.bench.worker import StepTiming, worker
from mygo_cli.bench.workload import Workload, generated, make_model, of_graph
from mygo_cli.device import BF16, choose_device
from mygo_cli.distributed.group import ALONE
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.model.queries import ask
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.evaluate import evaluate
from mygo_cli.ranking.scorer import encoded
from mygo_cli.settings.sections import Settings
from mygo_cli.tokenizing.job import Job, tokenize_graph
from mygo_cli.tokenizing.plugins import Choice
from mygo_cli.training.precision import with_precision


def machine(device: torch.device) -> str:
    """Return processor, threads, GPU and the version of PyTorch."""
    parts = [processor(), f"{torch.get_num_threads()} threads of {os.cpu_count()} cores"]
    if device.type == "cuda":
        parts.append(torch.cuda.get_device_name(device))
    return ", ".join([*parts, f"torch {torch.__version__}"])


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


Figures = dict[str, Any]
PICTURES = 96


@dataclass(frozen=True)
class Steps:
    """Training steps: median `seconds` and the process's `peak` memory in bytes."""

    seconds: float
    peak: int


@dataclass(frozen=True)
class Training:
    """What a training step costs, and what the same step costs as the paper writes it down.

    `operations` are those of its matrix products; `ceiling` is how many of them a second one
    large product reaches, measured between the steps; `epoch` is in seconds.
    """

    fast: Steps
    literal: Steps | None
    operations: int
    ceiling: float
    steps_per_epoch: int

    @property
    def share(self) -> float:
        """Return the share of the ceiling that the step reaches."""
        return self.operations / self.fast.seconds / self.ceiling

    @property
    def epoch(self) -> float:
        """Return the seconds that an epoch takes."""
        return self.steps_per_epoch * self.fast.seconds


def time_training(
    work: Workload, settings: Settings, repeats: int, literal: bool, progress: Progress
) -> Training:
    """Time `repeats` steps, after one that counts operations; with `literal`, both in turn."""
    if literal:
        # The published step asks each triple for one side and scores all entities: so does ours.
        same = replace(settings.training, questions="coin-flip", candidates=0)
        settings = replace(settings, training=same)
    device = choose_device(settings.training.device)
    settings = with_precision(settings, device, ALONE)
    wide = settings.training.precision == BF16
    with ExitStack() as stack:
        fast = stack.enter_context(worker(work, settings))
        plain = stack.enter_context(worker(work, settings, literal=True)) if literal else None
        progress("steps", 0, repeats)
        steps_per_epoch, operations = fast.steps_per_epoch(), fast.operations()
        if plain:
            plain.step()
        rates, took, plain_took = [], [], []
        for number in range(1, repeats + 1):
            progress("steps", number, repeats)
            rates.append(product_rate(device, torch.bfloat16 if wide else torch.float32))
            took.append(fast.step())
            if plain:
                plain_took.append(plain.step())
    return Training(
        fast=_steps(took),
        literal=_steps(plain_took) if plain_took else None,
        operations=operations,
        ceiling=median(rates),
        steps_per_epoch=steps_per_epoch,
    )


def _steps(took: list[StepTiming]) -> Steps:
    return Steps(median(one.seconds for one in took), max(one.peak for one in took))


def product_rate(device: torch.device, dtype: torch.dtype, size: int = 2048) -> float:
    """Return the operations a second of a product of two square matrices: the best of three."""
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    seconds, product = [], torch.empty_like(left)  # a fresh one costs as much as the product
    for _ in range(3):
        started = time.perf_counter()
        torch.mm(left, right, out=product)[0, 0].item()
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds)


def time_ranking(work: Workload, settings: Settings) -> float:
    """Return the distinct questions of the test triples that are ranked in a second.

    Filtered against all triples, the encoding of all entities included.
    """
    model = make_model(work, settings)
    started = time.perf_counter()
    evaluate(encoded(model), work.test, work.train)
    return len(ask(work.test)) / (time.perf_counter() - started)


def time_pictures(graph: KnowledgeGraph, settings: Settings) -> float | None:
    """Return the pictures of a graph that the default tokenizer encodes in a second.

    The first batch, which waits for the weights and the codebook, does not count. None where
    there are too few.
    """
    if not any(graph.pictures()):
        return None
    times: list[tuple[int, float]] = []

    def follow(what: str, done: int, _: int | None) -> None:
        if what == "image" and done:
            times.append((done, time.perf_counter()))

    with tempfile.TemporaryDirectory() as folder:
        device = str(choose_device(settings.training.device))
        job = Job(Path(folder), device=device, limit=PICTURES, batch_size=PICTURES // 6)
        tokenize_graph(graph, [Choice("image", "visual-words")], job, follow)
    if len(times) < 2:
        return None
    (first, began), (last, ended) = times[0], times[-1]
    return (last - first) / (ended - began)


def measure(
    settings: Settings,
    graph: KnowledgeGraph | int,
    literal: bool,
    repeats: int,
    progress: Progress = silent,
) -> Figures:
    """Return the figures of a graph, or of a generated one of so many entities."""
    work = generated(graph) if isinstance(graph, int) else of_graph(graph)
    training = time_training(work, settings, repeats, literal, progress)
    progress("ranking", 0, None)
    ranked = time_ranking(work, settings)
    progress("pictures", 0, None)
    pictures = None if isinstance(graph, int) else time_pictures(graph, settings)
    return {
        "machine": machine(choose_device(settings.training.device)),
        "graph": {"name": work.name, "entities": work.entities, "triples": len(work.train)},
        **training_figures(training),
        "questions_ranked_per_second": ranked,
        "pictures_tokenized_per_second": pictures,
    }


def training_figures(training: Training) -> Figures:
    """Return what a step costs as plain values."""
    figures: Figures = {
        "seconds_per_step": training.fast.seconds,
        "steps_per_epoch": training.steps_per_epoch,
        "seconds_per_epoch": training.epoch,
        "peak_bytes": training.fast.peak,
        "operations_per_step": training.operations,
        "product_operations_per_second": training.ceiling,
        "share_of_product_ceiling": training.share,
    }
    if training.literal:
        figures |= {
            "literal_seconds_per_step": training.literal.seconds,
            "literal_peak_bytes": training.literal.peak,
            "times_as_fast_as_literal": training.literal.seconds / training.fast.seconds,
            "share_of_literal_memory": training.fast.peak / training.literal.peak,
        }
    return figures
