"""Recipes (settings that belong to a dataset) and ready experiments, as TOML."""
