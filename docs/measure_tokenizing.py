"""Measure the speed and memory of `mygo tokenize` on generated pictures.

python docs/measure_tokenizing.py [--backend visual-words] [--pictures 512] [--repeats 5] ...

Alternates two things over the same pictures: the bare encoder, fed with prepared batches from
memory, and the whole job, from files to a finished cache (without learning a codebook). Prints
pictures a second of both, the ratio of the medians, and how the peak memory grew during a job.
`--repeats 0` measures memory alone. beitv2 and vqgan get random weights of the released sizes.
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mygo_cli.device import set_surroundings

set_surroundings()  # as the command does, before torch comes

import numpy as np
import torch
from PIL import Image

from mygo_cli import backends
from mygo_cli.contracts import IMAGE_TOKENIZERS, ImageTokenizer
from mygo_cli.device import autocast, choose_device, choose_precision
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.settings.fields import from_pairs
from mygo_cli.tokenizing.images import at_once
from mygo_cli.tokenizing.job import Job, tokenize_with
from mygo_cli.tokenizing.loader import PictureLoader
from mygo_cli.tokenizing.plugins import NamedTokenizer
from mygo_cli.weights.libraries import import_timm, import_transformers

DISTINCT = 256  # pictures that are drawn; the others repeat them
EACH = 10  # pictures an entity
IN_MEMORY = 1024  # prepared pictures that the bare encoder is fed with, over and over


def write_graph(folder: Path, count: int, side: int) -> KnowledgeGraph:
    """Write a graph with `count` JPEGs of `side` pixels, coloured noise at several scales."""
    rng = np.random.default_rng(0)
    drawn = [drawing(rng, side) for _ in range(min(count, DISTINCT))]
    names = [f"e{number:06}" for number in range(-(-count // EACH))]
    for number in range(count):
        place = folder / "images" / names[number // EACH] / f"{number % EACH}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(drawn[number % len(drawn)])
    lines = (f"{name}\tnext\t{names[0]}\n" for name in names)
    (folder / "train.txt").write_text("".join(lines))
    return read_graph(folder)


def drawing(rng: np.random.Generator, side: int) -> bytes:
    """Return one picture as a JPEG file."""
    scales = [rng.integers(0, 256, (size, size, 3), dtype=np.uint8) for size in (3, 9, 27)]
    layers = [
        Image.fromarray(scale).resize((side, side), Image.Resampling.BICUBIC) for scale in scales
    ]
    file = io.BytesIO()
    coarse = Image.blend(layers[0], layers[1], 0.4)
    Image.blend(coarse, layers[2], 0.3).save(file, "JPEG", quality=90)
    return file.getvalue()


def tokenizer_of(
    arguments: argparse.Namespace, graph: KnowledgeGraph, work: Path
) -> ImageTokenizer:
    """Return the tokenizer to measure, with words found in a few of the pictures if need be."""
    cls: Any = backends.load(IMAGE_TOKENIZERS, arguments.backend)
    pairs = list(arguments.image_option)
    if arguments.backend in RANDOM_WEIGHTS:
        torch.save({"model": RANDOM_WEIGHTS[arguments.backend]()}, work / "random.pth")
        pairs.append(f"weights={work / 'random.pth'}")
    options = from_pairs(cls.Options, pairs, "--image-option")
    tokenizer: ImageTokenizer = cls(options, str(arguments.device))
    if hasattr(tokenizer, "fit"):
        tokenizer.fit(prepared(tokenizer, graph, 128, 32))
        np.save(work / "words.npy", tokenizer.codebook())
        pairs.append(f"codebook={work / 'words.npy'}")
        options = from_pairs(cls.Options, pairs, "--image-option")
        tokenizer = cls(options, str(arguments.device))
    return tokenizer


def beitv2_weights() -> dict[str, torch.Tensor]:
    """Return random weights of the released size: ViT-B/16 at 224, 8,192 codes of width 32."""
    import_timm()
    from timm.models.beit import Beit

    encoder = Beit(img_size=224, patch_size=16, embed_dim=768, depth=12, num_heads=12)
    layers = torch.nn.Sequential(torch.nn.Linear(768, 768), torch.nn.Tanh())
    layers.append(torch.nn.Linear(768, 32))
    return {
        **{f"encoder.{name}": value for name, value in encoder.state_dict().items()},
        **{f"encode_task_layer.{name}": value for name, value in layers.state_dict().items()},
        "quantize.embedding.weight": torch.randn(8192, 32),
    }


def vqgan_weights() -> dict[str, torch.Tensor]:
    """Return random weights of the released size f16 with 1,024 codes."""
    import_transformers()
    from transformers.models.chameleon.configuration_chameleon import ChameleonVQVAEConfig
    from transformers.models.chameleon.modeling_chameleon import ChameleonVQVAE

    config = ChameleonVQVAEConfig(
        resolution=256,
        base_channels=128,
        channel_multiplier=[1, 1, 2, 2, 4],
        num_res_blocks=2,
        attn_resolutions=[16],
        latent_channels=256,
        embed_dim=256,
        num_embeddings=1024,
    )
    return dict(ChameleonVQVAE(config).state_dict())


RANDOM_WEIGHTS = {"beitv2": beitv2_weights, "vqgan": vqgan_weights}


def prepared(
    tokenizer: ImageTokenizer, graph: KnowledgeGraph, count: int, size: int
) -> list[torch.Tensor]:
    """Return the first pictures as the encoder wants them, in batches."""
    keys = [key for of_entity in graph.pictures() for key in of_entity]
    rows = np.arange(min(count, len(keys)))
    loader = PictureLoader(tokenizer, graph.images, keys, workers=2)
    batches = np.split(rows, range(size, len(rows), size))
    return [batch.pictures for batch in loader.batches(batches)]


def bare(tokenizer: ImageTokenizer, batches: list[torch.Tensor], count: int, job: Job) -> float:
    """Return the pictures a second of the encoder alone, over `count` pictures."""
    device, done, began = torch.device(job.device), 0, time.perf_counter()
    while done < count:
        batch = batches[(done // len(batches[0])) % len(batches)]
        with torch.inference_mode(), autocast(device, job.precision):
            tokenizer.encode(batch.to(device)).cpu()
        done += len(batch)
    return done / (time.perf_counter() - began)


def whole(tokenizer: ImageTokenizer, graph: KnowledgeGraph, job: Job) -> float:
    """Return the pictures a second of the job, its reading, checking and writing included."""
    began = time.perf_counter()
    done = tokenize_with(graph, NamedTokenizer(tokenizer, "measured"), job).done
    return done / (time.perf_counter() - began)


def memory(tokenizer: ImageTokenizer, graph: KnowledgeGraph, job: Job) -> None:
    """Print the peak memory of the process after each tenth of a job."""
    unit, tenths = 1e6 if sys.platform == "darwin" else 1e3, 0

    def progress(what: str, done: int, total: int | None) -> None:
        nonlocal tenths
        if what == "image" and total and done * 10 // total > tenths:
            tenths = done * 10 // total
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
            print(f"after {done:,} pictures: peak memory {peak:.0f} MB", flush=True)

    tokenize_with(graph, NamedTokenizer(tokenizer, "measured"), job, progress)


def main() -> None:
    """Print a table of the repeats, their medians, and the memory."""
    arguments = parsed()
    torch.set_num_threads(arguments.threads or torch.get_num_threads())
    arguments.device = choose_device(arguments.device)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        graph = write_graph(work / "pictures", arguments.pictures, arguments.side)
        tokenizer = tokenizer_of(arguments, graph, work)
        size = at_once(arguments.device)
        job = Job(
            work / "cache",
            device=str(arguments.device),
            precision=choose_precision(arguments.precision, arguments.device),
            batch_size=min(arguments.batch_size or size, arguments.pictures),
            workers=arguments.workers,
            force=True,
        )
        print(f"{arguments}\nPyTorch {torch.__version__}, {torch.get_num_threads()} threads")
        memory(tokenizer, graph, job)
        if arguments.repeats:
            assert job.batch_size
            batches = prepared(tokenizer, graph, IN_MEMORY, job.batch_size)
            compare(arguments, tokenizer, batches, graph, job)


def compare(
    arguments: argparse.Namespace,
    tokenizer: ImageTokenizer,
    batches: list[torch.Tensor],
    graph: KnowledgeGraph,
    job: Job,
) -> None:
    """Print the pictures a second of bare encoder and job, in turns."""
    bare(tokenizer, batches, job.batch_size or 1, job)
    rows = []
    print("| bare encoder, pictures a second | whole job | ratio |\n|---|---|---|")
    for _ in range(arguments.repeats):
        row = bare(tokenizer, batches, arguments.pictures, job), whole(tokenizer, graph, job)
        rows.append(row)
        print(f"| {row[0]:.1f} | {row[1]:.1f} | {row[1] / row[0]:.3f} |", flush=True)
    alone, job_speed = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"| median {alone:.1f} | median {job_speed:.1f} | {job_speed / alone:.3f} |")


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="visual-words")
    parser.add_argument("--pictures", type=int, default=512)
    parser.add_argument("--side", type=int, default=128, help="pixels of a picture's side")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--image-option", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--threads", type=int, help="of PyTorch")
    return parser.parse_args()


if __name__ == "__main__":
    main()
