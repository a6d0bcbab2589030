"""Where vectors and payloads lie, behind one Protocol (`base.Store`), one file an engine."""
