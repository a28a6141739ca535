"""Experiments: a grid of settings by seeds, trained one by one, and the table of what came out."""
