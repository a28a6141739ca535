"""Where a model runs and in which number format."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from mygo_cli.errors import UsageError


def choose_device(name: str) -> torch.device:
    """Return the device of `--device`: auto takes CUDA, else MPS, else the CPU.

    Raises `UsageError` for a device that this machine has not, or that cannot compute.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(
            f"--device {name}: no such kind of device.", "Use auto, cpu, cuda, cuda:1 or mps."
        ) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise UsageError(
            f"--device {name}: PyTorch sees {count} CUDA devices.", "Use --device cpu."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError(f"--device {name}: PyTorch sees no MPS device.", "Use --device cpu.")
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"--device {name}: PyTorch cannot compute there.", "Use --device cpu."
        ) from error
    return device


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context of the forward pass: bf16 for matrix products, or nothing."""
    if precision == "auto":
        on_cuda = device.type == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bf16" if on_cuda else "float32"
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def seed_everything(seed: int) -> None:
    """Seed PyTorch's generators on every device."""
    torch.manual_seed(seed)
