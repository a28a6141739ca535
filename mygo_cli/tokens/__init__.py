"""Pictures and texts to discrete tokens: the cache, the job that fills it, the selection."""
