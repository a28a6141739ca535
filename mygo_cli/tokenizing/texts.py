"""Tokenizing the texts of a graph."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from mygo_cli.cache.finding import TEXT
from mygo_cli.cache.sources import text_sources
from mygo_cli.cache.stats import Summary
from mygo_cli.cache.writing import CacheWriter
from mygo_cli.contracts import TextTokenizer
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.progress import Progress, silent
from mygo_cli.tokenizing.job import Job, Task, run
from mygo_cli.tokenizing.plugins import Array, Outcome, call, check_codebook, checked

AT_ONCE = 512


def tokenize_texts(
    graph: KnowledgeGraph, tokenizer: TextTokenizer, job: Job, progress: Progress = silent
) -> Summary:
    """Tokenize one text per entity, or what a run before left of them. Raises as `job.run`."""
    sources, texts = text_sources(graph)
    who, size = f"--text-backend {job.backend}", job.batch_size or AT_ONCE

    def encode(writer: CacheWriter, batches: list[Array]) -> Generator[Outcome, None, None]:
        if not writer.has_codebook:
            codebook = tokenizer.codebook()
            check_codebook(codebook, tokenizer.info, who)
            writer.write_codebook(codebook)
        return _outcomes(tokenizer, texts, batches, who)

    header = job.header(graph, TEXT, tokenizer.info, sources)
    return run(job, Task(header, sources, size, encode), graph, progress)


def _outcomes(
    tokenizer: TextTokenizer, texts: list[str], batches: list[Array], who: str
) -> Generator[Outcome, None, None]:
    """Yield the token ids of each batch of text rows."""
    for batch in batches:
        ids = call(who, tokenizer.encode, [texts[row] for row in batch])
        tokens = [np.asarray(of_text, dtype=np.int64) for of_text in ids]
        checked(tokens, len(batch), tokenizer.info, who)
        yield Outcome([int(row) for row in batch], tokens)
