"""Scores to ranks to metrics; a model over a split; top-k predictions."""
