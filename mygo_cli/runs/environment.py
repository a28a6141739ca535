"""What a run ran on: versions, machine, command line."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from typing import Any

import torch

from mygo_cli import __version__
from mygo_cli.device import FLOAT32

PACKAGES = ("torch", "transformers", "timm", "h5py", "numpy", "typer")


def environment(
    device: torch.device, processes: int = 1, precision: str = FLOAT32
) -> dict[str, Any]:
    """Return plain values for `environment.json`, of a run in so many processes."""
    return {
        "command": ["mygo", *sys.argv[1:]],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cpu_count": os.cpu_count(),
        "processes": processes,
        "threads": torch.get_num_threads(),
        "device": str(device),
        "precision": precision,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "",
        "packages": {"mygo": __version__} | {name: version(name) for name in PACKAGES},
    }


def version(package: str) -> str:
    """Return the installed version of a package, "not installed" where there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
