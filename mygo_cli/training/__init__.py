"""The training loop, checkpoints, run folders, device and precision."""
