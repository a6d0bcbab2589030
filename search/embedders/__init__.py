"""Embedding models behind one Protocol (`base.Embedder`), one file an implementation."""
