"""Rerankers: a second, dearer look at the passages that were retrieved."""
