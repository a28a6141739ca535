"""mygo completes multi-modal knowledge graphs from the command line."""

__version__ = "0.1.0"
