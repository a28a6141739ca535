"""The training loop, checkpoints and run folders."""
