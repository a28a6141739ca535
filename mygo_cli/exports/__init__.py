"""Taking vectors and scores of a run out to other tools."""
