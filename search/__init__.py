"""The core: answers a query. Imports nothing from `ingest`, `api` or `cli`."""
