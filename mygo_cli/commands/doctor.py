"""`mygo doctor`: what a bug report needs to say about a machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from mygo_cli import console
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.folders import work_dir


def doctor(out: Output = TERMINAL) -> None:
    """Show versions, devices, plugins and folders, for a bug report."""
    facts = examine()

    def show() -> None:
        for title, values in facts.items():
            console.table((title, ""), [(name, str(value)) for name, value in values.items()])

    out.give(show, facts)


def examine() -> dict[str, dict[str, Any]]:
    """Return what is known of this machine, in sections."""
    import torch

    from mygo_cli import backends
    from mygo_cli.device import choose_device
    from mygo_cli.runs.environment import environment
    from mygo_cli.weights.libraries import mend_torchvision

    device = choose_device("auto")
    machine = environment(device)
    operators = "stand-ins declared by mygo" if mend_torchvision() else "as installed"
    packages = {**machine.pop("packages"), "torchvision operators": operators}
    machine.pop("command")
    machine["cuda"] = torch.version.cuda or "not in this build of PyTorch"
    broken = {
        f"{line.backend.group} {line.backend.name}": line.problem
        for line in backends.statuses()
        if line.problem
    }
    return {
        "machine": machine,
        "packages": packages,
        "plugins": broken or {"all": "ready"},
        "folders": _folders(),
    }


def _folders() -> dict[str, str]:
    """Return the working folder, whether it can be written to, and the space left."""
    folder = work_dir().absolute()
    parent = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    free = shutil.disk_usage(parent).free / 2**30
    writable = "writable" if os.access(parent, os.W_OK) else "read-only"
    return {"work": str(folder), "state": f"{writable}, {free:.1f} GiB free"}
