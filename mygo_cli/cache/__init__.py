"""The token cache, an HDF5 file: its format, how it is written, joined and checked."""
