"""A search for better settings of a graph: what is searched, the study, its trials, the recipe."""
