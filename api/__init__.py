"""The HTTP service. Imports `ingest` and `search`."""
