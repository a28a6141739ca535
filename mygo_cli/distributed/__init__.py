"""Several processes that do one job: who is who, what they share, what if one is lost."""
