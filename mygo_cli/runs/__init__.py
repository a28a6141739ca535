"""What a run is: its folder, checkpoints, card and environment, and the run opened."""
