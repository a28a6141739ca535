"""The tokens that the model reads of each entity: chosen, and shown."""
