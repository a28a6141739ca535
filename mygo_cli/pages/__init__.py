"""Web pages about a run, each one file that loads nothing else: contents, charts, templates."""
