"""Reading what exists: other tools' graphs, token files and checkpoints into mygo's own formats."""
