"""Pictures and texts to token ids: the job that fills a cache."""
