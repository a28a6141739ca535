"""`mygo backends`: the installed tokenizers, decoders and loggers."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from mygo_cli import console
from mygo_cli.commands.output import TERMINAL, Output

KINDS = {
    "mygo.image_tokenizers": "image tokenizer",
    "mygo.text_tokenizers": "text tokenizer",
    "mygo.decoders": "decoder",
    "mygo.loggers": "logger",
}


def backends(out: Output = TERMINAL) -> None:
    """List the plugins: name, status, package and what each is."""
    from mygo_cli.backends import statuses

    found = statuses()
    listed = [
        {**asdict(line.backend), "description": line.description, "problem": line.problem}
        for line in found
    ]
    rows = [
        (
            KINDS[line.backend.group],
            line.backend.name,
            "broken" if line.problem else "ready",
            f"{line.backend.package} {line.backend.version}",
            line.problem or line.description,
        )
        for line in found
    ]
    headers = ("kind", "name", "status", "package", "what it is")
    out.give(partial(console.table, headers, rows), listed)
