"""A local page to look around in a graph, ask a run, and keep what people say of its answers."""
