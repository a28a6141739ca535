"""Where tests fork their processes from: a server that has imported what they need, once.

A test process has one such server, and what it imports is said in one place: a second list would
take the first one's place.
"""

from __future__ import annotations

import multiprocessing

CONTEXT = multiprocessing.get_context("forkserver")
# What a job imports, some of it late.
IMPORTED = ["mygo_cli.tokenizing.tokenize", "mygo_cli.training.run", "mygo_plugins.text.bert"]
IMPORTED += ["torch._dynamo", "torch.distributed", "sklearn.isotonic"]
CONTEXT.set_forkserver_preload(IMPORTED)
