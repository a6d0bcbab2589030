"""From folders to the index: scan, plan, parse, chunk, embed, store. Imports `search`."""
