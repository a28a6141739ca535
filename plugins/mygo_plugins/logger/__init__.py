"""Where the course of a training run is kept: one file a tool."""
